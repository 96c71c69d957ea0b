// Bytes of a download on their way to standard output: a pipe of ours stands in for it.
#include "cli/base/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

using namespace segdl;
using namespace segdl::cli;

namespace {

// While it lives, standard output is a pipe.
class PipedOutput {
 public:
  PipedOutput() : kept_(::dup(STDOUT_FILENO)) {
    REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0);
    ::dup2(ends_[1], STDOUT_FILENO);
    ::close(ends_[1]);
  }
  ~PipedOutput() {
    ::dup2(kept_, STDOUT_FILENO);
    ::close(kept_);
    stop_reading();
  }
  PipedOutput(const PipedOutput&) = delete;
  PipedOutput& operator=(const PipedOutput&) = delete;

  void stop_reading() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  std::string read(std::size_t size) {
    std::string bytes;
    std::array<char, 1000> part;
    while (bytes.size() < size) {
      const ::ssize_t got = ::read(ends_[0], part.data(), part.size());
      if (got <= 0) break;
      bytes.append(part.data(), static_cast<std::size_t>(got));
    }
    return bytes;
  }

 private:
  int kept_;
  std::array<int, 2> ends_{-1, -1};
};

std::string content(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

}  // namespace

TEST_CASE("all bytes come in order, however slowly they are read") {
  const std::string bytes = content(1'000'000);
  const std::atomic<bool> stopped = false;
  bool written = false;
  std::string got;
  {
    PipedOutput output;
    std::jthread writer([&] { written = put_data(std::as_bytes(std::span(bytes)), stopped).ok(); });
    got = output.read(bytes.size());
  }
  CHECK(written);
  CHECK(got == bytes);
}

TEST_CASE("a reader that went away is an error of standard output") {
  std::signal(SIGPIPE, SIG_IGN);
  const std::string bytes = content(10);
  const std::atomic<bool> stopped = false;
  std::string message;
  Cause cause{};
  {
    PipedOutput output;
    output.stop_reading();
    const auto written = put_data(std::as_bytes(std::span(bytes)), stopped);
    if (!written) message = written.error().message();
    if (!written) cause = written.error().cause;
  }
  CHECK(message == "write to standard output: Broken pipe");
  CHECK(cause == Cause::local);
}

TEST_CASE("a full pipe is not waited for once it is stopped, and what was not written is no success") {
  std::atomic<bool> stopped = false;
  Result<void> written;
  {
    PipedOutput output;
    const std::string full(static_cast<std::size_t>(::fcntl(STDOUT_FILENO, F_GETPIPE_SZ)), 'x');
    REQUIRE(put_data(std::as_bytes(std::span(full)), stopped));
    std::jthread writer([&] { written = put_data(std::as_bytes(std::span(full)), stopped); });
    stopped = true;
  }
  REQUIRE_FALSE(written);
  CHECK(written.error().cause == Cause::cancelled);
}
