#include "quantize/resume.h"

#include <nlohmann/json.hpp>
#include <system_error>

#include "checkpoint/atomic_write.h"
#include "checkpoint/file.h"
#include "checkpoint/json.h"
#include "halfbyte/error.h"

namespace halfbyte::quantize_detail {
namespace {

constexpr std::string_view function = "quantize_checkpoint";
constexpr std::uint64_t max_bytes = 16U << 20;

[[noreturn]] void mismatch(const std::filesystem::path& path, const std::string& field,
                           const std::string& now, const std::string& before) {
  throw Error(ErrorCode::resume_mismatch,
              {.function = std::string(function),
               .argument = field,
               .got = now,
               .wanted = before + ", as in the run to resume",
               .advice = "repeat the same call, or start afresh without resume",
               .path = path.string(),
               .offset = {}});
}

std::uint64_t size_or_zero(const std::filesystem::path& path) {
  std::error_code failed;
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  return failed ? 0 : size;
}

}  // namespace

ResumeFile::ResumeFile(const std::filesystem::path& folder, Identity identity, bool resume)
    : folder_(folder), path_(folder / "quantize.resume.json"), identity_(std::move(identity)) {
  std::error_code failed;
  if (!resume || !std::filesystem::exists(path_, failed)) return;
  read(checkpoint::File::open(path_, function).read_text(max_bytes, function));
}

void ResumeFile::read(const std::string& text) {
  const nlohmann::json json = checkpoint::parse_json(text, {path_, 0, function});
  const auto text_of = [](const nlohmann::json& object, const std::string& key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "nothing";
  };
  const auto object_at = [&](const char* key) {
    const auto found = json.is_object() ? json.find(key) : json.end();
    return found != json.end() && found->is_object() ? *found : nlohmann::json::object();
  };
  const nlohmann::json before = object_at("identity");
  const nlohmann::json finished = object_at("finished");
  for (const auto& [field, now] : identity_) {
    if (text_of(before, field) != now) mismatch(path_, field, now, text_of(before, field));
  }
  for (const auto& [field, value] : before.items()) {
    if (!identity_.contains(field)) mismatch(path_, field, "nothing", text_of(before, field));
  }
  for (const auto& [shard, bytes] : finished.items()) {
    if (const auto count = checkpoint::as_count(bytes)) finished_[shard] = *count;
  }
}

bool ResumeFile::finished(const std::string& shard) const {
  const auto found = finished_.find(shard);
  return found != finished_.end() && found->second > 0 &&
         size_or_zero(folder_ / shard) == found->second;
}

void ResumeFile::mark_finished(const std::string& shard) {
  finished_[shard] = size_or_zero(folder_ / shard);
  save();
}

void ResumeFile::save() const {
  const nlohmann::json json = {{"identity", identity_}, {"finished", finished_}};
  checkpoint::write_file_atomically(path_, json.dump(1) + "\n", function);
}

void ResumeFile::remove() const {
  std::error_code ignored;  // a resume file left behind is only a file left behind
  std::filesystem::remove(path_, ignored);
}

}  // namespace halfbyte::quantize_detail
