// The instruction set in use is the one asked for, and a level this CPU lacks is refused.
#include "cpu/isa.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "halfbyte/error.h"
#include "halfbyte/linear.h"

namespace halfbyte::cpu {
namespace {

TEST(Isa, IsTheDetectedOneUnlessALowerOneIsAskedFor) {
  const char* asked = std::getenv("HALFBYTE_ISA");
  if (asked == nullptr) {
    EXPECT_EQ(active_isa(), detected_isa());
  } else {
    EXPECT_EQ(name(active_isa()), asked);
  }
}

TEST(Isa, DecidesWhichKernelsAreThere) {
  for (const KernelInfo& kernel : linear_kernels()) {
    const auto belongs = [&](Isa isa) {
      return kernel.name.find("/" + std::string(name(isa)) + "/") != std::string::npos;
    };
    for (const Isa isa : {Isa::avx2, Isa::avx512, Isa::avx512vnni, Isa::avx512bf16}) {
      if (!belongs(isa)) continue;
      EXPECT_EQ(kernel.unavailable.empty(), active_isa() >= isa) << kernel.name;
    }
  }
}

// One skip for each level without which its kernels cannot be tested here.
class HasIsa : public ::testing::TestWithParam<Isa> {};
TEST_P(HasIsa, KernelsRun) {
  if (active_isa() < GetParam())
    GTEST_SKIP() << "no " << name(GetParam()) << " here: its kernels are not run";
  SUCCEED();
}
INSTANTIATE_TEST_SUITE_P(Isa, HasIsa,
                         ::testing::Values(Isa::avx2, Isa::avx512, Isa::avx512vnni,
                                           Isa::avx512bf16),
                         [](const auto& param) { return std::string(name(param.param)); });

}  // namespace
}  // namespace halfbyte::cpu
