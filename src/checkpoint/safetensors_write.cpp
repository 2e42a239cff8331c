#include <algorithm>
#include <array>
#include <utility>

#include "checkpoint/checked.h"
#include "checkpoint/json.h"
#include "checkpoint/safetensors.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

[[noreturn]] void refuse(ErrorCode code, const std::string& function, const std::string& tensor,
                         std::string got, std::string wanted) {
  throw Error(code, {.function = function,
                     .argument = "tensor \"" + escaped(tensor) + "\"",
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .path = "",
                     .offset = {}});
}

std::uint64_t bytes_of(const TensorSpec& spec, const std::string& function) {
  Size bytes = size_of(spec.dtype);
  for (const std::int64_t extent : spec.shape) bytes = bytes * Size::from(extent);
  const auto value = bytes.get<std::int64_t>();
  if (!value)
    refuse(ErrorCode::shape, function, spec.name, "too large a shape", "below 2^63 bytes");
  return static_cast<std::uint64_t>(*value);
}

std::array<std::byte, 8> little_endian(std::uint64_t value) {
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(value >> (8 * i));
  return bytes;
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path,
                                     std::vector<TensorSpec> specs, std::string_view function,
                                     const Metadata& metadata)
    : function_(function), file_(path, function) {
  std::sort(specs.begin(), specs.end(), [](const TensorSpec& a, const TensorSpec& b) {
    const std::size_t size_a = size_of(a.dtype), size_b = size_of(b.dtype);
    return size_a != size_b ? size_a > size_b : a.name < b.name;
  });
  // Put together as text: an ordered_json would search all its keys for each new one.
  std::string text;
  const auto add = [&text](const std::string& name, const nlohmann::ordered_json& value) {
    text += (text.empty() ? "{" : ",") + nlohmann::json(name).dump() + ":" + value.dump();
  };
  if (!metadata.empty()) add("__metadata__", metadata);
  Size end = std::uint64_t{0};
  for (TensorSpec& spec : specs) {
    const std::uint64_t bytes = bytes_of(spec, function_);
    const std::uint64_t begin = *end.get();
    end = end + Size(bytes);
    if (!end.get<std::int64_t>())
      refuse(ErrorCode::shape, function_, spec.name, "too large a file", "below 2^63 bytes");
    if (spec.name == "__metadata__" || places_.contains(spec.name))
      refuse(ErrorCode::arg, function_, spec.name, "a name that is taken", "a name of its own");
    add(spec.name, {{"dtype", safetensors_name(spec.dtype)},
                    {"shape", spec.shape},
                    {"data_offsets", {begin, begin + bytes}}});
    const std::string name = spec.name;
    places_.emplace(name, Place{std::move(spec), begin, bytes, false});
  }
  data_bytes_ = *end.get();
  text += text.empty() ? "{}" : "}";
  text.append((8 - text.size() % 8) % 8, ' ');
  for (auto& [name, place] : places_) place.begin += 8 + text.size();
  file_.append(little_endian(text.size()));
  file_.append(text);
}

void SafetensorsWriter::write(const std::string& name, const HostTensor& tensor) {
  const auto it = places_.find(name);
  if (it == places_.end())
    refuse(ErrorCode::arg, function_, name, "an unannounced tensor", "one of the specs");
  Place& place = it->second;
  if (place.written) refuse(ErrorCode::arg, function_, name, "a second write", "one write");
  if (tensor.dtype != place.spec.dtype)
    refuse(ErrorCode::dtype, function_, name, std::string(halfbyte::name(tensor.dtype)),
           std::string(halfbyte::name(place.spec.dtype)));
  if (tensor.shape != place.spec.shape || tensor.bytes.size() != place.bytes)
    refuse(ErrorCode::shape, function_, name, std::to_string(tensor.bytes.size()) + " bytes",
           "the announced shape, " + std::to_string(place.bytes) + " bytes");
  file_.write_at(place.begin, tensor.bytes);
  place.written = true;
}

void SafetensorsWriter::commit() {
  for (const auto& [name, place] : places_)
    if (!place.written && place.bytes > 0)
      refuse(ErrorCode::arg, function_, name, "no data", "every announced tensor written");
  file_.commit();
}

void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                       std::string_view function, const Metadata& metadata) {
  std::vector<TensorSpec> specs;
  for (const NamedTensor& t : tensors) specs.push_back({t.name, t.tensor.dtype, t.tensor.shape});
  SafetensorsWriter writer(path, std::move(specs), function, metadata);
  for (const NamedTensor& t : tensors) writer.write(t.name, t.tensor);
  writer.commit();
}

void write_shard_index(const std::filesystem::path& path,
                       const std::map<std::string, std::string>& weight_map,
                       std::uint64_t total_size, std::string_view function) {
  nlohmann::ordered_json index;
  index["metadata"] = {{"total_size", total_size}};
  index["weight_map"] = weight_map;
  write_file_atomically(path, index.dump(2) + "\n", function);
}

}  // namespace halfbyte::checkpoint
