#include "core/http/http_head.h"

#include "core/base/ascii.h"
#include "core/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace segdl {
namespace {

// How strictly a field is read, by what depends on it.
enum class Weight : std::uint8_t {
  nothing,
  hint,          // optional: an odd value is left out
  media_type,    // known by its beginning: the rest of an odd value is ignored
  validator,     // an odd value is kept and proves nothing
  what_is_done,  // the meaning of the body, and the next step: an ambiguous value is refused
  bytes,         // the bounds and the coding of the body: any odd value is refused
};

Weight weight_of(std::string_view name) {
  constexpr std::string_view kOfBytes[] = {"Content-Length", "Transfer-Encoding", "Content-Range", "Content-Encoding"};
  constexpr std::string_view kOfRest[] = {"Location", "WWW-Authenticate", "Proxy-Authenticate"};
  constexpr std::string_view kHints[] = {"Date", "Retry-After", "Connection"};
  const auto is = [&](auto known) { return same_text(name, known); };
  if (std::ranges::any_of(kOfBytes, is)) return Weight::bytes;
  if (std::ranges::any_of(kOfRest, is)) return Weight::what_is_done;
  if (is("Content-Type")) return Weight::media_type;
  if (is("ETag") || is("Last-Modified")) return Weight::validator;
  return std::ranges::any_of(kHints, is) ? Weight::hint : Weight::nothing;
}

// Whether some reader may take this for the name of a field that decides: it is one without blanks and controls.
bool may_decide(std::string_view name) {
  std::string plain(name);
  std::erase_if(plain, [](char c) { return is_control(c) || c == ' '; });
  return decides(plain);
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

constexpr std::string_view kHttp = kStartsOfHeads[0], kIcy = kStartsOfHeads[1];

// Whether a line after the first may be the status line of another response, to which the rest would belong. Names such
// as icy-name are fields.
bool may_begin_response(std::string_view line) {
  line = trim(line);
  const bool icy =
      same_text(line.substr(0, kIcy.size()), kIcy) && line.size() > kIcy.size() && is_blank(line[kIcy.size()]);
  return same_text(line.substr(0, kHttp.size()), kHttp) || icy;
}

// The minor version; 0 if it is not HTTP/1.x, whose connection is not reused. Nothing if it names no version.
std::optional<int> minor_version(std::string_view protocol, ResponseHead& head) {
  constexpr std::string_view kOne = "HTTP/1.";
  if (protocol.size() == kOne.size() + 1 && protocol.starts_with(kOne) && is_digit(protocol.back()))
    return protocol.back() - '0';
  const bool http = same_text(protocol.substr(0, kHttp.size()), kHttp);
  const std::string_view numbers = http ? protocol.substr(kHttp.size()) : std::string_view();
  const auto is_of_number = [](char c) { return is_digit(c) || c == '.'; };
  if (!std::ranges::all_of(numbers, is_of_number) || (numbers.empty() && protocol != kIcy)) return {};
  head.tolerate("a status line that is not of HTTP/1");
  return 0;
}

// HTTP-version SP status-code [SP [reason-phrase]]. Some servers omit the last space too, and others send more spaces
// (RFC 9112 section 4).
Result<void> parse_status_line(std::string_view line, ResponseHead& head) {
  const auto end = std::min(line.find_first_of(" \t"), line.size());
  const auto minor = minor_version(line.substr(0, end), head);
  const auto begin = std::min(line.find_first_not_of(" \t", end), line.size());
  const std::string_view rest = line.substr(begin);
  const auto status = rest.size() < 3 ? std::nullopt : parse_decimal(rest.substr(0, 3));
  if (!minor || !status || (rest.size() > 3 && !is_blank(rest[3]))) return unreadable("its status line is not HTTP/1");
  if (begin != end + 1 || line[end] != ' ' || (rest.size() > 3 && rest[3] != ' '))
    head.tolerate("odd blanks in its status line");
  if (has_control_but_tab(rest)) head.tolerate("a control character in its status line");
  if (*status < 100 || *status > 599) return unreadable(fmt::format("it has status {}", *status));
  head.minor_version = *minor;
  head.status = static_cast<int>(*status);
  return {};
}

// Reads the field lines one after the other.
class FieldReader {
 public:
  // `mixed`: some lines end in CR LF and others in LF alone.
  FieldReader(ResponseHead& head, bool mixed, bool bare_before) : head_(head), mixed_(mixed), bare_(bare_before) {}

  Result<void> read(const Line& line) {
    const bool unsure = mixed_ && (line.bare || bare_);
    bare_ = line.bare;
    if (may_begin_response(line.text)) return unreadable("a second status line is in its head");
    const auto colon = line.text.find(':');
    const std::string_view name = line.text.substr(0, std::min(colon, line.text.size()));
    if (is_blank(line.text[0]) && kept_) return fold(trim(line.text), unsure);
    if (colon == std::string_view::npos || is_blank(line.text[0])) return pass_over(name, unsure);
    if (!is_token(name)) {
      if (may_decide(name)) return unreadable("a header field has an invalid name");
      head_.tolerate("a field of its head whose name can't be one");
    }
    weight_ = weight_of(name);
    std::string value(trim(line.text.substr(colon + 1)));
    kept_ = true;
    head_.fields.push_back({std::string(name), value});
    if (unsure) return be_unsure();
    return check(value);
  }

  // Whether the fields that were left out allow to reuse the connection.
  bool may_keep_alive() const { return may_keep_alive_; }

 private:
  // Skips a line that is no field: it has no colon, or is folded without a field before it (RFC 9112 section 2.2).
  // Refused are a line without visible text, which may be meant as the end, and one that begins with the name of a
  // field that decides.
  Result<void> pass_over(std::string_view name, bool unsure) {
    kept_ = false;
    const std::string_view words = trim(name);
    const std::string_view first = words.substr(0, words.find_first_of(" \t"));
    if (unsure || may_decide(name) || may_decide(first) || has_control_but_tab(name) || words.empty())
      return unreadable("a line of its head is no field");
    head_.tolerate("a line of its head that is no field");
    return {};
  }

  // Leaves out an optional value.
  Result<void> leave_out() {
    if (same_text(head_.fields.back().name, "Connection")) may_keep_alive_ = false;
    head_.fields.pop_back();
    head_.tolerate("an odd value of a field of its head, which is left out");
    kept_ = false;
    return {};
  }

  // Handles a field next to a bare LF. A coding that may be none is kept as an unknown one, which can't be undone.
  Result<void> be_unsure() {
    Field& field = head_.fields.back();
    if (weight_ == Weight::nothing) return check(field.value);
    if (weight_ == Weight::hint) return leave_out();
    if (weight_ != Weight::validator && !same_text(field.name, "Content-Encoding")) return may_be_cut(field.name);
    doubt();
    return check(field.value);
  }

  // Marks a value as unreliable. It is kept for comparison only.
  void doubt() {
    std::string& value = head_.fields.back().value;
    if (!value.starts_with('?')) value.insert(0, 1, '?');
  }

  static Error may_be_cut(std::string_view name) {
    return unreadable(fmt::format("a bare LF may hide or cut its {}", name));
  }

  // A fold is replaced by a space (RFC 9112 section 5.2). Before the value it is like any other blank.
  Result<void> fold(std::string_view more, bool unsure) {
    Field& field = head_.fields.back();
    const bool inside = !field.value.empty();
    if (weight_ == Weight::hint && (inside || unsure)) return leave_out();
    if (weight_ == Weight::validator && (inside || unsure)) doubt();
    if (weight_ > Weight::hint && weight_ != Weight::validator && unsure) return may_be_cut(field.name);
    if (weight_ == Weight::bytes || (weight_ == Weight::what_is_done && inside))
      return unreadable(fmt::format("its {} is folded", field.name));
    head_.tolerate("a folded line in its head");
    if (!field.value.empty() && !more.empty()) field.value += ' ';
    field.value += more;
    return check(more);
  }

  // Checks what was just added to the last field. A NUL and a CR become spaces (RFC 9110 section 5.5).
  Result<void> check(std::string_view value) {
    if (!has_control_but_tab(value)) return {};
    Field& field = head_.fields.back();
    if (weight_ == Weight::hint) return leave_out();
    const bool breaks = value.find_first_of(std::string_view("\0\r", 2)) != std::string_view::npos;
    const bool escaped = !breaks && same_text(field.name, "Location");  // it is escaped in the URL
    const bool around = same_text(field.name, "Transfer-Encoding");     // refused later unless the rest is a coding
    if (weight_ == Weight::validator) {
      doubt();
    } else if (weight_ > Weight::media_type && !escaped && !around) {
      return unreadable(fmt::format("its {} has a control character", field.name));
    }
    head_.tolerate("a control character in a field of its head");
    may_keep_alive_ = may_keep_alive_ && !around;
    const auto added = field.value.end() - static_cast<std::ptrdiff_t>(value.size());
    std::replace_if(
        added, field.value.end(), [](char c) { return c == '\0' || c == '\r'; }, ' ');
    return {};
  }

  ResponseHead& head_;
  const bool mixed_;
  bool bare_;          // the line before ended in LF alone
  bool kept_ = false;  // the last line's field
  bool may_keep_alive_ = true;
  Weight weight_ = Weight::nothing;
};

// `text` is all of a head but its status line. Returns whether odd lines allow to reuse the connection.
// REQUIRES: it ends with an empty line.
Result<bool> parse_fields(std::string_view text, const Line& status_line, ResponseHead& head) {
  bool bare = status_line.bare, full = false, returns = status_line.text.find('\r') != std::string_view::npos;
  std::string_view rest = text;
  Line last = take_line(rest);
  for (; !last.text.empty(); last = take_line(rest)) {
    returns = returns || last.text.find('\r') != std::string_view::npos;
    (last.bare ? bare : full) = true;
  }
  if (returns && bare) return unreadable("a line of its head has a bare CR, and others end in a bare LF");
  if (bare || last.bare) head.tolerate("lines of its head that end in a bare LF");
  FieldReader reader(head, bare && full, status_line.bare);
  for (Line line = take_line(text); !line.text.empty(); line = take_line(text)) {
    auto read = reader.read(line);
    if (!read) return std::move(read).error();
  }
  return reader.may_keep_alive();
}

// All Content-Length fields together: one number, or the same one several times (RFC 9110 section 8.6). Empty list
// elements are ignored (section 5.6.1.2).
Result<std::optional<std::uint64_t>> content_length(ResponseHead& head) {
  std::optional<std::uint64_t> length;
  const auto elements = head.list("Content-Length");
  for (const std::string_view text : elements) {
    const bool plus = text.starts_with('+');
    const auto value = parse_decimal(text.substr(plus ? 1 : 0));
    if (!text.empty() && (!value || (length && *length != *value)))
      return unreadable("its Content-Length is not one number");
    if (plus || text.empty()) {
      head.tolerate("a Content-Length that is not written as one");
      head.keep_alive = false;
    }
    if (value) length = value;
  }
  if (!elements.empty() && !length) return unreadable("its Content-Length is not one number");
  return length;
}

// How many times the body is declared chunked. `identity` is ignored (RFC 2616 section 3.6).
Result<std::size_t> times_chunked(ResponseHead& head) {
  std::size_t times = 0;
  for (std::string_view coding : head.list("Transfer-Encoding")) {
    while (!coding.empty() && is_control(coding.front())) coding.remove_prefix(1);
    while (!coding.empty() && is_control(coding.back())) coding.remove_suffix(1);
    const bool chunked = same_text(coding, "chunked");
    if (!chunked && !same_text(coding, "identity")) return unreadable("its Transfer-Encoding is not just chunked");
    if (!chunked) head.tolerate("Transfer-Encoding: identity");
    times += chunked ? 1 : 0;
  }
  return times;
}

// Beside chunked, Content-Length is ignored, whatever it is (RFC 9112 section 6.3).
Result<void> find_framing(ResponseHead& head) {
  auto chunked = times_chunked(head);
  if (!chunked) return std::move(chunked).error();
  auto length = *chunked > 0 ? Result<std::optional<std::uint64_t>>(std::nullopt) : content_length(head);
  if (!length) return std::move(length).error();
  const bool both = *chunked > 0 && head.count("Content-Length") > 0;
  if (both) head.tolerate("Content-Length beside chunked");
  if (*chunked > 0 && head.minor_version == 0) head.tolerate("chunked in HTTP/1.0");
  if (*chunked > 1) head.tolerate("chunked given twice");
  if (head.status < 200 || head.status == 204 || head.status == 304) {
    head.framing = Framing::none;
    // A 204 or 304 that declares a body may send it: those bytes must not become the next response.
    const bool body_may_follow = head.count("Content-Length") > 0 || head.count("Transfer-Encoding") > 0;
    if (head.status >= 200 && body_may_follow) head.keep_alive = false;
  } else if (*chunked > 0) {
    head.framing = Framing::chunked;
    head.chunked_twice = *chunked > 1;
    const bool plain = *chunked == 1 && !both && head.minor_version > 0;
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

// Notes the fields that must not be repeated, and were.
void note_repeated(ResponseHead& head) {
  for (const std::string_view name :
       {"Content-Range", "Content-Encoding", "Content-Type", "ETag", "Last-Modified", "Location"}) {
    if (head.count(name) > 1 && head.find(name) != nullptr) head.tolerate("a field that is given more than once");
  }
}

}  // namespace

Error unreadable(std::string reason) {
  return with_remedy(make_error(Cause::network, "read the response", "", std::move(reason)), Remedy::refetch);
}

bool decides(std::string_view name) { return weight_of(name) > Weight::nothing; }

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
      std::ranges::count_if(fields, [&](const Field& field) { return same_text(field.name, name); }));
}

std::vector<std::string_view> ResponseHead::list(std::string_view name) const {
  std::vector<std::string_view> elements;
  for (const Field& field : fields) {
    if (!same_text(field.name, name)) continue;
    std::string_view rest = field.value;
    for (auto comma = rest.find(','); comma != std::string_view::npos; comma = rest.find(',')) {
      elements.push_back(trim(rest.substr(0, comma)));
      rest.remove_prefix(comma + 1);
    }
    elements.push_back(trim(rest));
  }
  return elements;
}

void ResponseHead::tolerate(std::string_view what) {
  if (std::ranges::find(tolerated, what) == tolerated.end()) tolerated.push_back(what);
}

Result<ResponseHead> parse_head(std::string_view text, RequestMethod method) {
  ResponseHead head;
  const auto end = HeadEnd().find(text);
  if (!end) return end.error();
  if (*end != text.size()) return unreadable(*end == 0 ? "its head does not end" : "its head goes on after its end");
  const Line first = take_line(text);
  auto step = parse_status_line(first.text, head);
  if (!step) return std::move(step).error();
  const auto persists = parse_fields(text, first, head);
  if (!persists) return persists.error();
  note_repeated(head);
  if (method == RequestMethod::connect && head.status >= 200 && head.status < 300) {  // RFC 9110 section 9.3.6
    head.framing = Framing::none;
    return head;
  }
  const auto options = head.list("Connection");
  const auto has = [&](std::string_view option) {
    return std::ranges::any_of(options, [&](std::string_view one) { return same_text(one, option); });
  };
  head.keep_alive = *persists && (head.minor_version >= 1 || has("keep-alive")) && !has("close");
  step = find_framing(head);
  if (!step) return std::move(step).error();
  return head;
}

}  // namespace segdl
