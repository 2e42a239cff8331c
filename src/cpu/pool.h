// A pool of threads for calls of tens of microseconds.
//
// The caller works on its own tasks and waits only for those that a worker has already taken, so a
// worker that the system has put aside delays nobody. OpenMP's threads all have to arrive: beside
// any other busy process on two cores that cost 9 to 27 ms a call of 0.2 ms, where this takes 0.4;
// oneTBB leaves work after an idle gap serial. Figures: docs/design/0003-cpu-threads.md.
#pragma once

#include <cstdint>

#include "halfbyte/threads.h"

namespace halfbyte::cpu {

// Runs task(context, 0 ... count-1) on at most `threads` threads, the caller's among them. A second
// caller at the same time, or a task that calls this, does its tasks alone.
void run_on_pool(int count, int threads, Task task, void* context);

}  // namespace halfbyte::cpu
