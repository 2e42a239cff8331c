#include "bench/rows.h"

#include <cmath>
#include <limits>

#include "bench/json_file.h"

namespace halfbyte::bench {
namespace {

// Marks the columns that a file may lack.
struct Optional {};
constexpr Optional optional{};

// Calls f(key, member) or f(key, member, optional) for every column, in the order of the file. The
// one list of columns.
template <typename Row, typename F>
void for_each_column(Row& row, F&& f) {
  f("op", row.op);
  f("layer", row.layer);
  f("layers", row.layers);
  f("device", row.device);
  f("device_name", row.device_name);
  f("backend", row.backend);
  f("kernel", row.kernel);
  f("requested", row.requested);
  f("schedule", row.schedule);
  f("split", row.split);
  f("m", row.m);
  f("n", row.n);
  f("k", row.k);
  f("group", row.group);
  f("bits", row.bits);
  f("dtype", row.dtype);
  f("threads", row.threads);
  f("us_median", row.us_median);
  f("us_p10", row.us_p10);
  f("us_p90", row.us_p90);
  f("samples", row.samples);
  f("bytes", row.bytes);
  f("gbps", row.gbps);
  f("read_gbps", row.read_gbps);
  f("frac_read_bw", row.frac_read_bw);
  f("fma_gmacs", row.fma_gmacs);
  f("bound_us", row.bound_us);
  f("us_over_bound", row.us_over_bound);
  f("rotated_bytes", row.rotated_bytes);
  f("rel_l2_err", row.rel_l2_err);
  f("max_err_over_bound", row.max_err_over_bound);
  f("ok", row.ok);
  f("commit", row.commit);
  f("calls_per_sample", row.calls_per_sample, optional);
  f("tile_m", row.tile_m, optional);
  f("tile_n", row.tile_n, optional);
  f("tile_k", row.tile_k, optional);
  f("stages", row.stages, optional);
  f("warps", row.warps, optional);
  f("workers", row.workers, optional);
  f("waves", row.waves, optional);
  f("overlaps", row.overlaps, optional);
  f("batch_invariant", row.batch_invariant, optional);
}

// Four significant digits: more than any timing here has. Whole numbers stay whole. JSON has no
// Inf: an error that is infinite is written as the largest number.
Json shorten(double v) {
  if (std::isinf(v)) return std::numeric_limits<double>::max();
  if (v == std::floor(v) && std::abs(v) < 9e15) return static_cast<std::int64_t>(v);
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", v);
  return std::stod(text);
}

Json cell(double v) { return shorten(v); }
template <typename T>
Json cell(const T& v) {
  return v;
}

}  // namespace

std::string to_json(const std::vector<BenchRow>& rows) {
  std::string text = "[";
  for (const BenchRow& row : rows) {
    Json object = Json::object();
    for_each_column(
        row, [&](const char* key, const auto& value, auto...) { object[key] = cell(value); });
    text += (text.size() > 1 ? ",\n " : "\n ") +
            object.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return text + "\n]\n";
}

std::vector<BenchRow> read_rows(const std::filesystem::path& path, std::string_view function) {
  const Json all = read_json(path, function, "a file of rows");
  if (!all.is_array()) {
    refuse_file(path, function, ErrorCode::format, "no array", "an array of rows");
  }
  std::vector<BenchRow> rows;
  try {
    for (const Json& object : all) {
      BenchRow row;
      for_each_column(row, [&](const char* key, auto& value, auto... mark) {
        if (sizeof...(mark) > 0 && object.is_object() && !object.contains(key)) return;
        object.at(key).get_to(value);
      });
      rows.push_back(std::move(row));
    }
  } catch (const Json::exception& e) {
    refuse_file(path, function, ErrorCode::format,
                "row " + std::to_string(rows.size()) + ": " + e.what(), "rows of `halfbyte bench`");
  }
  return rows;
}

std::string to_csv(const std::vector<BenchRow>& rows) {
  std::string text;
  const BenchRow header;
  for_each_column(header, [&](const char* key, const auto&, auto...) {
    text += (text.empty() ? "" : ",") + std::string(key);
  });
  text += '\n';
  for (const BenchRow& row : rows) {
    std::string line;
    for_each_column(row, [&](const char* key, const auto& value, auto...) {
      if (key != std::string_view("op")) line += ',';
      const Json json = cell(value);
      // A quoted field doubles its quotes; JSON would escape them.
      if (json.is_string()) {
        line += '"';
        for (const char c : json.get<std::string>()) line += c == '"' ? "\"\"" : std::string(1, c);
        line += '"';
      } else {
        line += json.dump();
      }
    });
    text += line + '\n';
  }
  return text;
}

}  // namespace halfbyte::bench
