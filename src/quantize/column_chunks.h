// Dealing columns of W out to the threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cpu/threads.h"
#include "halfbyte/threads.h"

namespace halfbyte::quantize_detail {

// A few chunks a thread, so that one slow thread does not hold up the rest.
inline std::int64_t chunk_count(std::int64_t columns) {
  return std::clamp<std::int64_t>(columns, 0, std::int64_t{4} * num_threads());
}

// Calls body(chunk, begin, end) for chunks 0 ... count-1 that cover `columns`. Must not throw.
template <class Body>
void for_each_chunk(std::int64_t columns, std::int64_t count, Body&& body) {
  cpu::parallel_for(count, [&](std::int64_t chunk) {
    body(chunk, columns * chunk / count, columns * (chunk + 1) / count);
  });
}

}  // namespace halfbyte::quantize_detail
