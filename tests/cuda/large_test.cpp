// Tensors of more than 2^31 and 2^32 elements: offsets are 64 bits wide everywhere. What a result
// is checked against is made for a few rows or columns only, those around the two limits included.
#include <cuda_runtime_api.h>

#include <cstring>

#include "bench/cuda/handles.h"
#include "bench/random_data.h"
#include "linear/under_test.h"
#include "tests/cuda/gpu.h"
#include "tests/support/operand.h"
#include "tests/support/reference.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Call;

constexpr std::int64_t two_31 = std::int64_t{1} << 31, two_32 = std::int64_t{1} << 32;
// The weight's columns at `columns` alone.
QuantizedWeight columns_of(const QuantizedWeight& w, const std::vector<std::int64_t>& columns) {
  QuantizedWeight part = w;
  part.n = static_cast<std::int64_t>(columns.size());
  const auto run = static_cast<std::size_t>(w.code_bytes_per_column());
  const auto gather = [&](const auto& from, std::size_t bytes, std::int64_t rows) {
    auto to = from;
    to.resize(static_cast<std::size_t>(rows * part.n) * bytes);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < part.n; ++c) {
        const std::int64_t at = r * w.n + columns[static_cast<std::size_t>(c)];
        std::memcpy(&to[static_cast<std::size_t>(r * part.n + c) * bytes],
                    &from[static_cast<std::size_t>(at) * bytes], bytes);
      }
    }
    return to;
  };
  part.codes = gather(w.codes, run, 1);
  part.scales = gather(w.scales, size_of(w.scale_dtype), w.groups);
  return part;
}

// Rows (or columns) of `extent` that lie at the ends and where index * other passes a limit.
std::vector<std::int64_t> around_limits(std::int64_t extent, std::int64_t other) {
  std::vector<std::int64_t> at = {0, 1, extent / 2, extent - 1};
  for (const std::int64_t limit : {two_31, two_32}) {
    for (const std::int64_t i : {limit / other - 1, limit / other, limit / other + 1}) {
      if (i < extent) at.push_back(i);
    }
  }
  return at;
}

class CudaLarge : public test::OnDevice {
 protected:
  test::Tally tally;
};

// Three rows of x and of y, so far apart that the second and third lie beyond the limits.
TEST_F(CudaLarge, RowsOfXAndYFarApart) {
  const std::int64_t k = 256, n = 144, m = 3, size = 2;
  constexpr std::int64_t stride = two_32 / 2 + 64;  // row 1 beyond 2^31, row 2 beyond 2^32
  SKIP_WITHOUT_GIB(20);
  const DeviceMemory x_memory(device, static_cast<std::size_t>((2 * stride + k) * size));
  const DeviceMemory y_memory(device, static_cast<std::size_t>((2 * stride + n) * size));
  const auto x_view = TensorView::matrix(x_memory.data(), DType::f16, m, k, stride, device);
  const auto y_view = TensorView::matrix(y_memory.data(), DType::f16, m, n, stride, device);
  const auto row_of = [](const TensorView& view, std::int64_t row) {
    return static_cast<std::byte*>(view.data) + row * stride * size;
  };
  const test::Operand x = test::random_operand({}, DType::f16, m, k);
  for (std::int64_t r = 0; r < m; ++r) {
    copy_memory(row_of(x_view, r), device, x.bytes().data() + r * k * size, {},
                static_cast<std::size_t>(k * size));
  }
  for (test::WeightCase c : test::weight_cases()) {
    c.k = k;
    c.n = n;
    const QuantizedWeight weight = test::make_weight(c, 3);
    const PackedWeight packed = pack(weight, device);
    test::References references(weight, x.host());
    for (const Call& call : test::calls_for(x_view, packed, y_view)) {
      std::vector<std::byte> y(static_cast<std::size_t>(m * n * size), std::byte{0xFF});
      const auto row_bytes = static_cast<std::size_t>(n * size);
      for (std::int64_t r = 0; r < m; ++r) {
        copy_memory(row_of(y_view, r), device, y.data(), {}, row_bytes);
      }
      LinearOptions options = call.options();
      const DeviceMemory scratch(device, linear_workspace_size(x_view, packed, y_view, options));
      options.workspace = scratch.data();
      options.workspace_bytes = scratch.size();
      linear(x_view, packed, y_view, options);
      synchronize(device);
      for (std::int64_t r = 0; r < m; ++r) {
        copy_memory(y.data() + r * n * size, {}, row_of(y_view, r), device, row_bytes);
      }
      ASSERT_TRUE(references.check(y, DType::f16, call, false, tally)) << to_string(c);
    }
  }
  tally.print("rows 2^31 elements apart");
  EXPECT_GT(tally.cases, 100);
}

// Packed weights of more elements than the limits, packed, multiplied and unpacked again.
TEST_F(CudaLarge, Weights) {
  SKIP_WITHOUT_GIB(16);
  const std::int64_t k = 65536, m = 2;
  struct Kind {
    int bits;
    std::int64_t n;
  };
  for (const Kind kind :
       {Kind{4, two_31 / k + 100}, Kind{4, two_32 / k + 100}, Kind{8, two_31 / k + 100}}) {
    QuantizedWeight weight = bench::random_weight(k, kind.n, 128, 7);
    if (kind.bits == 8) {
      weight.bits = 8;
      weight.codes.resize(static_cast<std::size_t>(k * kind.n));
      std::memcpy(&weight.codes[weight.codes.size() / 2], weight.codes.data(),
                  weight.codes.size() / 2);
    }
    const PackedWeight packed = pack(weight, device);
    EXPECT_TRUE(unpack(packed).codes == weight.codes) << kind.bits << " bits, n " << kind.n;
    const test::Operand x = test::random_operand(device, DType::f16, m, k);
    const auto columns = around_limits(kind.n, k);
    const QuantizedWeight part = columns_of(weight, columns);
    test::References references(part, x.host());
    for (const Call& call :
         test::calls_for(x.view(), packed, test::unplaced(packed, m, DType::f16))) {
      if (call.division.split == 1000000) continue;  // as many partial sums as blocks of k
      const auto y = test::run(x.view(), packed, DType::f16, call);
      std::vector<std::byte> sampled;
      for (std::int64_t r = 0; r < m; ++r) {
        for (const std::int64_t c : columns) {
          const auto at = y.begin() + 2 * (r * kind.n + c);
          sampled.insert(sampled.end(), at, at + 2);
        }
      }
      ASSERT_TRUE(references.check(sampled, DType::f16, call, false, tally)) << kind.bits;
    }
  }
  tally.print("weights beyond 2^31 and 2^32");
  EXPECT_GT(tally.cases, 50);
}

// More than 2^32 outputs.
TEST_F(CudaLarge, Outputs) {
  SKIP_WITHOUT_GIB(16);
  const std::int64_t k = 64, n = 66000, m = two_32 / n + 100;
  const QuantizedWeight weight = bench::random_weight(k, n, 64, 7);
  const PackedWeight packed = pack(weight, device);
  const test::Operand x = test::random_operand(device, DType::f16, m, k);
  const auto rows = around_limits(m, n);
  const auto sampled_rows = static_cast<std::int64_t>(rows.size());
  const test::Operand part({}, DType::f16, sampled_rows, k, [&](std::int64_t r, std::int64_t i) {
    return load_element(x.bytes().data(), DType::f16, rows[static_cast<std::size_t>(r)] * k + i);
  });
  test::References references(weight, part.host());
  const DeviceMemory y_memory(device, static_cast<std::size_t>(m * n * 2));
  const auto y_view = TensorView::matrix(y_memory.data(), DType::f16, m, n, -1, device);
  for (const Call& call : test::calls_for(x.view(), packed, y_view)) {
    if (call.division.schedule != Schedule::data_parallel) continue;
    bench::check(cudaMemset(y_memory.data(), 0xFF, y_memory.size()), "cudaMemset");
    linear(x.view(), packed, y_view, call.options());
    synchronize(device);
    std::vector<std::byte> sampled(static_cast<std::size_t>(sampled_rows * n * 2));
    for (std::int64_t r = 0; r < sampled_rows; ++r) {
      copy_memory(
          sampled.data() + r * n * 2, {},
          static_cast<std::byte*>(y_memory.data()) + rows[static_cast<std::size_t>(r)] * n * 2,
          device, static_cast<std::size_t>(n * 2));
    }
    ASSERT_TRUE(references.check(sampled, DType::f16, call, true, tally));
  }
  tally.print("2^32 outputs");
  EXPECT_GT(tally.cases, 5);
}

}  // namespace
}  // namespace halfbyte
