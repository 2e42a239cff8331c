// How many fp32 multiply-adds a second this machine does: the yardstick where bandwidth is not.
#pragma once

namespace halfbyte::bench {

// One burst of about a millisecond on halfbyte::num_threads() threads with the widest registers of
// the CPU. G multiply-adds per second (one fused multiply-add of n lanes counts n).
double multiply_add_pass();

}  // namespace halfbyte::bench
