// A short hash of a file that tells one input of a run from another. Not cryptographic.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "checkpoint/file.h"

namespace halfbyte::quantize_detail {

// 16 hexadecimal digits of FNV-1a.
std::string fingerprint(std::string_view text);
// Of the size, the first MiB (a safetensors header and more) and 256 blocks of 4 KiB spread evenly
// over the rest: reading 16 GB to resume would cost as much as the work that resuming saves.
std::string fingerprint(const checkpoint::File& file, std::string_view function);

}  // namespace halfbyte::quantize_detail
