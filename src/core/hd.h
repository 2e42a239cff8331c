// The only macro file of the core: marks functions that both the host and the device call.
#pragma once

#ifdef __CUDACC__
#define HB_HD __host__ __device__
#else
#define HB_HD
#endif
