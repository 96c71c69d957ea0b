#include "io/system_error.h"

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
    case EFBIG:
      return "the file system or a limit (ulimit -f) does not allow files of this size";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

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

}  // namespace segdl::io
