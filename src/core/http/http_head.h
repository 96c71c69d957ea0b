// The head of an HTTP/1.1 response: strict where two readers could disagree, tolerant elsewhere.
//
// A downloader that joins bytes of many responses must always know where a body begins and ends.
// Refused: lengths that differ or are no decimal numbers, codings other than chunked, and, in a field that decides (a
// length, a coding, a Location...), folded lines, control characters and a space before the colon.
// Tolerated, and listed in ResponseHead::tolerated: the same in other fields, lines that end in LF alone or are no
// fields, a Content-Length beside chunked, chunked twice, identity, and a repeated field (RFC 9112 sections 2.2, 5.2
// and 6.3).
// Values are not decoded: they are the bytes the server sent without the white space around them, with a space for each
// NUL and bare CR (RFC 9110 section 5.5).
// An optional field (Date...) with an odd value is left out. An odd validator, and a coding next to a bare LF, gets a
// leading question mark: it then proves nothing.
// In a head that is not short, fields that segdl does not read are dropped while it arrives.
//
// Bare LFs end lines only where they can't be part of a value: if some field lines end in CR LF and others in LF alone,
// a field that decides must neither follow nor end in a bare LF, and the head must not end after one.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace segdl {

// Limits of a head that is not short, without the fields that segdl does not read. Those have no limit but the time
// limit.
inline constexpr std::size_t kShortHead = 64 * 1024;
inline constexpr std::size_t kMaxKeptHead = 8 * 1024 * 1024;
inline constexpr std::size_t kMaxKeptLines = 64 * 1024;
// A head begins with one of these, in any case; the second is that of radio stream servers.
inline constexpr std::string_view kStartsOfHeads[] = {"HTTP/", "ICY"};
inline constexpr int kMaxStillAtWork = 100;  // that many 102 responses (RFC 2518) restart the time limit

struct Field {
  std::string name;
  std::string value;
};

// What ends a body (RFC 9112 section 6.3).
enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct ResponseHead {
  int status = 0;
  int minor_version = 1;  // HTTP/1.x
  std::vector<Field> fields = {};
  Framing framing = Framing::until_close;
  std::uint64_t content_length = 0;              // if framing is length
  bool chunked_twice = false;                    // declared twice; servers that do apply it once
  bool keep_alive = false;                       // RFC 9112 section 9.3; never where unread bytes might follow
  std::vector<std::string_view> tolerated = {};  // what was odd, each once, worded to complete "tolerated: "

  // Adds to `tolerated`. REQUIRES: the text lives as long as the program.
  void tolerate(std::string_view);

  // The value of this field (case ignored); null if it is absent or has different values.
  const std::string* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  // The elements of the comma-separated list of all fields of this name, without the blanks around them, empty ones too
  // (RFC 9110 section 5.6.1). Valid while `fields` is unchanged.
  std::vector<std::string_view> list(std::string_view name) const;
};

// Finds the end of a head while it arrives.
class HeadEnd {
 public:
  // Fields are dropped once a head has this many bytes, and again whenever it has doubled.
  explicit HeadEnd(std::size_t short_head = kShortHead) : short_(short_head) {}

  // The number of bytes of the head at the start of `bytes`, its empty line included; 0 if more are needed.
  // Fails as soon as a limit is exceeded or `bytes` can't be the start of a head, however much is missing.
  // REQUIRES: `bytes` begins with those of the last call, or with what shorten() left, which are not examined again.
  Result<std::size_t> find(std::string_view bytes);

  // Drops from a long head, in place, what parse_head() would turn only into fields that segdl does not read. Returns
  // the remaining size: memory is bounded where heads are not.
  // REQUIRES: the bytes in which find() just found no end.
  Result<std::size_t> shorten(std::span<char> bytes);

 private:
  std::size_t leave_out_lines(std::span<char> bytes);
  std::size_t leave_out_value(std::span<char> bytes) const;

  std::size_t short_;
  std::size_t left_ = 0;  // after the last shorten()
  std::size_t searched_ = 0;
  std::size_t line_ = 0;  // begin of the line that has not ended
  std::size_t lines_ = 0;
  bool full_ = false;         // a field line ended in CR LF
  bool full_status_ = false;  // the status line ended in CR LF
  bool bare_before_ = false;  // the last line ended in LF alone
};

// Whether a field of this name decides something, so that odd values are refused or proof is lost.
bool decides(std::string_view name);

// The error of a response whose framing is malformed, in head or body: Cause::network, Remedy::refetch.
Error unreadable(std::string reason);

// The method of the request. The fields of a 2xx to CONNECT frame nothing.
enum class RequestMethod : std::uint8_t { get, connect };

// Parses one whole head, from the status line to the empty line. Interim (1xx) heads parse too, with Framing::none.
// Errors: Cause::network, Remedy::refetch.
Result<ResponseHead> parse_head(std::string_view head, RequestMethod = RequestMethod::get);

}  // namespace segdl
