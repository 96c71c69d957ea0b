#include "cli/commands/list_file.h"

#include "cli/base/system_calls.h"

#include <segdl/text.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace segdl::cli {
namespace {

constexpr std::size_t kLongestRead = 65536;
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

bool readable(int descriptor, std::chrono::milliseconds time) {
  ::pollfd poll{descriptor, POLLIN, 0};
  return ::poll(&poll, 1, static_cast<int>(time.count())) == 1;
}

}  // namespace

// Without O_NONBLOCK, to open a named pipe is to wait for its writer.
ListFile::ListFile(const std::string& path)
    : name_(path == "-" ? "standard input" : path),
      descriptor_(path == "-" ? STDIN_FILENO : retried([&] { return ::open(path.c_str(), kOpenFlags); })) {
  if (descriptor_ < 0) fail("open");
}

ListFile::~ListFile() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

void ListFile::fail(const char* operation) {
  const int number = errno;
  problem_ = Error{Cause::local, Remedy::stop, operation, name_};
  problem_->reason = std::strerror(number);
  if (number == EISDIR) {
    problem_->hints = {{Hint::custom, "-i takes a file of URLs; to choose where files go use -d DIR"}};
  }
  if (number == ENOENT || number == EACCES) {
    problem_->hints = {{Hint::custom, "give a readable file, or - for standard input"}};
  }
  read_to_end_ = ended_ = true;
}

std::optional<ListLine> ListFile::next() {
  do {
    if (auto line = reader_.next()) return line;
  } while (!read_to_end_ && read_some());
  ended_ = read_to_end_;
  return std::nullopt;
}

// True if there may be another line.
bool ListFile::read_some() {
  if (!readable(descriptor_, std::chrono::milliseconds(0))) return false;
  std::array<char, kLongestRead> bytes;
  const ::ssize_t got = ::read(descriptor_, bytes.data(), bytes.size());
  if (got > 0) {
    reader_.feed(std::string_view(bytes.data(), static_cast<std::size_t>(got)));
    return true;
  }
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (got < 0) {
    fail("read");
    return false;
  }
  read_to_end_ = true;
  reader_.finish();
  return true;
}

void ListFile::wait(std::chrono::milliseconds time) const {
  if (!ended_) readable(descriptor_, time);
}

std::string ListFile::list_line(std::uint64_t number) const { return fmt::format("{}:{}", printable(name_), number); }

}  // namespace segdl::cli
