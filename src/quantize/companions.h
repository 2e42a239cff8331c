// What else a model's folder holds that its users need: tokenizer, generation settings.
#pragma once

#include <filesystem>
#include <string_view>

namespace halfbyte::quantize_detail {

// Copied as they are. Errors name `function`.
void copy_companions(const std::filesystem::path& from, const std::filesystem::path& to,
                     std::string_view function);

}  // namespace halfbyte::quantize_detail
