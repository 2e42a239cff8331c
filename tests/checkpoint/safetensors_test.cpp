#include <algorithm>

#include "checkpoint/safetensors.h"

#include "checkpoint/support.h"

namespace halfbyte::checkpoint {
namespace {

using test::expect_error;
using test::safetensors_bytes;
using test::TemporaryFolder;
using test::tensor_of;

SafetensorsHeader parse(std::string_view bytes) {
  const File file = File::from_memory(std::as_bytes(std::span(bytes)), "x.safetensors");
  return read_safetensors_header(file, "test");
}

SafetensorsHeader parse(std::string_view header, std::string_view data) {
  return parse(safetensors_bytes(header, data));
}

TEST(Safetensors, ReadsTensorsInAnyOrderAndUnaligned) {
  const std::string file =
      safetensors_bytes(R"({"b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                        R"("__metadata__":{"k":"v"},)"
                        R"("a":{"dtype":"F32","shape":[1,1],"data_offsets":[3,7]},)"
                        R"("none":{"dtype":"F16","shape":[0,5],"data_offsets":[3,3]},)"
                        R"("scalar":{"dtype":"I8","shape":[],"data_offsets":[7,8]}}   )",
                        "xyz1234s");
  const File memory = File::from_memory(std::as_bytes(std::span(file)), "m");
  const SafetensorsHeader header = read_safetensors_header(memory, "test");
  ASSERT_EQ(header.tensors.size(), 4U);
  EXPECT_EQ(header.tensors[0].name, "a");  // sorted
  EXPECT_EQ(header.metadata.at("k"), "v");
  const HostTensor a = read_tensor(memory, header.tensors[0], "test");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(a.bytes.data()), 4), "1234");
  EXPECT_EQ(a.shape, (std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(parse("{}", "").tensors.size(), 0U);
}

TEST(Safetensors, EveryDtypeComesBack) {
  const TemporaryFolder root;
  std::vector<NamedTensor> tensors;
  for (const DType dtype :
       {DType::f16, DType::bf16, DType::f32, DType::f64, DType::i8, DType::u8, DType::i16,
        DType::i32, DType::i64, DType::e4m3, DType::e5m2, DType::e8m0, DType::boolean}) {
    HostTensor tensor{.dtype = dtype, .shape = {3, 5}, .bytes = {}};
    for (std::size_t i = 0; i < 15 * size_of(dtype); ++i)
      tensor.bytes.push_back(static_cast<std::byte>(i * 37 + tensors.size()));
    tensors.push_back({"layer." + std::string(name(dtype)), tensor});
  }
  write_safetensors(root / "a", tensors, "test", {{"format", "pt"}, {"note", "\"\n\xc3\xa9"}});
  const File file = File::open(root / "a", "test");
  const SafetensorsHeader header = read_safetensors_header(file, "test");
  EXPECT_EQ(header.metadata.at("note"), "\"\n\xc3\xa9");
  ASSERT_EQ(header.tensors.size(), tensors.size());
  for (const NamedTensor& wanted : tensors)
    for (const TensorEntry& entry : header.tensors)
      if (entry.name == wanted.name) {
        const HostTensor got = read_tensor(file, entry, "test");
        EXPECT_EQ(got.dtype, wanted.tensor.dtype);
        EXPECT_EQ(got.shape, wanted.tensor.shape);
        EXPECT_EQ(got.bytes, wanted.tensor.bytes);
        EXPECT_EQ(entry.begin % size_of(entry.dtype), 0U);  // the writer aligns
      }
  // The same tensors in another order give the same bytes.
  std::reverse(tensors.begin(), tensors.end());
  write_safetensors(root / "b", tensors, "test", {{"format", "pt"}, {"note", "\"\n\xc3\xa9"}});
  EXPECT_EQ(test::read_bytes(root / "a"), test::read_bytes(root / "b"));
}

TEST(Safetensors, RefusesABadHeader) {
  const char* good = R"({"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
  const auto with = [&](const std::string& entry) { return "{\"t\":" + entry + "}"; };
  EXPECT_EQ(parse(with(good), "ab").tensors.size(), 1U);
  struct Case {
    std::string header;
    std::string data;
    ErrorCode code = ErrorCode::format;
  };
  const std::string huge = "9223372036854775807";
  const Case cases[] = {
      {"[]", ""},
      {" {}", ""},
      {"", ""},
      {"{}", "x"},  // uncovered
      {"{\"t\":1}", ""},
      {with(R"({"shape":[2],"data_offsets":[0,2]})"), "ab"},
      {with(R"({"dtype":"U8","data_offsets":[0,2]})"), "ab"},
      {with(R"({"dtype":"U8","shape":[2]})"), "ab"},
      {with(R"({"dtype":7,"shape":[2],"data_offsets":[0,2]})"), "ab"},
      {with(R"({"dtype":"u8","shape":[2],"data_offsets":[0,2]})"), "ab"},
      {with(R"({"dtype":"U32","shape":[1],"data_offsets":[0,4]})"), "abcd", ErrorCode::unsupported},
      {with(R"({"dtype":"U8","shape":[-2],"data_offsets":[0,2]})"), "ab"},
      {with(R"({"dtype":"U8","shape":[2.0],"data_offsets":[0,2]})"), "ab"},
      {with(R"({"dtype":"U8","shape":2,"data_offsets":[0,2]})"), "ab"},
      {with(R"({"dtype":"U8","shape":[3],"data_offsets":[0,2]})"), "ab"},
      {with(R"({"dtype":"U8","shape":[2],"data_offsets":[0,2,4]})"), "ab"},
      {with(R"({"dtype":"U8","shape":[2],"data_offsets":[2,0]})"), "ab"},
      {with(R"({"dtype":"U8","shape":[2],"data_offsets":[-1,1]})"), "ab"},
      {with(R"({"dtype":"U8","shape":[2],"data_offsets":["0","2"]})"), "ab"},
      {with(R"({"dtype":"U8","shape":[2],"data_offsets":[0,18446744073709551617]})"), "ab"},
      {with(R"({"dtype":"U8","shape":[2],"data_offsets":[1,3]})"), "abc"},  // hole
      {with(R"({"dtype":"U8","shape":[2],"data_offsets":[0,2]})"), "abc"},  // tail
      {with(R"({"dtype":"U8","shape":[2],"data_offsets":[0,2]})"), "a", ErrorCode::truncated},
      {with(R"({"dtype":"F64","shape":[)" + huge + "," + huge + R"(],"data_offsets":[0,2]})"),
       "ab"},
      {with(R"({"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]})"), ""},  // 2^64
      {with(R"({"dtype":"U8","shape":[)" + huge + R"(],"data_offsets":[0,)" + huge + "]}"), "ab",
       ErrorCode::truncated},
      {R"({"a":)" + std::string(good) + R"(,"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
       "abc"},                                                           // overlap
      {R"({"a":)" + std::string(good) + R"(,"b":)" + good + "}", "ab"},  // the same
      {R"({"a":)" + std::string(good) + R"(,"a":)" + good + "}", "ab"},  // twice
      {R"({"__metadata__":{"a":1}})", ""},
      {R"({"__metadata__":[]})", ""},
  };
  for (const Case& c : cases) {
    const Error error = expect_error(c.code, [&] { parse(c.header, c.data); });
    EXPECT_EQ(error.detail().path, "x.safetensors") << c.header;
    EXPECT_TRUE(error.detail().offset) << c.header;
  }
}

TEST(Safetensors, TheOffsetPointsToTheTensor) {
  const std::string header =
      R"({"aaaa":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"bbbb":{"dtype":"X9"}})";
  const Error error = expect_error(ErrorCode::format, [&] { parse(header, "a"); });
  EXPECT_EQ(error.detail().offset, 8 + header.find("bbbb") + 5);
  EXPECT_EQ(error.detail().argument, "tensor \"bbbb\"");
}

TEST(Safetensors, HeaderLengthIsBoundedByTheFileAndByTheCap) {
  const Error error =
      expect_error(ErrorCode::format, [] { parse(test::little_endian_64(100) + "{}"); });
  EXPECT_EQ(error.detail().offset, 0U);
  expect_error(ErrorCode::format, [] { parse(test::little_endian_64(UINT64_MAX) + "{}"); });
  // A sparse file of 200 MB whose header claims 150 MB.
  const TemporaryFolder root;
  test::write_bytes(root / "big", test::little_endian_64(150'000'000) + "{");
  std::filesystem::resize_file(root / "big", 200'000'000);
  expect_error(ErrorCode::format,
               [&] { read_safetensors_header(File::open(root / "big", "test"), "test"); });
}

TEST(Safetensors, SaysWhatTheFileReallyIs) {
  const Error lfs = expect_error(ErrorCode::format, [] {
    parse("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123456\n");
  });
  EXPECT_NE(std::string(lfs.what()).find("Git LFS"), std::string::npos);
  const Error zip =
      expect_error(ErrorCode::format, [] { parse("PK\x03\x04" + std::string(100, 'x')); });
  EXPECT_NE(std::string(zip.what()).find("zip"), std::string::npos);
}

TEST(Safetensors, AFileCutAnywhereIsATypedError) {
  const TemporaryFolder root;
  write_safetensors(root / "a",
                    {{"x", tensor_of<float>(DType::f32, {2, 3}, {1, 2, 3, 4, 5, 6})},
                     {"y", tensor_of<std::uint8_t>(DType::u8, {5}, {1, 2, 3, 4, 5})}},
                    "test");
  const std::string whole = test::read_bytes(root / "a");
  const std::size_t data = whole.size() - 29;
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    // Inside the header the length field no longer fits the file; behind it, data are missing.
    const ErrorCode code = cut < 8 || cut >= data ? ErrorCode::truncated : ErrorCode::format;
    expect_error(code, [&] { parse(whole.substr(0, cut)); });
  }
  EXPECT_EQ(parse(whole).tensors.size(), 2U);
}

TEST(Safetensors, AnyFlippedByteOfTheHeaderIsAnErrorOrAnotherValidHeader) {
  const TemporaryFolder root;
  write_safetensors(root / "a", {{"x", tensor_of<float>(DType::f32, {2}, {1, 2})}}, "test");
  const std::string whole = test::read_bytes(root / "a");
  std::size_t refused = 0;
  for (std::size_t at = 0; at + 8 < whole.size(); ++at)
    for (int flip = 1; flip < 256; flip += 7) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      try {
        const SafetensorsHeader header = parse(bytes);
        for (const TensorEntry& entry : header.tensors)
          EXPECT_LE(entry.begin + entry.bytes, bytes.size());
      } catch (const Error&) {
        ++refused;
      }
    }
  EXPECT_GT(refused, 1000U);
}

TEST(Safetensors, TheWriterRefusesWhatWasNotAnnounced) {
  const TemporaryFolder root;
  const auto make = [&] {
    return SafetensorsWriter(root / "a", {{"x", DType::f32, {2}}, {"y", DType::u8, {0}}}, "test");
  };
  const HostTensor x = tensor_of<float>(DType::f32, {2}, {1, 2});
  {
    SafetensorsWriter writer = make();
    expect_error(ErrorCode::arg, [&] { writer.write("z", x); });
    expect_error(ErrorCode::dtype,
                 [&] { writer.write("x", tensor_of<int>(DType::i32, {2}, {1, 2})); });
    expect_error(ErrorCode::shape,
                 [&] { writer.write("x", tensor_of<float>(DType::f32, {1, 2}, {1, 2})); });
    expect_error(ErrorCode::arg, [&] { writer.commit(); });  // x is missing
    writer.write("x", x);
    expect_error(ErrorCode::arg, [&] { writer.write("x", x); });
    EXPECT_FALSE(std::filesystem::exists(root / "a"));
    writer.commit();
  }
  EXPECT_EQ(read_safetensors_header(File::open(root / "a", "test"), "test").tensors.size(), 2U);
  expect_error(ErrorCode::arg, [&] {
    SafetensorsWriter(root / "b", {{"x", DType::f32, {2}}, {"x", DType::f32, {3}}}, "test");
  });
  expect_error(ErrorCode::shape,
               [&] { SafetensorsWriter(root / "b", {{"x", DType::f32, {-1}}}, "test"); });
  expect_error(ErrorCode::shape,
               [&] { SafetensorsWriter(root / "b", {{"x", DType::f32, {INT64_MAX, 4}}}, "test"); });
  EXPECT_EQ(test::names_in(root.path()), std::vector<std::string>{"a"});  // no temporary is left
}

}  // namespace
}  // namespace halfbyte::checkpoint
