// NPY: "\x93NUMPY", two bytes of version, the length of a header (u16 in version 1, u32 after), the
// header, the elements.
#include "halfbyte/npy.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include "checkpoint/atomic_write.h"
#include "checkpoint/checked.h"
#include "checkpoint/npy_header.h"
#include "halfbyte/error.h"

namespace halfbyte {
namespace checkpoint {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::uint64_t max_npy_header = 1'000'000;

[[noreturn]] void refuse(ErrorCode code, const File& file, std::string got, std::string wanted,
                         std::optional<std::uint64_t> offset = {}, std::string advice = {}) {
  throw Error(code, {.function = "read_npy",
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = std::move(advice),
                     .path = file.path().string(),
                     .offset = offset});
}

struct Type {
  char order = '|';  // '<', '>', '=', '|'
  char kind = 0;
  std::uint64_t bytes = 0;  // of an element; 0 where the text does not say
};

// "<f2" and the like; nothing for text that no writer would have written.
std::optional<Type> parse_type(std::string_view text) {
  Type type;
  if (text.empty()) return {};
  if (std::string_view("<>=|").find(text[0]) != text.npos) {
    type.order = text[0];
    text.remove_prefix(1);
  }
  if (text.empty() || !std::isalpha(static_cast<unsigned char>(text[0]))) return {};
  type.kind = text[0];
  text.remove_prefix(1);
  if (text.empty() || text[0] == '[') return type;
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || bytes > 1U << 30) return {};
  // Dates go on with a unit: "<M8[ns]".
  if (end != text.data() + text.size() && *end != '[') return {};
  type.bytes = type.kind == 'U' ? 4 * bytes : bytes;  // of letters
  return type;
}

// The file's length must be what shape and type say, whatever they are.
void check_length(const File& file, const NpyHeader& header, const Type& type,
                  std::uint64_t start) {
  if (type.bytes == 0) return;
  Size bytes = type.bytes;
  for (const std::uint64_t extent : header.shape) bytes = bytes * Size(extent);
  const Size end = bytes + Size(start);
  if (!end.get<std::int64_t>())
    refuse(ErrorCode::format, file, "a shape whose product overflows", "less than 2^63 bytes",
           std::uint64_t{10});
  if (*end.get() > file.size())
    refuse(ErrorCode::truncated, file, std::to_string(file.size() - start) + " bytes of data",
           std::to_string(*bytes.get()) + ", as the header says", file.size());
  if (*end.get() < file.size())
    refuse(ErrorCode::format, file, std::to_string(file.size() - *end.get()) + " bytes too many",
           "data that ends with the last element", *end.get());
}

struct Start {
  std::uint64_t header = 0;
  std::uint64_t header_bytes = 0;
};

Start read_start(const File& file) {
  std::array<std::byte, 12> first{};
  const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(first.size(), file.size()));
  file.read_at(0, std::span(first).first(n), "read_npy");
  const auto byte = [&](std::size_t i) { return std::to_integer<std::uint64_t>(first[i]); };
  for (std::size_t i = 0; i < std::min(n, magic.size()); ++i)
    if (byte(i) != static_cast<unsigned char>(magic[i]))
      refuse(ErrorCode::format, file, "another file type" + describe_impostor(file, "read_npy"),
             "an NPY file", i, "write it with numpy.save");
  const std::uint64_t version = n > 6 ? byte(6) : 1;
  const std::uint64_t start = version == 1 ? 10 : 12;
  if (n > 6 && (version < 1 || version > 3))
    refuse(ErrorCode::format, file, "version " + std::to_string(version), "1, 2 or 3",
           std::uint64_t{6});
  if (n > 7 && byte(7) != 0)
    refuse(ErrorCode::format, file, "minor version " + std::to_string(byte(7)), "0",
           std::uint64_t{7});
  if (n < start)
    refuse(ErrorCode::truncated, file, std::to_string(file.size()) + " bytes", "an NPY file",
           file.size());
  std::uint64_t length = byte(8) | byte(9) << 8;
  if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > max_npy_header)
    refuse(ErrorCode::format, file, "a header of " + std::to_string(length) + " bytes",
           "at most " + std::to_string(max_npy_header), std::uint64_t{8});
  if (length > file.size() - start)
    refuse(ErrorCode::truncated, file, std::to_string(file.size()) + " bytes",
           std::to_string(start + length) + " for the header alone", file.size());
  return {start, length};
}

}  // namespace

HostTensor read_npy_file(const File& file) {
  const auto [at, length] = read_start(file);
  std::string text(length, '\0');
  file.read_at(at, std::as_writable_bytes(std::span(text.data(), text.size())), "read_npy");
  const NpyHeader header = parse_npy_dictionary(text, at, file.path());
  const auto refuse_type = [&] {
    refuse(ErrorCode::dtype, file,
           header.descr.empty() ? "a structured type" : "\"" + escaped(header.descr) + "\"",
           "\"<f2\" or \"<f4\"", at, "convert it with astype(\"<f2\") or astype(\"<f4\")");
  };
  if (header.descr.empty()) refuse_type();
  const auto type = parse_type(header.descr);
  if (!type)
    refuse(ErrorCode::format, file, "descr \"" + escaped(header.descr) + "\"", "a type", at);
  check_length(file, header, *type, at + length);

  if (header.descr != "<f2" && header.descr != "<f4") refuse_type();
  if (header.fortran_order)
    refuse(ErrorCode::stride, file, "Fortran order", "C order", at,
           "convert it with numpy.ascontiguousarray");
  if (header.shape.size() != 1 && header.shape.size() != 2)
    refuse(ErrorCode::shape, file, std::to_string(header.shape.size()) + " dimensions", "1 or 2",
           at);

  HostTensor tensor;
  tensor.dtype = header.descr == "<f2" ? DType::f16 : DType::f32;
  tensor.shape.assign(header.shape.begin(), header.shape.end());
  tensor.bytes.resize(file.size() - at - length);
  file.read_at(at + length, tensor.bytes, "read_npy");
  return tensor;
}

}  // namespace checkpoint

namespace {

// numpy's word for a type; it has none for 8-bit floats: their bytes.
const char* descr_of(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return "<f2";
    case DType::f32:
      return "<f4";
    case DType::i8:
      return "|i1";
    case DType::u8:
    case DType::e4m3:
    case DType::e5m2:
      return "|u1";
    default:
      return nullptr;
  }
}

}  // namespace

HostTensor read_npy(const std::filesystem::path& path) {
  return checkpoint::read_npy_file(checkpoint::File::open(path, "read_npy"));
}

void write_npy(const std::filesystem::path& path, const HostTensor& tensor) {
  const auto refuse = [](ErrorCode code, const char* argument, std::string got,
                         const char* wanted) {
    throw Error(
        code,
        {.function = "write_npy", .argument = argument, .got = std::move(got), .wanted = wanted});
  };
  const char* const descr = descr_of(tensor.dtype);
  if (descr == nullptr)
    refuse(ErrorCode::dtype, "tensor", std::string(name(tensor.dtype)),
           "f16, f32, i8, u8, e4m3 or e5m2");
  if (tensor.shape.size() != 1 && tensor.shape.size() != 2)
    refuse(ErrorCode::shape, "tensor", std::to_string(tensor.shape.size()) + " dimensions",
           "1 or 2");
  checkpoint::Size bytes = size_of(tensor.dtype);
  std::string shape;
  for (const std::int64_t extent : tensor.shape) {
    bytes = bytes * checkpoint::Size::from(extent);
    shape += std::to_string(extent) + (tensor.shape.size() == 1 ? "," : shape.empty() ? ", " : "");
  }
  if (!(bytes == checkpoint::Size(tensor.bytes.size())))
    refuse(ErrorCode::shape, "tensor", std::to_string(tensor.bytes.size()) + " bytes",
           "as many as type and shape say");

  std::string header =
      std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // numpy aligns the data to 64 bytes.
  header.append((64 - (10 + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  std::string start(checkpoint::magic);
  start += {'\x01', '\x00', static_cast<char>(header.size() & 255),
            static_cast<char>(header.size() >> 8)};
  checkpoint::AtomicFile file(path, "write_npy");
  file.append(start + header);
  file.append(tensor.bytes);
  file.commit();
}

}  // namespace halfbyte
