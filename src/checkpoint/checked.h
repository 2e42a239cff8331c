// Checked<u64>: arithmetic on the sizes, offsets and counts of a file that somebody else wrote.
//
// An operation that would overflow poisons the value, and the poison stays, so that a whole formula
// can be written down first and asked once whether it holds. Narrowing goes through get<T>() too.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>

namespace halfbyte::checkpoint {

template <std::unsigned_integral T>
class Checked {
 public:
  constexpr Checked(T value) : value_(value), ok_(true) {}  // NOLINT: a number is a Checked

  template <std::integral From>
  static constexpr Checked from(From value) {
    if constexpr (std::signed_integral<From>) {
      if (value < 0) return poisoned();
    }
    if (static_cast<std::uint64_t>(value) > std::numeric_limits<T>::max()) return poisoned();
    return Checked(static_cast<T>(value));
  }
  static constexpr Checked poisoned() {
    Checked c(T{0});
    c.ok_ = false;
    return c;
  }

  constexpr bool ok() const { return ok_; }

  // The value as a To, or nothing if a step overflowed or To cannot hold it.
  template <std::integral To = T>
  constexpr std::optional<To> get() const {
    if (!ok_ || value_ > static_cast<std::uint64_t>(std::numeric_limits<To>::max())) return {};
    return static_cast<To>(value_);
  }

  friend constexpr Checked operator+(Checked a, Checked b) {
    T r{};
    return a.ok_ && b.ok_ && !__builtin_add_overflow(a.value_, b.value_, &r) ? Checked(r)
                                                                             : poisoned();
  }
  friend constexpr Checked operator-(Checked a, Checked b) {
    T r{};
    return a.ok_ && b.ok_ && !__builtin_sub_overflow(a.value_, b.value_, &r) ? Checked(r)
                                                                             : poisoned();
  }
  friend constexpr Checked operator*(Checked a, Checked b) {
    T r{};
    return a.ok_ && b.ok_ && !__builtin_mul_overflow(a.value_, b.value_, &r) ? Checked(r)
                                                                             : poisoned();
  }
  // The least q with q * b >= a.
  friend constexpr Checked ceil_div(Checked a, Checked b) {
    if (!a.ok_ || !b.ok_ || b.value_ == 0) return poisoned();
    return Checked(static_cast<T>(a.value_ / b.value_ + (a.value_ % b.value_ != 0)));
  }
  // A poisoned value equals nothing, itself included.
  friend constexpr bool operator==(Checked a, Checked b) {
    return a.ok_ && b.ok_ && a.value_ == b.value_;
  }

 private:
  T value_;
  bool ok_;
};

using Size = Checked<std::uint64_t>;

}  // namespace halfbyte::checkpoint
