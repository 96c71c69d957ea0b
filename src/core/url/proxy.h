// Which proxy a request goes through, if any.
#pragma once

#include <segdl/error.h>
#include <segdl/network.h>

#include "core/url/host.h"
#include "core/url/url.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace segdl {

// The protocol of a proxy. With socks5h the proxy looks names up.
enum class ProxyKind : std::uint8_t { http, socks5, socks5h };

struct Proxy {
  Origin origin = {};  // secure: the connection to it uses TLS; never with SOCKS
  ProxyKind kind = ProxyKind::http;
  bool has_credentials = false;
  std::string user = {};  // both for the proxy only, never shown
  std::string password = {};
  bool names_port = true;  // else it is the default one
};

// In the syntax that network.h documents. Errors: Cause::usage; they hold no password, however malformed the text is.
Result<Proxy> parse_proxy(std::string_view text);

// The hosts that are reached without a proxy. A malformed item exempts nothing.
class Exemptions {
 public:
  explicit Exemptions(std::string_view list);
  bool hold_for(const Origin&) const;

 private:
  struct Item {
    std::string domain = {};  // empty with a network, and for everything
    std::optional<IpAddress> network = std::nullopt;
    std::size_t bits = 0;
    std::optional<std::uint16_t> port = std::nullopt;
  };
  static std::optional<Item> parse(std::string_view);
  static bool covers(const Item&, const Origin&, const std::optional<IpAddress>&);

  std::vector<Item> items_;
};

// Thread-safe.
class Proxies {
 public:
  explicit Proxies(const NetworkOptions&);

  // Null: without a proxy. The result lives as long as this object. Fails only for an origin whose own proxy can't be
  // used.
  Result<const Proxy*> find(const Origin&) const;

 private:
  std::optional<Result<Proxy>> plain_;
  std::optional<Result<Proxy>> secure_;
  Exemptions exempt_;
};

// The origin of a request and the proxy to it: the key by which connections are reused.
struct Way {
  Origin origin = {};
  const Proxy* proxy = nullptr;  // one of the Proxies of a transport
  friend bool operator==(const Way&, const Way&) = default;

  // The host that a connection is opened to.
  const Origin& first() const { return proxy != nullptr ? proxy->origin : origin; }
  // Whether the proxy sees the request itself, instead of a tunnel.
  bool forwarded() const { return proxy != nullptr && proxy->kind == ProxyKind::http && !origin.secure; }
  // Whether the proxy is asked for a tunnel by HTTP.
  bool tunnelled() const { return proxy != nullptr && proxy->kind == ProxyKind::http && origin.secure; }
  bool by_socks() const { return proxy != nullptr && proxy->kind != ProxyKind::http; }
};

}  // namespace segdl
