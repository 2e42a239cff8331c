// parallel_for: the CPU backend's only way to use threads.
#pragma once

#include <cstdint>
#include <type_traits>

#include "halfbyte/threads.h"

namespace halfbyte::cpu {

// Calls task(context, i) for i = 0 ... count-1 on num_threads() threads; the order is unspecified.
void run_tasks(std::int64_t count, Task task, void* context);

// The same for a callable of std::int64_t. Must not throw.
template <class F>
void parallel_for(std::int64_t count, F&& body) {
  using Body = std::remove_reference_t<F>;
  run_tasks(
      count,
      [](void* context, int i) { (*static_cast<Body*>(context))(static_cast<std::int64_t>(i)); },
      const_cast<std::remove_const_t<Body>*>(&body));
}

}  // namespace halfbyte::cpu
