#include "halfbyte/npy.h"

#include "checkpoint/npy_header.h"
#include "checkpoint/support.h"

namespace halfbyte {
namespace {

using test::expect_error;
using test::TemporaryFolder;
using test::tensor_of;

std::string npy_bytes(std::string header, std::string_view data, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += {static_cast<char>(version), '\0'};
  bytes += static_cast<char>(header.size() & 255);
  bytes += static_cast<char>(header.size() >> 8 & 255);
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + header + std::string(data);
}

HostTensor parse(std::string_view bytes) {
  return checkpoint::read_npy_file(
      checkpoint::File::from_memory(std::as_bytes(std::span(bytes)), "x.npy"));
}

HostTensor parse_header(const std::string& header, std::size_t data_bytes = 0) {
  return parse(npy_bytes(header + "\n", std::string(data_bytes, 'x')));
}

TEST(Npy, WritesWhatItReads) {
  const TemporaryFolder root;
  const HostTensor matrix = tensor_of<float>(DType::f32, {2, 3}, {1, 2, 3, 4, 5, 6});
  const HostTensor vector = tensor_of<std::uint16_t>(DType::f16, {4}, {1, 0x3c00, 0x7c00, 0xffff});
  const HostTensor empty{.dtype = DType::f32, .shape = {0, 7}, .bytes = {}};
  for (const HostTensor& tensor : {matrix, vector, empty}) {
    write_npy(root / "a.npy", tensor);
    const HostTensor back = read_npy(root / "a.npy");
    EXPECT_EQ(back.dtype, tensor.dtype);
    EXPECT_EQ(back.shape, tensor.shape);
    EXPECT_EQ(back.bytes, tensor.bytes);
    EXPECT_EQ((std::filesystem::file_size(root / "a.npy") - tensor.bytes.size()) % 64, 0U);
  }
}

TEST(Npy, WritesTheBytesThatNumpyWrites) {
  const TemporaryFolder root;
  write_npy(root / "a.npy", tensor_of<float>(DType::f32, {1, 2}, {0, 0}));
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
  header.append(117 - header.size(), ' ');
  EXPECT_EQ(test::read_bytes(root / "a.npy"), npy_bytes(header + "\n", std::string(8, '\0')));
  write_npy(root / "a.npy", tensor_of<float>(DType::f32, {2}, {0, 0}));
  header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  header.append(117 - header.size(), ' ');
  EXPECT_EQ(test::read_bytes(root / "a.npy"), npy_bytes(header + "\n", std::string(8, '\0')));
}

TEST(Npy, ReadsEveryVersionAndAnyOrderOfKeys) {
  const std::string header = "{\"shape\": (2,3,), 'fortran_order':False,'descr':'<f2'}   \n";
  for (const int version : {1, 2, 3}) {
    const HostTensor tensor = parse(npy_bytes(header, std::string(12, 'x'), version));
    EXPECT_EQ(tensor.dtype, DType::f16);
    EXPECT_EQ(tensor.shape, (std::vector<std::int64_t>{2, 3}));
  }
  EXPECT_EQ(parse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2L,)}", 8).shape[0],
            2);
}

TEST(Npy, AnotherKindOfArrayIsTheCallersMistake) {
  const auto header = [](const std::string& descr, const std::string& order,
                         const std::string& shape) {
    return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + "}";
  };
  for (const char* descr : {"'>f4'", "'>f2'", "'=f4'", "'<i4'", "'|u1'", "'<f8'", "'|b1'", "'|O'",
                            "'<U3'", "'<M8[ns]'", "[('a', '<f4'), ('b', '<i2', (2, 3))]"}) {
    std::size_t bytes = 2 * 4;
    if (std::string_view(descr).find('8') != std::string::npos) bytes = 2 * 8;
    if (std::string_view(descr).find('1') != std::string::npos) bytes = 2;
    if (std::string_view(descr) == "'>f2'") bytes = 4;
    if (std::string_view(descr) == "'<U3'") bytes = 24;
    const Error error = expect_error(ErrorCode::dtype,
                                     [&] { parse_header(header(descr, "False", "(2,)"), bytes); });
    EXPECT_EQ(exit_status(error.code()), 2);
  }
  expect_error(ErrorCode::stride, [&] { parse_header(header("'<f4'", "True", "(2, 3)"), 24); });
  expect_error(ErrorCode::shape, [&] { parse_header(header("'<f4'", "False", "()"), 4); });
  expect_error(ErrorCode::shape, [&] { parse_header(header("'<f4'", "False", "(1, 1, 1)"), 4); });
}

TEST(Npy, MalformedHeadersAreFormatErrorsWithAnOffset) {
  const char* headers[] = {
      "",
      "{}",
      "{'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<f4', 'fortran_order': false, 'shape': (2,)}",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': [2]}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2 2)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,4,)}",
      "{'descr': '', 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<', 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '?!', 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<f4x', 'fortran_order': False, 'shape': (2,)}",
      "{'descr': 4, 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)",
      "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<f4\n', 'fortran_order': False, 'shape': (2,)}",
  };
  for (const char* header : headers) {
    const Error error = expect_error(ErrorCode::format, [&] { parse_header(header, 8); });
    EXPECT_TRUE(error.detail().offset) << header;
    EXPECT_EQ(exit_status(error.code()), 1);
  }
  const std::string deep = "{'descr': " + std::string(100000, '[');
  expect_error(ErrorCode::format, [&] { parse(npy_bytes(deep.substr(0, 60000) + "\n", "")); });
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
  expect_error(ErrorCode::format, [&] { parse(npy_bytes(good, "12345678")); });  // no newline
  expect_error(ErrorCode::format, [&] { parse_header(good, 9); });               // trailing byte
  expect_error(ErrorCode::format, [&] { parse(npy_bytes(good + "\n", "12345678", 4)); });
  expect_error(ErrorCode::format, [&] { parse("PK\x03\x04 a zip"); });
  EXPECT_EQ(parse_header(good, 8).shape[0], 2);
}

TEST(Npy, AFileCutAnywhereIsTruncated) {
  const TemporaryFolder root;
  write_npy(root / "a.npy", tensor_of<float>(DType::f32, {2, 3}, {1, 2, 3, 4, 5, 6}));
  const std::string whole = test::read_bytes(root / "a.npy");
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    test::write_bytes(root / "cut.npy", whole.substr(0, cut));
    const Error error = expect_error(ErrorCode::truncated, [&] { read_npy(root / "cut.npy"); });
    EXPECT_EQ(error.detail().path, (root / "cut.npy").string());
    EXPECT_EQ(error.detail().offset, cut);
  }
  EXPECT_EQ(read_npy(root / "a.npy").bytes.size(), 24U);
}

TEST(Npy, FilesThatCannotBeOpened) {
  const TemporaryFolder root;
  expect_error(ErrorCode::io, [&] { read_npy(root / "missing.npy"); });
  expect_error(ErrorCode::io, [&] { read_npy(root.path()); });
  expect_error(ErrorCode::io, [] { read_npy("/dev/null"); });
  write_npy(root / "a.npy", tensor_of<float>(DType::f32, {1}, {1}));
  std::filesystem::create_symlink("a.npy", root / "link.npy");
  EXPECT_EQ(read_npy(root / "link.npy").shape[0], 1);  // a path the caller named
}

TEST(Npy, WritingRefusesWhatTheFormatIsNotUsedForAndKeepsTheOldFile) {
  const TemporaryFolder root;
  const HostTensor good = tensor_of<float>(DType::f32, {1}, {1});
  write_npy(root / "a.npy", good);
  const std::string before = test::read_bytes(root / "a.npy");
  const auto with = [&](auto change) {
    HostTensor bad = good;
    change(bad);
    return bad;
  };
  const auto write = [&](const HostTensor& t) { return [&, t] { write_npy(root / "a.npy", t); }; };
  expect_error(ErrorCode::dtype, write(with([](HostTensor& t) { t.dtype = DType::bf16; })));
  expect_error(ErrorCode::shape, write(with([](HostTensor& t) { t.shape = {1, 1, 1}; })));
  expect_error(ErrorCode::shape, write(with([](HostTensor& t) { t.shape = {}; })));
  expect_error(ErrorCode::shape, write(with([](HostTensor& t) { t.shape = {2}; })));
  expect_error(ErrorCode::shape, write(with([](HostTensor& t) { t.shape = {-1}; })));
  expect_error(ErrorCode::path, [&] { write_npy(root.path(), good); });
  EXPECT_EQ(test::read_bytes(root / "a.npy"), before);
  EXPECT_EQ(test::names_in(root.path()), std::vector<std::string>{"a.npy"});
}

}  // namespace
}  // namespace halfbyte
