#include "simt.h"

#include <ucontext.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

namespace simt {

Dim thread_index, block_index, block_size, grid_size;

namespace {

constexpr std::size_t stack_bytes = 64 << 10;
constexpr std::size_t most_bytes = 64;  // that a lane gives at a meeting

enum class State { ready, at_warp, at_block, done };

struct Thread {
  ucontext_t context{};
  std::unique_ptr<std::byte[]> stack;
  State state = State::ready;
};

struct Warp {
  alignas(16) std::byte given[2][32 * most_bytes];
  int round = 0;
};

struct Block {
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<std::byte> shared;
  const std::function<void()>* body = nullptr;
  ucontext_t scheduler{};
  std::size_t running = 0;
};

Block block;

void enter() {
  (*block.body)();
  block.threads[block.running].state = State::done;
  swapcontext(&block.threads[block.running].context, &block.scheduler);
}

void wait(State state) {
  Thread& thread = block.threads[block.running];
  thread.state = state;
  swapcontext(&thread.context, &block.scheduler);
}

bool all_are(std::size_t begin, std::size_t end, State state) {
  for (std::size_t i = begin; i < end; ++i) {
    if (block.threads[i].state != state) return false;
  }
  return true;
}

// Runs the threads of a warp up to their next meeting. A meeting of some lanes only would hang a
// GPU, or read what the others never gave.
bool step_warp(std::size_t warp) {
  const std::size_t begin = 32 * warp, end = begin + 32;
  bool ran = false;
  for (std::size_t i = begin; i < end; ++i) {
    Thread& thread = block.threads[i];
    if (thread.state != State::ready) continue;
    ran = true;
    block.running = i;
    thread_index = Dim(static_cast<unsigned>(i));
    swapcontext(&block.scheduler, &thread.context);
  }
  if (all_are(begin, end, State::at_warp)) {
    for (std::size_t i = begin; i < end; ++i) block.threads[i].state = State::ready;
    block.warps[warp].round ^= 1;
  } else {
    for (std::size_t i = begin; i < end; ++i) {
      if (block.threads[i].state == State::at_warp) {
        throw std::logic_error("lanes of a warp went different ways to a meeting");
      }
    }
  }
  return ran;
}

void run_block() {
  for (Thread& thread : block.threads) {
    thread.state = State::ready;
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = thread.stack.get();
    thread.context.uc_stack.ss_size = stack_bytes;
    thread.context.uc_link = nullptr;
    makecontext(&thread.context, enter, 0);
  }
  const std::size_t count = block.threads.size();
  for (bool alternate = false; !all_are(0, count, State::done); alternate = !alternate) {
    bool ran = false;
    // Every other round in reverse: no warp may rely on another's being earlier.
    for (std::size_t w = 0; w < block.warps.size(); ++w) {
      const std::size_t warp = alternate ? block.warps.size() - 1 - w : w;
      while (step_warp(warp)) ran = true;
    }
    if (all_are(0, count, State::at_block)) {
      for (Thread& thread : block.threads) thread.state = State::ready;
    } else if (!ran && !all_are(0, count, State::done)) {
      throw std::logic_error("threads of a block went different ways to a barrier");
    }
  }
}

}  // namespace

int lane() { return static_cast<int>(thread_index.x % 32); }

void meet_block() { wait(State::at_block); }

const std::byte* meet_warp(const void* mine, std::size_t bytes) {
  if (bytes > most_bytes) throw std::logic_error("a lane gives too much");
  Warp& warp = block.warps[block.running / 32];
  // Two buffers: a lane that runs ahead to the next meeting leaves what the others still read.
  std::byte* const given = warp.given[warp.round];
  std::memcpy(given + static_cast<std::size_t>(lane()) * bytes, mine, bytes);
  wait(State::at_warp);
  return given;
}

void* shared_memory() { return block.shared.data(); }

void run(Dim grid, Dim size, std::size_t shared_bytes, const std::function<void()>& body) {
  block.body = &body;
  block.threads.resize(size.x);
  block.warps.resize(size.x / 32);
  for (Thread& thread : block.threads) {
    if (thread.stack == nullptr) thread.stack = std::make_unique<std::byte[]>(stack_bytes);
  }
  grid_size = grid;
  block_size = size;
  for (unsigned b = 0; b < grid.x; ++b) {
    block_index = Dim(b);
    block.shared.assign(shared_bytes, std::byte{0xFF});
    run_block();
  }
}

}  // namespace simt
