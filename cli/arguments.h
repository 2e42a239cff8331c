// Values of options, with errors that say which option, what was got and what is accepted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "halfbyte/error.h"
#include "halfbyte/linear.h"
#include "halfbyte/tensor.h"

namespace halfbyte::cli {

// Where a value comes from: named in errors.
struct Option {
  std::string_view verb;
  std::string_view name;  // "--split"
};

[[noreturn]] void refuse(ErrorCode code, Option option, std::string got, std::string wanted,
                         std::string advice = "");

// "1,2,4" -> {"1", "2", "4"}. An empty list or item is refused.
std::vector<std::string> split_list(Option option, const std::string& text);

// A whole number in [low, high], else E_RANGE.
std::int64_t parse_integer(Option option, const std::string& text, std::int64_t low,
                           std::int64_t high);
std::vector<std::int64_t> parse_integers(Option option, const std::string& text, std::int64_t low,
                                         std::int64_t high);

// Rows of W that share a scale: -1 or a multiple of 8, else E_RANGE.
std::int64_t parse_group(Option option, const std::string& text);
DType parse_dtype(Option option, const std::string& text);    // f16, bf16, f32
Device parse_device(Option option, const std::string& text);  // cpu, cuda, cuda:I
Schedule parse_schedule(Option option, const std::string& text);
bool is_split_k(Schedule schedule);
// MiB of distinct weights, in bytes; not given: more than the device's caches hold.
std::size_t parse_rotation(Option option, const std::optional<std::string>& text, Device device);

constexpr std::int64_t largest_split = 2147483647;  // 2^31 - 1
constexpr std::int64_t largest_extent = std::int64_t{1} << 40;

}  // namespace halfbyte::cli
