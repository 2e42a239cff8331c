// The importance file of quantize_checkpoint(): one f32 (k,) tensor per linear, named as the
// linear.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/file.h"
#include "checkpoint/safetensors.h"
#include "quantize/shard_plan.h"

namespace halfbyte::quantize_detail {

class ImportanceFile {
 public:
  // Without a path: no importance for any linear. Checks every linear of the plan at once, before
  // any work. Errors: E_IO, E_FORMAT (not this kind of file, or a linear is missing), E_DTYPE,
  // E_SHAPE.
  ImportanceFile(const std::filesystem::path& path, const Checkpoint& source,
                 const CheckpointPlan& plan);

  bool given() const { return file_.has_value(); }
  std::string fingerprint_of() const;
  std::vector<float> of(const std::string& linear) const;

 private:
  std::optional<checkpoint::File> file_;
  std::map<std::string, checkpoint::TensorEntry> entries_;
};

}  // namespace halfbyte::quantize_detail
