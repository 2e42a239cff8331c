#include "bench/capi/halfbyte_bench_c.h"
#include "bench/multiply_add_rate.h"
#include "bench/read_bandwidth.h"
#include "halfbyte/threads.h"

using halfbyte::bench::Samples;

void hbb_set_threads(int threads) { halfbyte::set_num_threads(threads); }

double hbb_read_gbps() {
  static halfbyte::bench::ReadBandwidth probe;
  Samples gbps;
  probe.pass(gbps);
  return gbps.summary().median;
}

double hbb_multiply_add_rate() {
  Samples gmacs;
  halfbyte::bench::multiply_add_pass(gmacs);
  return gmacs.summary().median;
}
