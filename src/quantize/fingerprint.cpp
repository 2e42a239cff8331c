#include "quantize/fingerprint.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace halfbyte::quantize_detail {
namespace {

class Fnv1a {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte b : bytes) {
      hash_ = (hash_ ^ std::to_integer<std::uint64_t>(b)) * 0x100000001B3ULL;
    }
  }
  std::string digits() const {
    std::string out(16, '0');
    for (std::size_t i = 0; i < 16; ++i) out[i] = "0123456789abcdef"[hash_ >> (60 - 4 * i) & 15];
    return out;
  }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

}  // namespace

std::string fingerprint(std::string_view text) {
  Fnv1a hash;
  hash.add(std::as_bytes(std::span(text)));
  return hash.digits();
}

std::string fingerprint(const checkpoint::File& file, std::string_view function) {
  constexpr std::uint64_t start = 1U << 20;
  constexpr std::uint64_t block = 4096;
  constexpr std::uint64_t blocks = 256;
  Fnv1a hash;
  std::vector<std::byte> buffer(std::min(file.size(), start));
  const std::uint64_t size = file.size();
  hash.add(std::as_bytes(std::span(&size, 1)));
  file.read_at(0, buffer, function);
  hash.add(buffer);
  const std::uint64_t rest = size - buffer.size();
  const std::uint64_t step = std::max(block, rest / blocks);
  for (std::uint64_t at = buffer.size(); at < size; at += step) {
    buffer.resize(std::min(block, size - at));
    file.read_at(at, buffer, function);
    hash.add(buffer);
  }
  return hash.digits();
}

}  // namespace halfbyte::quantize_detail
