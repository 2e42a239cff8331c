#include "checkpoint/tensor_store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "checkpoint/json.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

constexpr std::string_view index_suffix = ".safetensors.index.json";
constexpr std::string_view file_suffix = ".safetensors";
constexpr std::uint64_t max_index_bytes = max_header_bytes;

[[noreturn]] void refuse(ErrorCode code, std::string_view function,
                         const std::filesystem::path& path, std::string argument, std::string got,
                         std::string wanted, std::string advice = {}) {
  throw Error(code, {.function = std::string(function),
                     .argument = std::move(argument),
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = std::move(advice),
                     .path = path.string(),
                     .offset = {}});
}

std::string quoted(std::string_view kind, std::string_view name) {
  return std::string(kind) + " \"" + escaped(name) + "\"";
}

// The names in the folder that end in `suffix`, sorted.
std::vector<std::string> names_with(const Folder& folder, std::string_view suffix,
                                    std::string_view function) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator it(folder.shown_as(), error), end;
  for (; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    // A dot file is another writer's temporary or an editor's copy.
    if (name.ends_with(suffix) && !name.starts_with('.')) names.push_back(std::move(name));
  }
  if (error) refuse(ErrorCode::io, function, folder.shown_as(), "", error.message(), "a folder");
  std::sort(names.begin(), names.end());
  return names;
}

// Which of several candidates is the model.
std::string choose(const std::vector<std::string>& names, std::string_view usual,
                   const Folder& folder, std::string_view function) {
  if (std::find(names.begin(), names.end(), usual) != names.end()) return std::string(usual);
  if (names.size() > 1)
    refuse(ErrorCode::ambiguous, function, folder.shown_as(), "",
           "both " + escaped(names[0]) + " and " + escaped(names[1]),
           "one of them, or " + std::string(usual));
  return names.front();
}

}  // namespace

std::map<std::string, std::string> parse_shard_index(std::string_view text,
                                                     const std::filesystem::path& path,
                                                     std::string_view function) {
  const nlohmann::json root = parse_json(text, {path, 0, function});
  const auto it = root.is_object() ? root.find("weight_map") : root.end();
  if (!root.is_object() || it == root.end() || !it->is_object())
    refuse(ErrorCode::format, function, path, "", "no \"weight_map\"",
           "an object of tensor names and shards");
  std::map<std::string, std::string> shards;
  for (const auto& [name, shard] : it->items()) {
    if (!shard.is_string())
      refuse(ErrorCode::format, function, path, quoted("tensor", name), "no shard name",
             "a string");
    const auto& file = shard.get_ref<const std::string&>();
    if (!is_safe_name(file))
      refuse(ErrorCode::path, function, path, quoted("tensor", name), quoted("shard", file),
             "a relative name without \"..\", root, drive or control character");
    shards.emplace(name, file);
  }
  return shards;
}

TensorStore TensorStore::of(File file, std::string_view function) {
  TensorStore store;
  store.path_ = file.path();
  store.add_file(std::move(file), function, [](const TensorEntry&) {});
  return store;
}

TensorStore TensorStore::open(const Folder& folder, std::string_view function) {
  const auto indices = names_with(folder, index_suffix, function);
  const auto files = names_with(folder, file_suffix, function);
  if (indices.empty() && files.empty())
    refuse(ErrorCode::io, function, folder.shown_as(), "", "no *.safetensors",
           "a folder with model.safetensors", "convert pickled weights to safetensors first");
  if (indices.empty())
    return of(folder.open_file(choose(files, "model.safetensors", folder, function), function),
              function);

  const std::string index = choose(indices, "model.safetensors.index.json", folder, function);
  const File index_file = folder.open_file(index, function);
  const auto shard_of = parse_shard_index(index_file.read_text(max_index_bytes, function),
                                          index_file.path(), function);
  std::set<std::string> shards;
  for (const auto& [name, shard] : shard_of) shards.insert(shard);
  if (std::find(files.begin(), files.end(), "model.safetensors") != files.end() &&
      !shards.contains("model.safetensors"))
    refuse(ErrorCode::ambiguous, function, folder.shown_as(), "",
           "model.safetensors and " + escaped(index) + ", which does not name it", "one of them");

  TensorStore store;
  store.path_ = folder.shown_as();
  for (const std::string& shard : shards) {
    if (!folder.has(shard))
      refuse(ErrorCode::format, function, index_file.path(), quoted("shard", shard), "no such file",
             "every shard that the index names", "get the missing shard");
    store.add_file(folder.open_file(shard, function), function, [&](const TensorEntry& entry) {
      const auto it = shard_of.find(entry.name);
      const bool listed = it != shard_of.end();
      if (!listed || it->second != shard)
        refuse(ErrorCode::format, function, folder.shown_as() / shard, quoted("tensor", entry.name),
               listed ? "it is in this shard" : "the index does not list it",
               listed ? "it in " + quoted("shard", it->second) + ", as the index says"
                      : "only tensors of the index");
    });
  }
  for (const auto& [name, shard] : shard_of)
    if (!store.find(name))
      refuse(ErrorCode::format, function, index_file.path(), quoted("tensor", name),
             "no such tensor in " + quoted("shard", shard), "every tensor that the index lists");
  return store;
}

void TensorStore::add_file(File file, std::string_view function,
                           const std::function<void(const TensorEntry&)>& check) {
  SafetensorsHeader header = read_safetensors_header(file, function);
  for (TensorEntry& entry : header.tensors) {
    check(entry);
    std::string name = entry.name;
    tensors_.emplace(std::move(name), Located{std::move(entry), files_.size()});
  }
  files_.push_back(std::move(file));
}

const TensorEntry* TensorStore::find(std::string_view name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? nullptr : &it->second.entry;
}

const File& TensorStore::file_of(const TensorEntry& entry) const {
  return files_[tensors_.find(entry.name)->second.file];
}

HostTensor TensorStore::read(const TensorEntry& entry, std::string_view function) const {
  return read_tensor(file_of(entry), entry, function);
}

std::vector<std::byte> TensorStore::read_start(const TensorEntry& entry, std::uint64_t limit,
                                               std::string_view function) const {
  std::vector<std::byte> bytes(std::min(limit, entry.bytes));
  file_of(entry).read_at(entry.begin, bytes, function);
  return bytes;
}

std::vector<const TensorEntry*> TensorStore::entries() const {
  std::vector<const TensorEntry*> all;
  all.reserve(tensors_.size());
  for (const auto& [name, located] : tensors_) all.push_back(&located.entry);
  return all;
}

}  // namespace halfbyte::checkpoint
