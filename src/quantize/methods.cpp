#include "quantize/methods.h"

namespace halfbyte::quantize_detail {

std::span<const Method> methods() {
  static constexpr Method rows[] = {
      {"rtn", run_rtn},
  };
  return rows;
}

}  // namespace halfbyte::quantize_detail
