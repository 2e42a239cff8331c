// What signals do to the command line.
#pragma once

namespace halfbyte::cli {

// SIGPIPE is ignored: a reader that leaves is seen as a failed write. SIGINT and SIGTERM remove the
// temporary files that are being written and end the process with status 130 or 143.
void install_signal_handlers();

}  // namespace halfbyte::cli
