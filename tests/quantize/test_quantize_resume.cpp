// Interrupted runs of quantize_checkpoint(), and the calls that it refuses before any work.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "halfbyte/checkpoint.h"
#include "halfbyte/error.h"
#include "halfbyte/quantize.h"
#include "halfbyte/threads.h"
#include "quantize/dense_model.h"

namespace halfbyte::test {
namespace {

namespace fs = std::filesystem;

Error error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return Error(ErrorCode::busy, {});
}

void expect_error(ErrorCode code, const std::string& part, const std::function<void()>& call) {
  const Error error = error_of(call);
  EXPECT_EQ(code_name(error.code()), code_name(code)) << error.what();
  EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
}

// Quantises in a child that dies by SIGKILL after `linears` of them.
void quantize_and_die(const fs::path& from, const fs::path& to,
                      const QuantizeCheckpointOptions& options, int linears) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    set_executor(
        [](void*, int count, Task task, void* context) {
          for (int i = 0; i < count; ++i) task(context, i);
        },
        nullptr);
    quantize_checkpoint(from, to, options, [&](const QuantizeProgress& p) {
      if (p.done >= linears) raise(SIGKILL);
    });
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(QuantizeResume, KilledAnywhereTheResumedRunIsBitEqual) {
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "dense";
  write_dense_model(from, 2);
  quantize_checkpoint(from, folder.path() / "whole", {});
  const auto wanted = folder_content(folder.path() / "whole");
  for (int linears = 1; linears <= 4; ++linears) {
    SCOPED_TRACE(linears);
    const fs::path to = folder.path() / ("killed" + std::to_string(linears));
    quantize_and_die(from, to, {}, linears);
    EXPECT_FALSE(fs::exists(to / "config.json"));  // no checkpoint yet
    EXPECT_THROW(Checkpoint::open(to), Error);

    QuantizeCheckpointOptions options;
    options.resume = true;
    std::vector<QuantizeProgress> seen;
    quantize_checkpoint(from, to, options, [&](const QuantizeProgress& p) { seen.push_back(p); });
    // The first shard holds two linears; it is kept once it is finished.
    EXPECT_EQ(seen.size(), linears > 2 ? 2U : 4U);
    EXPECT_EQ(seen.back().done, 4);
    EXPECT_EQ(folder_content(to), wanted);
  }
}

TEST(QuantizeResume, WithoutResumeEverythingIsDoneAgain) {
  const TemporaryFolder folder;
  write_dense_model(folder.path() / "dense", 2);
  quantize_and_die(folder.path() / "dense", folder.path() / "q", {}, 3);
  int calls = 0;
  quantize_checkpoint(folder.path() / "dense", folder.path() / "q", {},
                      [&](const QuantizeProgress&) { ++calls; });
  EXPECT_EQ(calls, 4);
}

TEST(QuantizeResume, AShardThatWasTamperedWithIsDoneAgain) {
  const TemporaryFolder folder;
  const fs::path to = folder.path() / "q";
  write_dense_model(folder.path() / "dense", 2);
  quantize_checkpoint(folder.path() / "dense", folder.path() / "whole", {});
  quantize_and_die(folder.path() / "dense", to, {}, 3);
  fs::resize_file(to / "model-00001-of-00002.safetensors", 100);
  QuantizeCheckpointOptions options;
  options.resume = true;
  quantize_checkpoint(folder.path() / "dense", to, options);
  EXPECT_EQ(folder_content(to), folder_content(folder.path() / "whole"));
}

TEST(QuantizeResume, AnotherCallIsRefusedNamingTheField) {
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "dense";
  const fs::path to = folder.path() / "q";
  write_dense_model(from, 2);
  quantize_and_die(from, to, {}, 3);
  const auto before = folder_content(to);
  const auto refused = [&](const std::string& field, auto change) {
    QuantizeCheckpointOptions options;
    options.resume = true;
    change(options);
    const Error error = error_of([&] { quantize_checkpoint(from, to, options); });
    EXPECT_EQ(code_name(error.code()), "E_RESUME_MISMATCH") << error.what();
    EXPECT_EQ(error.detail().argument, field);
    EXPECT_EQ(folder_content(to), before);
  };
  refused("bits", [](auto& o) { o.bits = 8; });
  refused("group_size", [](auto& o) { o.group_size = 64; });
  refused("symmetric", [](auto& o) { o.symmetric = false; });
  refused("search_clip", [](auto& o) { o.search_clip = false; });
  refused("scale_dtype", [](auto& o) { o.scale_dtype = DType::bf16; });
  refused("format", [](auto& o) { o.format = "gptq_v2"; });
  refused("skip", [](auto& o) { o.skip = {"lm_head", "q_proj"}; });

  // Another model of the same shapes: one weight differs.
  std::string shard = file_content(from / "model-00002-of-00002.safetensors");
  shard[shard.size() - 1] ^= 1;
  write_text(from / "model-00002-of-00002.safetensors", shard);
  refused("source model-00002-of-00002.safetensors", [](auto&) {});
  shard[shard.size() - 1] ^= 1;
  write_text(from / "model-00002-of-00002.safetensors", shard);
  write_text(from / "config.json", "{\"other\": 1}");
  refused("source config.json", [](auto&) {});

  write_text(from / "config.json", dense_config);
  QuantizeCheckpointOptions options;
  options.resume = true;
  quantize_checkpoint(from, to, options);
  EXPECT_EQ(Checkpoint::open(to).layers().size(), 4U);
}

TEST(QuantizeResume, AResumeFileThatIsNoneIsRefused) {
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "dense";
  write_dense_model(from, 1);
  fs::create_directories(folder.path() / "q");
  QuantizeCheckpointOptions options;
  options.resume = true;
  for (const char* text : {"", "{", "[]", "3", "{}", "{\"identity\": 3, \"finished\": []}",
                           "{\"identity\": {\"bits\": 4}}"}) {
    SCOPED_TRACE(text);
    write_text(folder.path() / "q" / "quantize.resume.json", text);
    const Error error = error_of([&] { quantize_checkpoint(from, folder.path() / "q", options); });
    EXPECT_TRUE(error.code() == ErrorCode::format || error.code() == ErrorCode::resume_mismatch)
        << error.what();
    EXPECT_FALSE(fs::exists(folder.path() / "q" / "config.json"));
  }
}

TEST(QuantizeRefuses, WritingOntoTheSource) {
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "dense";
  write_dense_model(from, 1);
  const auto before = folder_content(from);
  fs::create_directory_symlink(from, folder.path() / "link");
  for (const fs::path& to : {from, from / ".", folder.path() / "link", from / ".." / "dense"}) {
    expect_error(ErrorCode::path, "source", [&] { quantize_checkpoint(from, to, {}); });
    expect_error(ErrorCode::path, "source",
                 [&] { quantize_checkpoint(folder.path() / "link", to, {}); });
  }
  write_text(folder.path() / "file", "mine");
  expect_error(ErrorCode::path, "no folder",
               [&] { quantize_checkpoint(from, folder.path() / "file", {}); });
  EXPECT_EQ(file_content(folder.path() / "file"), "mine");
  EXPECT_EQ(folder_content(from), before);
}

TEST(QuantizeRefuses, OptionsAndSources) {
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "dense";
  const fs::path to = folder.path() / "q";
  write_dense_model(from, 1);
  const auto with = [&](auto change) {
    return [&, change] {
      QuantizeCheckpointOptions options;
      change(options);
      quantize_checkpoint(from, to, options);
    };
  };
  expect_error(ErrorCode::arg, "gptq_v2", with([](auto& o) { o.format = "gguf"; }));
  expect_error(ErrorCode::arg, "rtn", with([](auto& o) { o.method = "magic"; }));
  expect_error(ErrorCode::range, "group_size", with([](auto& o) { o.group_size = 12; }));
  expect_error(ErrorCode::io, "nowhere",
               [&] { quantize_checkpoint(folder.path() / "nowhere", to, {}); });
  expect_error(ErrorCode::unsupported, "no linear",
               with([](auto& o) { o.skip = {"lm_head", "q_proj", "down_proj"}; }));
  EXPECT_FALSE(fs::exists(to));

  quantize_checkpoint(from, to, {});
  expect_error(ErrorCode::unsupported, "gptq",
               [&] { quantize_checkpoint(to, folder.path() / "again", {}); });
  EXPECT_FALSE(fs::exists(folder.path() / "again"));
}

TEST(QuantizeRefuses, ImportanceThatDoesNotFit) {
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "dense";
  write_dense_model(from, 1);
  QuantizeCheckpointOptions options;
  options.importance = folder.path() / "importance.safetensors";
  const auto call = [&] { quantize_checkpoint(from, folder.path() / "q", options); };
  expect_error(ErrorCode::io, "importance.safetensors", call);

  std::vector<checkpoint::NamedTensor> tensors;
  for (const std::string& linear : linears_of_dense_model()) {
    const std::int64_t k = linear.ends_with("down_proj") ? 72 : 32;
    tensors.push_back(named_tensor(linear, DType::f32, {k},
                                   std::vector<float>(static_cast<std::size_t>(k), 1.0F)));
  }
  const auto good = tensors;
  tensors.pop_back();
  checkpoint::write_safetensors(options.importance, tensors, "test");
  expect_error(ErrorCode::format, "model.layers.1.self_attn.q_proj", call);

  tensors.push_back(named_tensor("model.layers.1.self_attn.q_proj", DType::f16, {32},
                                 std::vector<std::uint16_t>(32, 1)));
  checkpoint::write_safetensors(options.importance, tensors, "test");
  expect_error(ErrorCode::dtype, "f32", call);

  tensors.back() = named_tensor("model.layers.1.self_attn.q_proj", DType::f32, {31},
                                std::vector<float>(31, 1.0F));
  checkpoint::write_safetensors(options.importance, tensors, "test");
  expect_error(ErrorCode::shape, "(32,)", call);
  EXPECT_FALSE(fs::exists(folder.path() / "q"));

  checkpoint::write_safetensors(options.importance, good, "test");
  EXPECT_NO_THROW(call());
}

TEST(QuantizeRefuses, ANonFiniteWeightNamesTheLinear) {
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "dense";
  write_dense_model(from, 1);
  auto tensors = dense_tensors();
  for (checkpoint::NamedTensor& tensor : tensors) {
    if (tensor.name != "model.layers.1.mlp.down_proj.weight") continue;
    const std::uint16_t nan = 0x7E00;
    std::memcpy(tensor.tensor.bytes.data() + 2 * (5 * 72 + 7), &nan, 2);
  }
  checkpoint::write_safetensors(from / "model.safetensors", tensors, "test");
  const auto call = [&] { quantize_checkpoint(from, folder.path() / "q", {}); };
  expect_error(ErrorCode::range, "model.layers.1.mlp.down_proj: weight[row 5, column 7]", call);
  EXPECT_FALSE(fs::exists(folder.path() / "q" / "config.json"));
  EXPECT_FALSE(fs::exists(folder.path() / "q" / "model.safetensors"));

  checkpoint::write_safetensors(from / "model.safetensors", dense_tensors(), "test");
  EXPECT_NO_THROW(call());
}

// A source whose data are holes: terabytes of header, no disk.
TEST(QuantizeRefuses, TooLittleSpaceBeforeAnyWork) {
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "dense";
  fs::create_directories(from);
  write_text(from / "config.json", dense_config);
  const std::uint64_t bytes = std::uint64_t{1} << 43;
  std::string header =
      R"({"a.weight":{"dtype":"F16","shape":[2097152,2097152],"data_offsets":[0,)" +
      std::to_string(bytes) + "]}}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::uint64_t length = header.size();
  write_text(from / "model.safetensors",
             std::string(reinterpret_cast<const char*>(&length), 8) + header);
  std::error_code failed;
  fs::resize_file(from / "model.safetensors", 8 + header.size() + bytes, failed);
  if (failed) GTEST_SKIP() << "this file system has no sparse files of 8 TiB";
  const Error error = error_of([&] { quantize_checkpoint(from, folder.path() / "q", {}); });
  EXPECT_EQ(code_name(error.code()), "E_NOSPACE") << error.what();
  EXPECT_NE(error.detail().got.find("bytes free"), std::string::npos);
  // 2^42 4-bit codes are 2 TiB, plus a scale and zeros of 2.5 bytes for each 128 of them, plus
  // g_idx.
  EXPECT_EQ(error.detail().wanted,
            std::to_string((std::uint64_t{1} << 41) + (std::uint64_t{1} << 35) * 5 / 2 +
                           (std::uint64_t{1} << 21) * 4) +
                " bytes");
  EXPECT_FALSE(fs::exists(folder.path() / "q"));
}

}  // namespace
}  // namespace halfbyte::test
