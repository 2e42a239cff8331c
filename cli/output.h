// Files and text that the command line writes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "halfbyte/checkpoint.h"

namespace halfbyte::cli {

// Before any work: refuses an output that exists and is no regular file (E_PATH) or is one of the
// inputs, by its name or by a link (E_ALIAS).
void refuse_output(const std::filesystem::path& output, std::string_view verb,
                   std::string_view option, const std::vector<std::filesystem::path>& inputs);

// Every file of a checkpoint that is read.
std::vector<std::filesystem::path> files_of(const Checkpoint& checkpoint);

// Flushes stdout; throws E_IO when something that was printed did not get out.
void finish_stdout();

// Control characters as \xNN: names in files come from somebody else and may hold anything.
std::string printable(std::string_view text);

}  // namespace halfbyte::cli
