#include <map>
#include <memory>

#include "bench/capi/error.h"
#include "bench/capi/halfbyte_bench_c.h"
#include "bench/capi/weights.h"
#include "bench/multiply_add_rate.h"
#include "bench/read_bandwidth.h"
#include "bench/timer.h"
#include "halfbyte/threads.h"

using halfbyte::bench::Samples;

namespace {

// A GPU's probe is part of its timer.
double gpu_read_gbps(int device) {
  static std::map<int, std::unique_ptr<halfbyte::bench::Timer>> timers;
  auto& timer = timers[device];
  if (timer == nullptr) timer = halfbyte::bench::make_timer(halfbyte::bench::device_of(device));
  timer->probe();
  return timer->rates().read_gbps;
}

double cpu_read_gbps() {
  static halfbyte::bench::ReadBandwidth probe;
  Samples gbps;
  probe.pass(gbps);
  return gbps.summary().median;
}

}  // namespace

void hbb_set_threads(int threads) { halfbyte::set_num_threads(threads); }

double hbb_read_gbps(int device) {
  return halfbyte::bench::guard(
      0.0, [&] { return device == HBB_CPU ? cpu_read_gbps() : gpu_read_gbps(device); });
}

double hbb_multiply_add_rate() {
  Samples gmacs;
  halfbyte::bench::multiply_add_pass(gmacs);
  return gmacs.summary().median;
}
