// quantize_checkpoint(): everything is decided and checked from headers first; then each shard of
// the source becomes one file of the output, written under a temporary name, with one linear in
// memory at a time. config.json is written last: without it the folder is no checkpoint.
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "checkpoint/atomic_write.h"
#include "checkpoint/paths.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/writers.h"
#include "halfbyte/error.h"
#include "halfbyte/quantize.h"
#include "quantize/companions.h"
#include "quantize/fingerprint.h"
#include "quantize/importance.h"
#include "quantize/output_folder.h"
#include "quantize/relative_error.h"
#include "quantize/resume.h"
#include "quantize/shard_plan.h"

namespace halfbyte {
namespace {

namespace fs = std::filesystem;
using checkpoint::CheckpointWriter;
using checkpoint::SafetensorsWriter;
using quantize_detail::CheckpointPlan;
using quantize_detail::Identity;
using quantize_detail::ImportanceFile;
using quantize_detail::ResumeFile;
using quantize_detail::ShardPlan;

constexpr const char* function = "quantize_checkpoint";

[[noreturn]] void fail(ErrorCode code, std::string argument, std::string got, std::string wanted,
                       std::string advice, const fs::path& path) {
  throw Error(code, {.function = function,
                     .argument = std::move(argument),
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = std::move(advice),
                     .path = path.string(),
                     .offset = {}});
}

Checkpoint open_dense(const fs::path& from) {
  Checkpoint source = Checkpoint::open(from);
  if (source.format() != "dense") {
    fail(ErrorCode::unsupported, "from", "a checkpoint in the format " + source.format(),
         "one in 16 or 32 bits", "quantise the model that it was made from", from);
  }
  return source;
}

Identity identify(const Checkpoint& source, const CheckpointPlan& plan,
                  const QuantizeCheckpointOptions& options, const ImportanceFile& importance) {
  std::string skip;
  for (const std::string& name : options.skip) skip += (skip.empty() ? "" : ", ") + name;
  Identity identity{{"version", "1"},  // of the method's results: raise it when they change
                    {"method", options.method},
                    {"bits", std::to_string(options.bits)},
                    {"group_size", std::to_string(options.group_size)},
                    {"symmetric", options.symmetric ? "true" : "false"},
                    {"search_clip", options.search_clip ? "true" : "false"},
                    {"scale_dtype", std::string(name(options.scale_dtype))},
                    {"format", options.format},
                    {"skip", skip},
                    {"importance", importance.fingerprint_of()},
                    {"source config.json", quantize_detail::fingerprint(source.config_json())}};
  const auto folder = checkpoint::Folder::open(source.folder(), function);
  for (const ShardPlan& shard : plan.shards) {
    identity["source " + shard.source] =
        quantize_detail::fingerprint(folder.open_file(shard.source, function), function);
  }
  return identity;
}

// One call: what is read, how, and whom to tell.
struct Run {
  const Checkpoint& source;
  const QuantizeCheckpointOptions& options;
  const CheckpointWriter& writer;
  const ImportanceFile& importance;
  const std::function<void(const QuantizeProgress&)>& progress;
  QuantizeProgress state;

  void tell(const std::string& linear, double error) {
    state.layer = linear;
    state.relative_error = error;
    if (progress) progress(state);
  }

  void write_linear(const std::string& linear, SafetensorsWriter& file) {
    const HostTensor dense = source.tensor(linear + ".weight");
    QuantizedWeight quantized;
    try {
      quantized = quantize(dense.view(), options, importance.of(linear));
    } catch (const Error& error) {  // say which linear
      ErrorDetail detail = error.detail();
      detail.argument = linear + (detail.argument.empty() ? "" : ": " + detail.argument);
      throw Error(error.code(), std::move(detail));
    }
    for (const checkpoint::NamedTensor& part : writer.to_tensors(linear, quantized)) {
      file.write(part.name, part.tensor);
    }
    ++state.done;
    tell(linear, progress ? quantize_detail::relative_error(dense.view(), quantized) : 0);
  }

  void write_shard(const ShardPlan& shard, const fs::path& to) {
    quantize_detail::make_folder(
        (to / shard.target).parent_path());  // an index may name shards in folders
    SafetensorsWriter file(to / shard.target, shard.outputs, function);
    for (const std::string& linear : shard.linears) write_linear(linear, file);
    for (const std::string& name : shard.copied) file.write(name, source.tensor(name));
    file.commit();
  }
};

void write_index(const CheckpointPlan& plan, const fs::path& to) {
  if (plan.shards.size() < 2) return;
  std::map<std::string, std::string> weight_map;
  for (const ShardPlan& shard : plan.shards) {
    for (const checkpoint::TensorSpec& spec : shard.outputs) weight_map[spec.name] = shard.target;
  }
  checkpoint::write_shard_index(to / "model.safetensors.index.json", weight_map, plan.bytes,
                                function);
}

void write_config(const Run& run, const CheckpointPlan& plan, const fs::path& to) {
  auto config = nlohmann::ordered_json::parse(run.source.config_json());
  config["quantization_config"] = run.writer.config({.bits = run.options.bits,
                                                     .group_size = run.options.group_size,
                                                     .symmetric = run.options.symmetric,
                                                     .act_order = run.importance.given(),
                                                     .ignore = plan.ignored});
  checkpoint::write_file_atomically(to / "config.json", config.dump(2) + "\n", function);
}

}  // namespace

void quantize_checkpoint(const fs::path& from, const fs::path& to,
                         const QuantizeCheckpointOptions& options,
                         const std::function<void(const QuantizeProgress&)>& progress) {
  const CheckpointWriter& writer = checkpoint::find_writer(options.format, function);
  quantize(TensorView::matrix(nullptr, DType::f32, 0, 0), options);  // refuse bad options first
  quantize_detail::check_output_folder(from, to);
  const Checkpoint source = open_dense(from);
  const CheckpointPlan plan = quantize_detail::plan_checkpoint(source, options, writer);
  if (plan.linears == 0) {
    fail(ErrorCode::unsupported, "from", "no linear to quantise",
         "2-D \"*.weight\" tensors with extents that are multiples of 8", "see skip", from);
  }
  const ImportanceFile importance(options.importance, source, plan);
  ResumeFile resume(to, identify(source, plan, options, importance), options.resume);

  std::uint64_t needed = 0;
  for (const ShardPlan& shard : plan.shards) {
    if (!resume.finished(shard.target)) needed += shard.bytes;
  }
  quantize_detail::check_free_space(to, needed);

  quantize_detail::make_folder(to);
  quantize_detail::clear_output_folder(to);
  resume.save();
  Run run{source, options, writer, importance, progress, {.layer = {}, .total = plan.linears}};
  for (const ShardPlan& shard : plan.shards) {
    if (resume.finished(shard.target)) {
      run.state.done += static_cast<std::int64_t>(shard.linears.size());
      continue;
    }
    run.write_shard(shard, to);
    resume.mark_finished(shard.target);
  }
  quantize_detail::copy_companions(source.folder(), to, function);
  write_index(plan, to);
  write_config(run, plan, to);
  resume.remove();
}

}  // namespace halfbyte
