// halfbyte hadamard and bench hadamard as processes: numbers, files, errors.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/run_cli.h"
#include "golden/temporary_checkpoint.h"
#include "halfbyte/halfbyte.h"

namespace halfbyte::test {
namespace {

class HadamardVerb : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() / name; }

  Outcome transform(const std::vector<std::string>& options) const {
    std::vector<std::string> arguments = {"hadamard", "--x", path("x.npy"), "--y", path("y.npy")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_cli(arguments);
  }

  TemporaryFolder folder_;
};

TEST_F(HadamardVerb, TurnsRowsBlocksAndColumns) {
  const std::vector<float> x = small_values(4 * 12);
  write_file(path("x.npy"), npy("<f4", "(4, 12)", f32_bytes(x)));
  write_file(path("s.npy"), npy("<f4", "(12,)", f32_bytes(std::vector<float>(12, -1))));
  const auto expect = [&](std::int64_t axis, std::int64_t size, double factor) {
    const HostTensor y = read_npy(path("y.npy"));
    for (std::int64_t i = 0; i < 48; ++i) {
      const std::int64_t at = axis == 1 ? i % 12 : i / 12;
      double sum = 0;
      for (std::int64_t j = 0; j < size; ++j) {
        const std::int64_t other = at / size * size + j;
        const std::int64_t from = axis == 1 ? i / 12 * 12 + other : other * 12 + i % 12;
        sum += hadamard_sign(size, at % size, j) * x[static_cast<std::size_t>(from)];
      }
      EXPECT_EQ(load_element(y.bytes.data(), y.dtype, i), factor * sum) << i;
    }
  };
  EXPECT_EQ(transform({"--dtype", "f32", "--scale", "1"}).status, 0);
  expect(1, 12, 1);
  EXPECT_EQ(transform({"--dtype", "f32", "--scale", "2", "--block", "4"}).status, 0);
  expect(1, 4, 2);
  EXPECT_EQ(transform({"--dtype", "f32", "--axis", "0"}).status, 0);
  expect(0, 4, 0.5);
  EXPECT_EQ(transform({"--dtype", "f32", "--scale", "1", "--signs", path("s.npy")}).status, 0);
  expect(1, 12, -1);
}

TEST_F(HadamardVerb, WritesCodesAndScales) {
  write_file(path("x.npy"), npy("<f2", "(2, 64)", f16_bytes(small_values(2 * 64))));
  for (const auto& [kind, columns] :
       {std::pair{"e4m3", 64}, std::pair{"int8", 64}, std::pair{"int4", 32}}) {
    const Outcome done = transform(
        {"--quantize", kind, "--scales", path("s.npy"), "--scaling", "per-group", "--group", "32"});
    ASSERT_EQ(done.status, 0) << done.err;
    const HostTensor scales = read_npy(path("s.npy"));
    EXPECT_EQ(scales.shape, (std::vector<std::int64_t>{2, 2}));
    EXPECT_GT(load_element(scales.bytes.data(), DType::f32, 3), 0);
    const std::string y = read_file(path("y.npy"));
    EXPECT_NE(y.find(std::string(kind) == "int8" ? "|i1" : "|u1"), std::string::npos);
    EXPECT_NE(y.find("(2, " + std::to_string(columns) + ")"), std::string::npos);
  }
}

TEST_F(HadamardVerb, RefusesWithStatus2AndKeepsWhatWasThere) {
  write_file(path("x.npy"), npy("<f4", "(2, 33)", f32_bytes(small_values(66))));
  write_file(path("y.npy"), "before");
  for (const std::vector<std::string>& options : {std::vector<std::string>{},
                                                  {"--block", "5"},
                                                  {"--axis", "2"},
                                                  {"--scale", "1x"},
                                                  {"--block", "11", "--quantize", "int5"},
                                                  {"--quantize", "int8"},
                                                  {"--dtype", "f8"}}) {
    const Outcome refused = transform(options);
    EXPECT_EQ(refused.status, 2) << refused.err;
    EXPECT_NE(refused.err.find("E_"), std::string::npos);
    EXPECT_EQ(read_file(path("y.npy")), "before");
  }
  EXPECT_EQ(run_cli({"hadamard", "--x", path("x.npy"), "--y", path("x.npy")}).status, 2);
  EXPECT_EQ(run_cli({"hadamard", "--x", path("none.npy"), "--y", path("y.npy")}).status, 1);
}

TEST_F(HadamardVerb, BenchWritesRowsWithTheirCopy) {
  const Outcome done = run_cli({"bench", "hadamard", "--n", "64,96", "--elements", "6144", "--out",
                                "same,int8", "--cell-ms", "1", "--rotate-mib", "0", "-o", "json"});
  ASSERT_EQ(done.status, 0) << done.err;
  const auto rows = nlohmann::json::parse(done.out);
  ASSERT_EQ(rows.size(), 6U);  // in place only with y of x's type
  for (const auto& row : rows) {
    EXPECT_EQ(row["op"], "hadamard");
    EXPECT_TRUE(row["ok"]);
    EXPECT_GT(row["copy_gbps"], 0);
    EXPECT_GT(row["frac_copy"], 0);
  }
  EXPECT_EQ(run_cli({"bench", "hadamard", "--n", "33"}).status, 2);
}

TEST_F(HadamardVerb, BenchRotatesHeads) {
  const Outcome done =
      run_cli({"bench", "hadamard", "--n", "64,96", "--elements", "6144", "--rotary", "4", "--out",
               "same,e4m3", "--cell-ms", "1", "--rotate-mib", "0", "-o", "json"});
  ASSERT_EQ(done.status, 0) << done.err;
  for (const auto& row : nlohmann::json::parse(done.out)) {
    EXPECT_EQ(row["op"], "rotary_hadamard");
    EXPECT_EQ(row["heads"], 4);
    EXPECT_NE(row["kernel"].get<std::string>().find("rotary"), std::string::npos);
    EXPECT_TRUE(row["ok"]);
  }
  // Fewer than a head a token.
  EXPECT_EQ(run_cli({"bench", "hadamard", "--rotary", "-1"}).status, 2);
}

}  // namespace
}  // namespace halfbyte::test
