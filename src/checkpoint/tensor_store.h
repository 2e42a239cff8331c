// All tensors of a checkpoint by name, whether they lie in one file or in shards.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/file.h"
#include "checkpoint/paths.h"
#include "checkpoint/safetensors.h"

namespace halfbyte::checkpoint {

class TensorStore {
 public:
  // Finds the folder's safetensors and validates every header before any tensor is used.
  // Errors: E_IO (none found), E_AMBIGUOUS (several, and no index), E_PATH, E_FORMAT, E_TRUNCATED.
  static TensorStore open(const Folder& folder, std::string_view function);
  // One file that is open already.
  static TensorStore of(File file, std::string_view function);

  // Null when there is no tensor of this name.
  const TensorEntry* find(std::string_view name) const;
  const File& file_of(const TensorEntry& entry) const;
  HostTensor read(const TensorEntry& entry, std::string_view function) const;
  // At most the first `limit` bytes of a tensor.
  std::vector<std::byte> read_start(const TensorEntry& entry, std::uint64_t limit,
                                    std::string_view function) const;

  // In the order of their names.
  std::vector<const TensorEntry*> entries() const;
  // The only file, or the folder of the shards: for errors about a tensor that is nowhere.
  const std::filesystem::path& path() const { return path_; }

 private:
  struct Located {
    TensorEntry entry;
    std::size_t file = 0;
  };
  void add_file(File file, std::string_view function,
                const std::function<void(const TensorEntry&)>& check);

  std::filesystem::path path_;
  std::vector<File> files_;
  std::map<std::string, Located, std::less<>> tensors_;
};

// The weight_map of an index: tensor name -> shard. Errors: E_FORMAT, E_PATH (unsafe shard name).
std::map<std::string, std::string> parse_shard_index(std::string_view text,
                                                     const std::filesystem::path& path,
                                                     std::string_view function);

}  // namespace halfbyte::checkpoint
