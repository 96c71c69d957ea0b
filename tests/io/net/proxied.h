// A transport that goes through a proxy on the loopback.
#pragma once

#include "io/base/real_clock.h"
#include "io/http/http_transport.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace segdl::test {

// Names end with .test; what is looked up is noted, and only the proxy's name is known, and one of two addresses,
// 127.0.0.1 and 127.0.0.2.
struct Side {
  explicit Side(const std::string& proxy, const std::string& no_proxy = "", bool insecure = true)
      : Side(proxy, no_proxy, io::TrustOptions{{}, {}, insecure}) {}
  Side(const std::string& proxy, const std::string& no_proxy, const io::TrustOptions& trust) {
    NetworkOptions network;
    network.http_proxy = network.https_proxy = proxy;
    network.no_proxy = no_proxy;
    transport = std::move(
        *io::make_http_transport(trust, *clock, {network, [this](const std::string& host, std::uint16_t port) {
                                                   const std::lock_guard lock(mutex);
                                                   looked_up += host + " ";
                                                   if (host == "two.test") {
                                                     return io::LookUp{{loopback(port), loopback(port, 2)}, 0};
                                                   }
                                                   if (host != "proxy.test") return io::LookUp{{}, EAI_NONAME};
                                                   return io::LookUp{{loopback(port)}, 0};
                                                 }}));
  }

  static io::Address loopback(std::uint16_t port, std::uint32_t last = 1) {
    io::Address address;
    auto* four = reinterpret_cast<::sockaddr_in*>(&address.storage);
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    four->sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffU) | last);
    address.size = sizeof *four;
    return address;
  }

  Result<std::unique_ptr<Exchange>> get(const std::string& url, Limits limits = {}, std::stop_token stop = {}) {
    return transport->get({.url = *parse_url(url), .fields = {}, .certified = true}, limits, stop);
  }

  // The body, or the error's message.
  std::string body(const std::string& url, Limits limits = {}) {
    auto exchange = get(url, limits);
    if (!exchange) return exchange.error().message();
    std::string whole;
    char piece[100];
    for (;;) {
      const auto got = (*exchange)->read(std::as_writable_bytes(std::span(piece)));
      if (!got || *got == 0) return got ? whole : got.error().message();
      whole.append(piece, *got);
    }
  }

  std::mutex mutex;
  std::string looked_up;
  std::unique_ptr<Clock> clock = std::make_unique<io::RealClock>();
  std::unique_ptr<Transport> transport;
};

}  // namespace segdl::test
