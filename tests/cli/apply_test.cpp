// halfbyte apply gives the right numbers: against weights that another program wrote down.
#include <gtest/gtest.h>

#include <filesystem>

#include "bench/compare_result.h"
#include "cli/run_cli.h"
#include "golden/temporary_checkpoint.h"
#include "halfbyte/halfbyte.h"

namespace halfbyte::test {
namespace {

constexpr const char* layer = "model.layers.0.mlp.down_proj";

class Apply : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() / name; }

  // m rows of x, applied to a golden checkpoint with more options.
  Outcome apply(const std::string& checkpoint, const std::string& x_bytes,
                std::vector<std::string> options = {}) const {
    write_file(path("x.npy"), x_bytes);
    std::vector<std::string> arguments = {"apply", golden(checkpoint), layer, "--x", path("x.npy"),
                                          "--y",   path("y.npy")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_cli(arguments);
  }

  // The verdict on y.npy, in the type of its 16-bit values where there are any.
  bench::Verdict judge(const std::string& checkpoint, const std::vector<float>& x, std::int64_t m,
                       DType out) const {
    const HostTensor w = read_npy(golden(checkpoint) / "expected" / (std::string(layer) + ".npy"));
    const std::int64_t k = w.shape[0], n = w.shape[1];
    const std::optional<HostTensor> bias = Checkpoint::open(golden(checkpoint)).bias(layer);
    std::vector<double> y64(static_cast<std::size_t>(m * n)), a(y64.size());
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = 0, size = 0;
        for (std::int64_t p = 0; p < k; ++p) {
          const double term = static_cast<double>(x[static_cast<std::size_t>(i * k + p)]) *
                              load_element(w.bytes.data(), w.dtype, p * n + j);
          sum += term;
          size += std::abs(term);
        }
        if (bias) {
          const double b = load_element(bias->bytes.data(), bias->dtype, j);
          sum += b;
          size += std::abs(b);
        }
        y64[static_cast<std::size_t>(i * n + j)] = sum;
        a[static_cast<std::size_t>(i * n + j)] = size;
      }
    }
    HostTensor y = read_npy(path("y.npy"));
    EXPECT_EQ(y.dtype, out == DType::f16 ? DType::f16 : DType::f32);
    if (out == DType::bf16) {
      std::vector<std::uint16_t> bits;
      for (std::int64_t i = 0; i < m * n; ++i) {
        const auto value = static_cast<float>(load_element(y.bytes.data(), DType::f32, i));
        bits.push_back(f32_to_bf16(value));
        EXPECT_EQ(bf16_to_f32(bits.back()), value) << "no exact bf16 value at " << i;
      }
      return bench::compare(TensorView::matrix(bits.data(), DType::bf16, m, n), y64.data(),
                            a.data(), {.k = k, .rounding_gate = false});
    }
    return bench::compare(TensorView::matrix(y.bytes.data(), y.dtype, m, n), y64.data(), a.data(),
                          {.k = k, .rounding_gate = false});
  }

  TemporaryFolder folder_;
};

TEST_F(Apply, EveryFormat) {
  int checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator(golden(""))) {
    const std::string name = entry.path().filename();
    if (!std::filesystem::exists(entry.path() / "expected" / (std::string(layer) + ".npy")))
      continue;
    const std::int64_t k = Checkpoint::open(entry.path()).layer(layer).k;
    const std::vector<float> x = small_values(static_cast<std::size_t>(2 * k));
    const Outcome got = apply(name, npy("<f2", "(2, " + std::to_string(k) + ")", f16_bytes(x)));
    ASSERT_EQ(got.status, 0) << name << ": " << got.err;
    EXPECT_EQ(got.out, "");
    const bench::Verdict verdict = judge(name, x, 2, DType::f16);
    EXPECT_TRUE(verdict.ok) << name << ": " << verdict.reason;
    ++checked;
  }
  EXPECT_GE(checked, 10);
}

TEST_F(Apply, EveryTypeAndSchedule) {
  const std::vector<float> x = small_values(3 * 64);
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
    const std::vector<std::vector<std::string>> schedules = {
        {},
        {"--schedule", "auto"},
        {"--schedule", "data-parallel"},
        {"--schedule", "split-k"},
        {"--schedule", "split-k", "--split", "1"},
        {"--schedule", "split-k", "--split", "3"},
        {"--schedule", "split-k", "--split", "2147483647"},
        {"--schedule", "stream-k"}};
    for (std::vector<std::string> options : schedules) {
      options.insert(options.end(), {"--dtype", std::string(name(dtype)), "--device", "cpu"});
      const Outcome got = apply("gptq_v1_sym", npy("<f4", "(3, 64)", f32_bytes(x)), options);
      ASSERT_EQ(got.status, 0) << got.err;
      const bench::Verdict verdict = judge("gptq_v1_sym", x, 3, dtype);
      EXPECT_TRUE(verdict.ok) << name(dtype) << ": " << verdict.reason;
    }
  }
}

TEST_F(Apply, OneVectorGivesOneVector) {
  const std::vector<float> x = small_values(64);
  ASSERT_EQ(apply("gptq_v1_sym", npy("<f2", "(64,)", f16_bytes(x))).status, 0);
  EXPECT_EQ(read_npy(path("y.npy")).shape, (std::vector<std::int64_t>{24}));
  const HostTensor vector = read_npy(path("y.npy"));
  ASSERT_EQ(apply("gptq_v1_sym", npy("<f2", "(1, 64)", f16_bytes(x))).status, 0);
  const HostTensor matrix = read_npy(path("y.npy"));
  EXPECT_EQ(matrix.shape, (std::vector<std::int64_t>{1, 24}));
  EXPECT_EQ(matrix.bytes, vector.bytes);
}

TEST_F(Apply, NoRowsGiveNoRows) {
  for (const std::string dtype : {"f16", "bf16", "f32"}) {
    const Outcome got = apply("gptq_v1_sym", npy("<f2", "(0, 64)", ""), {"--dtype", dtype});
    ASSERT_EQ(got.status, 0) << got.err;
    EXPECT_EQ(read_npy(path("y.npy")).shape, (std::vector<std::int64_t>{0, 24}));
  }
}

TEST_F(Apply, RoundsXToTheTypeOnce) {
  std::vector<float> x(64), rounded(64);
  for (std::size_t i = 0; i < 64; ++i) {
    x[i] = 0.1f + 0.01f * static_cast<float>(i);
    rounded[i] = f16_to_f32(f32_to_f16(x[i]));
  }
  ASSERT_EQ(apply("gptq_v1_sym", npy("<f4", "(64,)", f32_bytes(x))).status, 0);
  const std::string direct = read_file(path("y.npy"));
  ASSERT_EQ(apply("gptq_v1_sym", npy("<f2", "(64,)", f16_bytes(rounded))).status, 0);
  EXPECT_EQ(read_file(path("y.npy")), direct);
  // In f32 nothing is lost, so the result is another one.
  ASSERT_EQ(apply("gptq_v1_sym", npy("<f4", "(64,)", f32_bytes(x)), {"--dtype", "f32"}).status, 0);
  EXPECT_TRUE(judge("gptq_v1_sym", x, 1, DType::f32).ok);
}

TEST_F(Apply, NaNReachesItsRowOnly) {
  std::vector<float> x = small_values(2 * 64);
  x[5] = std::numeric_limits<float>::quiet_NaN();
  ASSERT_EQ(apply("gptq_v1_sym", npy("<f4", "(2, 64)", f32_bytes(x)), {"--dtype", "f32"}).status,
            0);
  const HostTensor y = read_npy(path("y.npy"));
  for (std::int64_t i = 0; i < 48; ++i) {
    EXPECT_EQ(std::isnan(load_element(y.bytes.data(), DType::f32, i)), i < 24) << i;
  }
}

TEST_F(Apply, FormatSettlesAnAmbiguousConvention) {
  const std::filesystem::path model = folder_.path() / "model";
  std::filesystem::copy(golden("gptq_v1_sym"), model);
  std::string config = read_file(model / "config.json");
  const std::size_t at = config.find("\"gptq\"", config.find("checkpoint_format"));
  ASSERT_NE(at, std::string::npos);
  config.replace(at, 6, "\"gptq_v2\"");
  write_file(model / "config.json", config);
  write_file(path("x.npy"), npy("<f2", "(64,)", f16_bytes(small_values(64))));
  const std::vector<std::string> arguments = {"apply",       model.string(), layer,        "--x",
                                              path("x.npy"), "--y",          path("y.npy")};
  const Outcome refused = run_cli(arguments);
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("E_AMBIGUOUS"), std::string::npos) << refused.err;
  EXPECT_FALSE(std::filesystem::exists(path("y.npy")));
  std::vector<std::string> settled = arguments;
  settled.insert(settled.end(), {"--format", "gptq"});
  ASSERT_EQ(run_cli(settled).status, 0);
  EXPECT_TRUE(judge("gptq_v1_sym", small_values(64), 1, DType::f16).ok);
}

}  // namespace
}  // namespace halfbyte::test
