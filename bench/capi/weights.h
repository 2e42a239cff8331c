#pragma once

#include <vector>

#include "bench/capi/halfbyte_bench_c.h"
#include "halfbyte/weight.h"

namespace halfbyte::bench {

inline Device device_of(int device) {
  return device == HBB_CPU ? Device{} : Device{DeviceType::cuda, device};
}

}  // namespace halfbyte::bench

struct hbb_weights {
  std::vector<halfbyte::PackedWeight> copies;
};
