// The head of an HTTP/1.1 response, read strictly.
//
// A downloader that joins bytes of many responses must never be unsure where a body begins and ends, so anything a
// second reader could understand differently is refused: bare LF or CR, NUL, obs-fold, space before a colon, two
// framings at once, lengths that are not plain decimal numbers (RFC 9112 sections 2.2, 5 and 6.3). Nothing is decoded:
// values are the exact bytes the server sent, less the optional white space around them.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace segdl {

inline constexpr std::size_t kMaxHeadBytes = 64 * 1024;
inline constexpr std::size_t kMaxHeadLines = 200;
inline constexpr std::size_t kMaxStatusLine = 8 * 1024;
inline constexpr int kMaxInterimResponses = 16;

struct Field {
  std::string name;
  std::string value;
};

// How the end of a body is known (RFC 9112 section 6.3).
enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct ResponseHead {
  int status = 0;
  int minor_version = 1;  // HTTP/1.x
  std::vector<Field> fields = {};
  Framing framing = Framing::until_close;
  std::uint64_t content_length = 0;  // if framing is length
  bool keep_alive = false;           // RFC 9112 section 9.3; never where unread bytes might follow

  // The only value of this name (ASCII case ignored); null if absent or given more than once.
  const std::string* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  // Whether the comma-separated list made of all fields of this name has this token (case ignored).
  bool has_token(std::string_view name, std::string_view token) const;
};

// The number of bytes of the head at the start of `bytes`, its empty line included; 0 if more are needed. Fails as soon
// as the limits are passed or what is there can't be the start of a head, however much is missing. Looks at all of the
// head each time: 64 KiB that trickle in byte by byte are searched for a line end at every byte, 2 GiB in all, which
// costs far less than receiving them that way.
Result<std::size_t> find_head_end(std::string_view bytes);

// What to say of a response whose framing can't be followed, head or body: Cause::network, Remedy::refetch.
Error unreadable(std::string reason);

// Parses one whole head, from the status line to the empty line. The response is to a GET. Interim (1xx) heads parse
// too, with Framing::none. Errors: Cause::network, Remedy::refetch.
Result<ResponseHead> parse_head(std::string_view head);

}  // namespace segdl
