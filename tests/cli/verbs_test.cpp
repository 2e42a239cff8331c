// The other verbs, help, closed outputs and signals.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/run_cli.h"
#include "golden/temporary_checkpoint.h"
#include "halfbyte/halfbyte.h"

namespace halfbyte::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// A 16-bit model with two linears of (96 -> 64) and a norm.
void write_dense(const fs::path& folder) {
  fs::create_directories(folder);
  std::vector<std::uint16_t> weight, norm(96, 0x3c00);
  for (const float v : small_values(64 * 96)) weight.push_back(f32_to_f16(v / 8));
  write_text(folder / "config.json", "{\"model_type\": \"llama\", \"torch_dtype\": \"float16\"}");
  checkpoint::write_safetensors(
      folder / "model.safetensors",
      std::vector<checkpoint::NamedTensor>{
          named_tensor("model.layers.0.mlp.up_proj.weight", DType::f16, {64, 96}, weight),
          named_tensor("model.layers.0.mlp.gate_proj.weight", DType::f16, {64, 96}, weight),
          named_tensor("model.norm.weight", DType::f16, {96}, norm)},
      "test");
}

TEST(Verbs, HelpIsData) {
  for (const std::string verb : {"apply", "bench", "compare", "doctor", "hadamard", "inspect",
                                 "list-kernels", "quantize", "rotate"}) {
    const Outcome got = run_cli({verb, "--help"});
    EXPECT_EQ(got.status, 0);
    EXPECT_NE(got.out.find("halfbyte " + verb), std::string::npos) << got.out;
    EXPECT_EQ(got.err, "");
  }
  EXPECT_NE(run_cli({"--help"}).out.find("list-kernels"), std::string::npos);
}

TEST(Verbs, InspectTellsWhatIsThere) {
  const Outcome got = run_cli({"inspect", golden("gptq_v1_sym"), "--json", "--tensors"});
  ASSERT_EQ(got.status, 0) << got.err;
  const Json out = Json::parse(got.out);
  EXPECT_EQ(out["format"], "gptq");
  ASSERT_EQ(out["layers"].size(), 1u);
  EXPECT_EQ(out["layers"][0]["k"], 64);
  EXPECT_EQ(out["layers"][0]["n"], 24);
  EXPECT_EQ(out["layers"][0]["group_size"], 16);
  EXPECT_EQ(out["layers"][0]["bias"], true);
  EXPECT_EQ(out["tensors"].size(), 5u);
  EXPECT_NE(run_cli({"inspect", golden("gptq_v1_sym")}).out.find("64x24"), std::string::npos);
  const Outcome layer = run_cli(
      {"inspect", golden("gptq_v1_sym"), "--json", "--layer", "model.layers.0.mlp.down_proj"});
  ASSERT_EQ(layer.status, 0) << layer.err;
  std::int64_t codes = 0;
  const Json histogram = Json::parse(layer.out);
  for (const Json& count : histogram["code_counts"]) codes += count.get<std::int64_t>();
  EXPECT_EQ(codes, 64 * 24);
  EXPECT_EQ(run_cli({"inspect", golden("gptq_v1_sym"), "--layer", "x"}).status, 2);
  EXPECT_EQ(run_cli({"inspect", golden("nothing")}).status, 1);
}

TEST(Verbs, ListKernelsSaysWhy) {
  const Json all = Json::parse(run_cli({"list-kernels", "--json"}).out);
  EXPECT_EQ(all["kernels"].size(), linear_kernels().size());
  const Outcome got =
      run_cli({"list-kernels", "--m", "5", "--n", "40", "--k", "72", "--group", "8", "--json"});
  ASSERT_EQ(got.status, 0) << got.err;
  const Json planned = Json::parse(got.out);
  int chosen = 0;
  for (const Json& kernel : planned["kernels"]) {
    chosen += kernel["chosen"].get<bool>() ? 1 : 0;
    EXPECT_FALSE(kernel["chosen"].get<bool>() && kernel["rejected"] != "");
  }
  EXPECT_EQ(chosen, 1);
  EXPECT_EQ(run_cli({"list-kernels", "--m", "5"}).status, 2);
  EXPECT_EQ(run_cli({"list-kernels", "--m", "1", "--n", "8", "--k", "8", "--group", "12"}).status,
            2);
}

TEST(Verbs, DoctorTestsTheKernels) {
  const Outcome got = run_cli({"doctor", "--json"});
  ASSERT_EQ(got.status, 0) << got.err << got.out;
  const Json out = Json::parse(got.out);
  EXPECT_GE(out["kernels"].size(), 1u);
  for (const Json& kernel : out["kernels"]) EXPECT_TRUE(kernel["ok"].get<bool>()) << kernel;
  EXPECT_NE(run_cli({"doctor"}).out.find("threads"), std::string::npos);
}

TEST(Verbs, QuantizeWritesWhatApplyReads) {
  const TemporaryFolder folder;
  write_dense(folder.path() / "dense");
  for (const std::string format : {"gptq", "gptq_v2", "compressed-tensors"}) {
    const fs::path to = folder.path() / format;
    const Outcome got = run_cli({"quantize", folder.path() / "dense", to, "--format", format,
                                 "--group", "32", "--asymmetric"});
    ASSERT_EQ(got.status, 0) << got.err;
    EXPECT_NE(got.out.find("model.layers.0.mlp.up_proj"), std::string::npos) << got.out;
    const Checkpoint model = Checkpoint::open(to);
    EXPECT_EQ(model.format(), format);
    ASSERT_EQ(model.layers().size(), 2u);
    EXPECT_EQ(model.layers()[0].group_size, 32);
  }
}

TEST(Verbs, QuantizeRefuses) {
  const TemporaryFolder folder;
  const std::string dense = folder.path() / "dense", to = folder.path() / "to";
  write_dense(dense);
  const std::string before = read_file(dense + "/model.safetensors");
  EXPECT_EQ(run_cli({"quantize", dense, to, "--group", "12"}).status, 2);
  EXPECT_EQ(run_cli({"quantize", dense, to, "--bits", "5"}).status, 2);
  EXPECT_EQ(run_cli({"quantize", dense, to, "--bits", "1"}).status, 2);
  EXPECT_EQ(run_cli({"quantize", dense, to, "--format", "awq"}).status, 2);
  EXPECT_EQ(run_cli({"quantize", dense, to, "--method", "magic"}).status, 2);
  EXPECT_EQ(run_cli({"quantize", folder.path() / "missing", to}).status, 1);
  EXPECT_NE(run_cli({"quantize", dense, dense}).status, 0);
  EXPECT_EQ(read_file(dense + "/model.safetensors"), before);
  EXPECT_EQ(run_cli({"quantize", dense}).status, 2);
}

TEST(Verbs, AReaderThatLeavesIsNoCrash) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const pid_t process = fork();
  if (process == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    execl(HALFBYTE_CLI, "halfbyte", "list-kernels", static_cast<char*>(nullptr));
    _exit(127);
  }
  close(ends[1]);
  EXPECT_EQ(wait_for(process), 1);
}

TEST(Verbs, SignalsEndItWithTheirStatus) {
  const TemporaryFolder folder;
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string json = folder.path() / "rows.json";
    write_file(json, "before");
    // Ten minutes of bench unless it is stopped.
    const pid_t process = start_cli({"bench", "--n", "64", "--k", "64", "--cell-ms", "60000",
                                     "--rotate-mib", "1", "--json", json});
    usleep(300'000);
    kill(process, signal);
    EXPECT_EQ(wait_for(process), 128 + signal);
    EXPECT_EQ(read_file(json), "before");
    int files = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder.path())) ++files;
    EXPECT_EQ(files, 1);
  }
}

}  // namespace
}  // namespace halfbyte::test
