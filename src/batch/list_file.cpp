// The file or pipe a list comes from, read without ever being waited for: its writer may be slow.
#include "batch/list_reader.h"
#include "shared/system_calls.h"

#include <segdl/batch.h>
#include <segdl/text.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace segdl {
namespace {

constexpr std::size_t kMaxRead = 65536;
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

bool readable(int descriptor, std::chrono::milliseconds time) {
  ::pollfd poll{descriptor, POLLIN, 0};
  return ::poll(&poll, 1, static_cast<int>(time.count())) == 1;
}

// Of errno.
Error list_error(const char* operation, const std::string& name) {
  const int number = errno;
  Error error{Cause::local, Remedy::stop, operation, name};
  error.reason = std::strerror(number);
  if (number == EISDIR) error.hints = {Hint::name_list_file};
  if (number == ENOENT || number == EACCES) error.hints = {Hint::name_readable_list};
  return error;
}

class ListFile final : public ItemSource {
 public:
  ListFile(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}
  ~ListFile() override {
    if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
  }
  ListFile(const ListFile&) = delete;
  ListFile& operator=(const ListFile&) = delete;

  Result<std::optional<Item>> next() override {
    do {
      if (auto line = reader_.next()) {
        return std::optional(Item{std::move(line->url), std::move(line->name),
                                  fmt::format("{}:{}", printable(name_), line->number), std::move(line->problem)});
      }
      if (read_to_end_) break;
    } while (read_some());
    ended_ = read_to_end_;
    if (problem_) return *std::exchange(problem_, std::nullopt);
    return std::optional<Item>();
  }

  bool ended() const override { return ended_; }

  void wait(std::chrono::milliseconds timeout) override {
    if (!ended_) readable(descriptor_, timeout);
  }

 private:
  // True if there may be another line.
  bool read_some() {
    if (!readable(descriptor_, std::chrono::milliseconds(0))) return false;
    std::array<char, kMaxRead> bytes;
    const ::ssize_t got = ::read(descriptor_, bytes.data(), bytes.size());
    if (got > 0) {
      reader_.feed(std::string_view(bytes.data(), static_cast<std::size_t>(got)));
      return true;
    }
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return false;
    read_to_end_ = true;
    if (got < 0) {
      problem_ = list_error("read", name_);
      return false;
    }
    reader_.finish();
    return true;
  }

  std::string name_;
  int descriptor_;
  bool read_to_end_ = false;
  bool ended_ = false;
  std::optional<Error> problem_ = std::nullopt;  // to be returned by next()
  batch::ListReader reader_;
};

}  // namespace

Result<std::unique_ptr<ItemSource>> open_list(const std::filesystem::path& path) {
  if (path == "-") return std::unique_ptr<ItemSource>(std::make_unique<ListFile>("standard input", STDIN_FILENO));
  // Without O_NONBLOCK, to open a named pipe is to wait for its writer.
  const int descriptor = retried([&] { return ::open(path.c_str(), kOpenFlags); });
  if (descriptor < 0) return list_error("open", path.string());
  return std::unique_ptr<ItemSource>(std::make_unique<ListFile>(path.string(), descriptor));
}

}  // namespace segdl
