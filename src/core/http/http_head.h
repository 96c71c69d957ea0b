// The head of an HTTP/1.1 response: strict where two readers could disagree, tolerant elsewhere.
//
// A downloader that joins bytes of many responses must never be unsure where a body begins and ends. Refused are
// lengths that differ or are no decimal numbers, codings but chunked, and in a field that decides (a length, a
// coding, a Location...) folded lines, control characters and a space before the colon. Tolerated, and told in
// ResponseHead::tolerated, are these elsewhere, lines that end in LF alone or are no fields, a Content-Length beside
// chunked, chunked said twice, identity, and the same field twice (RFC 9112 sections 2.2, 5.2 and 6.3). Nothing is
// decoded: values are the exact bytes the server sent, less the optional white space around them, with a space for each
// NUL and bare CR (RFC 9110 section 5.5). What is odd in a field that can be done without (Date...) leaves it out, and
// an odd validator gets a question mark in front, as a coding does behind a bare LF: then it is none that proves
// anything. Of a head that is not short, fields that nobody reads are left out while it arrives.
//
// Bare LFs are line ends only where they can't be a part of a value: where some field lines end in CR LF and others in
// LF alone, a field that decides must neither follow nor end in a bare LF, and the head must not end behind one.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace segdl {

// Of a head that is not short, without the fields that nobody reads. That one has no limit but the time it takes.
inline constexpr std::size_t kShortHead = 64 * 1024;
inline constexpr std::size_t kMaxKeptHead = 8 * 1024 * 1024;
inline constexpr std::size_t kMaxKeptLines = 64 * 1024;
// The first word of a head begins with one of them, in whatever case; the second is that of servers of radio streams.
inline constexpr std::string_view kStartsOfHeads[] = {"HTTP/", "ICY"};
inline constexpr int kMaxStillAtWork = 100;  // so many of them (102, RFC 2518) begin the time limit anew

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
  std::uint64_t content_length = 0;              // if framing is length
  bool chunked_twice = false;                    // said so; servers that do apply it once
  bool keep_alive = false;                       // RFC 9112 section 9.3; never where unread bytes might follow
  std::vector<std::string_view> tolerated = {};  // what was odd, each once, as it completes "tolerated: "

  // Adds to `tolerated`. REQUIRES: the text lives as long as the program.
  void tolerate(std::string_view);

  // The value of this name (ASCII case ignored); null if absent or given with different ones.
  const std::string* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  // Whether the comma-separated list made of all fields of this name has this token (case ignored).
  bool has_token(std::string_view name, std::string_view token) const;
};

// Finds where a head ends, while it arrives.
class HeadEnd {
 public:
  // A head is looked through for what can be left out once it has so many bytes, and again with twice what was left.
  explicit HeadEnd(std::size_t short_head = kShortHead) : short_(short_head) {}

  // The number of bytes of the head at the start of `bytes`, its empty line included; 0 if more are needed. Fails as
  // soon as the limits are passed or what is there can't be the start of a head, however much is missing.
  // REQUIRES: `bytes` begins with what was given the last time, or is left of it, which is not looked at again.
  Result<std::size_t> find(std::string_view bytes);

  // Takes out of a head that is growing long, in place, what parse_head() makes nothing of but a field that nobody
  // reads, and returns what is left of it: so memory has a bound where heads have none. REQUIRES: the bytes that find()
  // was given, and found no end in.
  Result<std::size_t> shorten(std::span<char> bytes);

 private:
  std::size_t leave_out_lines(std::span<char> bytes);
  std::size_t leave_out_value(std::span<char> bytes) const;

  std::size_t short_;
  std::size_t left_ = 0;  // after the last shorten()
  std::size_t searched_ = 0;
  std::size_t line_ = 0;  // where the line that has not ended begins
  std::size_t lines_ = 0;
  bool full_ = false;         // a field line ended in CR LF
  bool full_status_ = false;  // the status line does
  bool bare_before_ = false;  // the last line ended in LF alone
};
inline Result<std::size_t> find_head_end(std::string_view bytes) { return HeadEnd().find(bytes); }

// Whether a field of this name decides something, so that not every value will do.
bool decides(std::string_view name);

// What to say of a response whose framing can't be followed, head or body: Cause::network, Remedy::refetch.
Error unreadable(std::string reason);

// What the response is to. The fields of a 2xx to CONNECT frame nothing.
enum class RequestMethod : std::uint8_t { get, connect };

// Parses one whole head, from the status line to the empty line. Interim (1xx) heads parse too, with Framing::none.
// Errors: Cause::network, Remedy::refetch.
Result<ResponseHead> parse_head(std::string_view head, RequestMethod = RequestMethod::get);

}  // namespace segdl
