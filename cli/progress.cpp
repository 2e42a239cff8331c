#include "cli/progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "cli/output.h"

namespace halfbyte::cli {
namespace {

std::string duration(double seconds) {
  char text[32];
  if (seconds < 90) {
    std::snprintf(text, sizeof text, "%.0f s", std::ceil(seconds));
  } else if (seconds < 5400) {
    std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
  } else {
    std::snprintf(text, sizeof text, "%.1f h", seconds / 3600);
  }
  return text;
}

}  // namespace

void Progress::show(double done, double total, const std::string& what) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const Clock::time_point now = Clock::now();
  const std::chrono::duration<double> pause(terminal ? 0.2 : 5.0);
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  if (elapsed < 1 || (shown_ != start_ && now - shown_ < pause) || !(total > 0)) return;
  shown_ = now;
  std::string text = title_ + ": " + std::to_string(static_cast<int>(100 * done / total)) + " %";
  if (done > 0) text += ", about " + duration(elapsed * (total - done) / done) + " left";
  text += ", " + printable(what);
  if (terminal) {
    std::fprintf(stderr, "\r\033[K%.100s", text.c_str());
    on_screen_ = true;
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(stderr);
}

void Progress::clear() {
  if (!on_screen_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  on_screen_ = false;
}

}  // namespace halfbyte::cli
