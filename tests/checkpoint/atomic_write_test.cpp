// The promise: whatever happens, the name holds the old content or the whole new one, and an error
// leaves no temporary behind.
#include "checkpoint/atomic_write.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "checkpoint/failing_calls.h"
#include "checkpoint/support.h"

namespace halfbyte::checkpoint {
namespace {

using test::expect_error;
using test::names_in;
using test::read_bytes;
using test::TemporaryFolder;
namespace fs = std::filesystem;

TEST(AtomicWrite, CreatesAndReplaces) {
  const TemporaryFolder root;
  write_file_atomically(root / "a", "first", "test");
  EXPECT_EQ(read_bytes(root / "a"), "first");
  write_file_atomically(root / "a", "second", "test");
  EXPECT_EQ(read_bytes(root / "a"), "second");
  write_file_atomically(root / "empty", "", "test");
  EXPECT_EQ(fs::file_size(root / "empty"), 0U);
  EXPECT_EQ(names_in(root.path()), (std::vector<std::string>{"a", "empty"}));
}

TEST(AtomicWrite, WritesAtPositionsAndRespectsTheUmask) {
  const TemporaryFolder root;
  const mode_t before = ::umask(027);
  AtomicFile file(root / "a", "test");
  ::umask(before);
  file.append("0123");
  file.write_at(6, std::as_bytes(std::span(std::string_view("67"))));
  file.append("45");
  file.commit();
  EXPECT_EQ(read_bytes(root / "a"), "01234567");
  EXPECT_EQ(fs::status(root / "a").permissions(), fs::perms(0640));
}

TEST(AtomicWrite, ARelativeNameWorksInTheCurrentFolder) {
  const TemporaryFolder root;
  const fs::path before = fs::current_path();
  fs::current_path(root.path());
  write_file_atomically("a", "x", "test");
  fs::current_path(before);
  EXPECT_EQ(read_bytes(root / "a"), "x");
}

TEST(AtomicWrite, WithoutCommitNothingChanges) {
  const TemporaryFolder root;
  write_file_atomically(root / "a", "old", "test");
  {
    AtomicFile file(root / "a", "test");
    file.append("new");
  }
  EXPECT_EQ(read_bytes(root / "a"), "old");
  EXPECT_EQ(names_in(root.path()), std::vector<std::string>{"a"});
}

TEST(AtomicWrite, RefusesWhatIsNoRegularFile) {
  const TemporaryFolder root;
  fs::create_directory(root / "folder");
  test::write_bytes(root / "kept", "kept");
  fs::create_symlink("kept", root / "link");
  fs::create_symlink("nowhere", root / "dangling");
  ASSERT_EQ(::mkfifo((root / "pipe").c_str(), 0600), 0);
  for (const char* name : {"folder", "link", "dangling", "pipe"}) {
    const Error error =
        expect_error(ErrorCode::path, [&] { write_file_atomically(root / name, "x", "test"); });
    EXPECT_EQ(error.detail().path, (root / name).string());
  }
  expect_error(ErrorCode::path, [] { write_file_atomically("/dev/null", "x", "test"); });
  EXPECT_EQ(read_bytes(root / "kept"), "kept");
  EXPECT_EQ(names_in(root.path()).size(), 5U);
  expect_error(ErrorCode::io, [&] { write_file_atomically(root / "no/such/a", "x", "test"); });
  expect_error(ErrorCode::io, [&] { write_file_atomically(root / "kept/a", "x", "test"); });
  expect_error(ErrorCode::io,
               [&] { write_file_atomically(root / std::string(300, 'a'), "x", "test"); });
  write_file_atomically(root / "kept", "new", "test");  // the next good call works
  EXPECT_EQ(read_bytes(root / "kept"), "new");
}

// A file of this content, written in many pieces.
void write_pieces(const fs::path& path, char letter, int pieces = 40) {
  AtomicFile file(path, "test");
  for (int i = 0; i < pieces; ++i) file.append(std::string(997, letter));
  file.commit();
}

bool is_whole(const std::string& text, int pieces = 40) {
  return text.size() == 997U * static_cast<std::size_t>(pieces) &&
         text.find_first_not_of(text[0]) == std::string::npos;
}

TEST(AtomicWrite, EveryFailingSystemCallIsTypedAndLeavesTheOldFile) {
  const TemporaryFolder root;
  write_pieces(root / "a", 'a');
  for (const auto call : {test::Call::pwrite, test::Call::fsync, test::Call::rename})
    for (const int error_number : {ENOSPC, EIO, EDQUOT}) {
      int failures = 0;
      for (int nth = 1;; ++nth) {
        const bool full = error_number != EIO;
        bool failed = false;
        try {
          test::FailingCall failing(call, nth, error_number);
          write_pieces(root / "a", 'b', 4);
        } catch (const Error& error) {
          failed = true;
          ++failures;
          EXPECT_EQ(error.code(), full ? ErrorCode::no_space : ErrorCode::io);
          EXPECT_EQ(error.detail().path, (root / "a").string());
        }
        EXPECT_EQ(names_in(root.path()), std::vector<std::string>{"a"});
        const std::string now = read_bytes(root / "a");
        // The second fsync is the folder's: the name is new by then.
        const bool renamed = !failed || (call == test::Call::fsync && nth == 2);
        EXPECT_TRUE(renamed ? is_whole(now, 4) : is_whole(now)) << nth;
        write_pieces(root / "a", 'a');
        if (!failed) break;
      }
      EXPECT_GE(failures, 1);
    }
}

TEST(AtomicWrite, ShortWritesAndInterruptionsAreFinished) {
  const TemporaryFolder root;
  {
    test::FailingCall failing(test::Call::pwrite, 2, EINTR);
    write_pieces(root / "a", 'a');
  }
  EXPECT_TRUE(is_whole(read_bytes(root / "a")));
  test::ShortWrites shortened(13);
  write_pieces(root / "a", 'b', 4);
  EXPECT_TRUE(is_whole(read_bytes(root / "a"), 4));
}

TEST(AtomicWrite, AFileLimitIsAnErrorAndNoSignal) {
  const TemporaryFolder root;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{2000, 2000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_pieces(root / "a", 'a');
    } catch (const Error& error) {
      ::_exit(error.code() == ErrorCode::io ? 0 : 2);
    }
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(names_in(root.path()).empty());
}

// Kills writers at random moments. Only SIGKILL may leave a temporary, and never a mixed file.
TEST(AtomicWrite, AKilledWriterLeavesTheOldOrTheNewFile) {
  const TemporaryFolder root;
  write_pieces(root / "a", 'a');
  std::mt19937 random(1);
  int killed = 0, old_files = 0, new_files = 0;
  for (int run = 0; run < 300; ++run) {
    const char before = read_bytes(root / "a")[0];
    const char after = before == 'a' ? 'b' : 'a';
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      write_pieces(root / "a", after);
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    killed += WIFSIGNALED(status);
    const std::string now = read_bytes(root / "a");
    ASSERT_TRUE(is_whole(now)) << run;
    (now[0] == before ? old_files : new_files) += 1;
    for (const std::string& name : names_in(root.path()))
      if (name != "a") {
        EXPECT_EQ(name.rfind(".halfbyte-", 0), 0U) << name;
        fs::remove(root / name);
      }
  }
  std::printf("killed %d of 300: %d old, %d new, 0 mixed\n", killed, old_files, new_files);
  EXPECT_GT(killed, 10);
}

void remove_and_exit(int signal) {
  remove_temporaries();
  ::_exit(128 + signal);
}

TEST(AtomicWrite, ASignalHandlerCanRemoveTheTemporaries) {
  const TemporaryFolder root;
  write_pieces(root / "a", 'a');
  std::mt19937 random(2);
  int interrupted = 0;
  for (int run = 0; run < 300; ++run) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::signal(SIGTERM, remove_and_exit);
      if (::write(ready[1], "x", 1) != 1) ::_exit(9);
      for (;;) write_pieces(root / "a", 'b');
    }
    char byte;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
    ::kill(child, SIGTERM);
    int status = 0;
    ::waitpid(child, &status, 0);
    interrupted += WIFEXITED(status) && WEXITSTATUS(status) == 143;
    ASSERT_TRUE(is_whole(read_bytes(root / "a")));
    ASSERT_EQ(names_in(root.path()), std::vector<std::string>{"a"}) << run;
  }
  EXPECT_EQ(interrupted, 300);
}

TEST(AtomicWrite, WritersOfOneNameDoNotDisturbEachOther) {
  const TemporaryFolder root;
  std::vector<std::thread> threads;
  for (char letter = 'a'; letter < 'i'; ++letter)
    threads.emplace_back([&, letter] {
      for (int i = 0; i < 20; ++i) write_pieces(root / "a", letter);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(is_whole(read_bytes(root / "a")));
  EXPECT_EQ(names_in(root.path()), std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace halfbyte::checkpoint
