#include "cpu/pool.h"

#include <immintrin.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <new>
#include <thread>

namespace halfbyte::cpu {
namespace {

// How a thread waits: it looks without pause, then looks and lets others of its processor run, then
// sleeps. Waking a sleeper takes 50 us, and milliseconds in a virtual machine whose idle processors
// are given away; a yield costs nothing where no other process wants the processor.
constexpr auto spin_time = std::chrono::microseconds(30);
constexpr auto yield_time = std::chrono::milliseconds(2);

// As the next task of a ticket: none. No count reaches it.
constexpr std::uint32_t closed = 0xFFFFFFFF;

// The job in progress. A ticket is (job number << 32 | next task): a worker takes a task by raising
// the ticket that it has read, which fails if the job has changed meanwhile. A job whose ticket was
// raised cannot end before that task is done, and before its fields change the ticket is closed; so
// whoever raises it has read the fields that belong to it (the fences make this a sequence lock).
struct Pool {
  std::atomic<bool> busy{false};  // a caller has a job in progress
  std::atomic<std::uint64_t> ticket{0};
  std::atomic<std::uint32_t> job_number{0};  // sleeping workers wait for it to change
  std::atomic<Task> task{nullptr};
  std::atomic<void*> context{nullptr};
  std::atomic<int> count{0};
  std::atomic<int> threads{0};
  std::atomic<int> done{0};
  std::atomic<int> sleeping{0};
  int workers = 0;  // started; touched by the caller that set busy
};

// Never destroyed: workers may outlive static objects.
Pool& pool() {
  static Pool* const the_pool = new Pool;
  return *the_pool;
}

// Calls condition() until it holds or the time to look is over.
template <class F>
bool look_for(F&& condition) {
  const auto start = std::chrono::steady_clock::now();
  std::chrono::nanoseconds looked{0};
  while (looked < yield_time) {
    for (int i = 0; i < 32; ++i) {
      if (condition()) return true;
      _mm_pause();
    }
    if (looked > spin_time) sched_yield();
    looked = std::chrono::steady_clock::now() - start;
  }
  return false;
}

// Takes and runs tasks of job `number` until none is left.
void take_tasks(Pool& p, std::uint32_t number) {
  const Task task = p.task.load(std::memory_order_relaxed);
  void* const context = p.context.load(std::memory_order_relaxed);
  const int count = p.count.load(std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  std::uint64_t ticket = p.ticket.load(std::memory_order_acquire);
  for (;;) {
    const auto next = static_cast<std::uint32_t>(ticket);
    if (ticket >> 32 != number || next >= static_cast<std::uint32_t>(count)) return;
    if (!p.ticket.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) continue;
    task(context, static_cast<int>(next));
    if (p.done.fetch_add(1, std::memory_order_acq_rel) + 1 == count) p.done.notify_one();
    ticket = p.ticket.load(std::memory_order_acquire);
  }
}

void work(int index) {
  Pool& p = pool();
  std::uint32_t seen = p.job_number.load(std::memory_order_acquire);
  for (;;) {
    const auto changed = [&] { return p.job_number.load(std::memory_order_acquire) != seen; };
    if (!look_for(changed)) {
      p.sleeping.fetch_add(1);
      p.job_number.wait(seen);
      p.sleeping.fetch_sub(1);
    }
    seen = p.job_number.load(std::memory_order_acquire);
    if (index < p.threads.load(std::memory_order_relaxed)) take_tasks(p, seen);
  }
}

// A child of fork() has the memory of the pool but none of its threads.
void forget_workers() { new (&pool()) Pool; }

void start_workers(Pool& p, int wanted) {
  static const int registered = pthread_atfork(nullptr, nullptr, forget_workers);
  (void)registered;
  if (p.workers >= wanted) return;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);  // signals are for the application's threads
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (p.workers < wanted) std::thread(work, ++p.workers).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

void run_on_pool(int count, int threads, Task task, void* context) {
  Pool& p = pool();
  if (threads <= 1 || count <= 1 || p.busy.exchange(true, std::memory_order_acquire)) {
    for (int i = 0; i < count; ++i) task(context, i);
    return;
  }
  start_workers(p, threads - 1);
  const std::uint32_t before = p.job_number.load(std::memory_order_relaxed);
  p.ticket.store(std::uint64_t{before} << 32 | closed, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  p.task.store(task, std::memory_order_relaxed);
  p.context.store(context, std::memory_order_relaxed);
  p.count.store(count, std::memory_order_relaxed);
  p.threads.store(threads, std::memory_order_relaxed);
  p.done.store(0, std::memory_order_relaxed);
  const std::uint32_t number = before + 1;
  p.ticket.store(std::uint64_t{number} << 32, std::memory_order_release);
  p.job_number.store(number);
  if (p.sleeping.load() > 0) p.job_number.notify_all();

  take_tasks(p, number);
  const auto all_done = [&] { return p.done.load(std::memory_order_acquire) == count; };
  while (!look_for(all_done)) {
    const int seen = p.done.load(std::memory_order_acquire);
    if (seen != count) p.done.wait(seen);
  }
  p.busy.store(false, std::memory_order_release);
}

}  // namespace halfbyte::cpu
