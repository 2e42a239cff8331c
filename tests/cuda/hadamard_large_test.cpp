// Transforms of more than 2^31 and 2^32 elements by every kernel. Rows repeat, so that each must be
// the same bits as the row of a small call, which tests/cuda/hadamard_test.cpp checks.
#include <cuda_runtime_api.h>

#include <cstring>
#include <random>

#include "bench/cuda/handles.h"
#include "halfbyte/halfbyte.h"
#include "ops/device.h"
#include "tests/cuda/gpu.h"

namespace halfbyte {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};
constexpr std::int64_t two_31 = std::int64_t{1} << 31, two_32 = std::int64_t{1} << 32;

struct LargeCase {
  std::int64_t n;
  const char* kernel;
  DType y = DType::f16;
};

class CudaHadamardLarge : public testing::TestWithParam<LargeCase> {};

TEST_P(CudaHadamardLarge, RowsBeyondBothLimits) {
  SKIP_WITHOUT_GPU();
  const auto [n, kernel, y_dtype] = GetParam();
  const std::int64_t rows = two_32 / n + 3, period = (std::int64_t{1} << 24) / n;
  const auto x_row = static_cast<std::size_t>(n) * 2;
  const auto y_row = static_cast<std::size_t>(n) * size_of(y_dtype);
  SKIP_WITHOUT_GIB(static_cast<std::int64_t>(x_row + y_row) * (rows + 2 * period) / gib + 1);
  std::vector<std::uint16_t> some(static_cast<std::size_t>(period * n));
  std::mt19937_64 bits(3);
  for (auto& number : some) number = static_cast<std::uint16_t>(bits() & 0xBBFFU);  // |x| < 2
  const DeviceMemory x(gpu, static_cast<std::size_t>(rows) * x_row);
  const DeviceMemory y(gpu, static_cast<std::size_t>(rows) * y_row);
  for (std::int64_t row = 0; row < rows; row += period) {
    copy_memory(static_cast<std::byte*>(x.data()) + static_cast<std::size_t>(row) * x_row, gpu,
                some.data(), {}, static_cast<std::size_t>(std::min(period, rows - row)) * x_row);
  }
  const float one = 1;
  const DeviceMemory scale(gpu, sizeof(float));
  copy_memory(scale.data(), gpu, &one, {}, sizeof(one));
  const auto transform = [&](std::int64_t count) {
    HadamardOptions options;
    options.kernel = kernel;
    if (y_dtype != DType::f16)
      options.scales = TensorView::vector(scale.data(), DType::f32, 1, gpu);
    const auto x_view = TensorView::matrix(x.data(), DType::f16, count, n, -1, gpu);
    const auto y_view = TensorView::matrix(y.data(), y_dtype, count, n, -1, gpu);
    const DeviceMemory workspace(gpu, hadamard_workspace_size(x_view, y_view, options));
    options.workspace = workspace.data();
    options.workspace_bytes = workspace.size();
    hadamard(x_view, y_view, options);
    synchronize(gpu);
  };
  const auto row_of = [&](std::int64_t row) {
    std::vector<std::byte> bytes(y_row);
    copy_memory(bytes.data(), {},
                static_cast<const std::byte*>(y.data()) + static_cast<std::size_t>(row) * y_row,
                gpu, y_row);
    return bytes;
  };
  std::vector<std::int64_t> at = {0, 1, rows / 2, rows - 2, rows - 1};
  for (const std::int64_t limit : {two_31, two_32}) {
    for (const std::int64_t near : {-1, 0, 1}) at.push_back(limit / n + near);
  }
  transform(period);
  std::vector<std::vector<std::byte>> wanted;
  for (const std::int64_t row : at) wanted.push_back(row_of(row % period));
  bench::check(cudaMemset(y.data(), 0xFF, static_cast<std::size_t>(rows) * y_row), "cudaMemset");
  transform(rows);
  for (std::size_t i = 0; i < at.size(); ++i)
    EXPECT_EQ(row_of(at[i]), wanted[i]) << "row " << at[i];
}

INSTANTIATE_TEST_SUITE_P(Kernels, CudaHadamardLarge,
                         testing::Values(LargeCase{512, "cuda/hadamard_in_registers"},
                                         LargeCase{4096, "cuda/hadamard_row"},
                                         LargeCase{32768, "cuda/hadamard_row", DType::e4m3},
                                         LargeCase{8192, "cuda/hadamard_row_spread"},
                                         LargeCase{11008, "cuda/hadamard_panel"},
                                         LargeCase{14336, "cuda/hadamard_panel", DType::e4m3},
                                         LargeCase{53248, "cuda/hadamard_panel"},
                                         LargeCase{768, "cuda/hadamard_order"},
                                         LargeCase{1024, "cuda/hadamard_butterfly"}));

}  // namespace
}  // namespace halfbyte
