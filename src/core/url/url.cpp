#include "core/url/url.h"

#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/url/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace segdl {
namespace {

// The five components of a reference (RFC 3986 section 4.1 and appendix B); absent is not the same as empty.
struct Parts {
  std::optional<std::string_view> scheme, authority, query;
  std::string_view path;
};

bool is_scheme(std::string_view text) {
  return !text.empty() && is_alpha(text[0]) && std::ranges::all_of(text, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

Parts split_reference(std::string_view text) {
  Parts parts;
  text = text.substr(0, text.find('#'));
  const auto colon = text.find_first_of(":/?");
  if (colon != std::string_view::npos && text[colon] == ':' && is_scheme(text.substr(0, colon))) {
    parts.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    const auto end = text.find_first_of("/?", 2);
    parts.authority = text.substr(2, end == std::string_view::npos ? end : end - 2);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
  const auto question = text.find('?');
  parts.path = text.substr(0, question);
  if (question != std::string_view::npos) parts.query = text.substr(question + 1);
  return parts;
}

Error bad_url(Cause cause, std::string_view text, std::string reason, Hint hint = Hint::write_whole_url) {
  Error error = make_error(cause, cause == Cause::usage ? "read the URL" : "follow a redirect to", redact(text),
                           std::move(reason));
  if (cause == Cause::usage) error.hints = {hint};
  return error;
}

// Section 5.2.4.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    if (path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path == "/.") {
      path = "/";
    } else if (path.starts_with("/../") || path == "/..") {
      path = path.size() == 3 ? std::string_view("/") : path.substr(3);
      out.erase(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
    } else {
      const auto next = path.find('/', 1);
      out += path.substr(0, next);
      path.remove_prefix(next == std::string_view::npos ? path.size() : next);
    }
  }
  return out;
}

// Percent-encodes the characters that are unsafe; `is_unsafe` gets the text from one on.
std::string encode(std::string_view text, bool (*is_unsafe)(std::string_view)) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(1)) {
    out += is_unsafe(text) ? fmt::format("%{:02X}", static_cast<unsigned char>(text[0])) : std::string(1, text[0]);
  }
  return out;
}

// What a request line can't hold. Existing escapes stay, and a stray % becomes %25.
bool is_unsafe_in_target(std::string_view text) {
  constexpr std::string_view kUnsafe = " \"<>\\^`{|}";
  return static_cast<unsigned char>(text[0]) >= 0x80 || kUnsafe.find(text[0]) != std::string_view::npos ||
         (text[0] == '%' && !begins_escape(text));
}

// As browsers escape it in a path; in a host it stays invalid.
bool begins_with_control(std::string_view text) { return is_control(text[0]); }

std::string target_of(std::string_view path, std::optional<std::string_view> query) {
  std::string target = remove_dot_segments(path);
  if (!target.starts_with('/')) target.insert(target.begin(), '/');
  if (query) target.append("?").append(*query);
  return encode(target, is_unsafe_in_target);
}

constexpr std::string_view kNoHost = "it has no host";
constexpr std::string_view kBadPort = "its port is not a number from 1 to 65535";

// Reads `[userinfo@]host[:port]`. Returns what is wrong with it, or nothing.
std::string_view read_authority(std::string_view authority, Url& url) {
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view userinfo = authority.substr(0, at);
    const auto colon = userinfo.find(':');
    url.has_userinfo = true;
    url.user = percent_decoded(userinfo.substr(0, colon));
    if (colon != std::string_view::npos) url.password = percent_decoded(userinfo.substr(colon + 1));
    authority.remove_prefix(at + 1);
  }
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view name = authority.substr(0, colon);
  const auto host = normal_host(name);
  if (!host) return name.empty() ? kNoHost : "its host is not a valid name or address";
  url.origin.host = *host;
  url.origin.port = url.origin.secure ? 443 : 80;
  url.names_port = name.size() + 1 < authority.size();
  if (!url.names_port) return {};
  const auto port = parse_port(authority.substr(colon + 1));
  if (!port) return kBadPort;
  url.origin.port = *port;
  return {};
}

// REQUIRES: parts.scheme.
Result<Url> parse_parts(std::string_view text, const Parts& parts, Cause cause) {
  const std::string scheme = lower(*parts.scheme);
  if (scheme != "http" && scheme != "https") {
    return bad_url(cause, text, fmt::format("{} is not http or https", scheme), Hint::use_http_url);
  }
  Url url;
  url.origin.secure = scheme == "https";
  const std::string_view problem = parts.authority ? read_authority(*parts.authority, url) : kNoHost;
  if (!problem.empty()) {
    return bad_url(cause, text, std::string(problem),
                   problem == kBadPort ? Hint::write_valid_port : Hint::write_whole_url);
  }
  url.target = target_of(parts.path, parts.query);
  return url;
}

std::string_view trim_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// `host/path`, or `host:port/path`, whose host only looks like a scheme.
bool lacks_scheme(std::string_view text) {
  if (!split_reference(text).scheme) return true;
  const auto colon = text.find(':');
  const auto port = text.substr(colon + 1, text.find_first_of("/?#", colon) - colon - 1);
  return !port.empty() && std::ranges::all_of(port, is_digit);
}

std::string_view path_of(const Url& url) { return std::string_view(url.target).substr(0, url.target.find('?')); }

}  // namespace

std::string Origin::authority() const {
  const std::string text = host_and_port(*this);
  return port == (secure ? 443 : 80) ? text.substr(0, text.rfind(':')) : text;
}

std::string Url::text() const { return (origin.secure ? "https://" : "http://") + origin.authority() + target; }

Result<Url> parse_url(std::string_view text) {
  text = trim_spaces(text);
  if (std::ranges::any_of(text, is_control)) return bad_url(Cause::usage, text, "it has control characters");
  if (text.empty()) return bad_url(Cause::usage, text, "it is empty");
  if (!lacks_scheme(text)) return parse_parts(text, split_reference(text), Cause::usage);
  const std::string completed = (text.starts_with("//") ? "https:" : "https://") + std::string(text);
  return parse_parts(text, split_reference(completed), Cause::usage);
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  if (reference.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos)
    return bad_url(Cause::network, reference, "it has control characters");
  const std::string escaped = encode(trim_spaces(reference), begins_with_control);
  Parts parts = split_reference(escaped);
  if (parts.authority && !parts.scheme) parts.scheme = base.origin.secure ? "https" : "http";
  if (parts.scheme) {
    auto url = parse_parts(escaped, parts, Cause::network);
    if (url) url = Url{.origin = url->origin, .target = url->target};
    return url;
  }
  Url url{.origin = base.origin, .target = base.target};
  const std::string base_path(path_of(base));
  if (parts.path.empty()) {
    if (parts.query) url.target = base_path + "?" + encode(*parts.query, is_unsafe_in_target);
    return url;
  }
  const std::string directory = parts.path[0] == '/' ? "" : base_path.substr(0, base_path.rfind('/') + 1);
  url.target = target_of(directory + std::string(parts.path), parts.query);
  return url;
}

std::string last_component(const Url& url) {
  const std::string_view path = path_of(url);
  return percent_decoded(path.substr(path.rfind('/') + 1));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_decimal(text);
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

std::string host_and_port(const Origin& origin) {
  const bool six = origin.host.find(':') != std::string::npos;
  return six ? fmt::format("[{}]:{}", origin.host, origin.port) : fmt::format("{}:{}", origin.host, origin.port);
}

bool begins_escape(std::string_view text) {
  return text.size() > 2 && text[0] == '%' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool escape = begins_escape(text);
    out += escape ? static_cast<char>(hex_value(text[1]) * 16 + hex_value(text[2])) : text[0];
    text.remove_prefix(escape ? 3 : 1);
  }
  return out;
}

}  // namespace segdl
