#include "simt.h"

#include <ucontext.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace simt {

Index thread_index, block_index;
Dim block_size, grid_size;

namespace {

constexpr std::size_t stack_bytes = 256 << 10;  // sanitizers' frames are large
constexpr std::size_t most_bytes = 64;          // that a lane gives at a meeting

enum class State { ready, at_warp, at_block, at_cluster, done };

struct Thread {
  ucontext_t context{};
  std::unique_ptr<std::byte[]> stack;
  State state = State::ready;
  int arrivals = 0;  // at the cluster's barrier
};

struct Warp {
  alignas(16) std::byte given[2][32 * most_bytes];
  int round = 0;
};

// The blocks of a cluster, their threads one after another.
struct Running {
  Launch launch{};
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<std::byte> shared;  // of all blocks
  const std::function<void()>* body = nullptr;
  ucontext_t scheduler{};
  std::size_t thread = 0;
  std::exception_ptr failure;
  std::minstd_rand random;
};

Running now;

std::size_t block_of_thread() { return now.thread / now.launch.block; }

void enter() {
  try {
    (*now.body)();
  } catch (...) {
    now.failure = std::current_exception();
  }
  now.threads[now.thread].state = State::done;
  swapcontext(&now.threads[now.thread].context, &now.scheduler);
}

void wait(State state) {
  Thread& thread = now.threads[now.thread];
  thread.state = state;
  swapcontext(&thread.context, &now.scheduler);
}

bool all_are(std::size_t begin, std::size_t end, State state) {
  for (std::size_t i = begin; i < end; ++i) {
    if (now.threads[i].state != state) return false;
  }
  return true;
}

void set_ready(std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) now.threads[i].state = State::ready;
}

void resume(std::size_t thread, unsigned first_block) {
  now.thread = thread;
  thread_index = {static_cast<unsigned>(thread) % now.launch.block};
  block_index = {first_block + static_cast<unsigned>(block_of_thread())};
  swapcontext(&now.scheduler, &now.threads[thread].context);
  if (now.failure) std::rethrow_exception(std::exchange(now.failure, nullptr));
}

// Runs the threads of a warp up to their next meeting. A meeting of some lanes only would hang a
// GPU, or read what the others never gave.
bool step_warp(std::size_t warp, unsigned first_block) {
  const std::size_t begin = 32 * warp, end = begin + 32;
  bool ran = false;
  // Lanes in one of 64 orders: none may rely on another's being earlier between two meetings.
  const std::size_t shift = now.random() % 32, sign = now.random() % 2;
  for (std::size_t i = 0; i < 32; ++i) {
    const std::size_t lane = (sign != 0 ? 31 - i : i) + shift;
    const std::size_t thread = begin + lane % 32;
    if (now.threads[thread].state != State::ready) continue;
    ran = true;
    resume(thread, first_block);
  }
  if (all_are(begin, end, State::at_warp)) {
    set_ready(begin, end);
    now.warps[warp].round ^= 1;
    return true;
  }
  for (std::size_t i = begin; i < end; ++i) {
    if (now.threads[i].state == State::at_warp) {
      throw std::logic_error("lanes of a warp went different ways to a meeting");
    }
  }
  return ran;
}

// Lets go whoever waits for a barrier that is complete.
bool open_barriers() {
  bool opened = false;
  const std::size_t count = now.threads.size(), block = now.launch.block;
  for (std::size_t begin = 0; begin < count; begin += block) {
    if (!all_are(begin, begin + block, State::at_block)) continue;
    set_ready(begin, begin + block);
    opened = true;
  }
  int least = now.threads[0].arrivals;
  for (const Thread& thread : now.threads) least = std::min(least, thread.arrivals);
  for (Thread& thread : now.threads) {
    if (thread.state != State::at_cluster || thread.arrivals > least) continue;
    thread.state = State::ready;
    opened = true;
  }
  return opened;
}

void run_cluster(unsigned first_block) {
  for (Thread& thread : now.threads) {
    thread.state = State::ready;
    thread.arrivals = 0;
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = thread.stack.get();
    thread.context.uc_stack.ss_size = stack_bytes;
    thread.context.uc_link = nullptr;
    makecontext(&thread.context, enter, 0);
  }
  const std::size_t count = now.threads.size();
  for (bool reverse = false; !all_are(0, count, State::done); reverse = !reverse) {
    bool ran = false;
    // Every other round in reverse: no warp may rely on another's being earlier.
    for (std::size_t w = 0; w < now.warps.size(); ++w) {
      const std::size_t warp = reverse ? now.warps.size() - 1 - w : w;
      while (step_warp(warp, first_block)) ran = true;
    }
    if (!open_barriers() && !ran) {
      throw std::logic_error("threads went different ways to a barrier");
    }
  }
}

}  // namespace

int lane() { return static_cast<int>(thread_index.x % 32); }

void meet_block() { wait(State::at_block); }

void arrive_at_cluster() { ++now.threads[now.thread].arrivals; }
void wait_for_cluster() { wait(State::at_cluster); }

const std::byte* meet_warp(const void* mine, std::size_t bytes) {
  if (bytes > most_bytes) throw std::logic_error("a lane gives too much");
  Warp& warp = now.warps[now.thread / 32];
  // Two buffers: a lane that runs ahead to the next meeting leaves what the others still read.
  std::byte* const given = warp.given[warp.round];
  std::memcpy(given + static_cast<std::size_t>(lane()) * bytes, mine, bytes);
  wait(State::at_warp);
  return given;
}

void* shared_memory() { return now.shared.data() + block_of_thread() * now.launch.shared_bytes; }

std::size_t shared_bytes() { return now.launch.shared_bytes; }

std::byte* in_block(std::byte* shared, int rank) {
  const auto place = shared - static_cast<std::byte*>(shared_memory());
  return now.shared.data() + static_cast<std::size_t>(rank) * now.launch.shared_bytes + place;
}

void run(const Launch& launch, const std::function<void()>& body) {
  now.launch = launch;
  now.body = &body;
  now.threads.resize(std::size_t{launch.block} * launch.cluster);
  now.warps.resize(now.threads.size() / 32);
  for (Thread& thread : now.threads) {
    if (thread.stack == nullptr)
      thread.stack = std::make_unique_for_overwrite<std::byte[]>(stack_bytes);
  }
  grid_size = Dim(launch.grid);
  block_size = Dim(launch.block);
  for (unsigned first = 0; first < launch.grid; first += launch.cluster) {
    now.shared.assign(launch.cluster * launch.shared_bytes, std::byte{0xFF});
    run_cluster(first);
  }
}

}  // namespace simt
