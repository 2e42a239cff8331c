// The one error type of the API.
//
// Every public function either does what it says or throws halfbyte::Error before it has touched an
// output. The message names the function, the argument, what was got, what is accepted and what to
// do; errors about files add the path and, where it is known, the byte offset.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace halfbyte {

enum class ErrorCode {
  // The caller's argument (CLI exit status 2).
  arg,
  dtype,
  shape,
  range,
  stride,
  align,
  alias,
  device,
  handle,
  workspace,
  // Legal, but not in this build or on this machine (exit status 1).
  arch,
  unsupported,
  // The state of the machine or the process (exit status 1).
  busy,
  capture,
  cuda_sticky,
  oom,
  no_gpu,
  driver,
  // Files (exit status 1).
  io,
  no_space,
  path,
  format,
  truncated,
  corrupt,
  ambiguous,
  resume_mismatch,
  // Ranks (exit status 1).
  dist_arg,
  dist_mismatch,
  dist_timeout,
};

// "E_SHAPE" and so on: the stable name that scripts may match.
std::string_view code_name(ErrorCode code);

// The exit status of the command line for an error of this code: 2 for the caller's argument, 70
// for a device fault, 1 for the rest.
int exit_status(ErrorCode code);

// What an error is about. Only the fields that apply are filled in.
struct ErrorDetail {
  std::string function = {};                 // the public function, or the CLI verb
  std::string argument = {};                 // the argument, tensor, key or option
  std::string got = {};                      // the value found
  std::string wanted = {};                   // what is accepted
  std::string advice = {};                   // what to do about it
  std::string path = {};                     // the file
  std::optional<std::uint64_t> offset = {};  // the byte in that file
};

class Error : public std::exception {
 public:
  Error(ErrorCode code, ErrorDetail detail);

  ErrorCode code() const noexcept { return code_; }
  const ErrorDetail& detail() const noexcept { return detail_; }
  // "E_SHAPE: linear: x: got k = 4100, wanted k = 4096; pass x as (m, 4096)"
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorCode code_;
  ErrorDetail detail_;
  std::string message_;
};

}  // namespace halfbyte
