#include "cli/output.h"

#include <iostream>
#include <set>

#include "halfbyte/error.h"

namespace halfbyte::cli {

namespace fs = std::filesystem;

void refuse_output(const fs::path& output, std::string_view verb, std::string_view option,
                   const std::vector<fs::path>& inputs) {
  std::error_code missing;
  for (const fs::path& input : inputs) {
    // equivalent() compares what links lead to, and hard links, by device and file number.
    if (fs::equivalent(output, input, missing)) {
      throw Error(ErrorCode::alias, {.function = std::string(verb),
                                     .argument = std::string(option),
                                     .got = "the input " + input.string(),
                                     .wanted = "a file that is not read",
                                     .advice = "choose another name for the output",
                                     .path = output.string(),
                                     .offset = {}});
    }
  }
  const fs::file_status status = fs::symlink_status(output, missing);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(ErrorCode::path, {.function = std::string(verb),
                                  .argument = std::string(option),
                                  .got = "something that exists and is no regular file",
                                  .wanted = "a new name or a regular file to replace",
                                  .advice = "choose another name for the output",
                                  .path = output.string(),
                                  .offset = {}});
  }
}

std::vector<fs::path> files_of(const Checkpoint& checkpoint) {
  std::set<std::string> names = {"config.json", "quantize_config.json", "quant_config.json",
                                 "model.safetensors.index.json"};
  for (const TensorInfo& tensor : checkpoint.tensors()) names.insert(tensor.file);
  std::vector<fs::path> files;
  for (const std::string& name : names) files.push_back(checkpoint.folder() / name);
  return files;
}

void finish_stdout() {
  std::cout.flush();
  if (!std::cout) {
    throw Error(ErrorCode::io, {.function = "halfbyte",
                                .argument = "stdout",
                                .got = "a closed or full output",
                                .wanted = "",
                                .advice = "",
                                .path = "",
                                .offset = {}});
  }
}

std::string printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7f) {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace halfbyte::cli
