// Wrappers of the instructions of warpgroups, four warps that share an operand in shared memory:
// PTX ISA manual 9.0, "Asynchronous Warpgroup Level Matrix Instructions". Compute capability 9.0
// alone (sm_90a); elsewhere they do nothing, and kernels made of them must not be chosen.
#pragma once

#include <cstdint>

namespace halfbyte::cuda::ptx {

// Whether this is code that can have them, or the host's: what is not needs no instructions.
#if !defined(__CUDA_ARCH__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
inline constexpr bool has_warpgroups = true;
#else
inline constexpr bool has_warpgroups = false;
#endif

// The value of lane 0, which the compiler then knows to be the same in the whole warp.
__device__ inline int same_in_warp(int value) { return __shfl_sync(0xFFFFFFFFU, value, 0); }

// The block's dynamic shared memory, at a multiple of 1024 bytes, which swizzled operands of wgmma
// ask for.
template <class T>
__device__ T* aligned_dynamic_shared() {
  extern __shared__ __align__(1024) std::uint8_t aligned_dynamic_shared_bytes[];
  return reinterpret_cast<T*>(aligned_dynamic_shared_bytes);
}

// fence.proxy.async: what this thread wrote to shared memory is seen by matrix instructions behind
// the next barrier.
__device__ inline void show_to_matrices() {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

// wgmma.fence: ahead of the first product, and wherever its registers were written.
__device__ inline void begin_products() {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}

// wgmma.commit_group, wgmma.wait_group 0: until the warpgroup's products are done. Sums, and
// registers of a, are not to be touched before.
template <int count>
__device__ void wait_for_products(float (&sums)[count][8]) {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
  asm volatile("wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
  for (int i = 0; i < count; ++i) {
#pragma unroll
    for (int j = 0; j < 8; ++j) asm volatile("" : "+f"(sums[i][j])::"memory");
  }
#endif
}

// "Matrix Descriptor", "Strides": 16 rows of 128 16-bit numbers in shared memory. Rows of 64 are
// 128 bytes, swizzled by 128 bytes, at a multiple of 1024 bytes; k goes down them, groups of eight
// rows are 1024 bytes apart; the second 64 columns are `chunk` bytes further. This is the lower
// half of a descriptor; the upper one is the same for all.
__device__ inline std::uint32_t matrix_rows(std::uint32_t shared, std::uint32_t chunk) {
  return chunk / 16 << 16 | (shared & 0x3FFFFU) / 16;
}
// The rows so many bytes further.
__device__ inline std::uint32_t rows_after(std::uint32_t rows, std::uint32_t bytes) {
  return rows + bytes / 16;
}
__device__ inline std::uint64_t rows_descriptor(std::uint32_t rows) {
  constexpr std::uint64_t swizzle_128 = std::uint64_t{1} << 62, stride = std::uint64_t{64} << 32;
  return swizzle_128 | stride | rows;
}

// wgmma.mma_async.m64n128k16, d (+)= a b: a from registers, as in mma.m16n8k16 for the 16 rows of
// each warp; b = `rows`, 16 rows of 128 columns; d as C of sixteen mma.m16n8k16.
__device__ inline void multiply_rows_f16(float (&d)[8][8], const std::uint32_t (&a)[4],
                                         std::uint32_t rows, bool adds) {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %69, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, {%64, %65, "
      "%66, %67}, %68, p, 1, 1, 1;\n}"
      : "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[0][4]), "+f"(d[0][5]),
        "+f"(d[0][6]), "+f"(d[0][7]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]), "+f"(d[1][3]),
        "+f"(d[1][4]), "+f"(d[1][5]), "+f"(d[1][6]), "+f"(d[1][7]), "+f"(d[2][0]), "+f"(d[2][1]),
        "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[2][4]), "+f"(d[2][5]), "+f"(d[2][6]), "+f"(d[2][7]),
        "+f"(d[3][0]), "+f"(d[3][1]), "+f"(d[3][2]), "+f"(d[3][3]), "+f"(d[3][4]), "+f"(d[3][5]),
        "+f"(d[3][6]), "+f"(d[3][7]), "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]),
        "+f"(d[4][4]), "+f"(d[4][5]), "+f"(d[4][6]), "+f"(d[4][7]), "+f"(d[5][0]), "+f"(d[5][1]),
        "+f"(d[5][2]), "+f"(d[5][3]), "+f"(d[5][4]), "+f"(d[5][5]), "+f"(d[5][6]), "+f"(d[5][7]),
        "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]), "+f"(d[6][4]), "+f"(d[6][5]),
        "+f"(d[6][6]), "+f"(d[6][7]), "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3]),
        "+f"(d[7][4]), "+f"(d[7][5]), "+f"(d[7][6]), "+f"(d[7][7])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(rows_descriptor(rows)),
        "r"(static_cast<int>(adds)));
#endif
}
__device__ inline void multiply_rows_bf16(float (&d)[8][8], const std::uint32_t (&a)[4],
                                          std::uint32_t rows, bool adds) {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %69, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, {%64, %65, "
      "%66, %67}, %68, p, 1, 1, 1;\n}"
      : "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[0][4]), "+f"(d[0][5]),
        "+f"(d[0][6]), "+f"(d[0][7]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]), "+f"(d[1][3]),
        "+f"(d[1][4]), "+f"(d[1][5]), "+f"(d[1][6]), "+f"(d[1][7]), "+f"(d[2][0]), "+f"(d[2][1]),
        "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[2][4]), "+f"(d[2][5]), "+f"(d[2][6]), "+f"(d[2][7]),
        "+f"(d[3][0]), "+f"(d[3][1]), "+f"(d[3][2]), "+f"(d[3][3]), "+f"(d[3][4]), "+f"(d[3][5]),
        "+f"(d[3][6]), "+f"(d[3][7]), "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]),
        "+f"(d[4][4]), "+f"(d[4][5]), "+f"(d[4][6]), "+f"(d[4][7]), "+f"(d[5][0]), "+f"(d[5][1]),
        "+f"(d[5][2]), "+f"(d[5][3]), "+f"(d[5][4]), "+f"(d[5][5]), "+f"(d[5][6]), "+f"(d[5][7]),
        "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]), "+f"(d[6][4]), "+f"(d[6][5]),
        "+f"(d[6][6]), "+f"(d[6][7]), "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3]),
        "+f"(d[7][4]), "+f"(d[7][5]), "+f"(d[7][6]), "+f"(d[7][7])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(rows_descriptor(rows)),
        "r"(static_cast<int>(adds)));
#endif
}

}  // namespace halfbyte::cuda::ptx
