#include "cpu/threads.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>

#include "cpu/pool.h"

namespace halfbyte {
namespace {

std::atomic<int> chosen_threads{0};
std::atomic<Executor> chosen_executor{nullptr};
std::atomic<void*> executor_user{nullptr};

// Processors by affinity, less what the cgroup's CPU quota takes away.
int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  std::ifstream limit("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (limit >> quota >> period && quota != "max" && period > 0) {
    count = std::min(count, static_cast<int>(std::atof(quota.c_str()) / period + 0.999));
  }
  return std::max(count, 1);
}

int default_threads() {
  static const int count = [] {
    const char* text = std::getenv("HALFBYTE_NUM_THREADS");
    const int asked = text != nullptr ? std::atoi(text) : 0;
    return asked > 0 ? asked : usable_processors();
  }();
  return count;
}

}  // namespace

void set_num_threads(int n) { chosen_threads = std::max(n, 0); }

int num_threads() {
  const int chosen = chosen_threads;
  return chosen > 0 ? chosen : default_threads();
}

void set_executor(Executor executor, void* user) {
  executor_user = user;
  chosen_executor = executor;
}

namespace cpu {

void run_tasks(std::int64_t count, Task task, void* context) {
  constexpr std::int64_t batch = std::numeric_limits<int>::max();
  const auto tasks =
      static_cast<int>(std::min(count, batch));  // more than 2^31 tiles do not fit memory
  if (tasks <= 1) {
    if (tasks == 1) task(context, 0);
    return;
  }
  if (const Executor executor = chosen_executor; executor != nullptr) {
    executor(executor_user, tasks, task, context);
    return;
  }
  run_on_pool(tasks, std::min(num_threads(), tasks), task, context);
}

}  // namespace cpu
}  // namespace halfbyte
