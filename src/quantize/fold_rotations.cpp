// fold_rotations(): what each tensor of a Llama becomes is a row of a table; tensors are read,
// turned in f32 and written one at a time, shard by shard.
#include "halfbyte/rotate.h"

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "checkpoint/atomic_write.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/writers.h"
#include "halfbyte/checkpoint.h"
#include "halfbyte/error.h"
#include "halfbyte/hadamard.h"
#include "halfbyte/numeric.h"
#include "quantize/companions.h"

namespace halfbyte {
namespace {

namespace fs = std::filesystem;
constexpr const char* function = "fold_rotations";

[[noreturn]] void fail(ErrorCode code, std::string argument, std::string got, std::string wanted,
                       const fs::path& path, std::string advice = {}) {
  throw Error(code, {.function = function,
                     .argument = std::move(argument),
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = std::move(advice),
                     .path = path.string(),
                     .offset = {}});
}

// What is done to a tensor, by the end of its name. `gains`: the RMSNorm whose gains its columns
// take up, in the block unless it begins with "model.".
struct Rule {
  std::string_view name;
  bool reads_residual = false;   // columns: T
  bool writes_residual = false;  // rows: T
  bool reads_heads = false;      // columns: T2 in each head
  bool writes_heads = false;     // rows: T2 in each head
  std::string_view gains{};
  bool is_gains = false;
};

constexpr std::string_view before_attention = "input_layernorm.weight";
constexpr std::string_view before_mlp = "post_attention_layernorm.weight";
constexpr std::string_view before_head = "model.norm.weight";

// An embedding row is an output of the embedding, and lies along the columns: as if read.
constexpr Rule rules[] = {
    {.name = "model.embed_tokens.weight", .reads_residual = true},
    {.name = "lm_head.weight", .reads_residual = true, .gains = before_head},
    {.name = "self_attn.q_proj.weight", .reads_residual = true, .gains = before_attention},
    {.name = "self_attn.k_proj.weight", .reads_residual = true, .gains = before_attention},
    {.name = "self_attn.v_proj.weight",
     .reads_residual = true,
     .writes_heads = true,
     .gains = before_attention},
    {.name = "self_attn.o_proj.weight", .writes_residual = true, .reads_heads = true},
    {.name = "mlp.gate_proj.weight", .reads_residual = true, .gains = before_mlp},
    {.name = "mlp.up_proj.weight", .reads_residual = true, .gains = before_mlp},
    {.name = "mlp.down_proj.weight", .writes_residual = true},
    {.name = "self_attn.v_proj.bias", .writes_heads = true},
    {.name = "self_attn.o_proj.bias", .writes_residual = true},
    {.name = "mlp.down_proj.bias", .writes_residual = true},
    {.name = "self_attn.q_proj.bias"},
    {.name = "self_attn.k_proj.bias"},
    {.name = "self_attn.rotary_emb.inv_freq"},
    {.name = "mlp.gate_proj.bias"},
    {.name = "mlp.up_proj.bias"},
    {.name = before_attention, .is_gains = true},
    {.name = before_mlp, .is_gains = true},
    {.name = before_head, .is_gains = true},
};

const Rule* rule_of(std::string_view tensor) {
  for (const Rule& rule : rules) {
    if (tensor == rule.name) return &rule;
    const bool ends = tensor.size() > rule.name.size() && tensor.ends_with(rule.name) &&
                      tensor[tensor.size() - rule.name.size() - 1] == '.';
    if (ends && tensor.starts_with("model.layers.")) return &rule;
  }
  return nullptr;
}

struct Widths {
  std::int64_t hidden = 0, head_dim = 0;
};

Widths read_widths(const Checkpoint& source) {
  const fs::path path = source.folder() / "config.json";
  const auto config = nlohmann::json::parse(source.config_json());
  const std::string type = config.value("model_type", "");
  if (type != "llama" && type != "mistral" && type != "qwen2") {
    fail(ErrorCode::unsupported, "model_type", type.empty() ? "none" : type,
         "llama, mistral or qwen2", path);
  }
  const auto integer = [&](const char* key) -> std::int64_t {
    if (!config.contains(key) || !config[key].is_number_integer() || config[key] <= 0) {
      fail(ErrorCode::format, key, "no positive integer", "a positive integer", path);
    }
    return config[key];
  };
  Widths widths{.hidden = integer("hidden_size")};
  widths.head_dim = config.contains("head_dim") && !config["head_dim"].is_null()
                        ? integer("head_dim")
                        : widths.hidden / integer("num_attention_heads");
  return widths;
}

std::vector<std::int8_t> random_signs(std::int64_t n, std::uint64_t seed) {
  std::vector<std::int8_t> signs(static_cast<std::size_t>(n), 1);
  std::mt19937_64 bits(seed);
  for (std::int8_t& sign : signs) {
    if (seed != 0 && (bits() & 1U) != 0) sign = -1;
  }
  return signs;
}

// T: pieces of `size` along one axis of a tensor, signs repeated for every piece.
class Rotation {
 public:
  Rotation(bool wanted, std::int64_t size, std::uint64_t seed)
      : wanted_(wanted), size_(size), signs_(random_signs(size, seed)) {}

  bool wanted() const { return wanted_; }
  std::int64_t size() const { return size_; }

  void turn(std::vector<float>& values, std::int64_t rows, std::int64_t columns, int axis) const {
    if (!wanted_) return;
    const std::int64_t extent = axis == 0 ? rows : columns;
    std::vector<std::int8_t> signs;
    for (std::int64_t i = 0; i < extent; ++i) {
      signs.push_back(signs_[static_cast<std::size_t>(i % size_)]);
    }
    const auto view = TensorView::matrix(values.data(), DType::f32, rows, columns);
    hadamard(view, view,
             {.axis = axis,
              .block = size_,
              .signs_before = TensorView::vector(signs.data(), DType::i8, extent)});
  }

 private:
  bool wanted_;
  std::int64_t size_;
  std::vector<std::int8_t> signs_;
};

class Folder {
 public:
  Folder(const Checkpoint& source, const FoldRotationsOptions& options)
      : source_(source),
        widths_(read_widths(source)),
        residual_(options.residual, widths_.hidden, options.seed),
        heads_(options.heads, widths_.head_dim, options.seed == 0 ? 0 : options.seed + 1) {
    for (const Rotation* rotation : {&residual_, &heads_}) {
      if (rotation->wanted() && !has_hadamard(rotation->size())) {
        fail(ErrorCode::unsupported, rotation == &residual_ ? "residual" : "heads",
             "a width of " + std::to_string(rotation->size()), "a width that has a transform",
             source.folder(), "leave this rotation out");
      }
    }
    if (!source.has_tensor("lm_head.weight")) {
      fail(ErrorCode::unsupported, "lm_head.weight", "an output layer tied to the embedding",
           "a tensor of its own", source.folder());
    }
    for (const TensorInfo& tensor : source.tensors()) check(tensor);
  }

  HostTensor fold(const TensorInfo& info) const {
    const Rule& rule = *rule_of(info.name);
    HostTensor tensor = source_.tensor(info.name);
    const bool vector = tensor.shape.size() == 1;
    const std::int64_t rows = tensor.shape[0], columns = vector ? 1 : tensor.shape[1];
    std::vector<float> values(static_cast<std::size_t>(rows * columns), 1.0F);
    if (!rule.is_gains) {
      const HostTensor gains = gains_of(info.name, rule);
      for (std::int64_t i = 0; i < rows * columns; ++i) {
        const double gain =
            rule.gains.empty() ? 1.0 : load_element(gains.bytes.data(), gains.dtype, i % columns);
        values[static_cast<std::size_t>(i)] =
            static_cast<float>(load_element(tensor.bytes.data(), tensor.dtype, i) * gain);
      }
      if (rule.reads_heads) heads_.turn(values, rows, columns, 1);
      if (rule.writes_heads) heads_.turn(values, rows, columns, 0);
      if (rule.reads_residual) residual_.turn(values, rows, columns, 1);
      if (rule.writes_residual) residual_.turn(values, rows, columns, 0);
    }
    for (std::int64_t i = 0; i < rows * columns; ++i) {
      store_element(tensor.bytes.data(), tensor.dtype, i, values[static_cast<std::size_t>(i)]);
    }
    return tensor;
  }

 private:
  void check(const TensorInfo& tensor) const {
    const Rule* rule = rule_of(tensor.name);
    if (rule == nullptr) {
      fail(ErrorCode::unsupported, tensor.name, "a tensor of another kind of model",
           "those of a Llama", source_.folder());
    }
    const bool is_float =
        tensor.dtype == DType::f16 || tensor.dtype == DType::bf16 || tensor.dtype == DType::f32;
    const bool matrix = rule->name.ends_with("_proj.weight") || rule->reads_residual;
    if (!is_float || tensor.shape.size() != (matrix ? 2U : 1U)) {
      fail(ErrorCode::unsupported, tensor.name, "another type or rank",
           "f16, bf16 or f32, rank " + std::to_string(matrix ? 2 : 1), source_.folder());
    }
    const auto divides = [&](std::int64_t width, std::size_t axis) {
      if (tensor.shape[axis] % width == 0) return;
      fail(ErrorCode::format, tensor.name, "an extent of " + std::to_string(tensor.shape[axis]),
           "a multiple of " + std::to_string(width), source_.folder());
    };
    if (rule->reads_residual) divides(widths_.hidden, 1);
    if (rule->writes_residual) divides(widths_.hidden, 0);
    if (rule->reads_heads) divides(widths_.head_dim, 1);
    if (rule->writes_heads) divides(widths_.head_dim, 0);
    if (!rule->gains.empty()) (void)gains_of(tensor.name, *rule);
  }

  HostTensor gains_of(const std::string& tensor, const Rule& rule) const {
    if (rule.gains.empty()) return {};
    const std::string block = tensor.substr(0, tensor.size() - rule.name.size());
    const std::string name =
        rule.gains == before_head ? std::string(before_head) : block + std::string(rule.gains);
    if (!source_.has_tensor(name)) {
      fail(ErrorCode::format, name, "no such tensor", "the gains before " + tensor,
           source_.folder());
    }
    return source_.tensor(name);
  }

  const Checkpoint& source_;
  Widths widths_;
  Rotation residual_, heads_;
};

void make_folder(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  if (fs::equivalent(from, to, failed)) {
    fail(ErrorCode::path, "to", "the folder that is read", "another folder", to);
  }
  fs::create_directories(to, failed);
  if (!fs::is_directory(to)) fail(ErrorCode::path, "to", "no folder", "a folder", to);
}

}  // namespace

void fold_rotations(const fs::path& from, const fs::path& to, const FoldRotationsOptions& options) {
  const Checkpoint source = Checkpoint::open(from);
  if (source.format() != "dense") {
    fail(ErrorCode::unsupported, "from", "a checkpoint in the format " + source.format(),
         "one in 16 or 32 bits", from, "rotate the model that it was made from");
  }
  const Folder folder(source, options);
  std::map<std::string, std::vector<TensorInfo>> shards;
  std::map<std::string, std::string> weight_map;
  std::uint64_t bytes = 0;
  for (const TensorInfo& tensor : source.tensors()) {
    shards[tensor.file].push_back(tensor);
    weight_map[tensor.name] = tensor.file;
    bytes += tensor.bytes;
  }
  make_folder(from, to);
  for (const auto& [file, tensors] : shards) {
    std::vector<checkpoint::TensorSpec> specs;
    for (const TensorInfo& tensor : tensors) {
      specs.push_back({tensor.name, tensor.dtype, tensor.shape});
    }
    std::error_code failed;
    fs::create_directories((to / file).parent_path(), failed);  // AtomicFile says what is wrong
    checkpoint::SafetensorsWriter writer(to / file, specs, function);
    for (const TensorInfo& tensor : tensors) writer.write(tensor.name, folder.fold(tensor));
    writer.commit();
  }
  quantize_detail::copy_companions(from, to, function);
  if (shards.size() > 1) {
    checkpoint::write_shard_index(to / "model.safetensors.index.json", weight_map, bytes, function);
  }
  checkpoint::write_file_atomically(to / "config.json", source.config_json(), function);
}

}  // namespace halfbyte
