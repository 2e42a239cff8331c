// Every CUDA row of hadamard() against f64, in bits among other rows, in a graph.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/cuda/gpu.h"
#include "tests/support/guarded_memory.h"
#include "tests/support/hadamard_cases.h"

namespace halfbyte::test {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

DeviceMemory upload(const void* data, std::size_t bytes, Device device) {
  DeviceMemory memory(device, bytes);
  copy_memory(memory.data(), device, data, {}, bytes);
  return memory;
}

// Moves what views and options point to to the GPU and back.
struct Gpu : HadamardMachine {
  Gpu() {
    for (const KernelInfo& k : hadamard_kernels()) {
      if (k.name.starts_with("cuda/") && k.unavailable.empty()) kernels.push_back(k.name);
    }
  }
  bool run(const std::string& kernel, TensorView x, TensorView y, HadamardOptions options,
           std::vector<std::byte>& x_bytes, std::vector<std::byte>& y_bytes) override {
    const bool in_place = x.data == y.data;
    const auto offset = static_cast<std::byte*>(x.data) - x_bytes.data();
    options.kernel = kernel;
    // The memory of x and y is as large as it has to be: memcheck sees what lies behind.
    const DeviceMemory x_on_gpu = upload(x_bytes.data(), x_bytes.size(), gpu);
    const DeviceMemory y_on_gpu = upload(y_bytes.data(), y_bytes.size(), gpu);
    x.data = static_cast<std::byte*>(x_on_gpu.data()) + offset;
    y.data = in_place ? x.data
                      : static_cast<std::byte*>(y_on_gpu.data()) +
                            (static_cast<std::byte*>(y.data) - y_bytes.data());
    std::vector<DeviceMemory> kept;
    const auto move = [&](TensorView& view) {
      if (view.data == nullptr) return static_cast<void*>(nullptr);
      kept.push_back(upload(view.data, bytes_of(view), gpu));
      void* const host = view.data;
      view.data = kept.back().data();
      return host;
    };
    move(options.signs_before);
    move(options.signs_after);
    void* const scales = move(options.scales);
    void* const amax = move(options.amax);
    try {
      const std::size_t needed = hadamard_workspace_size(x, y, options);
      GuardedMemory workspace(gpu, needed);
      options.workspace = workspace.data();
      options.workspace_bytes = needed;
      hadamard(x, y, options);
      synchronize(gpu);
      (void)workspace.read();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
      return false;
    }
    copy_memory(x_bytes.data(), {}, x_on_gpu.data(), gpu, x_bytes.size());
    copy_memory(y_bytes.data(), {}, y_on_gpu.data(), gpu, y_bytes.size());
    if (scales != nullptr) copy_back(scales, options.scales);
    if (amax != nullptr) copy_back(amax, options.amax);
    return true;
  }

  static std::size_t bytes_of(const TensorView& view) {
    return static_cast<std::size_t>(view.elements()) * size_of(view.dtype);
  }
  static void copy_back(void* host, const TensorView& view) {
    copy_memory(host, {}, view.data, gpu, bytes_of(view));
  }
};

void run_all(const std::vector<HadamardCase>& cases) {
  Gpu machine;
  HadamardTally tally;
  for (const HadamardCase& c : cases) {
    HadamardCheck(c).run(machine, tally);
    if (testing::Test::HasFailure()) break;
  }
  for (const auto& [kernel, count] : tally.cases) std::printf("  %s %d\n", kernel.c_str(), count);
  std::printf("largest error / bound %.3f\n", tally.worst);
}

TEST(CudaHadamard, PowersOfTwo) {
  SKIP_WITHOUT_GPU();
  run_all(power_of_two_cases(65536));
}
TEST(CudaHadamard, Layouts) {
  SKIP_WITHOUT_GPU();
  run_all(layout_cases());
}
TEST(CudaHadamard, Orders) {
  SKIP_WITHOUT_GPU();
  run_all(order_cases({12, 24, 40, 112, 344, 1184, 9216, 11008, 14336, 28672, 53248}));
}
TEST(CudaHadamard, OrderLayouts) {
  SKIP_WITHOUT_GPU();
  run_all(order_layout_cases({768, 2816, 11008, 13824, 53248, 65536}));
}
TEST(CudaHadamard, Codes) {
  SKIP_WITHOUT_GPU();
  run_all(code_cases({8, 32, 128, 256, 512, 2048, 4096, 8192, 16384, 32768}));
}

// Enough rows that every SM has several blocks and every block several rounds.
TEST(CudaHadamard, ManyRows) {
  SKIP_WITHOUT_GPU();
  std::vector<HadamardCase> cases;
  std::vector<std::int64_t> sizes{3072, 11008, 14336, 18944, 53248};
  for (std::int64_t n = 8; n <= 65536; n *= 2) sizes.push_back(n);
  for (const std::int64_t n : sizes) {
    for (const bool in_place : {false, true}) {
      cases.push_back({.rows = (1 << 23) / n + 1, .n = n, .in_place = in_place, .fast = in_place});
    }
    cases.push_back({.x = DType::bf16,
                     .y = DType::e4m3,
                     .rows = (1 << 22) / n + 1,
                     .n = n,
                     .scaling = HadamardScaling::per_row});
    for (const DType y : {DType::e4m3, DType::u8}) {
      cases.push_back({.x = DType::bf16, .y = y, .rows = (1 << 23) / n + 1, .n = n});
    }
  }
  run_all(cases);
}

// Whatever kernel the planner takes for a number of rows.
TEST(CudaHadamard, ARowIsTheSameBitsAloneAndAmongOthersAsPlanned) {
  SKIP_WITHOUT_GPU();
  for (const std::int64_t n : {768, 1024, 3072, 4096, 8192, 11008, 14336, 18944, 28672, 32768}) {
    constexpr std::int64_t most = 700;
    const auto row_bytes = static_cast<std::size_t>(n) * 2;
    std::vector<std::uint16_t> data(static_cast<std::size_t>(most * n));
    std::mt19937_64 bits(7);
    for (auto& number : data) number = static_cast<std::uint16_t>(bits() & 0xBBFFU);  // |x| < 2
    const DeviceMemory x = upload(data.data(), data.size() * 2, gpu);
    for (const bool fast : {false, true}) {
      const auto rows_of = [&](std::int64_t rows, bool in_place) {
        const DeviceMemory y = upload(data.data(), static_cast<std::size_t>(rows) * row_bytes, gpu);
        const auto y_view = TensorView::matrix(y.data(), DType::f16, rows, n, -1, gpu);
        auto x_view = y_view;
        if (!in_place) x_view.data = x.data();
        hadamard(x_view, y_view,
                 {.precision = fast ? HadamardPrecision::fast : HadamardPrecision::one_rounding});
        std::vector<std::byte> out(static_cast<std::size_t>(rows) * row_bytes);
        copy_memory(out.data(), {}, y.data(), gpu, out.size());
        return out;
      };
      const auto all = rows_of(most, false);
      for (const std::int64_t rows : {1, 2, 3, 5, 8, 17, 40, 66, 90, 133, 180, 270, 590, 700}) {
        for (const bool in_place : {false, true}) {
          const auto some = rows_of(rows, in_place);
          EXPECT_EQ(std::memcmp(some.data(), all.data(), some.size()), 0)
              << n << " fast " << fast << " rows " << rows << " in place " << in_place;
        }
      }
    }
  }
}

TEST(CudaHadamard, ARowIsTheSameBitsAloneAndAmongOthers) {
  SKIP_WITHOUT_GPU();
  Gpu machine;
  HadamardTally tally;
  std::vector<std::int64_t> sizes{3072, 13824};
  for (std::int64_t n = 8; n <= 65536; n *= 2) sizes.push_back(n);
  for (const std::int64_t n : sizes) {
    for (const bool fast : {false, true}) {
      const auto rows_of = [&](std::int64_t rows) {
        return HadamardCheck({.rows = rows, .n = n, .fast = fast, .seed = 11}).run(machine, tally);
      };
      const HadamardOutputs all = rows_of(n <= 2048 ? 5000 : 400);
      for (const std::int64_t rows : tail_rows()) {
        const auto bytes = static_cast<std::size_t>(rows * n) * 2;
        for (const auto& [kernel, y] : rows_of(rows)) {
          ASSERT_EQ(std::memcmp(y.data(), all.at(kernel).data(), bytes), 0)
              << kernel << " n " << n << " rows " << rows << " fast " << fast;
        }
      }
    }
  }
}

// The first call of a process may be inside a capture; replays take new data.
TEST(CudaHadamard, RunsInAGraph) {
  SKIP_WITHOUT_GPU();
  for (const std::int64_t n : {128, 4096, 32768, 14336}) {
    const std::int64_t rows = 40;
    const auto bytes = static_cast<std::size_t>(rows * n) * 2;
    std::vector<std::byte> data(bytes);
    std::mt19937_64 bits(5);
    const auto fresh = [&] {
      for (std::int64_t i = 0; i < rows * n; ++i) {
        store_element(data.data(), DType::f16, i, static_cast<double>(bits() % 9) - 4);
      }
    };
    fresh();
    const DeviceMemory x = upload(data.data(), bytes, gpu), y = upload(data.data(), bytes, gpu);
    const auto x_view = TensorView::matrix(x.data(), DType::f16, rows, n, -1, gpu);
    const auto y_view = TensorView::matrix(y.data(), DType::f16, rows, n, -1, gpu);
    HadamardOptions options;
    const DeviceMemory workspace(gpu, hadamard_workspace_size(x_view, y_view, options));
    options.workspace = workspace.data();
    options.workspace_bytes = workspace.size();
    cudaStream_t stream = nullptr;
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t exec = nullptr;
    ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
    options.stream = stream;
    ASSERT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    hadamard(x_view, y_view, options);
    ASSERT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess);
    ASSERT_EQ(cudaGraphInstantiate(&exec, graph, 0), cudaSuccess);
    for (int replay = 0; replay < 3; ++replay) {
      fresh();
      copy_memory(x.data(), gpu, data.data(), {}, bytes);
      ASSERT_EQ(cudaGraphLaunch(exec, stream), cudaSuccess);
      ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
      std::vector<std::byte> got(bytes), wanted(bytes);
      copy_memory(got.data(), {}, y.data(), gpu, bytes);
      options.stream = nullptr;
      hadamard(x_view, y_view, options);
      synchronize(gpu);
      copy_memory(wanted.data(), {}, y.data(), gpu, bytes);
      EXPECT_EQ(got, wanted) << n;
    }
    (void)cudaGraphExecDestroy(exec);
    (void)cudaGraphDestroy(graph);
    (void)cudaStreamDestroy(stream);
  }
}

}  // namespace
}  // namespace halfbyte::test
