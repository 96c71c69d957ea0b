// Names and passwords by host: the .netrc file of ftp, curl and others.
//
//   # a comment, to the end of the line
//   machine example.org login alice password "with \"quotes\" and blanks"
//   default login anonymous password guest
//
// Words are separated by blanks and line ends. A word that begins with a quote ends at the next quote of the line, and
// may contain \" \\ \n \r \t, as in curl.
// `account` and its value are skipped, and so is a `macdef` up to the next empty line.
// Whatever is ambiguous is an error: a wrong guess would send a password to the wrong host.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace segdl {

inline constexpr std::size_t kMaxNetrc = 1024 * 1024;
inline constexpr std::size_t kMaxNetrcWord = 4096;

struct NetrcEntry {
  std::string machine = {};  // a host as in Origin::host; empty: the default
  std::string login = {};
  std::string password = {};
};

// Entries in the order of the file. Errors: Cause::usage, with the line's number and nothing of its text, which may be
// a password.
Result<std::vector<NetrcEntry>> parse_netrc(std::string_view text);

// The first entry of the host, else the first default. With a login: only entries of that login, or else one without a
// login that has a password.
// Null if there is none.
const NetrcEntry* find_netrc(std::span<const NetrcEntry>, std::string_view host, std::string_view login = {});

}  // namespace segdl
