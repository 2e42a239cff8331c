// cp.async on the host. A copy spoils its target at once and lands as late as the wait for it
// allows, so that a missing wait, or a place that is overwritten too early, shows as NaN. Copies
// may read only what is registered, and both of their ends are aligned as the instruction asks;
// anything else throws std::logic_error.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simt {

// Memory that copies may read, until forget_buffers().
void allow_copies_from(const void* data, std::size_t bytes);
void forget_buffers();

// `to` in bytes from the start of the block's dynamic shared memory; `valid` of the `bytes` are
// copied, the others become zero. A group ends with commit_copies.
void start_copy(std::uint32_t to, const void* from, std::size_t bytes, std::size_t valid);
void commit_copies();
// Until at most `pending` groups of the thread are in flight.
void wait_for_copies(std::size_t pending);

// Dynamic shared memory by its address there.
std::uint32_t shared_address(const void* pointer);
std::byte* shared_place(std::uint32_t address, std::size_t bytes);

}  // namespace simt
