#include "checkpoint/json.h"

#include "checkpoint/support.h"

namespace halfbyte::checkpoint {
namespace {

using test::expect_error;

nlohmann::json parse(std::string_view text, const JsonLimits& limits = {}) {
  return parse_json(text, {"file.json", 100, "test"}, limits);
}

TEST(Json, ReadsWhatIsStrict) {
  const auto root = parse(R"( {"a": [1, -2, 3.5, true, null], "b": {"c": "\u00e9"}} )");
  EXPECT_EQ(root["a"].size(), 5U);
  EXPECT_EQ(root["b"]["c"], "\xc3\xa9");
}

TEST(Json, RefusesDuplicateKeysAtAnyDepthAndSaysWhere) {
  const Error error = expect_error(ErrorCode::format, [] { parse(R"({"a": 1, "b": 2, "a": 3})"); });
  EXPECT_EQ(error.detail().path, "file.json");
  EXPECT_EQ(error.detail().offset, 100U + 20U);  // just behind the second "a"
  expect_error(ErrorCode::format, [] { parse(R"({"x": {"a": 1, "\u0061": 3}})"); });
  parse(R"({"x": {"a": 1}, "y": {"a": 1}})");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string_view text :
       {"", "{", "{\"a\":1", "{\"a\":1}}", "{\"a\":1} x", "{'a':1}", "{\"a\":NaN}", "{\"a\":01}",
        "{\"a\":1,}", "[1,]", "\xEF\xBB\xBF{}", "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\xaf\"}",
        "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\x01\"}", "// x\n{}",
        "{\"a\":1e999}"})
    expect_error(ErrorCode::format, [&] { parse(text); });
  expect_error(ErrorCode::format, [] { parse(std::string_view("{\"a\":1}\0", 8)); });
}

TEST(Json, LimitsDepthKeysAndValues) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  parse(nested(32));
  expect_error(ErrorCode::format, [&] { parse(nested(33)); });
  expect_error(ErrorCode::format, [&] { parse(nested(1'000'000)); });
  expect_error(ErrorCode::format, [] { parse(R"({"a":1,"b":2,"c":3})", {.keys = 2}); });
  expect_error(ErrorCode::format, [] { parse("[1,2,3]", {.values = 3}); });
}

TEST(Json, LocatesAKeyOfTheOutermostObject) {
  const std::string text = R"({"x": {"b": 1}, "b": 2})";
  EXPECT_EQ(locate_key(text, "b", {"", 8, ""}), 8U + 19U);
}

TEST(Json, CountsAreNonNegative63BitIntegers) {
  EXPECT_EQ(as_count(parse("9223372036854775807")), 9223372036854775807U);
  EXPECT_FALSE(as_count(parse("9223372036854775808")));
  EXPECT_FALSE(as_count(parse("-1")));
  EXPECT_FALSE(as_count(parse("1.0")));
  EXPECT_FALSE(as_count(parse("true")));
  EXPECT_FALSE(as_count(parse("\"1\"")));
}

}  // namespace
}  // namespace halfbyte::checkpoint
