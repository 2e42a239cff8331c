#include "bench/timing.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace halfbyte::bench {
namespace {

// Between the two nearest ranks, so that few samples do not jump.
double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - std::floor(at)) * (sorted[high] - sorted[low]);
}

// The open schedstat files of this process's threads: "ns running, ns waiting, slices".
class ThreadStatistics {
 public:
  double waited_us() {
    // Threads are made early and rarely end: looking for new ones each time would take longer
    // than the calls that are measured.
    if (reads_++ % 256 == 0) open_all();
    std::uint64_t total = 0;
    for (const int file : files_) {
      char text[96] = {};
      unsigned long long running = 0, waiting = 0;
      if (pread(file, text, sizeof text - 1, 0) <= 0) continue;
      if (std::sscanf(text, "%llu %llu", &running, &waiting) == 2) total += waiting;
    }
    return static_cast<double>(total) / 1000;
  }

 private:
  void open_all() {
    for (const int file : files_) close(file);
    files_.clear();
    std::error_code none;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", none)) {
      const int file = open((task.path() / "schedstat").c_str(), O_RDONLY | O_CLOEXEC);
      if (file >= 0) files_.push_back(file);
    }
  }

  std::vector<int> files_;
  std::size_t reads_ = 0;
};

}  // namespace

Spread summarize(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  return {quantile(samples, 0.5), quantile(samples, 0.1), quantile(samples, 0.9), samples.size()};
}

std::size_t calls_in_graph(std::size_t rotation, double us_a_call, double wanted_us,
                           std::size_t most_calls) {
  constexpr std::size_t one = 1;
  rotation = std::max(rotation, one);
  const double rotations = std::ceil(wanted_us / (us_a_call * static_cast<double>(rotation)));
  const std::size_t most = std::max(one, most_calls / rotation);
  if (!(rotations > 1)) return rotation;
  if (!(rotations < static_cast<double>(most))) return rotation * most;
  return rotation * static_cast<std::size_t>(rotations);
}

double waited_us() {
  static ThreadStatistics statistics;
  return statistics.waited_us();
}

void Samples::append(const Samples& more) {
  all_.insert(all_.end(), more.all_.begin(), more.all_.end());
  undisturbed_.insert(undisturbed_.end(), more.undisturbed_.begin(), more.undisturbed_.end());
}

Spread Samples::summary() const { return summarize(enough_undisturbed() ? undisturbed_ : all_); }

}  // namespace halfbyte::bench
