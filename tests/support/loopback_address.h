// The loopback of either family, as what connect() and bind() take.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

namespace segdl::test {

// `Address` has a `storage` and its `size`, as io::Address does.
template <class Address>
Address loopback_address(std::uint16_t port, bool six = false) {
  Address address;
  const auto hold = [&](const auto& socket_address) {
    address.size = sizeof socket_address;
    std::memcpy(&address.storage, &socket_address, sizeof socket_address);
  };
  if (six) {
    ::sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = in6addr_loopback;
    hold(v6);
  } else {
    ::sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    hold(v4);
  }
  return address;
}

}  // namespace segdl::test
