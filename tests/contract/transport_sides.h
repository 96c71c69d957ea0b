// The fake transport, and the real one over loopback without and with TLS, each with a script it plays.
#pragma once

#include "io/base/real_clock.h"
#include "io/http/http_transport.h"
#include "support/fake_origin.h"
#include "support/loopback_origin.h"
#include "support/pattern.h"
#include "support/test_certificates.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace segdl::test {

// A transport and the URL of the script it leads to.
struct FakeSide {
  OriginScript script;
  FakeClock clock;
  std::unique_ptr<Transport> transport = std::make_unique<FakeOrigin>(script, clock);
  Url url = *parse_url("http://origin.test/f");
  Instant now() { return clock.now(); }
  void pause(std::chrono::milliseconds time) { clock.advance(time); }
};

struct RealSide {
  OriginScript script;
  LoopbackOrigin origin{script};
  std::unique_ptr<Clock> clock = std::make_unique<io::RealClock>();
  std::unique_ptr<Transport> transport = std::move(*io::make_http_transport({}, *clock));
  Url url = *parse_url(origin.url("/f"));
  Instant now() { return clock->now(); }
  void pause(std::chrono::milliseconds time) { clock->sleep_until(now() + time, {}); }
};

struct TlsSide {
  OriginScript script;
  LoopbackOrigin origin{script, {.tls = TestAuthority().server_context()}};
  std::unique_ptr<Clock> clock = std::make_unique<io::RealClock>();
  std::unique_ptr<Transport> transport = std::move(*io::make_http_transport({{}, {}, true}, *clock));
  Url url = *parse_url(origin.url("/f"));
  Instant now() { return clock->now(); }
  void pause(std::chrono::milliseconds time) { clock->sleep_until(now() + time, {}); }
};

inline Limits quick() {
  Limits limits;
  limits.idle = limits.head = std::chrono::milliseconds(500);
  return limits;
}

struct Read {
  std::vector<std::byte> body;
  std::optional<Error> error;
};

inline Read read_all(Exchange& exchange, std::size_t at_once = 10'000) {
  Read result;
  std::vector<std::byte> piece(at_once);
  for (;;) {
    const auto got = exchange.read(piece);
    if (!got) {
      result.error = got.error();
      return result;
    }
    if (*got == 0) return result;
    result.body.insert(result.body.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*got));
  }
}

inline std::vector<std::byte> part(std::uint64_t begin, std::uint64_t end) {
  std::vector<std::byte> bytes(end - begin);
  fill_pattern(bytes, 1, begin);
  return bytes;
}

inline std::string text_part(std::uint64_t begin, std::uint64_t end) {
  const std::vector<std::byte> bytes = part(begin, end);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace segdl::test
