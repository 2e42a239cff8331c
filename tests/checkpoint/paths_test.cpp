#include "checkpoint/paths.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "checkpoint/support.h"

namespace halfbyte::checkpoint {
namespace {

using test::expect_error;
using test::TemporaryFolder;
using test::write_bytes;
namespace fs = std::filesystem;

TEST(Paths, SafeNamesAreRelativeAndStayInside) {
  for (const char* name : {"a", "a.safetensors", "sub/a.safetensors", "..a", "a..", "...", ".a"})
    EXPECT_TRUE(is_safe_name(name)) << name;
  for (const char* name : {"", "/a", "../a", "a/../b", "a/..", "..", ".", "./a", "a//b", "a/",
                           "C:\\a", "C:/a", "a\\b", "a\nb", "a\rb", "a\x7f"})
    EXPECT_FALSE(is_safe_name(name)) << name;
  EXPECT_FALSE(is_safe_name(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_safe_name(std::string(2000, 'a')));
}

TEST(Paths, OpensFilesAndLinksInsideTheFolder) {
  const TemporaryFolder root;
  write_bytes(root / "model/sub/a", "hello");
  fs::create_symlink("sub/a", root / "model/link");
  fs::create_symlink("model", root / "alias");
  for (const char* folder : {"model", "alias"})
    for (const char* name : {"sub/a", "link"})
      EXPECT_EQ(Folder::open(root / folder, "test").open_file(name, "test").size(), 5U);
}

TEST(Paths, RefusesLinksThatLeaveTheFolder) {
  const TemporaryFolder root;
  write_bytes(root / "secret", "x");
  write_bytes(root / "model-2/a", "x");  // a name that starts like the folder's
  write_bytes(root / "model/a", "x");
  fs::create_symlink("../secret", root / "model/up");
  fs::create_symlink(root / "secret", root / "model/absolute");
  fs::create_symlink("..", root / "model/folder");
  fs::create_symlink("../model-2/a", root / "model/neighbour");
  const Folder folder = Folder::open(root / "model", "test");
  for (const char* name : {"up", "absolute", "folder/secret", "neighbour", "../secret"}) {
    const Error error = expect_error(ErrorCode::path, [&] { folder.open_file(name, "test"); });
    EXPECT_FALSE(error.detail().path.empty());
  }
  EXPECT_EQ(folder.open_file("a", "test").size(), 1U);
}

TEST(Paths, AHubCacheMayLinkIntoItsOwnBlobs) {
  const TemporaryFolder root;
  write_bytes(root / "models--x/blobs/0123", "data");
  write_bytes(root / "models--y/blobs/4567", "data");
  fs::create_directories(root / "models--x/snapshots/abc");
  fs::create_symlink("../../blobs/0123", root / "models--x/snapshots/abc/good");
  fs::create_symlink("../../../models--y/blobs/4567", root / "models--x/snapshots/abc/foreign");
  const Folder snapshot = Folder::open(root / "models--x/snapshots/abc", "test");
  EXPECT_EQ(snapshot.open_file("good", "test").size(), 4U);
  expect_error(ErrorCode::path, [&] { snapshot.open_file("foreign", "test"); });

  // Only below snapshots/, and not where blobs/ is itself a link.
  fs::create_directories(root / "models--x/other/abc");
  fs::create_symlink("../../blobs/0123", root / "models--x/other/abc/link");
  const Folder other = Folder::open(root / "models--x/other/abc", "test");
  expect_error(ErrorCode::path, [&] { other.open_file("link", "test"); });
  fs::create_directories(root / "models--z/snapshots/abc");
  fs::create_symlink("/", root / "models--z/blobs");
  fs::create_symlink("../../blobs/etc/hostname", root / "models--z/snapshots/abc/out");
  const Folder evil = Folder::open(root / "models--z/snapshots/abc", "test");
  try {
    evil.open_file("out", "test");
    ADD_FAILURE();
  } catch (const Error& e) {  // E_IO where the machine has no such file
    EXPECT_TRUE(e.code() == ErrorCode::path || e.code() == ErrorCode::io);
  }
}

TEST(Paths, MissingUnreadableAndIrregularFilesAreIoErrors) {
  const TemporaryFolder root;
  fs::create_directories(root / "model/folder");
  ASSERT_EQ(::mkfifo((root / "model/pipe").c_str(), 0600), 0);
  fs::create_symlink("nowhere", root / "model/dangling");
  fs::create_symlink("loop", root / "model/loop");
  const Folder folder = Folder::open(root / "model", "test");
  for (const char* name : {"missing", "folder", "pipe", "dangling", "loop"}) {
    const Error error = expect_error(ErrorCode::io, [&] { folder.open_file(name, "test"); });
    EXPECT_NE(error.detail().path.find(name), std::string::npos);
  }
  expect_error(ErrorCode::io, [&] { Folder::open(root / "nothing", "test"); });
  expect_error(ErrorCode::io, [&] { File::open("/dev/null", "test"); });
  expect_error(ErrorCode::io, [&] { File::open(root.path(), "test"); });
  expect_error(ErrorCode::io, [&] { File::open("", "test"); });
  if (::geteuid() != 0) {
    write_bytes(root / "model/locked", "x");
    fs::permissions(root / "model/locked", fs::perms::none);
    expect_error(ErrorCode::io, [&] { folder.open_file("locked", "test"); });
  }
}

TEST(Paths, AFileThatShrinksIsTruncated) {
  const TemporaryFolder root;
  write_bytes(root / "a", std::string(100, 'x'));
  const File file = File::open(root / "a", "test");
  fs::resize_file(root / "a", 10);
  std::vector<std::byte> buffer(50);
  const Error error = expect_error(ErrorCode::truncated, [&] { file.read_at(0, buffer, "test"); });
  EXPECT_EQ(error.detail().offset, 10U);
  expect_error(ErrorCode::truncated, [&] { file.read_at(90, buffer, "test"); });
  expect_error(ErrorCode::truncated, [&] { file.read_at(UINT64_MAX, buffer, "test"); });
}

TEST(Paths, EscapesWhatIsNotPlainText) {
  EXPECT_EQ(escaped("a\n\x1b[31m\xc3\xa9\"\\"), "a\\x0a\\x1b[31m\\xc3\\xa9\\\"\\\\");
  EXPECT_EQ(escaped(std::string(300, 'a')), std::string(200, 'a') + "...");
}

}  // namespace
}  // namespace halfbyte::checkpoint
