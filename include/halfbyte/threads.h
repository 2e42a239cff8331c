// The CPU backend's threads. Results do not depend on any of this.
#pragma once

namespace halfbyte {

// Threads that a CPU call may use. Default: HALFBYTE_NUM_THREADS, else the processors that the
// process may run on (affinity and cgroup limit respected). n = 0 restores the default.
void set_num_threads(int n);
int num_threads();

// Runs task(context, i) for i = 0 ... count-1, in any order, on any threads, and returns when all
// have returned. An application with a thread pool of its own passes it here; null restores the
// library's pool. The pool waits for no thread that has not begun a task, sleeps when idle, and can
// be used after fork().
using Task = void (*)(void* context, int i);
using Executor = void (*)(void* user, int count, Task task, void* context);
void set_executor(Executor executor, void* user);

}  // namespace halfbyte
