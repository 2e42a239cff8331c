// The corpus of the fuzz targets, replayed: also every prefix of each file, and each file with any
// one bit turned.
#include "checkpoint/support.h"
#include "fuzz/targets.h"

namespace halfbyte::fuzz {
namespace {

class Corpus : public testing::TestWithParam<Target> {};

TEST_P(Corpus, EveryFileItsPrefixesAndItsNeighboursEndWell) {
  const auto folder =
      std::filesystem::path(HALFBYTE_SOURCE_DIR) / "tests" / "fuzz" / "corpus" / GetParam().name;
  const auto run = [&](const std::string& bytes) {
    GetParam().run(std::as_bytes(std::span(bytes)));
  };
  std::size_t runs = 0;
  const std::vector<std::string> names = test::names_in(folder);
  EXPECT_GE(names.size(), 10U);
  for (const std::string& name : names) {
    const std::string whole = test::read_bytes(folder / name);
    SCOPED_TRACE(name);
    run(whole);
    for (std::size_t size = 0; size < whole.size(); ++size) run(whole.substr(0, size));
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::string turned = whole;
      turned[bit / 8] = static_cast<char>(turned[bit / 8] ^ 1 << bit % 8);
      run(turned);
    }
    runs += 1 + 9 * whole.size();
  }
  RecordProperty("runs", static_cast<int>(runs));
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, testing::ValuesIn(targets),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace halfbyte::fuzz
