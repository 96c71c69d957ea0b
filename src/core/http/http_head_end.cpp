#include "core/base/ascii.h"
#include "core/http/http_head.h"

#include <algorithm>
#include <cstring>

namespace segdl {
namespace {

// The status line and two more lines stay: what a bare LF means depends on whether one of the first lines has it.
constexpr std::size_t kFirstLines = 3;

// The fields that segdl reads, beside those that decide something in a head (http_head.cpp).
constexpr std::string_view kRead[] = {"Accept-Ranges",       "Age", "Authentication-Info",
                                      "Content-Disposition", "IM",  "Proxy-Authentication-Info",
                                      "Set-Cookie",          "Via"};

bool is_control_in_line(char c) { return is_control(c) && c != '\t'; }

// Where the value begins in a line, or its beginning, of a field that segdl does not read; 0 for other lines.
std::size_t unread_value(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return 0;
  const std::string_view name = line.substr(0, colon);
  const bool read = std::ranges::any_of(kRead, [&](auto one) { return same_text(name, one); });
  return is_token(name) && !read && !decides(name) ? colon + 1 : 0;
}

// Whether the line can be dropped between lines that end as it does, unless a line is folded into it.
bool is_unread(std::string_view line, bool bare) {
  const std::string_view text = line.substr(0, line.size() - (bare ? 1 : 2));
  return unread_value(text) > 0 && std::ranges::none_of(text, is_control_in_line);
}

bool ends_in_bare_feed(std::string_view line) { return line.size() < 2 || line[line.size() - 2] != '\r'; }

}  // namespace

Result<std::size_t> HeadEnd::find(std::string_view bytes) {
  const auto begins = [bytes](std::string_view with) {
    const std::string_view start = bytes.substr(0, with.size());
    return same_text(start, with.substr(0, start.size()));
  };
  if (std::ranges::none_of(kStartsOfHeads, begins)) return unreadable("it does not begin like an HTTP/1 response");
  for (;;) {
    const auto feed = bytes.find('\n', searched_);
    const std::size_t end = feed == std::string_view::npos ? bytes.size() : feed + 1;
    searched_ = end;
    if (feed == std::string_view::npos) return 0;
    const bool bare = bytes[feed - 1] != '\r';
    const bool empty = feed == line_ || (feed == line_ + 1 && !bare);
    if (empty) {
      // The next lines may be the rest of a field's value, the first field's too, and the head may go on.
      const bool in_first = full_status_ && lines_ == 2;
      if (bare_before_ && (full_ || in_first || (full_status_ && !bare)))
        return unreadable("a bare LF before an empty line may be part of a field");
      return end;
    }
    full_ = full_ || (lines_ > 0 && !bare);
    if (lines_ == 0) full_status_ = !bare;
    bare_before_ = bare;
    line_ = end;
    ++lines_;
  }
}

Result<std::size_t> HeadEnd::shorten(std::span<char> bytes) {
  if (bytes.size() < std::max(short_, 2 * left_)) return bytes.size();
  const std::size_t kept = leave_out_lines(bytes);
  left_ = kept + leave_out_value(bytes.subspan(kept, bytes.size() - line_));
  searched_ = left_;
  line_ = kept;
  if (left_ > kMaxKeptHead) return unreadable("its head is longer than 8 MiB, without fields that mean nothing here");
  if (lines_ > kMaxKeptLines)
    return unreadable("its head has more than 65,536 lines, without fields that mean nothing here");
  return left_;
}

// Drops fields of lines that have ended. Moves the rest up to the kept lines and returns where.
std::size_t HeadEnd::leave_out_lines(std::span<char> bytes) {
  const std::string_view all(bytes.data(), bytes.size());
  std::size_t kept = 0;
  std::size_t lines = 0;
  bool bare_kept = false;
  for (std::size_t at = 0; at < line_;) {
    const std::string_view line = all.substr(at, all.find('\n', at) + 1 - at);
    const std::size_t end = at + line.size();
    const bool bare = ends_in_bare_feed(line);
    const bool may_be_folded = end == all.size() || is_blank(all[end]);
    if (lines < kFirstLines || bare != bare_kept || may_be_folded || !is_unread(line, bare)) {
      std::memmove(bytes.data() + kept, line.data(), line.size());
      kept += line.size();
      bare_kept = bare;
      ++lines;
    }
    at = end;
  }
  lines_ = lines;
  std::memmove(bytes.data() + kept, bytes.data() + line_, bytes.size() - line_);
  return kept;
}

// Drops the value in these bytes of the line that has not ended. Returns how many are left.
std::size_t HeadEnd::leave_out_value(std::span<char> bytes) const {
  const std::size_t begin = lines_ > 0 ? unread_value({bytes.data(), bytes.size()}) : 0;
  if (begin == 0) return bytes.size();
  const auto end = std::find_if(bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.end(), is_control_in_line);
  const auto rest = static_cast<std::size_t>(bytes.end() - end);
  std::memmove(bytes.data() + begin, bytes.data() + (bytes.size() - rest), rest);
  return begin + rest;
}

}  // namespace segdl
