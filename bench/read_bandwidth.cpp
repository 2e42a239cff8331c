#include "bench/read_bandwidth.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "bench/cpu_features.h"
#include "cpu/threads.h"

namespace halfbyte::bench {
namespace {

constexpr std::size_t streams = 4;
constexpr int bursts = 8;
constexpr std::size_t burst_bytes = std::size_t{16} << 20;  // half a millisecond at 33 GB/s
constexpr std::size_t huge_page = std::size_t{2} << 20;

using Half = std::uint64_t __attribute__((vector_size(32), may_alias));  // half a cache line

// Reads `streams` runs of `bytes` each, one after the other in memory, 64 bytes in turn. Sums keep
// the loads alive; there is one per load so that no addition waits for another.
[[gnu::always_inline]] inline std::uint64_t read_streams_inline(const std::byte* data,
                                                                std::size_t bytes) {
  Half sums[streams][2] = {};
  const Half* lines[streams];
  for (std::size_t s = 0; s < streams; ++s) {
    lines[s] = reinterpret_cast<const Half*>(data + s * bytes);
  }
  for (std::size_t i = 0; i < bytes / 32; i += 2) {
    for (std::size_t s = 0; s < streams; ++s) {
      sums[s][0] += lines[s][i];
      sums[s][1] += lines[s][i + 1];
    }
  }
  Half total = {};
  for (const auto& sum : sums) total += sum[0] + sum[1];
  return total[0] + total[1] + total[2] + total[3];
}

std::uint64_t read_streams_plain(const std::byte* data, std::size_t bytes) {
  return read_streams_inline(data, bytes);
}

HALFBYTE_BENCH_AVX2 std::uint64_t read_streams_avx2(const std::byte* data, std::size_t bytes) {
  return read_streams_inline(data, bytes);
}

}  // namespace

void ReadBandwidth::Free::operator()(std::byte* p) const { std::free(p); }

ReadBandwidth::ReadBandwidth(std::size_t bytes)
    : bytes_((bytes + 2 * huge_page - 1) / (2 * huge_page) * (2 * huge_page)) {
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(huge_page, bytes_)));
  if (!data_) throw std::bad_alloc();
  // 4 KiB pages cost 5 to 10 % of the bandwidth in look-ups; weights packed into large blocks get
  // huge pages too. A kernel that refuses the advice only makes the yardstick shorter.
  (void)madvise(data_.get(), bytes_, MADV_HUGEPAGE);
  // Every page must exist: untouched memory is one shared page of zeros.
  cpu::parallel_for(static_cast<std::int64_t>(bytes_ / huge_page), [&](std::int64_t page) {
    std::memset(data_.get() + static_cast<std::size_t>(page) * huge_page,
                static_cast<int>(page % 255) + 1, huge_page);
  });
}

void ReadBandwidth::pass(Samples& gbps) {
  const auto read_streams = has_avx2() ? read_streams_avx2 : read_streams_plain;
  const int threads = num_threads();
  const std::size_t burst = std::min(burst_bytes, bytes_);
  const std::size_t run = burst / static_cast<std::size_t>(threads) / streams / 64 * 64;
  for (int b = 0; b < bursts; ++b) {
    if (next_ + burst > bytes_) next_ = 0;
    const std::byte* base = data_.get() + next_;
    next_ += burst;
    std::atomic<std::uint64_t> sum = 0;
    const auto read_all = [&] {
      cpu::parallel_for(threads, [&](std::int64_t t) {
        sum += read_streams(base + static_cast<std::size_t>(t) * streams * run, run);
      });
    };
    gbps.measure(read_all, [&](double us) {
      // Zero never in practice, but unknown to the compiler: the bytes must be read.
      return sum == 0 ? 0
                      : static_cast<double>(run * streams * static_cast<std::size_t>(threads)) /
                            us / 1000;
    });
  }
}

}  // namespace halfbyte::bench
