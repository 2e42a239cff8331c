// Right use of what the other files misuse: this one compiles.
#include "halfbyte/halfbyte.h"

void control(const halfbyte::PackedWeight& w, const halfbyte::TensorView& x) {
  halfbyte::linear(x, w, x, {.schedule = halfbyte::Schedule::split_k, .split = 4});
  halfbyte::Workspace scratch(64);
  halfbyte::Workspace moved = std::move(scratch);
}
