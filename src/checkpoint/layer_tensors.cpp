#include <algorithm>
#include <utility>

#include "checkpoint/bits.h"
#include "checkpoint/importers.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + ")";
}

}  // namespace

std::int64_t resolve_group_size(std::int64_t group_size, std::int64_t k) {
  return group_size == -1 ? k : group_size;
}

std::int64_t group_count(std::int64_t k, std::int64_t group_size) {
  return k / group_size + (k % group_size != 0);
}

void LayerTensors::refuse(ErrorCode code, const TensorEntry& entry, std::string got,
                          std::string wanted, std::string advice) const {
  throw Error(code, {.function = std::string(function_),
                     .argument = "tensor \"" + escaped(entry.name) + "\"",
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = std::move(advice),
                     .path = store_.file_of(entry).path().string(),
                     .offset = entry.begin});
}

const TensorEntry* LayerTensors::find(std::string_view part) const {
  return store_.find(layer_ + "." + std::string(part));
}

const TensorEntry& LayerTensors::get(std::string_view part, std::initializer_list<DType> dtypes,
                                     std::size_t rank) const {
  const TensorEntry* entry = find(part);
  if (!entry)
    throw Error(ErrorCode::format,
                {.function = std::string(function_),
                 .argument = "tensor \"" + escaped(layer_ + "." + std::string(part)) + "\"",
                 .got = "no such tensor",
                 .wanted = "all tensors of the layer",
                 .path = store_.path().string()});
  if (std::find(dtypes.begin(), dtypes.end(), entry->dtype) == dtypes.end()) {
    std::string wanted;
    for (const DType dtype : dtypes)
      wanted += (wanted.empty() ? "" : " or ") + std::string(name(dtype));
    refuse(ErrorCode::format, *entry, std::string(name(entry->dtype)), wanted);
  }
  if (entry->shape.size() != rank)
    refuse(ErrorCode::format, *entry, "shape " + text_of(entry->shape),
           std::to_string(rank) + " dimensions");
  return *entry;
}

void LayerTensors::want_shape(const TensorEntry& entry, std::vector<std::int64_t> shape) const {
  if (entry.shape != shape)
    refuse(ErrorCode::format, entry, "shape " + text_of(entry.shape), text_of(shape),
           "bits, group size and the other tensors of the layer say so");
}

void LayerTensors::want_extent(const TensorEntry& entry, std::string_view what,
                               std::int64_t extent) const {
  if (extent < 1 || extent > std::int64_t{1} << 40)
    refuse(ErrorCode::format, entry, std::string(what) + " = " + std::to_string(extent),
           "1 ... 2^40");
}

std::vector<std::byte> LayerTensors::bytes(const TensorEntry& entry) const {
  return store_.read(entry, function_).bytes;
}

std::vector<std::int32_t> LayerTensors::g_idx(std::string_view part, std::int64_t k,
                                              std::int64_t group_size, std::int64_t groups) const {
  if (!find(part)) return {};
  const TensorEntry& entry = get(part, {DType::i32}, 1);
  if (entry.shape[0] != k)
    refuse(ErrorCode::range, entry, std::to_string(entry.shape[0]) + " elements",
           std::to_string(k) + ", one for each input feature");
  const std::vector<std::byte> raw = bytes(entry);
  std::vector<std::int32_t> index(static_cast<std::size_t>(k));
  bool trivial = true;
  for (std::int64_t i = 0; i < k; ++i) {
    const auto at = static_cast<std::size_t>(i);
    index[at] = static_cast<std::int32_t>(load_u32(raw.data() + 4 * at));
    if (index[at] < 0 || index[at] >= groups)
      refuse(ErrorCode::range, entry, std::to_string(index[at]) + " at index " + std::to_string(i),
             "0 ... " + std::to_string(groups - 1));
    trivial = trivial && index[at] == i / group_size;
  }
  if (trivial) index.clear();
  return index;
}

bool LayerTensors::check_bias(std::int64_t n) const {
  if (!find("bias")) return false;
  want_shape(get("bias", {DType::f16, DType::bf16, DType::f32}, 1), {n});
  return true;
}

}  // namespace halfbyte::checkpoint
