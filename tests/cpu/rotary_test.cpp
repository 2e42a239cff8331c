// Every CPU row of rotary_hadamard() against f64.
#include <gtest/gtest.h>

#include "tests/support/rotary_cases.h"

namespace halfbyte::test {
namespace {

struct Cpu : RotaryMachine {
  Cpu() {
    for (const KernelInfo& k : rotary_kernels()) {
      if (k.name.starts_with("cpu/") && k.unavailable.empty()) kernels.push_back(k.name);
    }
  }
  bool run(const std::string& kernel, RotaryCall call, std::vector<std::byte>&,
           std::vector<std::byte>&) override {
    call.options.kernel = kernel;
    try {
      rotary_hadamard(call.x, call.rotary, call.y, call.options);
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
      return false;
    }
  }
};

void run_all(const std::vector<RotaryCase>& cases) {
  Cpu machine;
  for (const RotaryCase& c : cases) {
    RotaryCheck(c, {}).run(machine);
    if (testing::Test::HasFailure()) break;
  }
}

TEST(Rotary, Heads) { run_all(head_cases()); }
TEST(Rotary, Layouts) { run_all(rotary_layout_cases()); }
TEST(Rotary, NonFinite) { run_all(rotary_nonfinite_cases()); }

// What a GPU does not take: H of q 2^p, heads of any size.
TEST(Rotary, AnySize) {
  std::vector<RotaryCase> cases;
  for (const std::int64_t head_dim : {2, 12, 20, 36, 96, 100, 172, 512, 4096}) {
    for (const RotaryPairs pairs : both_pairs) {
      const std::int64_t block = head_dim == 100 ? 4 : 0;
      cases.push_back({.head_dim = head_dim, .block = block, .pairs = pairs, .amax = true});
      cases.push_back({.x = DType::bf16,
                       .y = DType::e4m3,
                       .head_dim = head_dim,
                       .block = block,
                       .pairs = pairs,
                       .per_row = true});
    }
  }
  run_all(cases);
}

// Two rotations by one matrix keep the product of q and k: so does H on both.
TEST(Rotary, ProductsStayWhatTheyAre) {
  const std::int64_t d = 64;
  const Numbers q = random_reals(DType::f16, d, 1), k = random_reals(DType::f16, d, 2);
  const std::vector<float> cos(d / 2, 0.6F), sin(d / 2, 0.8F);
  const auto table = [&](const std::vector<float>& values) {
    return TensorView::matrix(values.data(), DType::f32, 1, d / 2);
  };
  const auto turned = [&](const Numbers& x) {
    Numbers y(DType::f16, d);
    TensorView from = TensorView::matrix(x.bytes.data(), x.dtype, 1, d);
    from.rank = 3;
    from.shape = {1, 1, d, 0};
    from.strides = {d, d, 1, 0};
    TensorView to = from;
    to.data = y.bytes.data();
    rotary_hadamard(from, {table(cos), table(sin)}, to);
    return y;
  };
  const auto product = [&](const Numbers& a, const Numbers& b) {
    double sum = 0;
    for (std::int64_t i = 0; i < d; ++i) sum += a.at(i) * b.at(i);
    return sum;
  };
  EXPECT_NEAR(product(turned(q), turned(k)), product(q, k), 0.02);
}

}  // namespace
}  // namespace halfbyte::test
