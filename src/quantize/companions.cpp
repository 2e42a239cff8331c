#include "quantize/companions.h"

#include <array>
#include <cstdint>
#include <string>
#include <system_error>

#include "checkpoint/atomic_write.h"
#include "checkpoint/file.h"

namespace halfbyte::quantize_detail {

namespace fs = std::filesystem;

namespace {

constexpr std::array companions = {"generation_config.json",
                                   "tokenizer.json",
                                   "tokenizer_config.json",
                                   "tokenizer.model",
                                   "special_tokens_map.json",
                                   "added_tokens.json",
                                   "vocab.json",
                                   "vocab.txt",
                                   "merges.txt",
                                   "chat_template.jinja"};

}  // namespace

void copy_companions(const fs::path& from, const fs::path& to, std::string_view function) {
  constexpr std::uint64_t limit = 256U << 20;  // a file beyond this is no tokenizer
  for (const char* name : companions) {
    std::error_code failed;
    if (!fs::is_regular_file(from / name, failed)) continue;
    const std::string content =
        checkpoint::File::open(from / name, function).read_text(limit, function);
    checkpoint::write_file_atomically(to / name, content, function);
  }
}

}  // namespace halfbyte::quantize_detail
