#include "io/base/system_error.h"

#include "io/base/retried.h"

#include <fmt/format.h>

#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace segdl::io {
namespace {

std::string way_out(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return "free some space, then run the same command again";
    case EACCES:
    case EPERM:
    case EROFS:
      return "choose a directory you may write to with -d or -o";
    case ENAMETOOLONG:
      return "choose a shorter name with -o";
    case EIO:
      return "the disk may be failing: run the same command again; if that does not help, start over elsewhere on it "
             "with --no-resume, or choose another directory with -d";
    case EFBIG:
      return "the file system (vfat: less than 4 GiB) or a limit (ulimit -f) does not allow files of this size: choose "
             "another directory with -d";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

bool is_shortage(int number) {
  switch (number) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:  // connect(2): all ports of the ephemeral range are in use
      return true;
    default:
      return false;
  }
}

Error socket_error(int number, std::string operation, std::string subject) {
  Error error;
  error.cause = Cause::network;
  error.remedy = Remedy::retry;
  error.operation = std::move(operation);
  error.subject = std::move(subject);
  error.reason = system_words(number);
  if (!is_shortage(number)) return error;
  error.way_out = "use fewer connections with -x";
  if (number == EMFILE || number == ENFILE) error.way_out += ", or " + way_out(number);
  return error;
}

// No other network error that may pass says what a person can do.
bool is_shortage(const Error& error) {
  return error.cause == Cause::network && error.remedy == Remedy::retry && !error.way_out.empty();
}

std::string system_words(int number) { return std::generic_category().message(number); }

Error file_error(int number, std::string operation, std::string path, std::optional<std::uint64_t> offset) {
  Error error;
  error.cause = Cause::local;
  error.operation = std::move(operation);
  error.subject = std::move(path);
  error.offset = offset;
  error.reason = system_words(number);
  error.way_out = way_out(number);
  return error;
}

// vfat and exfat take no colon, and some say of such a name that there is no such file.
Error name_error(Error error, int number, int directory, const std::string& name, std::string_view options) {
  constexpr std::string_view kOftenRefused = "\"*:<>?\\|";
  struct ::stat here {};
  const bool directory_is_gone = retried([&] { return ::fstat(directory, &here); }) != 0 || here.st_nlink == 0;
  if (number != EINVAL && number != EILSEQ && (number != ENOENT || directory_is_gone)) return error;
  error.reason = fmt::format("the file system does not take this name ({})", error.reason);
  std::string found;
  for (const char c : kOftenRefused) {
    if (name.find(c) != std::string::npos) found += fmt::format(" {}", c);
  }
  error.way_out =
      fmt::format("choose another name with {}{}", options, found.empty() ? "" : ", without any of" + found);
  return error;
}

}  // namespace segdl::io
