// The committed 4-bit checkpoints are what the library makes of the 16-bit one today.
#include "halfbyte/quantize.h"

#include "cli/run_cli.h"
#include "golden/temporary_checkpoint.h"
#include "tiny_llama.h"

namespace llama::test {
namespace {

using halfbyte::test::read_file;

void expect_same_files(const std::string& name,
                       const halfbyte::QuantizeCheckpointOptions& options) {
  const halfbyte::test::TemporaryFolder folder;
  halfbyte::quantize_checkpoint(tiny_llama("f16"), folder.path() / name, options);
  for (const char* file : {"config.json", "model.safetensors"}) {
    const std::string made = read_file(folder.path() / name / file);
    EXPECT_FALSE(made.empty());
    EXPECT_TRUE(made == read_file(tiny_llama(name) / file)) << name << "/" << file;
  }
}

TEST(TinyLlama, IsQuantisedByTheLibrary) {
  halfbyte::QuantizeCheckpointOptions options;  // as in quantize.sh
  expect_same_files("gptq-sym-g128", options);
  options.importance = tiny_llama("importance.safetensors");
  expect_same_files("gptq-actorder-g128", options);
  options.importance.clear();
  options.group_size = 64;
  options.symmetric = false;
  expect_same_files("gptq-asym-g64", options);
}

}  // namespace
}  // namespace llama::test
