// halfbyte apply refuses: the right exit status, the code and what is wrong in the message, the
// output as it was, and the next good call works.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "cli/run_cli.h"
#include "golden/temporary_checkpoint.h"
#include "halfbyte/linear.h"

namespace halfbyte::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* layer = "model.layers.0.mlp.down_proj";

class ApplyRefuses : public testing::Test {
 protected:
  ApplyRefuses() {
    fs::copy(golden("gptq_v1_sym"), model_);
    write_file(x_, npy("<f2", "(2, 64)", f16_bytes(small_values(128))));
    write_file(y_, "what was there before");
  }

  std::vector<std::string> arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"apply", model_, layer, "--x", x_, "--y", y_};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  void expect_refusal(const std::vector<std::string>& call, int status, const std::string& says,
                      const std::string& also = "") {
    const Outcome got = run_cli(call);
    EXPECT_EQ(got.status, status) << got.err;
    EXPECT_NE(got.err.find(says), std::string::npos) << "wanted " << says << " in: " << got.err;
    EXPECT_NE(got.err.find(also), std::string::npos) << "wanted " << also << " in: " << got.err;
    EXPECT_EQ(got.out, "");
    EXPECT_EQ(read_file(y_), "what was there before");
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
    }
    ++refusals_;
  }
  void refuse_option(const std::vector<std::string>& more, int status, const std::string& says,
                     const std::string& also = "") {
    expect_refusal(arguments(more), status, says, also);
  }
  void refuse_x(const std::string& bytes, int status, const std::string& says) {
    const std::string good = read_file(x_);
    write_file(x_, bytes);
    expect_refusal(arguments(), status, says);
    write_file(x_, good);
  }

  void TearDown() override {
    EXPECT_GT(refusals_, 0);
    const Outcome good = run_cli(arguments());
    EXPECT_EQ(good.status, 0) << good.err;
    EXPECT_NE(read_file(y_), "what was there before");
  }

  TemporaryFolder folder_;
  std::string model_ = folder_.path() / "model", x_ = folder_.path() / "x.npy",
              y_ = folder_.path() / "y.npy";
  int refusals_ = 0;
};

TEST_F(ApplyRefuses, Options) {
  for (const char* split : {"0", "-1", "2147483648", "99999999999999999999", "1.5", "two"}) {
    refuse_option({"--schedule", "split-k", "--split=" + std::string(split)}, 2, "E_RANGE",
                  "--split");
  }
  refuse_option({"--schedule", "split-k", "--split="}, 2, "--split");
  for (const char* schedule : {"auto", "data-parallel", "stream-k"}) {
    refuse_option({"--schedule", schedule, "--split", "2"}, 2, "E_ARG", "--split");
  }
  refuse_option({"--split", "1"}, 2, "E_ARG", "--split");
  refuse_option({"--schedule", "split"}, 2, "E_ARG", "stream-k");
  refuse_option({"--schedule", ""}, 2, "E_ARG", "--schedule");
  refuse_option({"--dtype", "float16"}, 2, "E_ARG", "bf16");
  refuse_option({"--dtype", "f64"}, 2, "E_ARG", "--dtype");
  for (const char* device : {"gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0", ""}) {
    refuse_option({"--device", device}, 2, "--device");
  }
  refuse_option({"--format", "ggml"}, 2, "E_ARG");
  refuse_option({"--frobnicate"}, 2, "frobnicate");
  refuse_option({"left", "over"}, 2, "over");
  refuse_option({"--dtype", "f16", "--dtype", "f32"}, 2, "--dtype");
  expect_refusal({"apply", model_, layer, "--x", x_}, 2, "--y");
  expect_refusal({"apply", model_, layer, "--y", y_}, 2, "--x");
  expect_refusal({"apply", model_}, 2, "required");
  expect_refusal({}, 2, "subcommand");
  expect_refusal({"aply"}, 2, "subcommand");
}

TEST_F(ApplyRefuses, WhatTheDeviceLacks) {
  refuse_option({"--schedule", "split-k-cluster"}, 1, "E_UNSUPPORTED");
  refuse_option({"--schedule", "split-k-cluster", "--split", "4"}, 1, "E_UNSUPPORTED");
  bool gpu = false;
  for (const KernelInfo& kernel : linear_kernels()) {
    gpu = gpu || (kernel.name.starts_with("cuda") && kernel.unavailable.empty());
  }
  if (!gpu) refuse_option({"--device", "cuda:0"}, 1, "E_");
}

TEST_F(ApplyRefuses, ALayerThatIsNotThere) {
  std::vector<std::string> call = arguments();
  call[2] = "model.layers.0.mlp.down_prj";
  expect_refusal(call, 2, "E_ARG", layer);
  call[2] = "";
  expect_refusal(call, 2, "E_ARG");
}

TEST_F(ApplyRefuses, FilesThatAreNoNpy) {
  refuse_x("", 1, "E_");
  refuse_x("garbage that goes on for a while", 1, "E_FORMAT");
  const std::string good = npy("<f2", "(2, 64)", f16_bytes(small_values(128)));
  refuse_x(good.substr(0, good.size() - 1), 1, "E_TRUNCATED");
  refuse_x(good.substr(0, 40), 1, "E_");
  refuse_x(npy("<f2", "(4611686018427387904, 64)", ""), 1, "E_FORMAT");  // 2^69 bytes
  refuse_x(npy("<f2", "(-2, 64)", ""), 1, "E_FORMAT");
  refuse_x(npy("<f2", "(2, 64", f16_bytes(small_values(128))), 1, "E_FORMAT");
  refuse_x("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", 1, "E_FORMAT");
}

TEST_F(ApplyRefuses, WellFormedNpyOfAnotherKind) {
  const std::string data = f32_bytes(small_values(128));
  refuse_x(npy("<f8", "(1, 64)", data), 2, "E_DTYPE");
  refuse_x(npy("<i4", "(2, 64)", data), 2, "E_DTYPE");
  refuse_x(npy(">f4", "(2, 64)", data), 2, "E_DTYPE");
  refuse_x(npy("<f4", "(2, 64)", data, "True"), 2, "E_STRIDE");
  refuse_x(npy("<f4", "(2, 64, 1)", data), 2, "E_SHAPE");
  refuse_x(npy("<f4", "()", data.substr(0, 4)), 2, "E_SHAPE");
  refuse_x(npy("<f4", "(2, 60)", data.substr(0, 480)), 2, "E_SHAPE");
  refuse_x(npy("<f4", "(128,)", data), 2, "E_SHAPE");
}

TEST_F(ApplyRefuses, PathsOfX) {
  expect_refusal({"apply", model_, layer, "--x", x_ + ".missing", "--y", y_}, 1, "E_IO",
                 ".missing");
  expect_refusal({"apply", model_, layer, "--x", model_, "--y", y_}, 1, "E_IO");
  const std::string fifo = folder_.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  expect_refusal({"apply", model_, layer, "--x", fifo, "--y", y_}, 1, "E_IO");
}

TEST_F(ApplyRefuses, PathsOfY) {
  const auto with_y = [&](const std::string& y) {
    return std::vector<std::string>{"apply", model_, layer, "--x", x_, "--y", y};
  };
  const std::string fifo = folder_.path() / "fifo", link = folder_.path() / "link",
                    dangling = folder_.path() / "dangling";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  fs::create_symlink(y_, link);
  fs::create_symlink(folder_.path() / "nowhere", dangling);
  expect_refusal(with_y(fifo), 1, "E_PATH");
  expect_refusal(with_y(model_), 1, "E_PATH");
  expect_refusal(with_y("/dev/null"), 1, "E_PATH");
  expect_refusal(with_y(link), 1, "E_PATH");
  expect_refusal(with_y(dangling), 1, "E_PATH");
  EXPECT_FALSE(fs::exists(folder_.path() / "nowhere"));
  expect_refusal(with_y(folder_.path() / "missing" / "y.npy"), 1, "E_IO");
}

TEST_F(ApplyRefuses, AnOutputThatIsAnInput) {
  const std::string x_bytes = read_file(x_), config = model_ + "/config.json",
                    weights = model_ + "/model.safetensors";
  const std::string weight_bytes = read_file(weights), config_bytes = read_file(config);
  const std::string hard = folder_.path() / "hard", soft = folder_.path() / "soft";
  fs::create_hard_link(x_, hard);
  fs::create_symlink(x_, soft);
  for (const std::string& y : {x_, hard, soft, weights, config}) {
    expect_refusal({"apply", model_, layer, "--x", x_, "--y", y}, 2, "E_ALIAS", "--y");
  }
  EXPECT_EQ(read_file(x_), x_bytes);
  EXPECT_EQ(read_file(weights), weight_bytes);
  EXPECT_EQ(read_file(config), config_bytes);
}

TEST_F(ApplyRefuses, BrokenCheckpoints) {
  std::vector<std::string> call = arguments();
  call[1] = model_ + ".missing";
  expect_refusal(call, 1, "E_IO");
  call[1] = x_;
  expect_refusal(call, 1, "E_");

  const std::string weights = model_ + "/model.safetensors", config = model_ + "/config.json";
  const std::string good = read_file(weights), good_config = read_file(config);
  write_file(weights, good.substr(0, good.size() - 1));
  expect_refusal(arguments(), 1, "E_TRUNCATED", "model.safetensors");
  write_file(weights, std::string(8, '\xff') + good.substr(8));
  expect_refusal(arguments(), 1, "E_", "model.safetensors");
  write_file(weights, "version https://git-lfs.github.com/spec/v1\n");
  expect_refusal(arguments(), 1, "E_FORMAT", "LFS");
  write_file(weights, good);
  write_file(config, "{");
  expect_refusal(arguments(), 1, "E_FORMAT", "config.json");
  write_file(config, good_config);
}

}  // namespace
}  // namespace halfbyte::test
