// Names and passwords by host: the .netrc file of ftp, curl and others.
//
//   # a comment, to the end of the line
//   machine example.org login alice password "with \"quotes\" and blanks"
//   default login anonymous password guest
//
// Words are separated by blanks and line ends. One that begins with a quote goes to the next one in the same line, with
// \" \\ \n \r \t in it, as curl has it. `account` and its value are skipped, and so is a `macdef` up to the next empty
// line. What can't be read for certain is an error and not a guess: a wrong guess would send a password to the wrong
// place.
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

// The first entry of the host, else the first default; with a login only those of that login, or else one that has a
// password for whoever asks. Null if there is none.
const NetrcEntry* find_netrc(std::span<const NetrcEntry>, std::string_view host, std::string_view login = {});

}  // namespace segdl
