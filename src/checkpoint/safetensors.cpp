#include "checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "checkpoint/checked.h"
#include "checkpoint/json.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

using nlohmann::json;

struct TypeName {
  std::string_view name;
  DType dtype;
};
constexpr std::array type_names = {
    TypeName{"F16", DType::f16},      TypeName{"BF16", DType::bf16},
    TypeName{"F32", DType::f32},      TypeName{"F64", DType::f64},
    TypeName{"I8", DType::i8},        TypeName{"U8", DType::u8},
    TypeName{"I16", DType::i16},      TypeName{"I32", DType::i32},
    TypeName{"I64", DType::i64},      TypeName{"F8_E4M3", DType::e4m3},
    TypeName{"F8_E5M2", DType::e5m2}, TypeName{"F8_E8M0", DType::e8m0},
    TypeName{"BOOL", DType::boolean},
};
// Types of the format that have no DType.
constexpr std::array<std::string_view, 8> other_types = {
    "U16", "U32", "U64", "C64", "F4", "F6_E2M3", "F6_E3M2", "F8_E4M3FNUZ"};

// Everything that an error about a header needs.
struct HeaderText {
  const File& file;
  std::string_view function;
  std::string_view text;

  JsonSource source() const { return {file.path(), 8, function}; }

  [[noreturn]] void refuse(ErrorCode code, std::string_view tensor, std::string got,
                           std::string wanted) const {
    throw Error(code, {.function = std::string(function),
                       .argument = "tensor \"" + escaped(tensor) + "\"",
                       .got = std::move(got),
                       .wanted = std::move(wanted),
                       .path = file.path().string(),
                       .offset = locate_key(text, tensor, source())});
  }
};

[[noreturn]] void refuse_file(ErrorCode code, const File& file, std::string_view function,
                              std::string got, std::string wanted, std::uint64_t offset) {
  throw Error(code, {.function = std::string(function),
                     .argument = "",
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .path = file.path().string(),
                     .offset = offset});
}

DType read_dtype(const json& value, const std::string& name, const HeaderText& header) {
  if (!value.is_string()) header.refuse(ErrorCode::format, name, "no dtype", "a dtype");
  const auto& text = value.get_ref<const std::string&>();
  for (const TypeName& row : type_names)
    if (row.name == text) return row.dtype;
  const bool known = std::find(other_types.begin(), other_types.end(), text) != other_types.end();
  header.refuse(known ? ErrorCode::unsupported : ErrorCode::format, name,
                "dtype \"" + escaped(text) + "\"",
                "F16, BF16, F32, F64, I8, U8, I16, I32, I64, F8_E4M3, F8_E5M2, F8_E8M0 or BOOL");
}

std::vector<std::int64_t> read_shape(const json& value, const std::string& name,
                                     const HeaderText& header) {
  if (!value.is_array()) header.refuse(ErrorCode::format, name, "no shape", "a shape");
  std::vector<std::int64_t> shape;
  for (const json& extent : value) {
    const auto count = as_count(extent);
    if (!count)
      header.refuse(ErrorCode::format, name, "extent " + escaped(extent.dump()),
                    "extents 0 ... 2^63-1");
    shape.push_back(static_cast<std::int64_t>(*count));
  }
  return shape;
}

TensorEntry read_entry(const std::string& name, const json& value, const HeaderText& header) {
  const auto member = [&](const char* key) -> const json& {
    const auto it = value.find(key);
    if (it == value.end())
      header.refuse(ErrorCode::format, name, "no \"" + std::string(key) + "\"",
                    "dtype, shape and data_offsets");
    return *it;
  };
  if (!value.is_object())
    header.refuse(ErrorCode::format, name, "no object", "dtype, shape and data_offsets");
  TensorEntry entry;
  entry.name = name;
  entry.dtype = read_dtype(member("dtype"), name, header);
  entry.shape = read_shape(member("shape"), name, header);

  const json& offsets = member("data_offsets");
  std::optional<std::uint64_t> begin, end;
  if (offsets.is_array() && offsets.size() == 2) {
    begin = as_count(offsets[0]);
    end = as_count(offsets[1]);
  }
  if (!begin || !end || *end < *begin)
    header.refuse(ErrorCode::format, name, "data_offsets " + escaped(offsets.dump()),
                  "[begin, end] with 0 <= begin <= end");

  Size bytes = size_of(entry.dtype);
  for (const std::int64_t extent : entry.shape) bytes = bytes * Size::from(extent);
  if (!bytes.ok())
    header.refuse(ErrorCode::format, name, "a shape whose product overflows",
                  "less than 2^64 bytes");
  if (!(bytes == Size(*end) - Size(*begin)))
    header.refuse(ErrorCode::format, name, std::to_string(*end - *begin) + " bytes of data",
                  std::to_string(*bytes.get()) + ", as dtype and shape say");
  entry.begin = *begin;
  entry.bytes = *end - *begin;
  return entry;
}

Metadata read_metadata(const json& value, const HeaderText& header) {
  Metadata metadata;
  if (!value.is_object())
    header.refuse(ErrorCode::format, "__metadata__", "no object", "an object of strings");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string())
      header.refuse(ErrorCode::format, "__metadata__", "\"" + escaped(key) + "\" is no string",
                    "an object of strings");
    metadata.emplace(key, text.get<std::string>());
  }
  return metadata;
}

// The ranges, sorted, must be one run from 0 to the file's end. Makes `begin` count from the file's
// start.
void place_ranges(std::vector<TensorEntry>& tensors, const HeaderText& header) {
  std::vector<TensorEntry*> order;
  for (TensorEntry& entry : tensors) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const TensorEntry* a, const TensorEntry* b) {
    return a->begin != b->begin ? a->begin < b->begin : a->bytes < b->bytes;
  });
  std::uint64_t reached = 0;
  for (const TensorEntry* entry : order) {
    if (entry->begin != reached)
      header.refuse(ErrorCode::format, entry->name,
                    "data from byte " + std::to_string(entry->begin) + " on, " +
                        (entry->begin < reached ? "which another tensor has" : "behind a hole"),
                    "data from byte " + std::to_string(reached) + " on");
    reached += entry->bytes;  // begin + bytes is the entry's end, below 2^63
  }
  const std::uint64_t start = 8 + header.text.size();
  const std::uint64_t present = header.file.size() - start;
  if (reached > present)
    refuse_file(ErrorCode::truncated, header.file, header.function,
                std::to_string(present) + " bytes of data",
                std::to_string(reached) + ", as the header says", header.file.size());
  if (reached < present)
    refuse_file(ErrorCode::format, header.file, header.function,
                std::to_string(present - reached) + " bytes that no tensor has",
                "data that ends with the last tensor", start + reached);
  for (TensorEntry& entry : tensors) entry.begin += start;
}

std::string read_header_text(const File& file, std::string_view function) {
  std::array<std::byte, 8> raw{};
  if (file.size() < raw.size())
    refuse_file(ErrorCode::truncated, file, function, std::to_string(file.size()) + " bytes",
                "a safetensors file" + describe_impostor(file, function), file.size());
  file.read_at(0, raw, function);
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < raw.size(); ++i)
    length |= std::to_integer<std::uint64_t>(raw[i]) << (8 * i);
  const std::uint64_t longest = std::min(max_header_bytes, file.size() - raw.size());
  if (length > longest)
    refuse_file(ErrorCode::format, file, function,
                "a header length of " + std::to_string(length) + describe_impostor(file, function),
                "at most " + std::to_string(longest), 0);
  std::string text(length, '\0');
  file.read_at(raw.size(), std::as_writable_bytes(std::span(text.data(), text.size())), function);
  if (!text.starts_with('{'))
    refuse_file(ErrorCode::format, file, function,
                "a header that does not start with '{'" + describe_impostor(file, function),
                "a safetensors file", raw.size());
  return text;
}

}  // namespace

std::string_view safetensors_name(DType dtype) {
  for (const TypeName& row : type_names)
    if (row.dtype == dtype) return row.name;
  return {};
}

SafetensorsHeader read_safetensors_header(const File& file, std::string_view function) {
  const std::string text = read_header_text(file, function);
  const HeaderText header{file, function, text};
  const json root = parse_json(text, header.source());
  SafetensorsHeader result;
  for (const auto& [name, value] : root.items()) {
    if (name == "__metadata__")
      result.metadata = read_metadata(value, header);
    else
      result.tensors.push_back(read_entry(name, value, header));
  }
  place_ranges(result.tensors, header);
  return result;  // an object's items come sorted by key
}

HostTensor read_tensor(const File& file, const TensorEntry& entry, std::string_view function) {
  HostTensor tensor{.dtype = entry.dtype, .shape = entry.shape, .bytes = {}};
  tensor.bytes.resize(entry.bytes);
  file.read_at(entry.begin, tensor.bytes, function);
  return tensor;
}

}  // namespace halfbyte::checkpoint
