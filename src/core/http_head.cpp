#include "core/http_head.h"

#include "core/ascii.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace segdl {
namespace {

// Takes one CRLF-ended line off the front; nothing if the line is not ended like that.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
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
  if (has_controls(rest)) return unreadable("its status line has a control character");
  if (*status < 100 || *status > 599 || *status == 101) return unreadable(fmt::format("it has status {}", *status));
  head.minor_version = minor - '0';
  head.status = static_cast<int>(*status);
  return {};
}

Result<void> parse_field(std::string_view line, ResponseHead& head) {
  if (line[0] == ' ' || line[0] == '\t') return unreadable("a header line is folded");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return unreadable("a header line has no colon");
  if (!is_token(line.substr(0, colon))) return unreadable("a header field has an invalid name");
  const std::string_view value = trim(line.substr(colon + 1));
  if (has_controls(value)) return unreadable("a header field has a control character in its value");
  head.fields.push_back({std::string(line.substr(0, colon)), std::string(value)});
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

Result<void> find_framing(ResponseHead& head) {
  auto length = content_length(head);
  if (!length) return std::move(length).error();
  const std::size_t codings = head.count("Transfer-Encoding");
  if (codings > 0) {
    const std::string* coding = head.find("Transfer-Encoding");
    if (*length) return unreadable("it has both Content-Length and Transfer-Encoding");
    if (head.minor_version == 0) return unreadable("it has a Transfer-Encoding in HTTP/1.0");
    if (coding == nullptr || !same_text(*coding, "chunked"))
      return unreadable("its Transfer-Encoding is not just chunked");
  }
  if (head.status < 200 || head.status == 204 || head.status == 304) {
    head.framing = Framing::none;
  } else if (codings > 0) {
    head.framing = Framing::chunked;
  } else if (*length) {
    head.framing = Framing::length;
    head.content_length = **length;
  } else {
    head.framing = Framing::until_close;
  }
  return {};
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
    if (found != nullptr) return nullptr;
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

Result<std::size_t> find_head_end(std::string_view bytes) {
  constexpr std::string_view kStart = "HTTP/1.";
  const std::string_view start = bytes.substr(0, kStart.size());
  if (start != kStart.substr(0, start.size())) return unreadable("it does not begin like an HTTP/1 response");
  std::size_t lines = 0;
  for (std::size_t at = 0;;) {
    const auto feed = bytes.find('\n', at);
    const std::size_t end = feed == std::string_view::npos ? bytes.size() : feed + 1;
    if (lines == 0 && end > kMaxStatusLine) return unreadable("its status line is too long");
    if (end > kMaxHeadBytes) return unreadable("its head is longer than 64 KiB");
    if (feed == std::string_view::npos) return 0;
    if (feed == 0 || bytes[feed - 1] != '\r') return unreadable("a line of its head does not end with CR LF");
    if (feed == at + 1) return end;
    if (++lines > kMaxHeadLines) return unreadable("its head has more than 200 lines");
    at = end;
  }
}

Result<ResponseHead> parse_head(std::string_view text) {
  ResponseHead head;
  if (text.find('\0') != std::string_view::npos) return unreadable("its head has a NUL");
  const auto first = take_line(text);
  if (!first) return unreadable("its status line does not end");
  auto step = parse_status_line(*first, head);
  for (;;) {
    if (!step) return std::move(step).error();
    const auto line = take_line(text);
    if (!line) return unreadable("its head does not end");
    if (line->empty()) break;
    if (line->find('\r') != std::string_view::npos || line->find('\n') != std::string_view::npos)
      return unreadable("a line of its head does not end with CR LF");
    step = parse_field(*line, head);
  }
  if (!text.empty()) return unreadable("its head goes on after its end");
  step = find_framing(head);
  if (!step) return std::move(step).error();
  const bool persistent = head.minor_version >= 1 || head.has_token("Connection", "keep-alive");
  // A 204 or 304 that announces a body may send it all the same: those bytes must not become the next response.
  const bool body_may_follow = head.framing == Framing::none && head.status >= 200 &&
                               (head.count("Content-Length") > 0 || head.count("Transfer-Encoding") > 0);
  head.keep_alive =
      persistent && !head.has_token("Connection", "close") && head.framing != Framing::until_close && !body_may_follow;
  return head;
}

}  // namespace segdl
