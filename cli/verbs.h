// The verbs of the command line: one file each. A verb adds its subcommand, whose callback does the
// work; `status` is the exit status where the work itself has a verdict. Errors are thrown.
#pragma once

#include <CLI/CLI.hpp>

namespace halfbyte::cli {

void add_apply(CLI::App& app, int& status);
void add_bench(CLI::App& app, int& status);
// Adds `bench splitk` to the verb `bench`.
void add_bench_splitk(CLI::App& bench, int& status);
void add_compare(CLI::App& app, int& status);
void add_doctor(CLI::App& app, int& status);
// Adds `bench hadamard` to the verb `bench`.
void add_bench_hadamard(CLI::App& bench, int& status);
void add_hadamard(CLI::App& app, int& status);
void add_inspect(CLI::App& app, int& status);
void add_list_kernels(CLI::App& app, int& status);
void add_quantize(CLI::App& app, int& status);
void add_rotate(CLI::App& app, int& status);

}  // namespace halfbyte::cli
