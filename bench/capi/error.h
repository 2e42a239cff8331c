// Turns exceptions into the C interface's error state.
#pragma once

#include <exception>
#include <string>

namespace halfbyte::bench {

void keep_error(const char* message);

// Runs f; an exception becomes the last error and `failed` is returned.
template <typename Result, typename F>
Result guard(Result failed, const F& f) {
  try {
    return f();
  } catch (const std::exception& e) {
    keep_error(e.what());
    return failed;
  }
}

}  // namespace halfbyte::bench
