#include "core/http_head.h"

#include "core/ascii.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace segdl {
namespace {

// What a field decides.
enum class Weight : std::uint8_t {
  nothing,
  what_is_done,  // what the body is, and what is done next: a value that could be read in two ways is not tolerated
  bytes,         // where a body begins and ends, and how it is coded: nothing odd is tolerated
};

Weight weight_of(std::string_view name) {
  constexpr std::string_view kOfBytes[] = {"Content-Length", "Transfer-Encoding", "Content-Range", "Content-Encoding"};
  constexpr std::string_view kOfRest[] = {"Content-Type",      "ETag",     "Last-Modified", "Date",
                                          "Retry-After",       "Location", "Connection",    "WWW-Authenticate",
                                          "Proxy-Authenticate"};
  const auto is = [&](auto known) { return same_text(name, known); };
  if (std::any_of(std::begin(kOfBytes), std::end(kOfBytes), is)) return Weight::bytes;
  return std::any_of(std::begin(kOfRest), std::end(kOfRest), is) ? Weight::what_is_done : Weight::nothing;
}

// RFC 9110 section 5.1 has fewer; no reader takes one with others for a field that it knows.
bool is_odd_name(std::string_view name) {
  return !name.empty() && std::none_of(name.begin(), name.end(), [](char c) { return is_control(c) || c == ' '; });
}

struct Line {
  std::string_view text;
  bool bare = false;  // it ended in LF alone
};

// REQUIRES: a line ends in `text`.
Line take_line(std::string_view& text) {
  const auto feed = text.find('\n');
  const bool bare = feed == 0 || text[feed - 1] != '\r';
  const Line line{text.substr(0, bare ? feed : feed - 1), bare};
  text.remove_prefix(feed + 1);
  return line;
}

// Whether text that may hold blanks and obs-text (RFC 9110 section 5.5) holds more than those and visible characters.
bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; });
}

Result<void> parse_status_line(std::string_view line, ResponseHead& head) {
  // HTTP-version SP status-code [SP [reason-phrase]]: some servers leave the last space out as well.
  constexpr std::string_view kVersion = "HTTP/1.";
  if (!line.starts_with(kVersion) || line.size() < kVersion.size() + 5)
    return unreadable("its status line is not HTTP/1");
  const char minor = line[kVersion.size()];
  const std::string_view rest = line.substr(kVersion.size() + 1);
  const std::string_view digits = rest.substr(1, 3);
  const auto status = parse_decimal(digits);
  if (!is_digit(minor) || rest[0] != ' ' || !status || (rest.size() > 4 && rest[4] != ' ')) {
    return unreadable("its status line is not HTTP/1");
  }
  if (has_controls(rest)) head.tolerate("a control character in its status line");
  if (*status < 100 || *status > 599 || *status == 101) return unreadable(fmt::format("it has status {}", *status));
  head.minor_version = minor - '0';
  head.status = static_cast<int>(*status);
  return {};
}

// The lines of fields, one after the other.
class FieldReader {
 public:
  // `mixed`: some of the lines end in CR LF and others in LF alone.
  FieldReader(ResponseHead& head, bool mixed, bool bare_before) : head_(head), mixed_(mixed), bare_(bare_before) {}

  Result<void> read(const Line& line) {
    const bool unsure = mixed_ && (line.bare || bare_);
    bare_ = line.bare;
    if (is_blank(line.text[0])) return fold(trim(line.text), unsure);
    const auto colon = line.text.find(':');
    if (colon == std::string_view::npos) return unreadable("a header line has no colon");
    const std::string_view name = line.text.substr(0, colon);
    if (!is_token(name)) {
      if (!is_odd_name(name)) return unreadable("a header field has an invalid name");
      head_.tolerate("a field of its head whose name can't be one");
    }
    weight_ = weight_of(name);
    if (weight_ > Weight::nothing && unsure) return may_be_cut(name);
    const std::string_view value = trim(line.text.substr(colon + 1));
    head_.fields.push_back({std::string(name), std::string(value)});
    return check(value);
  }

 private:
  static Error may_be_cut(std::string_view name) {
    return unreadable(fmt::format("a bare LF may hide or cut its {}", name));
  }

  // RFC 9112 section 5.2: a space stands for the fold. In front of a value it is as any other.
  Result<void> fold(std::string_view more, bool unsure) {
    if (head_.fields.empty()) return unreadable("a header line is folded, and none is before it");
    Field& field = head_.fields.back();
    const bool inside = !field.value.empty();
    if (weight_ > Weight::nothing && unsure) return may_be_cut(field.name);
    if (weight_ == Weight::bytes || (weight_ == Weight::what_is_done && inside))
      return unreadable(fmt::format("its {} is folded", field.name));
    head_.tolerate("a folded line in its head");
    if (!field.value.empty() && !more.empty()) field.value += ' ';
    field.value += more;
    return check(more);
  }

  Result<void> check(std::string_view value) {
    if (!has_controls(value)) return {};
    const std::string& name = head_.fields.back().name;
    if (weight_ > Weight::nothing) return unreadable(fmt::format("its {} has a control character", name));
    head_.tolerate("a control character in a field of its head");
    return {};
  }

  ResponseHead& head_;
  const bool mixed_;
  bool bare_;  // the line before ended so
  Weight weight_ = Weight::nothing;
};

// `text` is all of a head but its status line, which ended in a bare LF or not. REQUIRES: it ends with an empty line.
Result<void> parse_fields(std::string_view text, bool bare_before, ResponseHead& head) {
  bool bare = bare_before, full = false;
  std::string_view rest = text;
  Line last = take_line(rest);
  for (; !last.text.empty(); last = take_line(rest)) {
    if (last.text.find('\r') != std::string_view::npos) return unreadable("a line of its head has a bare CR");
    (last.bare ? bare : full) = true;
  }
  if (bare || last.bare) head.tolerate("lines of its head that end in a bare LF");
  FieldReader reader(head, bare && full, bare_before);
  for (Line line = take_line(text); !line.text.empty(); line = take_line(text)) {
    auto read = reader.read(line);
    if (!read) return read;
  }
  return {};
}

// All Content-Length fields together: one number, or the same one several times (RFC 9110 section 8.6).
Result<std::optional<std::uint64_t>> content_length(const ResponseHead& head) {
  std::optional<std::uint64_t> length;
  for (const Field& field : head.fields) {
    if (!same_text(field.name, "Content-Length")) continue;
    std::string_view rest = field.value;
    for (bool more = true; more;) {
      const auto comma = rest.find(',');
      const auto value = parse_decimal(trim(rest.substr(0, comma)));
      if (!value || (length && *length != *value)) return unreadable("its Content-Length is not one number");
      length = value;
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
  }
  return length;
}

// How often the body is said to be chunked. `identity` says nothing (RFC 2616 section 3.6).
Result<std::size_t> times_chunked(ResponseHead& head) {
  std::size_t times = 0;
  for (const Field& field : head.fields) {
    if (!same_text(field.name, "Transfer-Encoding")) continue;
    std::string_view rest = field.value;
    for (bool more = true; more;) {
      const auto comma = rest.find(',');
      const std::string_view coding = trim(rest.substr(0, comma));
      const bool chunked = same_text(coding, "chunked");
      if (!chunked && !same_text(coding, "identity")) return unreadable("its Transfer-Encoding is not just chunked");
      if (!chunked) head.tolerate("Transfer-Encoding: identity");
      times += chunked ? 1 : 0;
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
  }
  return times;
}

Result<void> find_framing(ResponseHead& head) {
  auto length = content_length(head);
  if (!length) return std::move(length).error();
  auto chunked = times_chunked(head);
  if (!chunked) return std::move(chunked).error();
  if (*chunked > 0 && *length) head.tolerate("Content-Length beside chunked");
  if (*chunked > 0 && head.minor_version == 0) head.tolerate("chunked in HTTP/1.0");
  if (*chunked > 1) head.tolerate("chunked said twice");
  if (head.status < 200 || head.status == 204 || head.status == 304) {
    head.framing = Framing::none;
  } else if (*chunked > 0) {
    head.framing = Framing::chunked;
    head.chunked_twice = *chunked > 1;
    const bool plain = *chunked == 1 && !*length && head.minor_version > 0;
    head.keep_alive = head.keep_alive && plain;  // RFC 9112 sections 6.1 and 6.3
  } else if (*length) {
    head.framing = Framing::length;
    head.content_length = **length;
  } else {
    head.framing = Framing::until_close;
    head.keep_alive = false;
  }
  return {};
}

// Fields that can't be given twice, and were.
void note_repeated(ResponseHead& head) {
  for (const std::string_view name :
       {"Content-Range", "Content-Encoding", "Content-Type", "ETag", "Last-Modified", "Location"}) {
    if (head.count(name) > 1 && head.find(name) != nullptr) head.tolerate("a field that is there twice in its head");
  }
}

}  // namespace

Error unreadable(std::string reason) {
  Error error;
  error.cause = Cause::network;
  error.remedy = Remedy::refetch;
  error.operation = "read the response";
  error.reason = std::move(reason);
  return error;
}

const std::string* ResponseHead::find(std::string_view name) const {
  const std::string* found = nullptr;
  for (const Field& field : fields) {
    if (!same_text(field.name, name)) continue;
    if (found != nullptr && *found != field.value) return nullptr;
    found = &field.value;
  }
  return found;
}

std::size_t ResponseHead::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const Field& field) { return same_text(field.name, name); }));
}

bool ResponseHead::has_token(std::string_view name, std::string_view token) const {
  for (const Field& field : fields) {
    if (!same_text(field.name, name)) continue;
    std::string_view rest = field.value;
    for (bool more = true; more;) {
      const auto comma = rest.find(',');
      if (same_text(trim(rest.substr(0, comma)), token)) return true;
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

void ResponseHead::tolerate(std::string_view what) {
  if (std::find(tolerated.begin(), tolerated.end(), what) == tolerated.end()) tolerated.push_back(what);
}

Result<std::size_t> HeadEnd::find(std::string_view bytes) {
  constexpr std::string_view kStart = "HTTP/1.";
  const std::string_view start = bytes.substr(0, kStart.size());
  if (start != kStart.substr(0, start.size())) return unreadable("it does not begin like an HTTP/1 response");
  for (;;) {
    const auto feed = bytes.find('\n', searched_);
    const std::size_t end = feed == std::string_view::npos ? bytes.size() : feed + 1;
    if (lines_ == 0 && end > kMaxStatusLine) return unreadable("its status line is too long");
    if (end > kMaxHeadBytes) return unreadable("its head is longer than 300 KiB");
    searched_ = end;
    if (feed == std::string_view::npos) return 0;
    const bool bare = bytes[feed - 1] != '\r';
    const bool empty = feed == line_ || (feed == line_ + 1 && !bare);
    if (empty) {
      // What follows may be the rest of a field's value, and the head go on: of the first one, too.
      const bool in_first = full_status_ && lines_ == 2;
      if (bare_before_ && (full_ || in_first || !bare))
        return unreadable("a bare LF before an empty line may be part of a field");
      return end;
    }
    full_ = full_ || (lines_ > 0 && !bare);
    if (lines_ == 0) full_status_ = !bare;
    bare_before_ = bare;
    line_ = end;
    if (++lines_ > kMaxHeadLines) return unreadable("its head has more than 1,000 lines");
  }
}

Result<ResponseHead> parse_head(std::string_view text, RequestMethod method) {
  ResponseHead head;
  const auto end = HeadEnd().find(text);
  if (!end) return end.error();
  if (*end != text.size()) return unreadable(*end == 0 ? "its head does not end" : "its head goes on after its end");
  if (text.find('\0') != std::string_view::npos) return unreadable("its head has a NUL");
  const Line first = take_line(text);
  if (first.text.find('\r') != std::string_view::npos) return unreadable("a line of its head has a bare CR");
  auto step = parse_status_line(first.text, head);
  if (step) step = parse_fields(text, first.bare, head);
  if (!step) return std::move(step).error();
  note_repeated(head);
  if (method == RequestMethod::connect && head.status >= 200 && head.status < 300) {  // RFC 9110 section 9.3.6
    head.framing = Framing::none;
    return head;
  }
  head.keep_alive =
      (head.minor_version >= 1 || head.has_token("Connection", "keep-alive")) && !head.has_token("Connection", "close");
  step = find_framing(head);
  if (!step) return std::move(step).error();
  // A 204 or 304 that announces a body may send it all the same: those bytes must not become the next response.
  const bool body_may_follow = head.framing == Framing::none && head.status >= 200 &&
                               (head.count("Content-Length") > 0 || head.count("Transfer-Encoding") > 0);
  if (body_may_follow) head.keep_alive = false;
  return head;
}

}  // namespace segdl
