#include "bench/capi/error.h"

#include "bench/capi/halfbyte_bench_c.h"

namespace halfbyte::bench {
namespace {
thread_local std::string last_error;
}

void keep_error(const char* message) { last_error = message; }

}  // namespace halfbyte::bench

const char* hbb_error() { return halfbyte::bench::last_error.c_str(); }
