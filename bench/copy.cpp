#include "bench/copy.h"

#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "bench/cpu_features.h"
#include "cpu/threads.h"
#include "halfbyte/error.h"
#ifdef HALFBYTE_WITH_CUDA
#include "bench/cuda/copy.h"
#endif

namespace halfbyte::bench {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{64} << 10;

void copy_plain(std::byte* to, const std::byte* from, std::size_t bytes) {
  std::memcpy(to, from, bytes);
}

HALFBYTE_BENCH_AVX2 void copy_past_caches(std::byte* to, const std::byte* from, std::size_t bytes) {
  std::size_t i = 0;
  for (; i + 128 <= bytes; i += 128) {
    for (std::size_t k = 0; k < 128; k += 32) {
      const auto* line = reinterpret_cast<const __m256i*>(from + i + k);
      _mm256_stream_si256(reinterpret_cast<__m256i*>(to + i + k), _mm256_load_si256(line));
    }
  }
  std::memcpy(to + i, from + i, bytes - i);
  _mm_sfence();
}

// What is read and not written: one sum a chunk.
std::uint64_t read_only(const std::byte* from, std::size_t bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + i, 8);
    sum += word;
  }
  return sum;
}

void copy_on_cpu(const std::byte* from, std::size_t read, std::byte* to, std::size_t written) {
  const auto copy = has_avx2() ? copy_past_caches : copy_plain;
  const std::size_t chunks = (read + chunk_bytes - 1) / chunk_bytes;
  // Chunk i of `written` goes with chunk i of `read`, so that both are spread alike.
  const std::size_t out_chunk = (written + chunks - 1) / std::max<std::size_t>(chunks, 1);
  const std::size_t out_step = (out_chunk + 63) / 64 * 64;
  // The library's own threads: others would wait on the processors that it runs on.
  std::atomic<std::uint64_t> sum = 0;
  cpu::parallel_for(static_cast<std::int64_t>(chunks), [&](std::int64_t chunk) {
    const auto c = static_cast<std::size_t>(chunk);
    const std::size_t at = c * chunk_bytes;
    const std::size_t in = std::min(chunk_bytes, read - at);
    const std::size_t out_at = std::min(written, c * out_step);
    const std::size_t out = std::min({out_step, written - out_at, in});
    copy(to + out_at, from + at, out);
    if (in > out) sum.fetch_add(read_only(from + at + out, in - out), std::memory_order_relaxed);
  });
}

}  // namespace

int copy_ways(Device device) {
#ifdef HALFBYTE_WITH_CUDA
  if (device.type == DeviceType::cuda) return static_cast<int>(std::size(copy_grids));
#endif
  (void)device;
  return 1;
}

void copy_bytes(Device device, int way, const void* from, std::size_t read, void* to,
                std::size_t written, void* stream) {
  if (device.type == DeviceType::cpu) {
    return copy_on_cpu(static_cast<const std::byte*>(from), read, static_cast<std::byte*>(to),
                       written);
  }
#ifdef HALFBYTE_WITH_CUDA
  const auto vectors = static_cast<std::int64_t>(read / 16);
  start_copy(copy_grids[way], from, to, vectors, static_cast<int>(16 * written / read), stream);
#else
  (void)way, (void)stream;
  throw Error(ErrorCode::unsupported, {.function = "copy_bytes",
                                       .argument = "device",
                                       .got = "cuda",
                                       .wanted = "cpu: this build has no CUDA backend"});
#endif
}

}  // namespace halfbyte::bench
