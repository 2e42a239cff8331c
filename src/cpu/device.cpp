#include <algorithm>
#include <fstream>
#include <string>

#include "cpu/backend.h"
#include "cpu/isa.h"
#include "halfbyte/error.h"
#include "halfbyte/threads.h"

namespace halfbyte::cpu {
namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const auto colon = line.find(':');
    return colon + 2 < line.size() ? line.substr(colon + 2) : "unknown CPU";
  }
  return "unknown CPU";
}

}  // namespace

const DeviceInfo& device_info(int index) {
  if (index != 0) {
    throw Error(ErrorCode::device, {.function = "device_info",
                                    .argument = "device",
                                    .got = "cpu:" + std::to_string(index),
                                    .wanted = "cpu"});
  }
  static const DeviceInfo info{.device = {},
                               .name = cpu_name(),
                               .workers = num_threads(),
                               .isa = std::string(name(active_isa()))};
  return info;
}

}  // namespace halfbyte::cpu
