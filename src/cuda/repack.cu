// Canonical codes to slab16 on the GPU and back: a thread a word, a thread a run of 8 codes. Run
// once a layer; 16384^2 codes of 4 bits are 134 MB in and out.
#include <cuda_runtime.h>

#include "core/layout/slab16_pack.h"
#include "cuda/device_guard.h"
#include "cuda/slab16.h"

namespace halfbyte::cuda {
namespace {

namespace layout = core::slab16;
constexpr int threads = 256;

__global__ void pack_kernel(layout::Columns from, const std::int32_t* source, std::int64_t words,
                            std::int64_t k_blocks, int code_bits, std::uint32_t* packed) {
  const std::int64_t word = static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x;
  if (word < words) packed[word] = layout::pack_word(from, source, word, k_blocks, code_bits);
}

__global__ void unpack_kernel(const std::uint8_t* packed, const std::int32_t* position,
                              std::int64_t runs, std::int64_t k_blocks, int code_bits,
                              layout::Columns to, std::uint8_t* codes) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x;
  if (i >= runs * to.n) return;
  layout::unpack_run(packed, position, i % runs, i / runs, k_blocks, code_bits, to, codes);
}

DeviceMemory upload(const void* data, std::size_t bytes, Device device) {
  DeviceMemory memory(device, bytes);
  copy_memory(memory.data(), device, data, {}, bytes);
  return memory;
}

unsigned blocks_for(std::int64_t count) {
  return static_cast<unsigned>((count + threads - 1) / threads);
}

}  // namespace

void pack_codes(const QuantizedWeight& w, Slab16& form) {
  const Device device{DeviceType::cuda, form.device};
  const DeviceGuard guard(form.device, "pack");
  const std::int64_t bytes =
      layout::code_bytes(form.k_blocks * layout::block_k, w.n, form.code_bits);
  form.codes = DeviceMemory(device, static_cast<std::size_t>(bytes));
  form.source_on_device = upload(form.source.data(), form.source.size() * 4, device);
  if (bytes == 0) return;
  const DeviceMemory canonical = upload(w.codes.data(), w.codes.size(), device);
  const layout::Columns from{static_cast<const std::uint8_t*>(canonical.data()),
                             w.code_bytes_per_column(), w.k, w.n, w.bits};
  pack_kernel<<<blocks_for(bytes / 4), threads>>>(
      from, static_cast<const std::int32_t*>(form.source_on_device.data()), bytes / 4,
      form.k_blocks, form.code_bits, static_cast<std::uint32_t*>(form.codes.data()));
  check(cudaGetLastError(), "pack", "pack_kernel");
  synchronize(device);
}

void unpack_codes(const Slab16& form, const Positions& positions, QuantizedWeight& w) {
  const Device device{DeviceType::cuda, form.device};
  const DeviceGuard guard(form.device, "unpack");
  w.codes.resize(static_cast<std::size_t>(w.n * w.code_bytes_per_column()));
  const std::int64_t runs = (w.k + 7) / 8;
  if (runs * w.n == 0) return;
  const DeviceMemory canonical(device, w.codes.size());
  const DeviceMemory position =
      upload(positions.position.data(), positions.position.size() * 4, device);
  const layout::Columns to{nullptr, w.code_bytes_per_column(), w.k, w.n, w.bits};
  unpack_kernel<<<blocks_for(runs * w.n), threads>>>(
      static_cast<const std::uint8_t*>(form.codes.data()),
      static_cast<const std::int32_t*>(position.data()), runs, form.k_blocks, form.code_bits, to,
      static_cast<std::uint8_t*>(canonical.data()));
  check(cudaGetLastError(), "unpack", "unpack_kernel");
  copy_memory(w.codes.data(), {}, canonical.data(), device, w.codes.size());
}

}  // namespace halfbyte::cuda
