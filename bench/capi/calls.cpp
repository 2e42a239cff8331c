#include <stdexcept>
#include <vector>

#include "bench/capi/error.h"
#include "bench/capi/halfbyte_bench_c.h"
#include "bench/capi/weights.h"
#include "bench/device_copy.h"
#include "halfbyte/linear.h"
#include "halfbyte/numeric.h"

struct hbb_call {
  const hbb_weights* weights = nullptr;
  halfbyte::DeviceMemory x_memory, y_memory, workspace;
  halfbyte::TensorView x, y;
  halfbyte::LinearOptions options;
  std::string plan;
};

namespace halfbyte::bench {
namespace {

DType dtype_from_name(std::string_view wanted) {
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
    if (name(dtype) == wanted) return dtype;
  }
  throw std::invalid_argument("dtype: wanted f16, bf16 or f32, got " + std::string(wanted));
}

Schedule schedule_or_auto(std::string_view wanted) {
  return wanted == "auto" ? Schedule::automatic : schedule_from_name(wanted);
}

}  // namespace
}  // namespace halfbyte::bench

hbb_call* hbb_call_create(const hbb_weights* weights, int64_t m, const char* dtype_name,
                          const float* x, const char* schedule, int64_t split) {
  using namespace halfbyte;
  return bench::guard<hbb_call*>(nullptr, [&] {
    const PackedWeight& weight = weights->copies.at(0);
    const DType dtype = bench::dtype_from_name(dtype_name);
    auto call = std::make_unique<hbb_call>();
    call->weights = weights;
    std::vector<std::byte> bytes(static_cast<std::size_t>(m * weight.k()) * size_of(dtype));
    for (std::int64_t i = 0; i < m * weight.k(); ++i) store_element(bytes.data(), dtype, i, x[i]);
    const Device device = weight.device();
    call->x_memory = bench::copy_to(device, bytes);
    call->y_memory =
        DeviceMemory(device, static_cast<std::size_t>(m * weight.n()) * size_of(dtype));
    call->x = TensorView::matrix(call->x_memory.data(), dtype, m, weight.k(), -1, device);
    call->y = TensorView::matrix(call->y_memory.data(), dtype, m, weight.n(), -1, device);
    call->options.schedule = bench::schedule_or_auto(schedule);
    call->options.split = split;
    const LinearPlan plan = plan_linear(call->x, weight, call->y, call->options);
    call->plan = plan.kernel + " " + to_string(plan.config);
    call->workspace = DeviceMemory(device, plan.workspace_bytes);
    call->options.workspace = call->workspace.data();
    call->options.workspace_bytes = call->workspace.size();
    return call.release();
  });
}

void hbb_call_free(hbb_call* call) { delete call; }

const char* hbb_call_plan(const hbb_call* call) { return call->plan.c_str(); }

int hbb_call_run(hbb_call* call, int copy, void* stream) {
  return halfbyte::bench::guard(1, [&] {
    const auto& weight = call->weights->copies.at(static_cast<std::size_t>(copy));
    call->options.stream = stream;
    halfbyte::linear(call->x, weight, call->y, call->options);
    return 0;
  });
}

int hbb_call_result(const hbb_call* call, float* y) {
  return halfbyte::bench::guard(1, [&] {
    halfbyte::synchronize(call->y.device);
    std::vector<std::byte> bytes(call->y_memory.size());
    halfbyte::bench::copy_back(bytes, call->y_memory);
    for (std::int64_t i = 0; i < call->y.elements(); ++i) {
      y[i] = static_cast<float>(halfbyte::load_element(bytes.data(), call->y.dtype, i));
    }
    return 0;
  });
}
