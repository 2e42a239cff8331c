#include "checkpoint/json.h"

#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "checkpoint/file.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

using nlohmann::json;

// The text's characters; the parser's own copy moves a position that everybody can see, since its
// callbacks do not say where they are.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// Calls for each event; the first call that answers false ends the parse.
struct Position {
  const char* start = nullptr;
  const char* reached = nullptr;
  std::uint64_t offset(const JsonSource& source) const {
    return source.offset + static_cast<std::uint64_t>(reached - start);
  }
};

[[noreturn]] void refuse(const JsonSource& source, std::uint64_t offset, std::string got,
                         std::string wanted) {
  throw Error(ErrorCode::format, {.function = std::string(source.function),
                                  .argument = "JSON",
                                  .got = std::move(got),
                                  .wanted = std::move(wanted),
                                  .path = source.path.string(),
                                  .offset = offset});
}

class Builder : public nlohmann::json_sax<json> {
 public:
  Builder(const JsonSource& source, const JsonLimits& limits, const Position& position)
      : source_(source), limits_(limits), position_(position) {}

  json take() { return std::move(root_); }

  bool null() override { return add(json(nullptr)); }
  bool boolean(bool v) override { return add(json(v)); }
  bool number_integer(number_integer_t v) override { return add(json(v)); }
  bool number_unsigned(number_unsigned_t v) override { return add(json(v)); }
  bool number_float(number_float_t v, const string_t&) override { return add(json(v)); }
  bool string(string_t& v) override { return add(json(std::move(v))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& v) override {
    if (++keys_ > limits_.keys)
      stop("more than " + std::to_string(limits_.keys) + " keys", "fewer");
    if (open_.back()->contains(v))
      stop("key \"" + escaped(v) + "\" a second time", "each key of an object once");
    key_ = std::move(v);
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const json::exception& e) override {
    stop("invalid JSON (" + escaped(e.what()) + ")", "strict JSON in UTF-8");
  }

 private:
  [[noreturn]] void stop(std::string got, std::string wanted) const {
    refuse(source_, position_.offset(source_), std::move(got), std::move(wanted));
  }

  json* place(json value) {
    if (++values_ > limits_.values)
      stop("more than " + std::to_string(limits_.values) + " values", "fewer");
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }
  bool add(json value) {
    place(std::move(value));
    return true;
  }
  bool open(json value) {
    if (open_.size() >= limits_.depth)
      stop("nesting deeper than " + std::to_string(limits_.depth), "less nesting");
    // A container's address is stable while it is open: its parent gains no other child meanwhile.
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  const JsonSource& source_;
  const JsonLimits& limits_;
  const Position& position_;
  json root_;
  std::vector<json*> open_;
  std::string key_;
  std::size_t keys_ = 0;
  std::size_t values_ = 0;
};

// Stops at a key of the outermost object.
class Locator : public nlohmann::json_sax<json> {
 public:
  explicit Locator(std::string_view wanted) : wanted_(wanted) {}
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return ++depth_ > 0; }
  bool start_array(std::size_t) override { return ++depth_ > 0; }
  bool end_object() override { return --depth_ >= 0; }
  bool end_array() override { return --depth_ >= 0; }
  bool key(string_t& v) override { return !(depth_ == 1 && v == wanted_); }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override {
    return false;
  }

 private:
  std::string_view wanted_;
  int depth_ = 0;
};

Position run(std::string_view text, Position& position, nlohmann::json_sax<json>& events) {
  position.start = position.reached = text.data();
  json::sax_parse(Cursor(text.data(), &position.reached),
                  Cursor(text.data() + text.size(), &position.reached), &events);
  return position;
}

}  // namespace

json parse_json(std::string_view text, const JsonSource& source, const JsonLimits& limits) {
  // The parser would skip a byte order mark; in strict JSON it is an error.
  if (text.starts_with("\xEF\xBB\xBF"))
    refuse(source, source.offset, "a byte order mark", "JSON from the first byte on");
  // The parser would take a zero byte for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != text.npos)
    refuse(source, source.offset + zero, "a zero byte", "JSON to the last byte");
  Position position;
  Builder builder(source, limits, position);
  run(text, position, builder);
  return builder.take();
}

std::uint64_t locate_key(std::string_view text, std::string_view key, const JsonSource& source) {
  Position position;
  Locator locator(key);
  return run(text, position, locator).offset(source);
}

std::optional<std::uint64_t> as_count(const json& value) {
  if (!value.is_number_integer()) return {};
  if (value.is_number_unsigned()) {
    const auto v = value.get<std::uint64_t>();
    if (v <= static_cast<std::uint64_t>(INT64_MAX)) return v;
    return {};
  }
  const auto v = value.get<std::int64_t>();
  if (v < 0) return {};
  return static_cast<std::uint64_t>(v);
}

}  // namespace halfbyte::checkpoint
