// The CUDA Hadamard kernels, their launches and their table on the host, thread by thread.
#include <gtest/gtest.h>

#include <cstdio>

#include "copies.h"
#include "core/fragment/mma_m16n8k16.h"
#include "core/hadamard/panel.h"
#include "core/hadamard/signs.h"
#include "cuda/backend.h"
#include "cuda/error.h"
#include "cuda/hadamard/tile_signs.h"
#include "ops/hadamard_check.h"
#include "tests/support/hadamard_cases.h"

namespace halfbyte::cuda {
void check(cudaError_t, std::string_view, std::string_view) {}
}  // namespace halfbyte::cuda

namespace halfbyte::test {
namespace {

// Few multiprocessors: blocks take several rounds with little data.
DeviceInfo machine_of(int multiprocessors, int compute_capability) {
  DeviceInfo info;
  info.device = {DeviceType::cuda, 0};
  info.workers = multiprocessors;
  info.read_gbps = 4800;
  info.compute_capability = compute_capability;
  info.shared_memory_per_block = 227 << 10;
  info.shared_memory_per_sm = 228 << 10;
  return info;
}

struct Emulation : HadamardMachine {
  explicit Emulation(int multiprocessors, int compute_capability = 90)
      : device(machine_of(multiprocessors, compute_capability)) {
    for (const HadamardKernel& k : cuda::hadamard_kernels()) kernels.emplace_back(k.name);
  }
  bool run(const std::string& kernel, TensorView x, TensorView y, HadamardOptions options,
           std::vector<std::byte>& x_bytes, std::vector<std::byte>&) override {
    simt::forget_buffers();
    simt::allow_copies_from(x_bytes.data(), x_bytes.size());
    const HadamardProblem problem = check_hadamard("hadamard", x, y, options);
    for (const HadamardKernel& k : cuda::hadamard_kernels()) {
      if (k.name != kernel) continue;
      if (!k.unavailable(device).empty() || !k.reject(problem, device).empty()) return false;
      EXPECT_GT(k.predict(problem, device), 0);
      // As large as it says, and its end is looked at.
      const std::size_t bytes = k.workspace(problem, device);
      std::vector<std::byte> workspace(bytes + 64, std::byte{0xFF});
      k.run(problem, device, workspace.data());
      for (std::size_t i = bytes; i < workspace.size(); ++i) {
        EXPECT_EQ(workspace[i], std::byte{0xFF}) << "wrote behind the workspace";
      }
      return true;
    }
    return false;
  }
  DeviceInfo device;
};

void run_all(const std::vector<HadamardCase>& cases, int multiprocessors) {
  Emulation machine(multiprocessors);
  HadamardTally tally;
  for (const HadamardCase& c : cases) {
    HadamardCheck(c).run(machine, tally);
    if (testing::Test::HasFailure()) break;
  }
  for (const auto& [kernel, count] : tally.cases) std::printf("  %s %d\n", kernel.c_str(), count);
  std::printf("largest error / bound %.3f\n", tally.worst);
}

// Short rows take several rounds of every block on one multiprocessor, and other configurations
// where there are many.
TEST(EmulatedHadamard, PowersOfTwo) { run_all(power_of_two_cases(4096), 1); }
TEST(EmulatedHadamard, PowersOfTwoOnManyMultiprocessors) { run_all(power_of_two_cases(512), 132); }

TEST(EmulatedHadamard, LongRows) {
  std::vector<HadamardCase> cases;
  for (const std::int64_t n : {8192, 16384, 32768, 65536}) {
    cases.push_back({.rows = 2, .n = n});
    cases.push_back(
        {.x = DType::bf16, .y = DType::bf16, .rows = 2, .n = n, .in_place = true, .fast = true});
    cases.push_back({.rows = 1, .n = n, .values = Values::nonfinite, .seed = 3});
    cases.push_back({.x = DType::bf16,
                     .y = DType::e4m3,
                     .rows = 1,
                     .n = n,
                     .before = true,
                     .after = true,
                     .scaling = HadamardScaling::per_row,
                     .amax = true});
  }
  run_all(cases, 1);
  run_all(cases, 132);
}

TEST(EmulatedHadamard, Layouts) { run_all(layout_cases(), 1); }
TEST(EmulatedHadamard, Orders) { run_all(order_cases({12, 40, 344, 768, 3328, 5120}), 2); }
// Blocks with several pieces of short ones, and a last block with fewer.
TEST(EmulatedHadamard, OrdersOfManyRows) {
  std::vector<HadamardCase> cases;
  for (const std::int64_t n : {768, 1280, 2816, 5120}) {
    cases.push_back({.rows = 35, .n = n});
    cases.push_back({.x = DType::bf16, .y = DType::bf16, .rows = 35, .n = n, .in_place = true});
    cases.push_back({.rows = 21, .n = n, .before = true, .after = true, .fast = true});
    cases.push_back({.y = DType::e4m3, .rows = 35, .n = n, .scaling = HadamardScaling::per_row});
  }
  run_all(cases, 1);
}
TEST(EmulatedHadamard, LargestOrders) {
  std::vector<HadamardCase> cases;
  for (const std::int64_t n : {7168, 9472, 11008, 14336, 24576, 28672, 49152, 53248, 57344}) {
    cases.push_back({.rows = 1, .n = n});
    cases.push_back(
        {.x = DType::bf16, .y = DType::bf16, .rows = 1, .n = n, .transpose = true, .fast = true});
    cases.push_back({.y = DType::i8, .rows = 1, .n = n, .scaling = HadamardScaling::per_row});
  }
  run_all(cases, 2);
}
// On few multiprocessors and on many: blocks share pieces where there are few.
TEST(EmulatedHadamard, OrderLayouts) {
  run_all(order_layout_cases({768, 3072, 12288}), 1);
  run_all(order_layout_cases({2816}), 132);
}
TEST(EmulatedHadamard, Codes) { run_all(code_cases({8, 128, 512, 2048}), 1); }
TEST(EmulatedHadamard, CodesOfLongRows) { run_all(code_cases({4096}), 1); }

// Packed signs, unpacked as the kernels do, are the entries of the matrix.
TEST(EmulatedHadamard, SignsOfTilesAreThoseOfTheMatrix) {
  namespace f = core::mma_m16n8k16;
  namespace map = core::hadamard;
  for (const auto& [q, e] : {std::pair{12, 3}, {20, 2}, {28, 1}, {52, 2}, {172, 0}, {1, 8}}) {
    for (const bool transpose : {false, true}) {
      const int rows = q << e, tiles = map::order_tiles(rows), words = map::panel_row_words(tiles);
      std::vector<std::uint32_t> packed(static_cast<std::size_t>(32 * tiles * words));
      cuda::hadamard::make_tile_signs({q, e, transpose}, words, packed.data());
      for (int i = 0; i < 256 * tiles * tiles; ++i) {
        const int tile = i / 256, lane = i / 8 % 32, reg = i / 2 % 4, half = i % 2;
        const map::SignBits at = map::sign_bits(words, tile / tiles, tile % tiles, reg);
        const std::uint32_t word = packed[static_cast<std::size_t>(32 * at.word + lane)];
        const f::Coord in_tile = f::a_coord(lane, reg, half);
        int row = tile / tiles * 16 + in_tile.row, column = tile % tiles * 16 + in_tile.column;
        if (row >= rows || column >= rows) continue;
        if (transpose) std::swap(row, column);
        const int wanted = core::hadamard_entry({q, e}, row, column);
        ASSERT_EQ((word << at.shift >> (15 + 16 * half) & 1U) != 0, wanted < 0)
            << q << " 2^" << e << " row " << row << " column " << column;
      }
    }
  }
}

TEST(EmulatedHadamard, ARowIsTheSameBitsAloneAndAmongOthers) {
  for (const std::int64_t n : {8, 128, 512, 1024, 3072, 4096, 8192}) {
    for (const bool fast : {false, true}) {
      for (const int multiprocessors : {1, 4}) {
        Emulation machine(multiprocessors);
        HadamardTally tally;
        const auto rows_of = [&](std::int64_t rows) {
          HadamardCase c{.rows = rows, .n = n, .fast = fast, .seed = 11};
          return HadamardCheck(c).run(machine, tally);
        };
        const HadamardOutputs all = rows_of(n > 1024 ? 6 : 17);
        for (const std::int64_t rows : tail_rows()) {
          if (n > 1024 && rows > 5) break;
          const auto bytes = static_cast<std::size_t>(rows * n) * 2;
          for (const auto& [kernel, y] : rows_of(rows)) {
            ASSERT_EQ(std::memcmp(y.data(), all.at(kernel).data(), bytes), 0)
                << kernel << " n " << n << " rows " << rows << " fast " << fast;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace halfbyte::test
