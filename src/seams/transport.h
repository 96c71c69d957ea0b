// Seam: HTTP exchanges.
//
// The engine says which bytes of which URL it wants and reads them; how connections are opened, kept, reused, secured
// and framed is the transport's own business. A response reaches the engine only if its head and its framing are
// valid (RFC 9112), as core/http_head reads it; what the response *means* is decided in core/reply.
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
#include <string>
#include <vector>

namespace segdl {

// A GET. `fields` is all that is sent besides Host, Connection and what is for a proxy, already checked for CR, LF and
// NUL.
struct HttpRequest {
  Url url;
  std::vector<Field> fields;
  bool certified = false;  // a server that asks may be shown the client certificate, if there is one
  // What comes of the body is kept and joined with others', even if it breaks off: of one in chunks nothing is given
  // out before its chunk has ended, and one that is too large to be held, or whose size is odd, is refused.
  bool joined = false;
};

// Bounds on one exchange. Running into one is Cause::network, Remedy::retry, with the bound in the reason.
struct Limits {
  std::chrono::milliseconds connect{15'000};  // names, all addresses and the TLS handshake together
  std::chrono::milliseconds head{
      15'000};  // from the request sent, or the last 102 of at most 100, to the head complete
  std::chrono::milliseconds idle{15'000};  // between two bytes of a body
  std::uint64_t min_speed = 0;             // bytes/s of body, over `speed_window`; 0: none
  std::chrono::milliseconds speed_window{30'000};
  std::optional<Instant> deadline = std::nullopt;  // for everything together
  bool beside_unread = false;  // another response is kept open: silence tells nothing of connections used before
};

// One response whose head has been read. Used by one thread at a time. Destroying it gives the connection back for
// reuse if the body was read to its end and the connection may persist (RFC 9112 section 9.3); else closes it.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // What is odd and tolerated of the body is added to it when it is met.
  virtual const ResponseHead& head() const = 0;

  // Reads body bytes, as many as have arrived, at most `into.size()`; framing is taken off. 0 means the body is
  // complete as framed. Behind the last byte of a 206 without framing, whose range says where it ends, the end is
  // waited for kSkipTime at most. Cause::network: Remedy::retry for short bodies and TLS without close_notify,
  // Remedy::refetch for bad chunks and what breaks off inside one that was too large to be held or behind an odd size,
  // Remedy::restart for such a one of a whole resource that is to be joined. A stop request is Cause::cancelled.
  // REQUIRES: !into.empty().
  virtual Result<std::size_t> read(std::span<std::byte> into) = 0;

  // Whether read() failed because a connection with TLS ended without saying so, as one that somebody cuts does, and
  // one of a careless server.
  virtual bool is_cut() const = 0;

  // Reads away what is left of the body if it has a length of at most kMaxSkipped, so that the connection can be used
  // again; that of a refusal is not without this call, even if it has no body. What does not come within kSkipTime is
  // given up with the connection.
  virtual void skip_rest() = 0;
};

inline constexpr std::uint64_t kMaxSkipped = 16 * 1024;
inline constexpr std::chrono::milliseconds kSkipTime{200};

class Transport {
 public:
  virtual ~Transport() = default;

  // Sends the request and reads the response's head; interim responses are skipped. A stop request ends it, and every
  // read() of the exchange, within 200 ms, whatever it is doing. Errors: network (retry), tls (stop), cancelled. Where
  // there was a connection and no response to the request, their operation is "send", "receive", "read the response" or
  // "get". Thread-safe.
  virtual Result<std::unique_ptr<Exchange>> get(const HttpRequest&, const Limits&, std::stop_token) = 0;
};

}  // namespace segdl
