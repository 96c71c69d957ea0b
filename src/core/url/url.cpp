#include "core/url/url.h"

#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/url/host.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace segdl {
namespace {

// The five components of a reference (RFC 3986 section 4.1 and appendix B); absent is not the same as empty.
struct Parts {
  std::optional<std::string_view> scheme, authority, query;
  std::string_view path;
};

bool is_scheme(std::string_view text) {
  return !text.empty() && is_alpha(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
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

// Percent-encodes what a request line can't hold. Existing escapes stay, and a stray % becomes %25.
std::string encode(std::string_view text) {
  constexpr std::string_view kUnsafe = " \"<>\\^`{|}";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool escape = c == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (static_cast<unsigned char>(c) >= 0x80 || kUnsafe.find(c) != std::string_view::npos || (c == '%' && !escape)) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (escape) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string target_of(std::string_view path, std::optional<std::string_view> query) {
  std::string target = remove_dot_segments(path);
  if (target.empty() || target[0] != '/') target.insert(target.begin(), '/');
  target = encode(target);
  if (!query) return target;
  target += '?';
  target += encode(*query);
  return target;
}

constexpr const char* kBadPort = "its port is not a number from 1 to 65535";

// Host and port from `[userinfo@]host[:port]`; false with a reason in `problem`.
bool read_authority(std::string_view authority, Url& url, std::string& problem) {
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view userinfo = authority.substr(0, at);
    const auto colon = userinfo.find(':');
    url.has_userinfo = true;
    url.user = decode(userinfo.substr(0, colon));
    if (colon != std::string_view::npos) url.password = decode(userinfo.substr(colon + 1));
    authority.remove_prefix(at + 1);
  }
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const auto host = normal_host(authority.substr(0, colon));
  if (!host) {
    problem = authority.substr(0, colon).empty() ? "it has no host" : "its host is not a valid name or address";
    return false;
  }
  url.origin.host = *host;
  url.origin.port = url.origin.secure ? 443 : 80;
  if (colon == std::string_view::npos || colon + 1 == authority.size()) return true;
  const auto port = parse_decimal(authority.substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) {
    problem = kBadPort;
    return false;
  }
  url.origin.port = static_cast<std::uint16_t>(*port);
  return true;
}

// REQUIRES: parts.scheme.
Result<Url> parse_parts(std::string_view text, const Parts& parts, Cause cause) {
  const std::string scheme = lower(*parts.scheme);
  if (scheme != "http" && scheme != "https") {
    return bad_url(cause, text, fmt::format("{} is not http or https", scheme), Hint::use_http_url);
  }
  Url url;
  url.origin.secure = scheme == "https";
  std::string problem;
  if (!parts.authority || !read_authority(*parts.authority, url, problem)) {
    const bool is_port = problem == kBadPort;
    return bad_url(cause, text, problem.empty() ? "it has no host" : problem,
                   is_port ? Hint::write_valid_port : Hint::write_whole_url);
  }
  url.target = target_of(parts.path, parts.query);
  return url;
}

bool has_control(std::string_view text) { return std::any_of(text.begin(), text.end(), is_control); }

// As browsers do in a path; in a host control characters stay invalid.
std::string escape_controls(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_control(c)) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view trim_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// `host/path`, or `host:port/path`, whose host only looks like a scheme.
bool lacks_scheme(std::string_view text) {
  if (!split_reference(text).scheme) return true;
  const auto colon = text.find(':');
  const auto port = text.substr(colon + 1, text.find_first_of("/?#", colon) - colon - 1);
  return !port.empty() && std::all_of(port.begin(), port.end(), is_digit);
}

}  // namespace

std::string Origin::authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  std::string text = ipv6 ? "[" + host + "]" : host;
  if (port != (secure ? 443 : 80)) text += ':' + std::to_string(port);
  return text;
}

std::string Url::text() const { return (origin.secure ? "https://" : "http://") + origin.authority() + target; }

Result<Url> parse_url(std::string_view text) {
  text = trim_spaces(text);
  if (has_control(text)) return bad_url(Cause::usage, text, "it has control characters");
  if (text.empty()) return bad_url(Cause::usage, text, "it is empty");
  if (!lacks_scheme(text)) return parse_parts(text, split_reference(text), Cause::usage);
  const std::string completed = (text.starts_with("//") ? "https:" : "https://") + std::string(text);
  return parse_parts(text, split_reference(completed), Cause::usage);
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  if (reference.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos)
    return bad_url(Cause::network, reference, "it has control characters");
  const std::string escaped = escape_controls(trim_spaces(reference));
  reference = escaped;
  const Parts parts = split_reference(reference);
  if (parts.scheme) {
    auto url = parse_parts(reference, parts, Cause::network);
    if (url) url->user = url->password = "";
    if (url) url->has_userinfo = false;
    return url;
  }
  Url url = base;
  url.user = url.password = "";
  url.has_userinfo = false;
  std::string problem;
  if (parts.authority) {
    if (!read_authority(*parts.authority, url, problem)) return bad_url(Cause::network, reference, problem);
    url.user = url.password = "";
    url.has_userinfo = false;
    url.target = target_of(parts.path, parts.query);
    return url;
  }
  const std::string_view base_target = base.target;
  const auto question = base_target.find('?');
  const std::string_view base_path = base_target.substr(0, question);
  if (parts.path.empty()) {
    if (parts.query) url.target = std::string(base_path) + "?" + encode(*parts.query);
    return url;
  }
  const std::string merged = parts.path[0] == '/'
                                 ? std::string(parts.path)
                                 : std::string(base_path.substr(0, base_path.rfind('/') + 1)).append(parts.path);
  url.target = target_of(merged, parts.query);
  return url;
}

std::string last_component(const Url& url) {
  const std::string_view path = std::string_view(url.target).substr(0, url.target.find('?'));
  return decode(path.substr(path.rfind('/') + 1));
}

}  // namespace segdl
