#include "core/url/proxy.h"

#include "core/base/ascii.h"
#include "core/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace segdl {
namespace {

constexpr std::uint16_t kDefaultPort = 1080;
constexpr std::size_t kMaxSocksSecret = 255;  // RFC 1929

struct Scheme {
  std::string_view name;
  ProxyKind kind;
  bool secure;
};
// Desktops set socks:// for any version. It means socks5h: the proxy looks names up, which works where only the proxy
// can, and keeps names out of the local network.
constexpr Scheme kSchemes[] = {
    {"http", ProxyKind::http, false},       {"https", ProxyKind::http, true},     {"socks5", ProxyKind::socks5, false},
    {"socks5h", ProxyKind::socks5h, false}, {"socks", ProxyKind::socks5h, false},
};

// Without any possible name and password, even where the text is no URL.
std::string shown(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return std::string(text);
  const auto scheme = text.find("://");
  const std::size_t begin = scheme < at ? scheme + 3 : 0;
  return fmt::format("{}***{}", text.substr(0, begin), text.substr(at));
}

// Words that mean "no proxy" in other programs' settings, in the place of a host without a port.
constexpr std::string_view kNone[] = {"off",  "none", "no",   "direct", "false", "disable",   "disabled", "0",
                                      "null", "on",   "true", "yes",    "1",     "undefined", "system",   "auto"};

bool asks_for_none(std::string_view scheme, std::string_view bare_host) {
  return scheme == "direct" || std::ranges::find(kNone, lower(bare_host)) != std::end(kNone);
}

// A script by which a browser chooses its proxy (PAC).
bool is_script(std::string_view scheme, std::string_view rest) {
  const std::string path = lower(rest.substr(0, rest.find_first_of("?#")));
  return scheme.starts_with("pac+") ||
         (path.find('/') != std::string::npos && (path.ends_with(".pac") || path.ends_with("/wpad.dat")));
}

Error bad_proxy(std::string_view text, std::string reason, Hint hint = Hint::write_proxy_url) {
  return with_hints(make_error(Cause::usage, "use the proxy", shown(text), std::move(reason)), {hint});
}

}  // namespace

Result<Proxy> parse_proxy(std::string_view text) {
  const auto end = text.find("://");
  const std::string scheme = end == std::string_view::npos ? "http" : lower(text.substr(0, end));
  const std::string_view rest = end == std::string_view::npos ? text : text.substr(end + 3);
  if (asks_for_none(scheme, end == std::string_view::npos ? text : "")) {
    return bad_proxy(text, "that is not the host of a proxy", Hint::connect_directly);
  }
  if (is_script(scheme, rest)) {
    return bad_proxy(text, "it is a proxy auto-configuration script (PAC) for browsers", Hint::read_proxy_script);
  }
  const auto known = std::ranges::find(kSchemes, scheme, &Scheme::name);
  if (known == std::end(kSchemes)) {
    if (scheme.starts_with("socks4")) return bad_proxy(text, "only version 5 of SOCKS is supported");
    return bad_proxy(text, "it is neither an HTTP proxy nor a SOCKS5 proxy");
  }
  auto url = parse_url((known->secure ? "https://" : "http://") + std::string(rest));
  if (!url) return bad_proxy(text, std::move(url).error().reason);
  Proxy proxy{std::move(url->origin),   known->kind,    url->has_userinfo, std::move(url->user),
              std::move(url->password), url->names_port};
  if (!proxy.names_port && !known->secure) proxy.origin.port = kDefaultPort;
  const bool long_secret = proxy.user.size() > kMaxSocksSecret || proxy.password.size() > kMaxSocksSecret;
  if (proxy.kind != ProxyKind::http && long_secret) {
    return bad_proxy(text, "a name and a password for SOCKS have at most 255 bytes");
  }
  return proxy;
}

Exemptions::Exemptions(std::string_view list) {
  constexpr std::string_view kBetween = ", \t";
  for (;;) {
    list.remove_prefix(std::min(list.find_first_not_of(kBetween), list.size()));
    if (list.empty()) return;
    const auto end = std::min(list.find_first_of(kBetween), list.size());
    if (auto item = parse(list.substr(0, end))) items_.push_back(std::move(*item));
    list.remove_prefix(end);
  }
}

std::optional<Exemptions::Item> Exemptions::parse(std::string_view text) {
  Item item;
  if (text == "*") return item;
  const auto bracket = text.rfind(']');
  const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  // More than one colon, and no brackets, is an IPv6 address.
  if (colon != std::string_view::npos && colon == text.rfind(':')) {
    item.port = parse_port(text.substr(colon + 1));
    if (!item.port) return std::nullopt;
    text = text.substr(0, colon);
  }
  const auto slash = text.find('/');
  std::string_view address = text.substr(0, slash);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  item.network = parse_ip(address);
  if (item.network) {
    item.bits = item.network->size * 8;
    if (slash == std::string_view::npos) return item;
    const auto bits = parse_decimal(text.substr(slash + 1));
    if (!bits || *bits > item.bits) return std::nullopt;
    item.bits = *bits;
    return item;
  }
  if (text.starts_with('*')) text.remove_prefix(1);
  if (text.starts_with('.')) text.remove_prefix(1);
  const auto domain = normal_host(text);
  if (!domain) return std::nullopt;
  item.domain = *domain;
  return item;
}

bool Exemptions::covers(const Item& item, const Origin& origin, const std::optional<IpAddress>& address) {
  if (item.port && *item.port != origin.port) return false;
  if (item.network) return address && begins_like(*address, *item.network, item.bits);
  if (item.domain.empty()) return true;
  return !address && is_in_domain(origin.host, item.domain);
}

bool Exemptions::hold_for(const Origin& origin) const {
  const auto address = parse_ip(origin.host);
  return std::ranges::any_of(items_, [&](const Item& item) { return covers(item, origin, address); });
}

Proxies::Proxies(const NetworkOptions& options) : exempt_(options.no_proxy) {
  if (!options.http_proxy.empty()) plain_ = parse_proxy(options.http_proxy);
  if (!options.https_proxy.empty()) secure_ = parse_proxy(options.https_proxy);
}

Result<const Proxy*> Proxies::find(const Origin& origin) const {
  const auto& proxy = origin.secure ? secure_ : plain_;
  if (!proxy || exempt_.hold_for(origin)) return nullptr;
  if (!*proxy) return proxy->error();
  return &proxy->value();
}

}  // namespace segdl
