#include "copies.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <stdexcept>
#include <vector>

#include "simt.h"

namespace simt {
namespace {

struct Copy {
  std::uint32_t to;
  const void* from;
  std::size_t bytes, valid;
};

struct InFlight {
  unsigned block = 0;                    // whose thread it is
  std::vector<Copy> open;                // of the group that is not closed yet
  std::deque<std::vector<Copy>> groups;  // closed
};

struct Buffer {
  const std::byte* begin;
  std::size_t bytes;
};

std::map<unsigned, InFlight> of_thread;
std::vector<Buffer> buffers;

InFlight& mine() {
  InFlight& own = of_thread[thread_index.x];
  if (own.block != block_index.x) own = {.block = block_index.x, .open = {}, .groups = {}};
  return own;
}

bool is_allowed(const void* from, std::size_t bytes) {
  const auto* begin = static_cast<const std::byte*>(from);
  return std::any_of(buffers.begin(), buffers.end(), [&](const Buffer& b) {
    return begin >= b.begin && begin + bytes <= b.begin + b.bytes;
  });
}

}  // namespace

void allow_copies_from(const void* data, std::size_t bytes) {
  buffers.push_back({static_cast<const std::byte*>(data), bytes});
}

void forget_buffers() {
  buffers.clear();
  of_thread.clear();
}

void start_copy(std::uint32_t to, const void* from, std::size_t bytes, std::size_t valid) {
  std::memset(shared_place(to, bytes), 0xFF, bytes);
  if (valid > 0) {
    if (reinterpret_cast<std::uintptr_t>(from) % bytes != 0) {
      throw std::logic_error("a copy from memory that is not aligned");
    }
    if (!is_allowed(from, valid)) throw std::logic_error("a copy from outside every buffer");
  }
  mine().open.push_back({to, from, bytes, valid});
}

void commit_copies() {
  InFlight& own = mine();
  own.groups.push_back(std::move(own.open));
  own.open.clear();
}

void wait_for_copies(std::size_t pending) {
  auto& groups = mine().groups;
  while (groups.size() > pending) {
    for (const Copy& copy : groups.front()) {
      std::byte* const to = shared_place(copy.to, copy.bytes);
      std::memset(to, 0, copy.bytes);
      if (copy.valid > 0) std::memcpy(to, copy.from, copy.valid);
    }
    groups.pop_front();
  }
}

std::uint32_t shared_address(const void* pointer) {
  return static_cast<std::uint32_t>(static_cast<const std::byte*>(pointer) -
                                    static_cast<const std::byte*>(shared_memory()));
}

std::byte* shared_place(std::uint32_t address, std::size_t bytes) {
  if (address % bytes != 0) throw std::logic_error("shared memory that is not aligned");
  if (address + bytes > shared_bytes()) throw std::logic_error("beyond the shared memory");
  return static_cast<std::byte*>(shared_memory()) + address;
}

}  // namespace simt
