/* What bench/peers needs of halfbyte, callable through a foreign function interface.
 *
 * A function that returns a pointer returns null on an error, one that returns int a nonzero value;
 * hbb_error() then says what was wrong. Not thread-safe. */
#pragma once

#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

#define HBB_API __attribute__((visibility("default")))

/* The message of the last error on this thread. */
HBB_API const char* hbb_error(void);

/* Threads of linear() and of the probes. */
HBB_API void hbb_set_threads(int threads);

/* Where a `device` is asked for: the CPU, or I for the GPU cuda:I. */
#define HBB_CPU (-1)

/* Several packed copies of one (k, n) weight with symmetric zeros, on a device.
 * codes: (n, k), one a byte. scales: (k / group, n), f16. Copy c has the columns of the weight
 * turned by c places, so that no two copies hold the same bytes. */
typedef struct hbb_weights hbb_weights;
HBB_API hbb_weights* hbb_weights_create(int64_t k, int64_t n, int64_t group, int bits,
                                        const uint8_t* codes, const uint16_t* scales, int copies,
                                        int device);
HBB_API void hbb_weights_free(hbb_weights* weights);
/* Memory of one packed copy. */
HBB_API int64_t hbb_weights_bytes(const hbb_weights* weights);
/* Copy 0 through the library's dequantize: (k, n) f32. */
HBB_API int hbb_weights_dequantize(const hbb_weights* weights, float* out);

/* A call with its x, y and workspace on the weights' device. dtype: "f16", "bf16" or "f32"; x: (m,
 * k) f32, rounded to it. schedule: a name of halfbyte::Schedule, "auto" for the planner's choice;
 * split 0: chosen. */
typedef struct hbb_call hbb_call;
HBB_API hbb_call* hbb_call_create(const hbb_weights* weights, int64_t m, const char* dtype,
                                  const float* x, const char* schedule, int64_t split);
HBB_API void hbb_call_free(hbb_call* call);
/* The kernel and the configuration that run. */
HBB_API const char* hbb_call_plan(const hbb_call* call);
/* y = x times copy `copy`. stream: a cudaStream_t, not used on the CPU; on a GPU the call returns
 * when it is started, and may be captured. */
HBB_API int hbb_call_run(hbb_call* call, int copy, void* stream);
/* y: (m, n), widened to f32. Waits for the device. */
HBB_API int hbb_call_result(const hbb_call* call, float* y);

/* One pass of the device's streaming-read probe, GB/s (0: an error), and of the CPU's fp32
 * multiply-add probe, G per second. */
HBB_API double hbb_read_gbps(int device);
HBB_API double hbb_multiply_add_rate(void);

#if defined(__cplusplus)
}
#endif
