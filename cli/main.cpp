// halfbyte: the command line. stdout is data, stderr is progress and errors.
//
// Exit status: 0 done, 1 a file, the machine or an unsupported request, 2 the caller's argument,
// 130 / 143 on SIGINT / SIGTERM. docs/cli.md has the list.
#include <exception>
#include <iostream>
#include <new>

#include "cli/output.h"
#include "cli/signals.h"
#include "cli/verbs.h"
#include "halfbyte/error.h"

namespace {

constexpr int caller_error = 2;

int run(int argc, char** argv) {
  int status = 0;
  CLI::App app{"Low-bit weights, 16-bit activations: multiply, measure, quantise, look inside."};
  app.name("halfbyte");
  app.require_subcommand(1);
  halfbyte::cli::add_apply(app, status);
  halfbyte::cli::add_bench(app, status);
  halfbyte::cli::add_compare(app, status);
  halfbyte::cli::add_doctor(app, status);
  halfbyte::cli::add_hadamard(app, status);
  halfbyte::cli::add_inspect(app, status);
  halfbyte::cli::add_list_kernels(app, status);
  halfbyte::cli::add_quantize(app, status);
  halfbyte::cli::add_rotate(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    status = app.exit(e) == 0 ? 0 : caller_error;
  }
  halfbyte::cli::finish_stdout();
  return status;
}

int complain(std::string_view message, int status) {
  std::cerr << "halfbyte: " << halfbyte::cli::printable(message) << '\n';
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  halfbyte::cli::install_signal_handlers();
  try {
    return run(argc, argv);
  } catch (const halfbyte::Error& e) {
    return complain(e.what(), halfbyte::exit_status(e.code()));
  } catch (const std::bad_alloc&) {
    return complain("E_OOM: not enough memory", 1);
  } catch (const std::exception& e) {
    return complain(e.what(), 1);
  }
}
