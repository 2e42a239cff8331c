// Runs the built `halfbyte` as a process of its own, the way scripts meet it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace halfbyte::test {

struct Outcome {
  int status = -1;  // exit status; minus the signal's number when a signal ended it
  std::string out;
  std::string err;
};

Outcome run_cli(const std::vector<std::string>& arguments);

// Starts it with stdout and stderr thrown away; the caller waits for the process.
pid_t start_cli(const std::vector<std::string>& arguments);
int wait_for(pid_t process);

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& bytes);

// The bytes of an NPY file of version 1.0, written down here rather than by the library.
std::string npy(const std::string& descr, const std::string& shape, const std::string& data,
                const std::string& fortran = "False");
// float16 and float32 data for it.
std::string f16_bytes(const std::vector<float>& values);
std::string f32_bytes(const std::vector<float>& values);

// Values that f16 and bf16 hold exactly, of both signs.
std::vector<float> small_values(std::size_t count);

std::filesystem::path golden(const std::string& name);

}  // namespace halfbyte::test
