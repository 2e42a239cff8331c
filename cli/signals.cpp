#include "cli/signals.h"

#include <unistd.h>
#include <csignal>

#include "checkpoint/atomic_write.h"

namespace halfbyte::cli {
namespace {

extern "C" void stop(int signal) {
  checkpoint::remove_temporaries();
  _exit(128 + signal);
}

}  // namespace

void install_signal_handlers() {
  std::signal(SIGPIPE, SIG_IGN);
  struct sigaction action{};
  action.sa_handler = stop;
  // The second signal must not interrupt the cleaning up after the first.
  sigaddset(&action.sa_mask, SIGINT);
  sigaddset(&action.sa_mask, SIGTERM);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace halfbyte::cli
