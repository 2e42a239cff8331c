// The resume file of quantize_checkpoint(): "quantize.resume.json" in the output folder, from
// before the first shard until the checkpoint is whole.
//
//   {"identity": {"version": "1", "bits": "4", ..., "source model.safetensors": "<fingerprint>"},
//    "finished": {"model-00001-of-00002.safetensors": 123456}}
//
// The identity names everything that the output depends on. A run goes on only if all of it agrees;
// finished shards are then kept, whole as they are, so the end result is bit-equal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace halfbyte::quantize_detail {

using Identity = std::map<std::string, std::string>;

class ResumeFile {
 public:
  // Takes up the file in `folder` if `resume` and there is one, else starts afresh.
  // Errors: E_RESUME_MISMATCH naming the field, E_FORMAT (no such file as ours), E_IO.
  ResumeFile(const std::filesystem::path& folder, Identity identity, bool resume);

  // Whether this shard was finished and is still there, of the same size.
  bool finished(const std::string& shard) const;
  void mark_finished(const std::string& shard);
  // Writes it before the first shard, so that a run can only be resumed as what it was.
  void save() const;
  void remove() const;

 private:
  void read(const std::string& text);

  std::filesystem::path folder_;
  std::filesystem::path path_;
  Identity identity_;
  std::map<std::string, std::uint64_t> finished_;  // shard -> bytes
};

}  // namespace halfbyte::quantize_detail
