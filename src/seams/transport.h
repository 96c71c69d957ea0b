// Seam: HTTP exchanges.
//
// The engine names the URL and the bytes it wants, and reads them. The transport opens, keeps, reuses, secures and
// frames connections.
// A response reaches the engine only if its head and its framing are valid (RFC 9112) by the rules of
// core/http/http_head.h. What the response *means* is decided in core/http/verdict.h.
#pragma once

#include <segdl/error.h>

#include "core/http/http_head.h"
#include "core/url/url.h"
#include "seams/clock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace segdl {

// A GET. `fields` are all that is sent besides Host, Connection and those for a proxy, already checked for CR, LF and
// NUL.
struct HttpRequest {
  Url url;
  std::vector<Field> fields;
  bool certified = false;  // show the client certificate, if there is one, to a server that asks
  // The body is kept and joined with others, even if it is cut. A chunk is then returned only once it has ended, and a
  // chunk that is too large to be held, or has an odd size, is refused.
  bool joined = false;
};

// Limits of one exchange. Exceeding one is Cause::network, Remedy::retry, with the limit in the reason.
struct Limits {
  std::chrono::milliseconds connect{15'000};  // names, all addresses and the TLS handshake together
  std::chrono::milliseconds head{
      15'000};  // from the request sent, or the last 102 of at most 100, to the head complete
  std::chrono::milliseconds idle{15'000};  // between two bytes of a body
  std::uint64_t min_speed = 0;             // bytes/s of body, over `speed_window`; 0: none
  std::chrono::milliseconds speed_window{30'000};
  std::optional<Instant> deadline = std::nullopt;  // for everything together
  bool beside_unread = false;                      // another response is kept open: a silent connection proves nothing
};

// One response whose head has been read. Used by one thread at a time.
// Destroying it keeps the connection for reuse if the body was read to its end and the connection may persist (RFC 9112
// section 9.3); else closes it.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // Oddities of the body that are tolerated are added to it as they occur.
  virtual const ResponseHead& head() const = 0;

  // Reads body bytes, as many as have arrived, at most `into.size()`, without their framing. 0: the body is complete by
  // its framing.
  // After the last byte of a 206 without framing, known from its range, waits for the end at most kSkipTime.
  // Errors: Cause::network; Cause::cancelled after a stop request. The remedies of Cause::network:
  // - Remedy::retry for short bodies and TLS without close_notify;
  // - Remedy::refetch for malformed chunks, and for a body that is cut inside a chunk that was too large to be held or
  //   after an odd size;
  // - Remedy::restart for such a chunk in a whole resource that is to be joined.
  // REQUIRES: !into.empty().
  virtual Result<std::size_t> read(std::span<std::byte> into) = 0;

  // Whether read() failed because TLS ended without close_notify: an attacker may have cut the connection, or the
  // server is careless.
  virtual bool is_cut() const = 0;

  // Reads the rest of the body if it has a length of at most kMaxSkipped, so that the connection can be reused. Gives
  // up, and closes the connection, after kSkipTime.
  // The connection of a refusal is reused only after this call, even if it has no body.
  virtual void skip_rest() = 0;
};

inline constexpr std::uint64_t kMaxSkipped = 16 * 1024;
inline constexpr std::chrono::milliseconds kSkipTime{200};

class Transport {
 public:
  virtual ~Transport() = default;

  // Sends the request and reads the head of the response; interim responses are skipped.
  // A stop request ends it, and every read() of the exchange, within 200 ms, whatever it is doing.
  // Errors: network (retry), tls (stop), cancelled. If there was a connection and no response, their operation is
  // "send", "receive", "read the response" or "get".
  // Thread-safe.
  virtual Result<std::unique_ptr<Exchange>> get(const HttpRequest&, const Limits&, std::stop_token) = 0;
};

}  // namespace segdl
