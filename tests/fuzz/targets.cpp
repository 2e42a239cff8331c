#include "fuzz/targets.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "checkpoint/model.h"
#include "checkpoint/npy_header.h"
#include "checkpoint/writers.h"
#include "halfbyte/error.h"

namespace halfbyte::fuzz {
namespace {

using namespace checkpoint;

// A broken promise, as loud as a crash.
void require(bool ok) {
  if (!ok) std::abort();
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Call>
void allow_error(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    require(*error.what() != '\0');
  }
}

void check_layer(const Model& model, const LayerInfo& info) {
  QuantizedWeight weight;
  try {
    weight = load_layer(model, info, "fuzz");
  } catch (const Error&) {
    return;
  }
  require(weight.k == info.k && weight.n == info.n);
  // Somewhere in the weight: all that a kernel would index with.
  const double corner = weight.value(weight.k - 1, weight.n - 1);
  require(corner == corner || corner != corner);
  for (const CheckpointWriter& writer : checkpoint_writers())
    allow_error([&] {
      for (const NamedTensor& t : writer.to_tensors("l", weight))
        require(t.tensor.bytes.size() % size_of(t.tensor.dtype) == 0);
    });
}

}  // namespace

void read_safetensors(std::span<const std::byte> bytes) {
  allow_error([&] {
    const File file = File::from_memory(bytes, "fuzz");
    const SafetensorsHeader header = read_safetensors_header(file, "fuzz");
    std::uint64_t total = 0;
    for (const TensorEntry& entry : header.tensors) {
      const HostTensor tensor = read_tensor(file, entry, "fuzz");
      require(tensor.bytes.size() == entry.bytes);
      total += entry.bytes;
    }
    require(total <= bytes.size());  // no byte belongs to two tensors
  });
}

void read_shard_index(std::span<const std::byte> bytes) {
  allow_error([&] {
    for (const auto& [name, shard] : parse_shard_index(text_of(bytes), "fuzz", "fuzz")) {
      const std::filesystem::path path(shard);
      require(path.is_relative() && path.lexically_normal() == path);
      require(*path.begin() != "..");
      require(shard.find('\0') == shard.npos && shard.find('\n') == shard.npos);
    }
  });
}

void read_config(std::span<const std::byte> bytes) {
  ModelConfig config;
  try {
    config = parse_model_config(std::string(text_of(bytes)), "fuzz", "fuzz");
  } catch (const Error&) {
    return;
  }
  allow_error([&] { choose_importer(config, "", "fuzz"); });
  for (const ConfigObject& object : config.quantization)
    for (const Importer* importer : importers())
      allow_error([&] {
        importer->dialect_of(object);
        const QuantConfig quantization = importer->read_config(object);
        require(importer->method.empty() || quantization.group_size == -1 ||
                (quantization.group_size > 0 && quantization.group_size % 8 == 0));
      });
}

void read_npy(std::span<const std::byte> bytes) {
  allow_error([&] {
    const HostTensor tensor = read_npy_file(File::from_memory(bytes, "fuzz"));
    std::int64_t elements = 1;
    for (const std::int64_t extent : tensor.shape) elements *= extent;
    require(tensor.bytes.size() == static_cast<std::size_t>(elements) * size_of(tensor.dtype));
  });
}

void read_model(std::span<const std::byte> bytes) {
  const auto split = std::find(bytes.begin(), bytes.end(), std::byte{0});
  if (split == bytes.end()) return;
  const auto at = static_cast<std::size_t>(split - bytes.begin());
  allow_error([&] {
    const File file = File::from_memory(bytes.subspan(at + 1), "fuzz.safetensors");
    const Model model = assemble_model(
        parse_model_config(std::string(text_of(bytes.first(at))), "fuzz.json", "fuzz"),
        TensorStore::of(file, "fuzz"), {}, "fuzz");
    for (const LayerInfo& info : model.layers) check_layer(model, info);
  });
}

}  // namespace halfbyte::fuzz
