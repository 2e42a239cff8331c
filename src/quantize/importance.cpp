#include "quantize/importance.h"

#include <cstring>

#include "halfbyte/error.h"
#include "quantize/fingerprint.h"

namespace halfbyte::quantize_detail {
namespace {

constexpr std::string_view function = "quantize_checkpoint";

[[noreturn]] void refuse(ErrorCode code, const std::filesystem::path& path,
                         const std::string& linear, std::string got, std::string wanted) {
  throw Error(code, {.function = std::string(function),
                     .argument = linear,
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = {},
                     .path = path.string(),
                     .offset = {}});
}

std::int64_t input_features(const Checkpoint& source, const std::string& linear) {
  for (const TensorInfo& tensor : source.tensors()) {
    if (tensor.name == linear + ".weight") return tensor.shape[1];
  }
  return 0;
}

}  // namespace

ImportanceFile::ImportanceFile(const std::filesystem::path& path, const Checkpoint& source,
                               const CheckpointPlan& plan) {
  if (path.empty()) return;
  file_ = checkpoint::File::open(path, function);
  for (checkpoint::TensorEntry& entry :
       checkpoint::read_safetensors_header(*file_, function).tensors) {
    entries_.emplace(entry.name, entry);
  }
  for (const ShardPlan& shard : plan.shards) {
    for (const std::string& linear : shard.linears) {
      const auto found = entries_.find(linear);
      if (found == entries_.end()) {
        refuse(ErrorCode::format, path, linear, "no such tensor", "one for each linear");
      }
      if (found->second.dtype != DType::f32) {
        refuse(ErrorCode::dtype, path, linear, std::string(name(found->second.dtype)), "f32");
      }
      const std::int64_t k = input_features(source, linear);
      if (found->second.shape != std::vector{k}) {
        refuse(ErrorCode::shape, path, linear, "another shape", "(" + std::to_string(k) + ",)");
      }
    }
  }
}

std::string ImportanceFile::fingerprint_of() const {
  return file_ ? fingerprint(*file_, function) : "none";
}

std::vector<float> ImportanceFile::of(const std::string& linear) const {
  if (!file_) return {};
  const HostTensor tensor = checkpoint::read_tensor(*file_, entries_.at(linear), function);
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

}  // namespace halfbyte::quantize_detail
