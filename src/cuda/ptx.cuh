// One wrapper for each PTX instruction that the kernels use and the compiler does not reach by
// itself. Each names the chapter and the instruction's section of the PTX ISA manual (9.0).
#pragma once

#include <cstdint>

namespace halfbyte::cuda::ptx {

// The same value, unknown to the compiler: what is made of it is not kept from one round of a loop
// to the next. No instruction.
__device__ inline int opaque(int value) {
  asm volatile("" : "+r"(value));
  return value;
}
template <class T>
__device__ T* opaque(T* pointer) {
  asm volatile("" : "+l"(pointer));
  return pointer;
}

// The block's dynamic shared memory.
template <class T>
__device__ T* dynamic_shared() {
  extern __shared__ __align__(16) std::uint8_t dynamic_shared_bytes[];
  return reinterpret_cast<T*>(dynamic_shared_bytes);
}

// Data Movement and Conversion Instructions: mapa. The same place in the shared memory of block
// `rank` of the cluster. sm_90.
template <class T>
__device__ T* in_block(T* shared, int rank) {
#if __CUDA_ARCH__ >= 900
  std::uint64_t there;
  asm("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"(shared), "r"(rank));
  return reinterpret_cast<T*>(there);
#else
  return shared;
#endif
}

// Parallel Synchronization and Communication Instructions: barrier.cluster. What a thread wrote
// before it arrives is seen by all that have waited. sm_90.
__device__ inline void arrive_at_cluster() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
#endif
}
__device__ inline void wait_for_cluster() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#endif
}

// Parallel Synchronization and Communication Instructions: griddepcontrol. Lets a kernel that was
// launched to overlap begin before this one has ended (once all blocks have said so or have ended).
// sm_90; below it the next kernel begins afterwards.
__device__ inline void start_next_kernel() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}
// The same section. Until it returns, nothing that earlier kernels write or read may be touched; it
// returns at once where the launch does not overlap. For every thread. sm_90.
__device__ inline void wait_for_previous_kernel() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Data Movement and Conversion Instructions: ld with .L1::no_allocate, 16 bytes that are read once.
// Volatile: it stays where it is written, ahead of the arithmetic that is to hide it. sm_70.
__device__ inline void load_16_bytes_once(std::uint32_t (&words)[4], const void* from_global) {
  asm volatile("ld.global.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "l"(from_global));
}

// Data Movement and Conversion Instructions: cp.async.bulk.prefetch.L2. Brings `bytes` bytes, a
// multiple of 16 at a multiple of 16, to L2; does nothing before sm_90.
__device__ inline void prefetch_to_l2(const void* from_global, std::uint32_t bytes) {
#if __CUDA_ARCH__ >= 900
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(from_global), "r"(bytes)
               : "memory");
#endif
}

// Parallel Synchronization and Communication Instructions: atom with .acq_rel, ld and st with
// .relaxed, of a 64-bit word that all blocks of the GPU share. What the block's threads wrote
// before a barrier ahead of it is seen by whoever finds its effect, and by threads behind a barrier
// after that (Memory Consistency Model: causality order). sm_70. A fence of every thread
// (membar.sc, which is what __threadfence() makes) costs the meeting of two blocks twice as much.
__device__ inline std::uint64_t add_and_meet(std::uint64_t* word, std::uint64_t value) {
  std::uint64_t before;
  asm volatile("atom.add.acq_rel.gpu.global.u64 %0, [%1], %2;"
               : "=l"(before)
               : "l"(word), "l"(value)
               : "memory");
  return before;
}
__device__ inline std::uint64_t swap_and_meet(std::uint64_t* word, std::uint64_t from,
                                              std::uint64_t to) {
  std::uint64_t before;
  asm volatile("atom.cas.acq_rel.gpu.global.b64 %0, [%1], %2, %3;"
               : "=l"(before)
               : "l"(word), "l"(from), "l"(to)
               : "memory");
  return before;
}
__device__ inline std::uint64_t load_shared_by_all(const std::uint64_t* word) {
  std::uint64_t value;
  asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];" : "=l"(value) : "l"(word) : "memory");
  return value;
}
__device__ inline void store_shared_by_all(std::uint64_t* word, std::uint64_t value) {
  asm volatile("st.relaxed.gpu.global.u64 [%0], %1;" ::"l"(word), "l"(value) : "memory");
}

// Data Movement and Conversion Instructions: ld.global.cg, of 1, 2 or 4 adjacent numbers that are
// aligned to their size: what other blocks wrote, from L2.
__device__ inline void load_from_l2(const float* from_global, float (&values)[1]) {
  values[0] = __ldcg(from_global);
}
__device__ inline void load_from_l2(const float* from_global, float (&values)[2]) {
  const float2 pair = __ldcg(reinterpret_cast<const float2*>(from_global));
  values[0] = pair.x, values[1] = pair.y;
}
__device__ inline void load_from_l2(const float* from_global, float (&values)[4]) {
  const float4 four = __ldcg(reinterpret_cast<const float4*>(from_global));
  values[0] = four.x, values[1] = four.y, values[2] = four.z, values[3] = four.w;
}

// The address of shared memory as the instructions below take it. (State spaces: a generic address
// less the start of its window.)
__device__ inline std::uint32_t shared_address(const void* generic) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(generic));
}

// Data Movement and Conversion Instructions: ld.shared, of 1, 2 or 4 words that are aligned to
// their size. Stays behind the waits for copies before it.
__device__ inline void load_shared(std::uint32_t address, std::uint32_t (&words)[1]) {
  asm volatile("ld.shared.b32 %0, [%1];" : "=r"(words[0]) : "r"(address) : "memory");
}
__device__ inline void load_shared(std::uint32_t address, std::uint32_t (&words)[2]) {
  asm volatile("ld.shared.v2.b32 {%0, %1}, [%2];"
               : "=r"(words[0]), "=r"(words[1])
               : "r"(address)
               : "memory");
}
__device__ inline void load_shared(std::uint32_t address, std::uint32_t (&words)[4]) {
  asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(address)
               : "memory");
}

// Data Movement and Conversion Instructions: cp.async. Copies 16 bytes from global to shared memory
// without passing through registers or L1 (.cg). Both addresses are multiples of 16. Nothing if not
// `wanted`: a predicate, no branch (behind every branch the assembler puts three idle instructions
// ahead of the next copy). sm_80.
__device__ inline void copy_16_bytes_async(bool wanted, std::uint32_t to_shared,
                                           const void* from_global) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %2, 0;\n"
      "@p cp.async.cg.shared.global [%0], [%1], 16;\n}" ::"r"(to_shared),
      "l"(from_global), "r"(static_cast<int>(wanted))
      : "memory");
}

// Data Movement and Conversion Instructions: cp.async with src-size. Copies the first `valid` of 16
// bytes and writes zeros for the others; with 0 it reads nothing. sm_80.
__device__ inline void copy_16_bytes_or_zeros_async(std::uint32_t to_shared,
                                                    const void* from_global, int valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to_shared), "l"(from_global),
               "r"(valid)
               : "memory");
}

// Data Movement and Conversion Instructions: cp.async of 4, 8 or 16 bytes through L1 (.ca), for
// what the next block of k reads again. Nothing if not `wanted`. sm_80.
template <int bytes>
__device__ inline void copy_async(bool wanted, std::uint32_t to_shared, const void* from_global) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %3, 0;\n"
      "@p cp.async.ca.shared.global [%0], [%1], %2;\n}" ::"r"(to_shared),
      "l"(from_global), "n"(bytes), "r"(static_cast<int>(wanted))
      : "memory");
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

// Data Movement and Conversion Instructions: prmt. Picks four of the eight bytes of (a, b); each
// nibble of `selector`, lowest first, names one, 0 ... 3 in a, 4 ... 7 in b. sm_50.
template <int selector>
__device__ inline std::uint32_t permute_bytes(std::uint32_t a, std::uint32_t b) {
  std::uint32_t d;
  asm("prmt.b32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "n"(selector));
  return d;
}

// Half Precision Floating Point Instructions: fma on pairs, one rounding, subnormals kept. sm_80.
__device__ inline std::uint32_t fma_f16x2(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  std::uint32_t d;
  asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
  return d;
}
__device__ inline std::uint32_t fma_bf16x2(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  std::uint32_t d;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
  return d;
}
__device__ inline std::uint32_t add_f16x2(std::uint32_t a, std::uint32_t b) {
  std::uint32_t d;
  asm("add.rn.f16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
  return d;
}

// Data Movement and Conversion Instructions: cvt of two f32 to a pair, rounded to nearest; the
// first goes to the lower half. sm_80.
__device__ inline std::uint32_t to_f16x2(float low, float high) {
  std::uint32_t d;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(high), "f"(low));
  return d;
}
__device__ inline std::uint32_t to_bf16x2(float low, float high) {
  std::uint32_t d;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(high), "f"(low));
  return d;
}

// Data Movement and Conversion Instructions: cvt of an f16 to f32, exact. sm_53.
__device__ inline float f16_to_f32(std::uint16_t bits) {
  float wide;
  asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(bits));
  return wide;
}

// Warp Level Matrix Instructions: ldmatrix.x4.trans. Lane 8 i + r names row r of matrix i, 16
// bytes; of matrix i lane 4 g + t gets rows 2t and 2t + 1 of column g in words[i]. sm_75.
__device__ inline void load_matrices_transposed(std::uint32_t (&words)[4], const void* row_shared) {
  const auto from = static_cast<std::uint32_t>(__cvta_generic_to_shared(row_shared));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(from)
               : "memory");
}

// Warp Level Matrix Instructions: mma.m16n8k16, c += a b with f32 sums. sm_80. Fragments:
// core/fragment/mma_m16n8k16.h.
__device__ inline void mma_f16(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                               std::uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
__device__ inline void mma_bf16(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                std::uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// The same with c = a b: the sums begin at 0 without a register for each zero.
__device__ inline void multiply_f16(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                    std::uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%10, %10, %10, %10};"
      : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1), "f"(0.0F));
}
__device__ inline void multiply_bf16(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                     std::uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%10, %10, %10, %10};"
      : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1), "f"(0.0F));
}

// Half Precision Floating Point Instructions: min on pairs; of a NaN and a number the number.
// sm_80.
__device__ inline std::uint32_t min_bf16x2(std::uint32_t a, std::uint32_t b) {
  std::uint32_t d;
  asm("min.bf16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
  return d;
}

}  // namespace halfbyte::cuda::ptx
