// Every category of bad input gives one typed error that names the argument, leaves y untouched,
// and the next good call works.
#include <functional>

#include "linear/under_test.h"
#include "tests/support/operand.h"
#include "tests/support/run_linear.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

constexpr std::int64_t m = 3;
constexpr std::int64_t k = 256;
constexpr std::int64_t n = 48;

struct Arguments {
  TensorView x, y;
  PackedWeight w;
  LinearOptions options;
};

class BadInput : public test::OnDevice {
 protected:
  void SetUp() override {
    OnDevice::SetUp();
    if (IsSkipped()) return;
    w_ = pack(test::make_weight({.k = k, .n = n}, 1), device);
    x_ = DeviceMemory(device, m * k * 2);
    y_ = DeviceMemory(device, m * n * 2);
    scratch_ = DeviceMemory(device, 1 << 20);
    const std::vector<std::byte> zeros(x_.size());
    copy_memory(x_.data(), device, zeros.data(), {}, zeros.size());
  }

  // Split-K, since it needs a workspace on every device.
  Arguments good() {
    return {TensorView::matrix(x_.data(), DType::f16, m, k, -1, device),
            TensorView::matrix(y_.data(), DType::f16, m, n, -1, device),
            w_,
            {.schedule = Schedule::split_k,
             .workspace = scratch_.data(),
             .workspace_bytes = scratch_.size()}};
  }
  TensorView bias(const void* data, DType dtype, std::int64_t extent = n) const {
    return TensorView::vector(data, dtype, extent, device);
  }
  Device other_device() const {
    return device.type == DeviceType::cpu ? Device{DeviceType::cuda, 0} : Device{};
  }

  // Runs a spoiled call.
  void expect(ErrorCode code, std::string_view argument,
              const std::function<void(Arguments&)>& spoil) {
    const test::GuardedMemory y(device, m * n * 2);
    Arguments a = good();
    a.y.data = y.data();
    spoil(a);
    try {
      linear(a.x, a.w, a.y, a.options);
      ADD_FAILURE() << code_name(code) << " " << argument << ": accepted";
    } catch (const Error& error) {
      EXPECT_EQ(code_name(error.code()), code_name(code)) << error.what();
      EXPECT_EQ(error.detail().function, "linear");
      EXPECT_EQ(error.detail().argument, argument) << error.what();
      EXPECT_FALSE(error.detail().got.empty()) << error.what();
      EXPECT_FALSE(error.detail().wanted.empty()) << error.what();
    }
    EXPECT_EQ(y.read(), std::vector<std::byte>(y.size(), std::byte{0xFF})) << "y was touched";
    Arguments next = good();
    EXPECT_NO_THROW(linear(next.x, next.w, next.y, next.options));
    EXPECT_NO_THROW(synchronize(device));
  }

  PackedWeight w_;
  DeviceMemory x_, y_, scratch_;
};

TEST_F(BadInput, Shapes) {
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.shape[1] = k - 8; });
  expect(ErrorCode::shape, "y", [](Arguments& a) { a.y.shape[1] = n + 1; });
  expect(ErrorCode::shape, "y", [](Arguments& a) { a.y.shape[0] = m + 1; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.rank = 1; });
  expect(ErrorCode::shape, "y", [](Arguments& a) { a.y.rank = 3; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.shape[0] = -1; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.shape[0] = (std::int64_t{1} << 40) + 1; });
  expect(ErrorCode::shape, "bias",
         [&](Arguments& a) { a.options.bias = bias(x_.data(), DType::f16, n - 1); });
}

TEST_F(BadInput, Types) {
  expect(ErrorCode::dtype, "x", [](Arguments& a) { a.x.dtype = DType::f64; });
  expect(ErrorCode::dtype, "y", [](Arguments& a) { a.y.dtype = DType::i32; });
  expect(ErrorCode::dtype, "bias",
         [&](Arguments& a) { a.options.bias = bias(x_.data(), DType::i8); });
}

TEST_F(BadInput, Pointers) {
  expect(ErrorCode::arg, "x", [](Arguments& a) { a.x.data = nullptr; });
  expect(ErrorCode::arg, "y", [](Arguments& a) { a.y.data = nullptr; });
  expect(ErrorCode::align, "x",
         [](Arguments& a) { a.x.data = static_cast<std::byte*>(a.x.data) + 1; });
  expect(ErrorCode::align, "workspace", [](Arguments& a) {
    a.options.workspace = static_cast<std::byte*>(a.options.workspace) + 8;
    a.options.workspace_bytes -= 64;
  });
}

TEST_F(BadInput, Strides) {
  expect(ErrorCode::stride, "y", [](Arguments& a) { a.y.strides[0] = 0; });
  expect(ErrorCode::stride, "y", [](Arguments& a) { a.y.strides[0] = n - 1; });
  expect(ErrorCode::stride, "y", [](Arguments& a) { a.y.strides[1] = -1; });
}

TEST_F(BadInput, Aliases) {
  expect(ErrorCode::alias, "y",
         [&](Arguments& a) { a.x = TensorView::matrix(a.y.data, DType::f16, m, k, 0, device); });
  expect(ErrorCode::alias, "y", [&](Arguments& a) { a.options.bias = bias(a.y.data, DType::f16); });
  expect(ErrorCode::alias, "workspace", [](Arguments& a) { a.x.data = a.options.workspace; });
}

TEST_F(BadInput, Devices) {
  expect(ErrorCode::device, "x", [&](Arguments& a) { a.x.device = other_device(); });
  expect(ErrorCode::device, "y", [](Arguments& a) { a.y.device = {DeviceType::cuda, 77}; });
}

TEST_F(BadInput, Workspace) {
  const std::size_t needed = linear_workspace_size(good().x, w_, good().y, good().options);
  ASSERT_GT(needed, 0U);
  expect(ErrorCode::workspace, "workspace",
         [&](Arguments& a) { a.options.workspace_bytes = needed - 1; });
  expect(ErrorCode::workspace, "workspace", [&](Arguments& a) { a.options.workspace = nullptr; });
  Arguments exact = good();
  exact.options.workspace_bytes = needed;
  EXPECT_NO_THROW(linear(exact.x, exact.w, exact.y, exact.options));
  EXPECT_NO_THROW(synchronize(device));
}

TEST_F(BadInput, SchedulesAndSplits) {
  expect(ErrorCode::arg, "split", [](Arguments& a) {
    a.options.schedule = Schedule::automatic;
    a.options.split = 2;
  });
  expect(ErrorCode::arg, "split", [](Arguments& a) {
    a.options.schedule = Schedule::stream_k;
    a.options.split = 2;
  });
  for (const std::int64_t split : {std::int64_t{-1}, std::int64_t{1} << 31}) {
    expect(ErrorCode::range, "split", [&](Arguments& a) { a.options.split = split; });
  }
  expect(ErrorCode::unsupported, "schedule", [&](Arguments& a) {  // plain loops have one schedule
    a.options.kernel = device.type == DeviceType::cpu ? "cpu/reference" : "cuda/plain";
  });
  expect(ErrorCode::arg, "kernel", [](Arguments& a) { a.options.kernel = "cpu/none"; });
  EXPECT_THROW(schedule_from_name("splitk"), Error);
}

TEST_F(BadInput, Weights) {
  expect(ErrorCode::handle, "w", [](Arguments& a) { a.w = PackedWeight{}; });
  EXPECT_THROW(unpack(PackedWeight{}), Error);
  EXPECT_THROW(pack(test::make_weight({.k = 8, .n = 8}, 1), {DeviceType::cuda, 1000000}), Error);
}

}  // namespace
}  // namespace halfbyte
