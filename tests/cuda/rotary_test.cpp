// Every CUDA row of rotary_hadamard() against f64.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cuda/gpu.h"
#include "tests/support/rotary_cases.h"

namespace halfbyte::test {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

DeviceMemory upload(const void* data, std::size_t bytes) {
  DeviceMemory memory(gpu, bytes);
  copy_memory(memory.data(), gpu, data, {}, bytes);
  return memory;
}

// Moves what the views of a call point to to the GPU and back.
struct Gpu : RotaryMachine {
  Gpu() {
    device = gpu;
    for (const KernelInfo& k : rotary_kernels()) {
      if (k.name.starts_with("cuda/") && k.unavailable.empty()) kernels.push_back(k.name);
    }
  }
  bool run(const std::string& kernel, RotaryCall call, std::vector<std::byte>& x_bytes,
           std::vector<std::byte>& y_bytes) override {
    const bool in_place = call.x.data == call.y.data;
    // As large as they have to be: memcheck sees what lies behind.
    const DeviceMemory x = upload(x_bytes.data(), x_bytes.size());
    const DeviceMemory y = upload(y_bytes.data(), y_bytes.size());
    const auto moved = [](const TensorView& view, const std::vector<std::byte>& bytes,
                          const DeviceMemory& to) {
      return static_cast<std::byte*>(to.data()) +
             (static_cast<std::byte*>(view.data) - bytes.data());
    };
    call.x.data = moved(call.x, x_bytes, x);
    call.y.data = in_place ? call.x.data : moved(call.y, y_bytes, y);
    std::vector<DeviceMemory> kept;
    const auto move = [&](TensorView& view) -> void* {
      if (view.data == nullptr) return nullptr;
      kept.push_back(upload(view.data, bytes_of(view)));
      void* const host = view.data;
      view.data = kept.back().data();
      return host;
    };
    move(call.rotary.cos);
    move(call.rotary.sin);
    move(call.rotary.positions);
    move(call.options.signs_before);
    move(call.options.signs_after);
    void* const scales = move(call.options.scales);
    void* const amax = move(call.options.amax);
    call.options.kernel = kernel;
    try {
      rotary_hadamard(call.x, call.rotary, call.y, call.options);
      synchronize(gpu);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
      return false;
    }
    copy_memory(x_bytes.data(), {}, x.data(), gpu, x_bytes.size());
    copy_memory(y_bytes.data(), {}, y.data(), gpu, y_bytes.size());
    if (scales != nullptr) {
      copy_memory(scales, {}, call.options.scales.data, gpu, bytes_of(call.options.scales));
    }
    if (amax != nullptr) copy_memory(amax, {}, call.options.amax.data, gpu, sizeof(float));
    return true;
  }

  // From the first element to the last.
  static std::size_t bytes_of(const TensorView& view) {
    std::int64_t last = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(view.rank); ++i) {
      last += (view.shape[i] - 1) * view.strides[i];
    }
    return view.elements() == 0 ? 0 : static_cast<std::size_t>(last + 1) * size_of(view.dtype);
  }
};

void run_all(const std::vector<RotaryCase>& cases) {
  Gpu machine;
  for (const RotaryCase& c : cases) {
    RotaryCheck(c, gpu).run(machine);
    if (testing::Test::HasFailure()) break;
  }
}

TEST(CudaRotary, Heads) {
  SKIP_WITHOUT_GPU();
  run_all(head_cases());
}
TEST(CudaRotary, Layouts) {
  SKIP_WITHOUT_GPU();
  run_all(rotary_layout_cases());
}
TEST(CudaRotary, NonFinite) {
  SKIP_WITHOUT_GPU();
  run_all(rotary_nonfinite_cases());
}

// Enough tokens that a warp does several steps; bits of a token alone and among others.
TEST(CudaRotary, ManyTokens) {
  SKIP_WITHOUT_GPU();
  Gpu machine;
  for (const std::int64_t head_dim : {64, 96, 128, 256}) {
    RotaryCase c{.x = DType::bf16,
                 .y = DType::e4m3,
                 .tokens = 270000 / head_dim,  // two steps an item on 132 SMs
                 .heads = 32,
                 .head_dim = head_dim,
                 .block = head_dim == 96 ? 32 : 0,
                 .positions = DType::f32,
                 .per_row = true,
                 .amax = true};
    const auto all = RotaryCheck(c, gpu).run(machine);
    c.tokens = 1;
    for (const auto& [kernel, y] : RotaryCheck(c, gpu).run(machine)) {
      const auto bytes = static_cast<std::ptrdiff_t>(c.heads * head_dim);
      EXPECT_TRUE(std::equal(y.begin(), y.begin() + bytes, all.at(kernel).begin())) << kernel;
    }
  }
}

}  // namespace
}  // namespace halfbyte::test
