#include "io/base/system_error.h"

#include "core/base/errors.h"
#include "io/base/retried.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

namespace segdl::io {
namespace {

Hints hints_for(int number) {
  if (number == ENOSPC || number == EDQUOT) return {Hint::free_space};
  if (number == EACCES || number == EPERM || number == EROFS) return {Hint::choose_writable_directory};
  if (number == ENAMETOOLONG) return {Hint::choose_shorter_name};
  if (number == EIO) return {Hint::check_disk, Hint::start_over, Hint::choose_other_directory};
  if (number == EFBIG) return {Hint::allow_larger_files};
  if (number == EMFILE || number == ENFILE) return {Hint::raise_descriptor_limit};
  return {};
}

}  // namespace

bool is_shortage(int number) {
  return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM ||
         number == EADDRNOTAVAIL;  // connect(2): all ports of the ephemeral range are in use
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
  if (number != ENOENT) return number == EINVAL || number == EILSEQ;
  const auto here = status_of(directory);
  return here && here->st_nlink > 0;
}

Error name_error(Error error, const std::string& name, Hint hint) {
  constexpr std::string_view kOftenRefused = "\"*:<>?\\|";
  error.reason = fmt::format("the file system refuses this name ({})", error.reason);
  std::string found;
  std::ranges::copy_if(kOftenRefused, std::back_inserter(found), [&](char c) { return name.find(c) != name.npos; });
  error.hints = {{hint, fmt::format("{}", fmt::join(found, " "))}};
  return error;
}

}  // namespace segdl::io
