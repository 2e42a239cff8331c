// One libFuzzer program per target; TARGET and MUTATOR come from CMakeLists.txt.
#include <cstring>
#include <string>

#include "fuzz/mutate.h"
#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  halfbyte::fuzz::TARGET(std::as_bytes(std::span(data, size)));
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  halfbyte::fuzz::MUTATOR(bytes, most, seed);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}
