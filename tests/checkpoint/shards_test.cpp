#include "checkpoint/support.h"
#include "checkpoint/tensor_store.h"

namespace halfbyte::checkpoint {
namespace {

using test::expect_error;
using test::TemporaryFolder;
using test::tensor_of;
using test::write_bytes;
namespace fs = std::filesystem;

void write_shard(const fs::path& path, const std::vector<std::string>& names) {
  std::vector<NamedTensor> tensors;
  for (const std::string& name : names)
    tensors.push_back({name, tensor_of<float>(DType::f32, {1}, {static_cast<float>(name.size())})});
  write_safetensors(path, tensors, "test");
}

TensorStore open(const fs::path& folder) {
  return TensorStore::open(Folder::open(folder, "test"), "test");
}

// Two shards and an index that agree.
void write_good(const fs::path& folder) {
  write_shard(folder / "model-1.safetensors", {"a", "bb"});
  write_shard(folder / "model-2.safetensors", {"ccc"});
  write_shard_index(
      folder / "model.safetensors.index.json",
      {{"a", "model-1.safetensors"}, {"bb", "model-1.safetensors"}, {"ccc", "model-2.safetensors"}},
      12, "test");
}

TEST(Shards, AreFoundThroughTheIndex) {
  const TemporaryFolder root;
  write_good(root.path());
  const TensorStore store = open(root.path());
  ASSERT_EQ(store.entries().size(), 3U);
  for (const TensorEntry* entry : store.entries()) {
    float value = 0;
    std::memcpy(&value, store.read(*entry, "test").bytes.data(), 4);
    EXPECT_EQ(value, static_cast<float>(entry->name.size()));
  }
  EXPECT_EQ(store.file_of(*store.find("ccc")).path().filename(), "model-2.safetensors");
  EXPECT_EQ(store.find("d"), nullptr);
}

TEST(Shards, IndexAndShardsMustAgree) {
  struct Case {
    const char* what;
    ErrorCode code;
    std::function<void(const fs::path&)> damage;
  };
  const auto index = [](const fs::path& folder, const std::map<std::string, std::string>& map) {
    write_shard_index(folder / "model.safetensors.index.json", map, 12, "test");
  };
  const std::string one = "model-1.safetensors", two = "model-2.safetensors";
  const Case cases[] = {
      {"missing shard", ErrorCode::format, [&](const fs::path& f) { fs::remove(f / two); }},
      {"unlisted tensor", ErrorCode::format,
       [&](const fs::path& f) { write_shard(f / two, {"ccc", "dddd"}); }},
      {"in two shards", ErrorCode::format,
       [&](const fs::path& f) { write_shard(f / two, {"ccc", "a"}); }},
      {"in the wrong shard", ErrorCode::format,
       [&](const fs::path& f) { index(f, {{"a", one}, {"bb", two}, {"ccc", two}}); }},
      {"listed and absent", ErrorCode::format,
       [&](const fs::path& f) {
         index(f, {{"a", one}, {"bb", one}, {"ccc", two}, {"dddd", two}});
       }},
      {"a truncated shard", ErrorCode::truncated,
       [&](const fs::path& f) { fs::resize_file(f / two, fs::file_size(f / two) - 1); }},
      {"out of the folder", ErrorCode::path,
       [&](const fs::path& f) { index(f, {{"a", "../x"}, {"bb", one}, {"ccc", two}}); }},
      {"absolute", ErrorCode::path,
       [&](const fs::path& f) { index(f, {{"a", "/etc/passwd"}, {"bb", one}, {"ccc", two}}); }},
      {"a newline", ErrorCode::path,
       [&](const fs::path& f) { index(f, {{"a", "x\ny"}, {"bb", one}, {"ccc", two}}); }},
      {"a folder as shard", ErrorCode::io,
       [&](const fs::path& f) {
         fs::remove(f / two);
         fs::create_directory(f / two);
       }},
      {"a link out", ErrorCode::path,
       [&](const fs::path& f) {
         fs::rename(f / two, f.parent_path() / "outside");
         fs::create_symlink("../outside", f / two);
       }},
      {"no weight_map", ErrorCode::format,
       [](const fs::path& f) { write_bytes(f / "model.safetensors.index.json", "{}"); }},
      {"a list", ErrorCode::format,
       [](const fs::path& f) { write_bytes(f / "model.safetensors.index.json", "[]"); }},
      {"a number as shard", ErrorCode::format,
       [](const fs::path& f) {
         write_bytes(f / "model.safetensors.index.json", R"({"weight_map":{"a":1}})");
       }},
      {"a key twice", ErrorCode::format,
       [](const fs::path& f) {
         write_bytes(f / "model.safetensors.index.json",
                     R"({"weight_map":{"a":"model-1.safetensors","a":"model-2.safetensors"}})");
       }},
      {"a stray whole model", ErrorCode::ambiguous,
       [](const fs::path& f) { write_shard(f / "model.safetensors", {"a"}); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const TemporaryFolder root;
    const fs::path folder = root / "model";
    fs::create_directory(folder);
    write_good(folder);
    c.damage(folder);
    const Error error = expect_error(c.code, [&] { open(folder); });
    EXPECT_FALSE(error.detail().path.empty());
    fs::remove_all(folder);
    fs::create_directory(folder);
    write_good(folder);
    EXPECT_EQ(open(folder).entries().size(), 3U);  // the next good call works
  }
}

TEST(Shards, ASingleFileNeedsNoIndexAndAnyName) {
  const TemporaryFolder root;
  expect_error(ErrorCode::io, [&] { open(root.path()); });
  write_shard(root / "gptq_model-4bit-128g.safetensors", {"a"});
  EXPECT_EQ(open(root.path()).entries().size(), 1U);
  write_shard(root / "other.safetensors", {"b"});
  expect_error(ErrorCode::ambiguous, [&] { open(root.path()); });
  write_shard(root / "model.safetensors", {"a", "c"});
  EXPECT_EQ(open(root.path()).entries().size(), 2U);
}

TEST(Shards, AnIndexMayNameTheSingleFile) {
  const TemporaryFolder root;
  write_shard(root / "model.safetensors", {"a"});
  write_shard_index(root / "model.safetensors.index.json", {{"a", "model.safetensors"}}, 4, "test");
  EXPECT_EQ(open(root.path()).entries().size(), 1U);
}

TEST(Shards, AHubSnapshotIsOpenedThroughItsLinks) {
  const TemporaryFolder root;
  const fs::path snapshot = root / "models--x/snapshots/0a1b";
  fs::create_directories(snapshot);
  fs::create_directories(root / "models--x/blobs");
  write_good(root / "models--x/blobs");
  for (const std::string& name : test::names_in(root / "models--x/blobs"))
    fs::create_symlink(fs::path("../../blobs") / name, snapshot / name);
  EXPECT_EQ(open(snapshot).entries().size(), 3U);
}

}  // namespace
}  // namespace halfbyte::checkpoint
