#include "tests/simt/simt.h"

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

thread_local halfbyte::simt::Index threadIdx, blockIdx, blockDim, gridDim;

namespace halfbyte::simt {
namespace {

alignas(1024) std::byte shared[most_shared];  // of the block that runs
constexpr std::size_t stack_bytes = 128 << 10;
constexpr unsigned warp = 32;

struct Copy {
  std::uint32_t to;
  const void* from;
  std::size_t bytes, valid;
};

// A context is only entered once; from then on _setjmp and _longjmp change fibers, which unlike
// swapcontext make no system call.
struct Fiber {
  ucontext_t context{};
  jmp_buf resume_at{};
  bool started = false;
  std::unique_ptr<std::byte[]> stack{new std::byte[stack_bytes]};
  unsigned thread = 0;
  bool done = false;
  std::vector<Copy> open;                // copies of the group that is not closed yet
  std::deque<std::vector<Copy>> groups;  // closed, in flight
};

struct Barrier {
  unsigned arrived = 0;
  std::uint64_t generation = 0;
};

struct Buffer {
  const std::byte* begin;
  std::size_t bytes;
};

struct Machine {
  std::vector<std::unique_ptr<Fiber>> fibers;
  jmp_buf scheduler{};
  Fiber* running = nullptr;
  const std::function<void()>* kernel = nullptr;
  std::exception_ptr failure;
  Barrier block;
  std::vector<Barrier> warps;
  std::vector<std::unique_ptr<Words[]>> exchanges;  // of each warp
  std::size_t shared_bytes = 0;
  std::vector<Buffer> buffers;
};
Machine machine;

void run_fiber() {
  Fiber& self = *machine.running;
  try {
    (*machine.kernel)();
  } catch (...) {
    machine.failure = std::current_exception();
  }
  self.done = true;
  _longjmp(machine.scheduler, 1);
}

void let_others_run() {
  Fiber& self = *machine.running;
  if (_setjmp(self.resume_at) == 0) _longjmp(machine.scheduler, 1);
}

void wait_at(Barrier& barrier, unsigned parties) {
  const std::uint64_t mine = barrier.generation;
  if (++barrier.arrived == parties) {
    barrier.arrived = 0;
    ++barrier.generation;
    return;
  }
  while (barrier.generation == mine) let_others_run();
}

void resume(Fiber& fiber) {
  machine.running = &fiber;
  threadIdx = {fiber.thread, 0, 0};
  if (_setjmp(machine.scheduler) == 0) {
    if (fiber.started) _longjmp(fiber.resume_at, 1);
    fiber.started = true;
    setcontext(&fiber.context);
  }
  if (machine.failure) std::rethrow_exception(std::exchange(machine.failure, nullptr));
}

void run_block(unsigned threads, std::mt19937_64& random) {
  std::memset(shared, 0xff, sizeof shared);
  machine.block = {};
  machine.warps.assign(threads / warp, {});
  while (machine.exchanges.size() < threads / warp) {
    machine.exchanges.emplace_back(new Words[warp]);
  }
  while (machine.fibers.size() < threads) machine.fibers.push_back(std::make_unique<Fiber>());
  std::vector<Fiber*> alive;
  for (unsigned t = 0; t < threads; ++t) {
    Fiber& fiber = *machine.fibers[t];
    fiber.thread = t;
    fiber.done = fiber.started = false;
    fiber.open.clear();
    fiber.groups.clear();
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = stack_bytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, run_fiber, 0);
    alive.push_back(&fiber);
  }
  while (!alive.empty()) {
    std::shuffle(alive.begin(), alive.end(), random);
    for (Fiber* fiber : alive) resume(*fiber);
    std::erase_if(alive, [](const Fiber* fiber) { return fiber->done; });
  }
}

void land(const Copy& copy) {
  std::byte* to = shared_memory(copy.to, copy.bytes);
  std::memset(to, 0, copy.bytes);
  if (copy.valid > 0) std::memcpy(to, copy.from, copy.valid);
}

bool is_allowed(const void* from, std::size_t bytes) {
  const auto* begin = static_cast<const std::byte*>(from);
  return std::any_of(machine.buffers.begin(), machine.buffers.end(), [&](const Buffer& b) {
    return begin >= b.begin && begin + bytes <= b.begin + b.bytes;
  });
}

}  // namespace

void launch(const Launch& launch, const std::function<void()>& kernel) {
  if (launch.shared_bytes > most_shared) throw std::logic_error("too much shared memory");
  machine.kernel = &kernel;
  machine.shared_bytes = launch.shared_bytes;
  std::mt19937_64 random(launch.seed);
  std::vector<unsigned> blocks(launch.blocks);
  std::iota(blocks.begin(), blocks.end(), 0U);
  std::shuffle(blocks.begin(), blocks.end(), random);
  blockDim = {launch.threads, 1, 1};
  gridDim = {launch.blocks, 1, 1};
  for (const unsigned block : blocks) {
    blockIdx = {block, 0, 0};
    run_block(launch.threads, random);
  }
}

void allow_copies_from(const void* data, std::size_t bytes) {
  machine.buffers.push_back({static_cast<const std::byte*>(data), bytes});
}
void forget_buffers() { machine.buffers.clear(); }

void sync_block() { wait_at(machine.block, blockDim.x); }
void sync_warp() { wait_at(machine.warps[machine.running->thread / warp], warp); }

std::byte* dynamic_shared() { return shared; }
std::uint32_t shared_address(const void* pointer) {
  return static_cast<std::uint32_t>(static_cast<const std::byte*>(pointer) - shared);
}

std::byte* shared_memory(std::uint32_t address, std::size_t bytes) {
  if (address % bytes != 0) throw std::logic_error("shared memory is not aligned");
  if (address + bytes > machine.shared_bytes) throw std::logic_error("beyond shared memory");
  return shared + address;
}

void start_copy(std::uint32_t to, const void* from, std::size_t bytes, std::size_t valid) {
  std::memset(shared_memory(to, bytes), 0xff, bytes);
  if (valid > 0) {
    if (reinterpret_cast<std::uintptr_t>(from) % bytes != 0) {
      throw std::logic_error("global memory is not aligned");
    }
    if (!is_allowed(from, valid)) throw std::logic_error("copy from outside every buffer");
  }
  machine.running->open.push_back({to, from, bytes, valid});
}

void commit_copies() {
  Fiber& self = *machine.running;
  self.groups.push_back(std::move(self.open));
  self.open.clear();
}

void wait_for_copies(std::size_t pending) {
  auto& groups = machine.running->groups;
  while (groups.size() > pending) {
    for (const Copy& copy : groups.front()) land(copy);
    groups.pop_front();
  }
}

void exchange(const Words& mine, Words (&all)[32]) {
  const unsigned thread = machine.running->thread;
  Words* const of_warp = machine.exchanges[thread / warp].get();
  std::memcpy(of_warp[thread % warp], mine, sizeof mine);
  sync_warp();
  std::memcpy(all, of_warp, sizeof all);
  sync_warp();
}

}  // namespace halfbyte::simt
