#include "cli/arguments.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace halfbyte::cli {

void refuse(ErrorCode code, Option option, std::string got, std::string wanted,
            std::string advice) {
  throw Error(code, {.function = std::string(option.verb),
                     .argument = std::string(option.name),
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = std::move(advice),
                     .path = "",
                     .offset = {}});
}

std::vector<std::string> split_list(Option option, const std::string& text) {
  std::vector<std::string> items;
  std::size_t start = 0;
  while (true) {
    const std::size_t comma = text.find(',', start);
    items.push_back(text.substr(start, comma - start));
    if (items.back().empty()) {
      refuse(ErrorCode::arg, option, '"' + text + '"', "values with commas between them");
    }
    if (comma == std::string::npos) return items;
    start = comma + 1;
  }
}

std::int64_t parse_integer(Option option, const std::string& text, std::int64_t low,
                           std::int64_t high) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc() || stop != end || value < low || value > high) {
    refuse(ErrorCode::range, option, '"' + text + '"',
           "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return value;
}

std::vector<std::int64_t> parse_integers(Option option, const std::string& text, std::int64_t low,
                                         std::int64_t high) {
  std::vector<std::int64_t> values;
  for (const std::string& item : split_list(option, text)) {
    values.push_back(parse_integer(option, item, low, high));
  }
  return values;
}

std::int64_t parse_group(Option option, const std::string& text) {
  const std::int64_t group = parse_integer(option, text, -1, largest_extent);
  if (group != -1 && (group < 1 || group % 8 != 0)) {
    refuse(ErrorCode::range, option, text, "-1 or a multiple of 8");
  }
  return group;
}

DType parse_dtype(Option option, const std::string& text) {
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
    if (text == name(dtype)) return dtype;
  }
  refuse(ErrorCode::arg, option, '"' + text + '"', "f16, bf16 or f32");
}

Device parse_device(Option option, const std::string& text) {
  if (text == "cpu") return {};
  if (text == "cuda") return {DeviceType::cuda, 0};
  if (text.starts_with("cuda:")) {
    return {DeviceType::cuda, static_cast<int>(parse_integer(option, text.substr(5), 0, 1023))};
  }
  refuse(ErrorCode::arg, option, '"' + text + '"', "cpu or cuda:I");
}

Schedule parse_schedule(Option option, const std::string& text) {
  try {
    return schedule_from_name(text);
  } catch (const Error& e) {
    refuse(e.code(), option, '"' + text + '"', e.detail().wanted, e.detail().advice);
  }
}

std::size_t parse_rotation(Option option, const std::optional<std::string>& text, Device device) {
  // An H200's L2 holds 60 MB. A host's last-level cache may hold 300, shared with other work.
  const std::int64_t cache = std::max(0L, sysconf(_SC_LEVEL3_CACHE_SIZE)) >> 20;
  const std::int64_t usual =
      device.type == DeviceType::cpu ? std::clamp<std::int64_t>(4 * cache, 128, 2048) : 256;
  const std::int64_t mib = text ? parse_integer(option, *text, 0, 1 << 20) : usual;
  return static_cast<std::size_t>(mib) << 20;
}

bool is_split_k(Schedule schedule) {
  return schedule == Schedule::split_k || schedule == Schedule::split_k_atomic ||
         schedule == Schedule::split_k_cluster;
}

}  // namespace halfbyte::cli
