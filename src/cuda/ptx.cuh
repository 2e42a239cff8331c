// One wrapper for each PTX instruction that the kernels use and the compiler does not reach by
// itself. Each names the chapter and the instruction's section of the PTX ISA manual (9.0).
#pragma once

#include <cstdint>

namespace halfbyte::cuda::ptx {

// Data Movement and Conversion Instructions: cp.async. Copies 16 bytes from global to shared memory
// without passing through registers or L1 (.cg). Both addresses are multiples of 16. sm_80.
__device__ inline void copy_16_bytes_async(void* to_shared, const void* from_global) {
  const auto to = static_cast<std::uint32_t>(__cvta_generic_to_shared(to_shared));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from_global) : "memory");
}

// Data Movement and Conversion Instructions: cp.async.commit_group. Closes this thread's group of
// copies. sm_80.
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Data Movement and Conversion Instructions: cp.async.wait_group. Waits until at most `pending` of
// this thread's groups are still in flight; other threads' copies need a barrier after it. sm_80.
template <int pending>
__device__ inline void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

// Logic and Shift Instructions: lop3. Any three-input bitwise function; `table` is its value for
// the inputs 0xf0, 0xcc, 0xaa. sm_50.
template <int table>
__device__ inline std::uint32_t lop3(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  std::uint32_t d;
  asm("lop3.b32 %0, %1, %2, %3, %4;" : "=r"(d) : "r"(a), "r"(b), "r"(c), "n"(table));
  return d;
}

// (a & b) | c in one instruction.
__device__ inline std::uint32_t and_or(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return lop3 < (0xf0 & 0xcc) | 0xaa > (a, b, c);
}

}  // namespace halfbyte::cuda::ptx
