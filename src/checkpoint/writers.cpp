#include "checkpoint/writers.h"

#include <array>
#include <utility>

#include "halfbyte/error.h"

namespace halfbyte::checkpoint {

extern const CheckpointWriter gptq_writer;
extern const CheckpointWriter gptq_v2_writer;
extern const CheckpointWriter compressed_tensors_writer;

std::span<const CheckpointWriter> checkpoint_writers() {
  static const std::array table = {gptq_writer, gptq_v2_writer, compressed_tensors_writer};
  return table;
}

const CheckpointWriter& find_writer(std::string_view name, std::string_view function) {
  std::string names;
  for (const CheckpointWriter& row : checkpoint_writers()) {
    if (row.name == name) return row;
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error(ErrorCode::arg, {.function = std::string(function),
                               .argument = "format",
                               .got = "\"" + escaped(name) + "\"",
                               .wanted = std::move(names)});
}

}  // namespace halfbyte::checkpoint
