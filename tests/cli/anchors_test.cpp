// Our rows against what others reached: which row stands for a cell, and what is a tie.
#include "bench/anchors.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "golden/temporary_checkpoint.h"
#include "halfbyte/error.h"
#include "run_cli.h"

namespace halfbyte::bench {
namespace {

BenchRow row(double us, const std::string& requested = "auto", double noise = 0) {
  BenchRow r;
  r.requested = requested;
  r.dtype = "f16";
  r.m = 1;
  r.n = r.k = 4096;
  r.group = 128;
  r.us_median = us;
  r.us_p10 = us * (1 - noise);
  r.us_p90 = us * (1 + noise);
  r.ok = true;
  return r;
}

Anchors one_cell(std::int64_t m = 1) {
  return {"G", {{.k = 4096, .n = 4096, .m = m, .group = 128, .best_us = 10, .best_peer = "p"}}};
}

Standing standing(const BenchRow& r, std::int64_t m = 1) {
  const Anchors anchors = one_cell(m);
  std::vector<BenchRow> rows{r};
  rows[0].m = m;
  const auto all = compare_with(anchors, rows);
  EXPECT_EQ(all.size(), 1u);
  return all.empty() ? Standing::tie : all[0].standing;
}

TEST(AnchorComparison, WithinTheSpreadIsATie) {
  EXPECT_EQ(standing(row(9.89)), Standing::faster);
  EXPECT_EQ(standing(row(9.91)), Standing::tie);
  EXPECT_EQ(standing(row(10.09)), Standing::tie);
  EXPECT_EQ(standing(row(10.11)), Standing::slower);
  EXPECT_EQ(standing(row(9.75), 256), Standing::tie);  // 3 % above m = 128
  EXPECT_EQ(standing(row(9.65), 256), Standing::faster);
  EXPECT_EQ(standing(row(9.6, "auto", 0.05)), Standing::tie);  // our own noise
}

TEST(AnchorComparison, ThePlannersRowStandsForACellElseTheFastest) {
  const Anchors anchors = one_cell();
  const std::vector<BenchRow> planned = {row(5, "split-k"), row(8), row(6, "stream-k")};
  EXPECT_EQ(compare_with(anchors, planned)[0].row, &planned[1]);
  const std::vector<BenchRow> others = {row(7, "split-k"), row(6, "stream-k")};
  EXPECT_EQ(compare_with(anchors, others)[0].row, &others[1]);
}

TEST(AnchorComparison, OnlyRowsOfTheSameCallThatAreRight) {
  const Anchors anchors = one_cell();
  std::vector<BenchRow> rows(6, row(1));
  rows[0].ok = false;
  rows[1].dtype = "bf16";
  rows[2].group = 64;
  rows[3].m = 2;
  rows[4].n = 1;
  rows[5].bits = 8;
  EXPECT_TRUE(compare_with(anchors, rows).empty());
}

TEST(AnchorFile, TheCommittedOneIsRead) {
  const auto anchors =
      read_anchors(HALFBYTE_SOURCE_DIR "/bench/anchors/h200-w4a16.json", "compare");
  ASSERT_TRUE(anchors.has_value());
  EXPECT_EQ(anchors->device, "NVIDIA H200");
  EXPECT_EQ(anchors->cells.size(), 126u);
  const auto rows =
      read_rows(HALFBYTE_SOURCE_DIR "/bench/results/h200/splitk-first.json", "compare");
  EXPECT_EQ(compare_with(*anchors, rows).size(), 12u);  // 4 sizes, 3 m
}

TEST(AnchorFile, OthersAreRefusedOrLeftToTheReaderOfRows) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "a.json";
  test::write_file(path, "[]");
  EXPECT_FALSE(read_anchors(path, "compare").has_value());
  for (const char* text : {"{\"cells\": [{}], \"device\": \"G\"}", "{\"cells\": []}", "{"}) {
    test::write_file(path, text);
    try {
      (void)read_anchors(path, "compare");
      ADD_FAILURE() << "accepted " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::format) << error.what();
    }
  }
}

TEST(AnchorCompare, PrintsALineForEachCell) {
  const auto got = test::run_cli({"compare", HALFBYTE_SOURCE_DIR "/bench/anchors/h200-w4a16.json",
                                  HALFBYTE_SOURCE_DIR "/bench/results/h200/splitk-first.json"});
  ASSERT_EQ(got.status, 0) << got.err;
  EXPECT_EQ(std::count(got.out.begin(), got.out.end(), '\n'), 13);
  EXPECT_NE(got.err.find("geometric mean"), std::string::npos) << got.err;
  EXPECT_NE(got.err.find("cells without a row 114"), std::string::npos) << got.err;
}

}  // namespace
}  // namespace halfbyte::bench
