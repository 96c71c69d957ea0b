#include "io/base/system_error.h"

#include "core/base/errors.h"
#include "io/base/retried.h"

#include <fmt/format.h>

#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace segdl::io {
namespace {

Hints hints_for(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return {Hint::free_space};
    case EACCES:
    case EPERM:
    case EROFS:
      return {Hint::choose_writable_directory};
    case ENAMETOOLONG:
      return {Hint::choose_shorter_name};
    case EIO:
      return {Hint::check_disk, Hint::start_over, Hint::choose_other_directory};
    case EFBIG:
      return {Hint::allow_larger_files};
    case EMFILE:
    case ENFILE:
      return {Hint::raise_descriptor_limit};
    default:
      return {};
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
  Error error = with_remedy(make_error(Cause::network, std::move(operation), std::move(subject), system_words(number)),
                            Remedy::retry);
  if (!is_shortage(number)) return error;
  error.hints = {Hint::use_fewer_connections};
  if (number == EMFILE || number == ENFILE) error.hints.push_back(Hint::raise_descriptor_limit);
  return error;
}

bool is_shortage(const Error& error) {
  return error.cause == Cause::network && error.remedy == Remedy::retry && !error.hints.empty() &&
         error.hints.front().hint == Hint::use_fewer_connections;
}

std::string system_words(int number) { return std::generic_category().message(number); }

Error file_error(int number, std::string operation, std::string path, std::optional<std::uint64_t> offset) {
  Error error = with_hints(make_error(Cause::local, std::move(operation), std::move(path), system_words(number)),
                           hints_for(number));
  error.offset = offset;
  return error;
}

// vfat and exfat allow no colon, and some report such a name as missing.
bool is_name_refused(int number, int directory) {
  struct ::stat here {};
  const auto is_there = [&] { return retried([&] { return ::fstat(directory, &here); }) == 0 && here.st_nlink > 0; };
  return number == EINVAL || number == EILSEQ || (number == ENOENT && is_there());
}

Error name_error(Error error, const std::string& name, Hint hint) {
  constexpr std::string_view kOftenRefused = "\"*:<>?\\|";
  error.reason = fmt::format("the file system refuses this name ({})", error.reason);
  std::string found;
  for (const char c : kOftenRefused) {
    if (name.find(c) != std::string::npos) found += fmt::format("{}{}", found.empty() ? "" : " ", c);
  }
  error.hints = {{hint, std::move(found)}};
  return error;
}

}  // namespace segdl::io
