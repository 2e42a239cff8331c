// What the tables of kernels say of themselves, for a list.
#pragma once

#include <string>
#include <vector>

#include "halfbyte/error.h"
#include "ops/kernel.h"

namespace halfbyte {

// rows(backend): the table of one operation, whose rows have a name, a description and a reason why
// they are unavailable.
template <class Rows>
std::vector<KernelInfo> kernel_infos(const Rows& rows) {
  std::vector<KernelInfo> list;
  for (const Backend& backend : backends()) {
    for (const auto& kernel : rows(backend)) {
      std::string unavailable;
      try {
        unavailable = kernel.unavailable(backend.device_info(0));
      } catch (const Error& error) {
        unavailable = error.what();
      }
      list.push_back({std::string(kernel.name), std::string(kernel.description), unavailable});
    }
  }
  return list;
}

}  // namespace halfbyte
