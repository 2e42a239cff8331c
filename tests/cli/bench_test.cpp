// halfbyte bench and compare: the rows that scripts stand on.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/run_cli.h"
#include "golden/temporary_checkpoint.h"

namespace halfbyte::test {
namespace {

using Json = nlohmann::json;

// Small enough for a test: no time is spent on repetitions, 1 MiB of copies.
std::vector<std::string> quick(const std::vector<std::string>& more) {
  std::vector<std::string> all = {"bench", "--cell-ms", "0", "--rotate-mib", "1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

class Bench : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() / name; }
  TemporaryFolder folder_;
};

TEST_F(Bench, RowsAreTheContract) {
  const Outcome got =
      run_cli(quick({"--m", "1,3", "--n", "48", "--k", "200", "--group", "64", "--dtype",
                     "f16,bf16", "--schedule", "data-parallel,split-k,stream-k", "--split",
                     "2,1000", "--device", "cpu", "--json", path("rows.json")}));
  ASSERT_EQ(got.status, 0) << got.err;
  const Json rows = Json::parse(read_file(path("rows.json")));
  ASSERT_EQ(rows.size(), 2u * 2u * 4u);
  for (const Json& row : rows) {
    for (const char* key :
         {"op", "device", "device_name", "backend", "kernel", "schedule", "dtype", "commit"}) {
      EXPECT_TRUE(row.at(key).is_string()) << key;
    }
    for (const char* key :
         {"split", "m", "n", "k", "group", "us_median", "us_p10", "us_p90", "bytes", "gbps",
          "read_gbps", "frac_read_bw", "rotated_bytes", "rel_l2_err", "max_err_over_bound"}) {
      EXPECT_TRUE(row.at(key).is_number()) << key;
    }
    const double m = row["m"], k = 200, n = 48;
    EXPECT_EQ(row["bytes"].get<double>(), k * n / 2 + 4 * n * 2 + (m * k + m * n) * 2);
    EXPECT_NEAR(row["gbps"].get<double>(),
                row["bytes"].get<double>() / row["us_median"].get<double>() / 1000,
                2e-3 * row["gbps"].get<double>());
    EXPECT_NEAR(row["frac_read_bw"].get<double>(),
                row["gbps"].get<double>() / row["read_gbps"].get<double>(),
                2e-3 * row["frac_read_bw"].get<double>());
    EXPECT_LE(row["us_p10"], row["us_median"]);
    EXPECT_LE(row["us_median"], row["us_p90"]);
    EXPECT_GE(row["rotated_bytes"].get<double>(), 1 << 20);
    EXPECT_LE(row["max_err_over_bound"].get<double>(), 1);
    EXPECT_TRUE(row["ok"].get<bool>());
    EXPECT_EQ(row["device"], "cpu");
    EXPECT_EQ(row["group"], 64);
    const std::vector<int> splits = row["schedule"] == "data-parallel" ? std::vector{1}
                                    : row["schedule"] == "stream-k"    ? std::vector{0}
                                                                       : std::vector{2, 1000};
    EXPECT_NE(std::find(splits.begin(), splits.end(), row["split"].get<int>()), splits.end());
  }
}

TEST_F(Bench, ChecksEveryLayerOfACheckpoint) {
  const Outcome got = run_cli(quick(
      {"--checkpoint", golden("gptq_v2_sharded"), "--m", "2", "--schedule", "auto", "-o", "json"}));
  ASSERT_EQ(got.status, 0) << got.err;
  const Json rows = Json::parse(got.out);
  ASSERT_EQ(rows.size(), 2u);
  std::vector<std::string> layers = {rows[0]["layer"], rows[1]["layer"]};
  EXPECT_EQ(layers, (std::vector<std::string>{"model.layers.0.self_attn.q_proj",
                                              "model.layers.1.mlp.up_proj"}));
}

TEST_F(Bench, PageStandsAlone) {
  const Outcome got =
      run_cli(quick({"--m", "1,2", "--n", "64,128", "--k", "64,128", "--html", path("page.html")}));
  ASSERT_EQ(got.status, 0) << got.err;
  EXPECT_NE(got.out.find("| weights"), std::string::npos);
  const std::string page = read_file(path("page.html"));
  EXPECT_NE(page.find("<svg"), std::string::npos);
  for (const char* foreign : {"<script", "http:", "https:", "src=", "href=", "@import", "url("}) {
    EXPECT_EQ(page.find(foreign), std::string::npos) << foreign;
  }
  std::size_t open = 0, closed = 0;
  for (std::size_t at = page.find("<svg"); at != std::string::npos; at = page.find("<svg", at + 1))
    ++open;
  for (std::size_t at = page.find("</svg>"); at != std::string::npos;
       at = page.find("</svg>", at + 1))
    ++closed;
  EXPECT_EQ(open, closed);
  EXPECT_EQ(page.find("nan"), std::string::npos);
}

TEST_F(Bench, SplitKComparesTilesAndSchedules) {
  const Outcome got =
      run_cli({"bench", "splitk", "--sizes", "128,256", "--m", "1,2", "--split", "1,2,4",
               "--kernel", "cpu/scalar/panel", "--cell-ms", "0", "--rotate-mib", "1", "--json",
               path("rows.json"), "--html", path("page.html")});
  ASSERT_EQ(got.status, 0) << got.err;
  for (const char* says : {"split-k 4", "stream-k", "each at its best tile", "+124 %"}) {
    EXPECT_NE(got.out.find(says), std::string::npos) << says << " in: " << got.out;
  }
  const Json rows = Json::parse(read_file(path("rows.json")));
  // sizes x m x tiles x (data-parallel, two splits, stream-k)
  ASSERT_EQ(rows.size(), 2u * 2u * 2u * 4u);
  for (const Json& row : rows) {
    EXPECT_EQ(row["kernel"], "cpu/scalar/panel");
    EXPECT_GT(row["tile_n"].get<int>(), 0);
    EXPECT_GT(row["workers"].get<int>(), 0);
    EXPECT_GT(row["waves"].get<double>(), 0);
    EXPECT_TRUE(row["ok"].get<bool>());
  }
  const std::string page = read_file(path("page.html"));
  EXPECT_NE(page.find("<svg"), std::string::npos);
  for (const char* foreign : {"<script", "http:", "https:", "src=", "href=", "nan"}) {
    EXPECT_EQ(page.find(foreign), std::string::npos) << foreign;
  }
  EXPECT_EQ(run_cli({"bench", "splitk", "--sizes", "0"}).status, 2);
  EXPECT_EQ(run_cli({"bench", "splitk", "--kernel", "none"}).status, 2);
}

TEST_F(Bench, Refuses) {
  struct Case {
    std::vector<std::string> options;
    int status;
    std::string says;
  };
  const std::vector<std::string> shape = {"--n", "64", "--k", "64"};
  const std::vector<Case> cases = {
      {{}, 2, "E_ARG"},
      {{"--n", "64"}, 2, "--k"},
      {{"--n", "64,64", "--k", "64,64,64"}, 2, "E_ARG"},
      {{"--n", "0", "--k", "64"}, 2, "E_RANGE"},
      {{"--n", "64,", "--k", "64"}, 2, "E_ARG"},
      {{"--n", "64", "--k", "64", "--m", "1,,2"}, 2, "E_ARG"},
      {{"--n", "64", "--k", "64", "--m", "0"}, 2, "E_RANGE"},
      {{"--n", "64", "--k", "64", "--m", "x"}, 2, "E_RANGE"},
      {{"--n", "64", "--k", "64", "--group", "12"}, 2, "E_RANGE"},
      {{"--n", "64", "--k", "64", "--group", "0"}, 2, "E_RANGE"},
      {{"--n", "64", "--k", "64", "--dtype", "f16,int8"}, 2, "E_ARG"},
      {{"--n", "64", "--k", "64", "--schedule", "fast"}, 2, "E_ARG"},
      {{"--n", "64", "--k", "64", "--split", "0"}, 2, "E_RANGE"},
      {{"--n", "64", "--k", "64", "--split", "2", "--schedule", "stream-k"}, 2, "E_ARG"},
      {{"--n", "64", "--k", "64", "--schedule", "split-k-cluster"}, 1, "E_UNSUPPORTED"},
      {{"--n", "64", "--k", "64", "--device", "tpu"}, 2, "E_ARG"},
      {{"--n", "64", "--k", "64", "-o", "xml"}, 2, "E_ARG"},
      {{"--model", "llama9"}, 2, "llama3-8b"},
      {{"--checkpoint", path("missing")}, 1, "E_IO"},
      {{"--n", "64", "--k", "64", "--json", folder_.path()}, 1, "E_PATH"},
  };
  for (const Case& c : cases) {
    std::vector<std::string> options = c.options;
    if (options.empty() || options.back() != folder_.path()) {
      options.insert(options.end(), {"--json", path("rows.json")});
    }
    write_file(path("rows.json"), "before");
    const Outcome got = run_cli(quick(options));
    EXPECT_EQ(got.status, c.status) << got.err;
    EXPECT_NE(got.err.find(c.says), std::string::npos) << c.says << " in: " << got.err;
    EXPECT_EQ(got.out, "");
    EXPECT_EQ(read_file(path("rows.json")), "before");
  }
}

// One row with these times.
std::string row(double p10, double median, double p90, const std::string& layer = "a") {
  Json object = {{"op", "linear"},
                 {"layer", layer},
                 {"layers", 1},
                 {"device", "cpu"},
                 {"device_name", "x"},
                 {"backend", "cpu"},
                 {"kernel", "k"},
                 {"requested", "auto"},
                 {"schedule", "stream-k"},
                 {"split", 0},
                 {"m", 1},
                 {"n", 64},
                 {"k", 64},
                 {"group", 32},
                 {"bits", 4},
                 {"dtype", "f16"},
                 {"threads", 1},
                 {"us_median", median},
                 {"us_p10", p10},
                 {"us_p90", p90},
                 {"samples", 8},
                 {"bytes", 1},
                 {"gbps", 1},
                 {"read_gbps", 1},
                 {"frac_read_bw", 1},
                 {"fma_gmacs", 1},
                 {"bound_us", 1},
                 {"us_over_bound", 1},
                 {"rotated_bytes", 1},
                 {"rel_l2_err", 0},
                 {"max_err_over_bound", 0},
                 {"ok", true},
                 {"commit", "c"}};
  return object.dump();
}

TEST_F(Bench, CompareOnlyCallsWhatIntervalsTellApart) {
  struct Case {
    double p10, median, p90;
    std::string verdict;
  };
  write_file(path("a.json"), "[" + row(10, 11, 12) + "]");
  for (const Case& c : {Case{7, 8, 9, "FAST"}, Case{13, 14, 15, "SLOW"}, Case{10, 11.5, 12, "SAME"},
                        Case{5, 6, 11, "AMBG"}, Case{11.9, 13, 15, "AMBG"},
                        Case{9, 9.5, 10, "AMBG"}, Case{10, 11, 12, "SAME"}}) {
    write_file(path("b.json"), "[" + row(c.p10, c.median, c.p90) + "]");
    const Outcome got = run_cli({"compare", path("a.json"), path("b.json")});
    ASSERT_EQ(got.status, 0) << got.err;
    EXPECT_NE(got.out.find("\n" + c.verdict + "\t"), std::string::npos) << got.out;
  }
  write_file(path("b.json"), "[" + row(1, 1, 1, "other\\u001b[2J") + "]");
  EXPECT_NE(run_cli({"compare", path("a.json"), path("b.json")}).err.find("only in A 1"),
            std::string::npos);
}

TEST_F(Bench, CompareRefusesOtherFiles) {
  write_file(path("a.json"), "[" + row(10, 11, 12) + "]");
  const auto refuse = [&](const std::string& text, const std::string& says) {
    write_file(path("b.json"), text);
    const Outcome got = run_cli({"compare", path("a.json"), path("b.json")});
    EXPECT_EQ(got.status, 1) << got.err;
    EXPECT_NE(got.err.find(says), std::string::npos) << got.err;
    EXPECT_EQ(got.out, "");
  };
  refuse("", "E_");
  refuse("[", "E_FORMAT");
  refuse("{}", "E_FORMAT");
  refuse("[1]", "E_FORMAT");
  refuse("[{\"op\": \"linear\"}]", "E_FORMAT");
  EXPECT_EQ(run_cli({"compare", path("a.json"), path("missing")}).status, 1);
  EXPECT_EQ(run_cli({"compare", path("a.json"), folder_.path()}).status, 1);
  EXPECT_EQ(run_cli({"compare", path("a.json")}).status, 2);
}

}  // namespace
}  // namespace halfbyte::test
