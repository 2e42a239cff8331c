#include "halfbyte/error.h"

#include <array>
#include <utility>

namespace halfbyte {
namespace {

struct CodeRow {
  ErrorCode code;
  std::string_view name;
  int exit_status;
};

constexpr std::array<CodeRow, 29> code_rows{{
    {ErrorCode::arg, "E_ARG", 2},
    {ErrorCode::dtype, "E_DTYPE", 2},
    {ErrorCode::shape, "E_SHAPE", 2},
    {ErrorCode::range, "E_RANGE", 2},
    {ErrorCode::stride, "E_STRIDE", 2},
    {ErrorCode::align, "E_ALIGN", 2},
    {ErrorCode::alias, "E_ALIAS", 2},
    {ErrorCode::device, "E_DEVICE", 2},
    {ErrorCode::handle, "E_HANDLE", 2},
    {ErrorCode::workspace, "E_WORKSPACE", 2},
    {ErrorCode::arch, "E_ARCH", 1},
    {ErrorCode::unsupported, "E_UNSUPPORTED", 1},
    {ErrorCode::busy, "E_BUSY", 1},
    {ErrorCode::capture, "E_CAPTURE", 1},
    {ErrorCode::cuda_sticky, "E_CUDA_STICKY", 70},
    {ErrorCode::oom, "E_OOM", 1},
    {ErrorCode::no_gpu, "E_NO_GPU", 1},
    {ErrorCode::driver, "E_DRIVER", 1},
    {ErrorCode::io, "E_IO", 1},
    {ErrorCode::no_space, "E_NOSPACE", 1},
    {ErrorCode::path, "E_PATH", 1},
    {ErrorCode::format, "E_FORMAT", 1},
    {ErrorCode::truncated, "E_TRUNCATED", 1},
    {ErrorCode::corrupt, "E_CORRUPT", 1},
    {ErrorCode::ambiguous, "E_AMBIGUOUS", 1},
    {ErrorCode::resume_mismatch, "E_RESUME_MISMATCH", 1},
    {ErrorCode::dist_arg, "E_DIST_ARG", 1},
    {ErrorCode::dist_mismatch, "E_DIST_MISMATCH", 1},
    {ErrorCode::dist_timeout, "E_DIST_TIMEOUT", 1},
}};

const CodeRow& row_of(ErrorCode code) {
  for (const CodeRow& row : code_rows) {
    if (row.code == code) return row;
  }
  return code_rows.front();
}

std::string compose(ErrorCode code, const ErrorDetail& d) {
  std::string message{code_name(code)};
  if (!d.function.empty()) message += ": " + d.function;
  if (!d.argument.empty()) message += ": " + d.argument;
  if (!d.path.empty()) {
    message += ": " + d.path;
    if (d.offset) message += " at byte " + std::to_string(*d.offset);
  }
  if (!d.got.empty()) message += ": got " + d.got;
  if (!d.wanted.empty()) message += (d.got.empty() ? ": wanted " : ", wanted ") + d.wanted;
  if (!d.advice.empty()) message += "; " + d.advice;
  return message;
}

}  // namespace

std::string_view code_name(ErrorCode code) { return row_of(code).name; }

int exit_status(ErrorCode code) { return row_of(code).exit_status; }

Error::Error(ErrorCode code, ErrorDetail detail)
    : code_(code), detail_(std::move(detail)), message_(compose(code_, detail_)) {}

}  // namespace halfbyte
