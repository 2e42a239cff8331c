// Progress of long work on stderr, with an estimate of what is left.
#pragma once

#include <chrono>
#include <string>

namespace halfbyte::cli {

// On a terminal one line that is written over; elsewhere a line every few seconds. Nothing when the
// work is done within a second.
class Progress {
 public:
  explicit Progress(std::string title) : title_(std::move(title)) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `total` units of work are finished; `what` is the unit in hand.
  void show(double done, double total, const std::string& what);
  // Removes the line from a terminal, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::string title_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
  bool on_screen_ = false;
};

}  // namespace halfbyte::cli
