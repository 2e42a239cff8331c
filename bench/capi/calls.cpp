#include <stdexcept>
#include <vector>

#include "bench/capi/error.h"
#include "bench/capi/halfbyte_bench_c.h"
#include "bench/capi/weights.h"
#include "halfbyte/linear.h"
#include "halfbyte/numeric.h"
#include "halfbyte/workspace.h"

struct hbb_call {
  const hbb_weights* weights = nullptr;
  std::vector<std::byte> x_bytes, y_bytes;
  halfbyte::TensorView x, y;
  halfbyte::Workspace workspace;
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
    call->x_bytes.resize(static_cast<std::size_t>(m * weight.k()) * size_of(dtype));
    call->y_bytes.resize(static_cast<std::size_t>(m * weight.n()) * size_of(dtype));
    for (std::int64_t i = 0; i < m * weight.k(); ++i) {
      store_element(call->x_bytes.data(), dtype, i, x[i]);
    }
    call->x = TensorView::matrix(call->x_bytes.data(), dtype, m, weight.k());
    call->y = TensorView::matrix(call->y_bytes.data(), dtype, m, weight.n());
    call->options.schedule = bench::schedule_or_auto(schedule);
    call->options.split = split;
    const LinearPlan plan = plan_linear(call->x, weight, call->y, call->options);
    call->plan = plan.kernel + " " + to_string(plan.config);
    call->workspace.reserve(linear_workspace_size(call->x, weight, call->y, call->options));
    call->options.workspace = call->workspace.data();
    call->options.workspace_bytes = call->workspace.size();
    return call.release();
  });
}

void hbb_call_free(hbb_call* call) { delete call; }

const char* hbb_call_plan(const hbb_call* call) { return call->plan.c_str(); }

int hbb_call_run(hbb_call* call, int copy) {
  return halfbyte::bench::guard(1, [&] {
    const auto& weight = call->weights->copies.at(static_cast<std::size_t>(copy));
    halfbyte::linear(call->x, weight, call->y, call->options);
    return 0;
  });
}

int hbb_call_result(const hbb_call* call, float* y) {
  return halfbyte::bench::guard(1, [&] {
    for (std::int64_t i = 0; i < call->y.elements(); ++i) {
      y[i] = static_cast<float>(halfbyte::load_element(call->y.data, call->y.dtype, i));
    }
    return 0;
  });
}
