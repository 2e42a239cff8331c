#include "checkpoint/npy_header.h"

#include <charconv>
#include <optional>
#include <utility>

#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

// Of a Python literal, what a header may hold: strings, numbers, True, False, tuples and lists.
class Parser {
 public:
  Parser(std::string_view text, std::uint64_t offset, const std::filesystem::path& path)
      : text_(text), offset_(offset), path_(path) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_descr = false, has_order = false, has_shape = false;
    want('{');
    while (!take('}')) {
      const std::uint64_t key_at = at_;
      const std::string_view key = parse_string();
      want(':');
      bool* seen = nullptr;
      if (key == "descr") {
        seen = &has_descr;
        if (next() == '[')
          skip_value(0);  // a structured type
        else
          header.descr = parse_type_name();
      } else if (key == "fortran_order") {
        seen = &has_order;
        header.fortran_order = parse_boolean();
      } else if (key == "shape") {
        seen = &has_shape;
        header.shape = parse_shape();
      }
      if (!seen || std::exchange(*seen, true)) {
        at_ = key_at;
        refuse("\"" + escaped(key) + "\"", "descr, fortran_order and shape, once each");
      }
      if (!take(',') && next() != '}') refuse(rest(), "',' or '}'");
    }
    skip_spaces();
    // Writers pad with spaces and end with a newline.
    if (at_ + 1 != text_.size() || text_[at_] != '\n')
      refuse(rest(), "spaces and a newline at the end of the header");
    if (!has_descr || !has_order || !has_shape)
      refuse("a key missing", "descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void refuse(std::string got, std::string wanted) const {
    throw Error(ErrorCode::format, {.function = "read_npy",
                                    .argument = "header",
                                    .got = std::move(got),
                                    .wanted = std::move(wanted),
                                    .path = path_.string(),
                                    .offset = offset_ + at_});
  }
  std::string rest() const {
    return at_ < text_.size() ? "\"" + escaped(text_.substr(at_, 16)) + "\"" : "its end";
  }
  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  char next() {
    skip_spaces();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (next() != c) return false;
    ++at_;
    return true;
  }
  void want(char c) {
    if (!take(c)) refuse(rest(), std::string("'") + c + "'");
  }
  bool take_word(std::string_view word) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  // Between like quotes, without escapes: no type or key needs one.
  std::string_view parse_string() {
    const char quote = next();
    if (quote != '\'' && quote != '"') refuse(rest(), "a string");
    const std::size_t begin = at_ + 1;
    const std::size_t end = text_.find_first_of(std::string{quote, '\\', '\n'}, begin);
    if (end == std::string_view::npos || text_[end] != quote) refuse(rest(), "a string");
    at_ = end + 1;
    return text_.substr(begin, end - begin);
  }
  std::string_view parse_type_name() {
    const std::string_view name = parse_string();
    if (name.empty()) refuse("an empty type", "a type");
    return name;
  }
  bool parse_boolean() {
    if (take_word("True")) return true;
    if (take_word("False")) return false;
    refuse(rest(), "True or False");
  }
  std::uint64_t parse_integer() {
    skip_spaces();
    std::uint64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || value > static_cast<std::uint64_t>(INT64_MAX))
      refuse(rest(), "an integer 0 ... 2^63-1");
    at_ += static_cast<std::size_t>(end - begin);
    take_word("L");  // Python 2 wrote long integers so
    return value;
  }
  // (), (3,), (3, 4), (3, 4,): a single number in parentheses would be no tuple.
  std::vector<std::uint64_t> parse_shape() {
    std::vector<std::uint64_t> shape;
    bool comma = true;
    want('(');
    while (!take(')')) {
      if (!comma || shape.size() == 64) refuse(rest(), "a tuple of at most 64 extents");
      shape.push_back(parse_integer());
      comma = take(',');
    }
    if (shape.size() == 1 && !comma) refuse("a number in parentheses", "a tuple");
    return shape;
  }
  void skip_value(int depth) {
    if (depth > 16) refuse(rest(), "less nesting");
    const char c = next();
    if (c == '(' || c == '[') {
      ++at_;
      const char close = c == '(' ? ')' : ']';
      while (!take(close)) {
        skip_value(depth + 1);
        if (!take(',') && next() != close) refuse(rest(), "',' or the end of the list");
      }
    } else if (c == '\'' || c == '"') {
      parse_string();
    } else {
      parse_integer();
    }
  }

  std::string_view text_;
  std::uint64_t offset_;
  const std::filesystem::path& path_;
  std::size_t at_ = 0;
};

}  // namespace

NpyHeader parse_npy_dictionary(std::string_view text, std::uint64_t offset,
                               const std::filesystem::path& path) {
  return Parser(text, offset, path).parse();
}

}  // namespace halfbyte::checkpoint
