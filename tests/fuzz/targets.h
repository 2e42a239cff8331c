// What each fuzz target does with its bytes. The fuzzers call these under libFuzzer, and the
// ordinary tests replay the corpus through them. A typed error is a good end; anything else that is
// thrown, and any report of a sanitizer, is a finding.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <string_view>

namespace halfbyte::fuzz {

void read_safetensors(std::span<const std::byte> bytes);
void read_shard_index(std::span<const std::byte> bytes);
void read_config(std::span<const std::byte> bytes);
void read_npy(std::span<const std::byte> bytes);
// A config, a zero byte, a safetensors file: opened, every layer read, written and read again.
void read_model(std::span<const std::byte> bytes);

struct Target {
  std::string_view name;  // of the corpus folder, and with "fuzz_" before it of the program
  void (*run)(std::span<const std::byte> bytes);
  friend std::ostream& operator<<(std::ostream& out, const Target& t) { return out << t.name; }
};

inline constexpr std::array<Target, 5> targets = {{
    {"safetensors", read_safetensors},
    {"shard_index", read_shard_index},
    {"config", read_config},
    {"npy", read_npy},
    {"model", read_model},
}};

}  // namespace halfbyte::fuzz
