// The folder that quantize_checkpoint() writes into: what is checked before any work, and how it is
// made ready. All errors name quantize_checkpoint's argument "to".
#pragma once

#include <cstdint>
#include <filesystem>

namespace halfbyte::quantize_detail {

// E_PATH if `to` is the folder `from`, by whatever name, or something that is no folder.
void check_output_folder(const std::filesystem::path& from, const std::filesystem::path& to);

// E_NOSPACE with both numbers if the disk of `to`, which need not exist yet, has fewer free bytes.
void check_free_space(const std::filesystem::path& to, std::uint64_t needed);

// Makes the folder where it is missing. E_IO.
void make_folder(const std::filesystem::path& to);

// Removes what must not be mixed with the new checkpoint: config.json and the index of an earlier
// one, and the temporaries of killed runs. E_IO.
void clear_output_folder(const std::filesystem::path& to);

}  // namespace halfbyte::quantize_detail
