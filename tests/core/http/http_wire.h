// Responses as text, and what becomes of them, as text: for tests that read like the conversation they are about.
#pragma once

#include "core/http/chunked.h"
#include "core/http/http_head.h"
#include "core/http/verdict.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace segdl::test {

// A head from its status line and field lines, each given without its CR LF.
template <class... Lines>
std::string head_of(const std::string& status, const Lines&... fields) {
  return ("HTTP/1.1 " + status + "\r\n" + ... + (std::string(fields) + "\r\n")) + "\r\n";
}

// Reads a head as the transport does.
inline Result<ResponseHead> read_head(std::string_view wire) {
  const auto end = HeadEnd().find(wire);
  if (!end) return end.error();
  if (*end == 0) return Error{.cause = Cause::network, .reason = "more is needed"};
  return parse_head(wire.substr(0, *end));
}

// "length 10", "chunked", "until close", "none", or "refused".
inline std::string framing(std::string_view wire) {
  const auto head = read_head(wire);
  if (!head) return "refused";
  switch (head->framing) {
    case Framing::none:
      return "none";
    case Framing::length:
      return fmt::format("length {}", head->content_length);
    case Framing::chunked:
      return "chunked";
    case Framing::until_close:
      break;
  }
  return "until close";
}

inline std::string number_or_star(const std::optional<std::uint64_t>& number) {
  return number ? fmt::to_string(*number) : "*";
}

// "part 100-500 of 500", "whole 500", "whole *", "changed", "contradiction", "redirect /x", "later", "later 7",
// "refused", "beyond 7", "beyond *".
inline std::string words(const Verdict& verdict) {
  if (const auto* body = std::get_if<UsableBody>(&verdict)) {
    if (body->partial)
      return fmt::format("part {}-{} of {}", body->begin, number_or_star(body->end),
                         number_or_star(body->resource.total));
    return body->begin == 0 && body->end == body->resource.total ? "whole " + number_or_star(body->end)
                                                                 : "whole, but not so";
  }
  if (const auto* redirect = std::get_if<RedirectTo>(&verdict)) return "redirect " + redirect->location;
  if (std::holds_alternative<ResourceChanged>(verdict)) return "changed";
  if (std::holds_alternative<Contradiction>(verdict)) return "contradiction";
  if (const auto* passing = std::get_if<TransientRefusal>(&verdict))
    return passing->after ? fmt::format("later {}", passing->after->count()) : "later";
  if (std::holds_alternative<PermanentRefusal>(verdict)) return "refused";
  return "beyond " + number_or_star(std::get<RangeNotSatisfiable>(verdict).total);
}

// What a chunked body decodes to.
struct Decoded {
  std::string body;
  std::size_t consumed = 0;
  bool done = false;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

// Shows the decoder one piece after the other, each as often as it takes; nothing if it refuses.
class Feeder {
 public:
  bool feed(std::string_view piece) {
    while (!piece.empty() && !decoder_.done()) {
      const auto step = decoder_.step(piece);
      if (!step || step->consumed == 0) return false;
      decoded_.body += piece.substr(step->body_begin, step->body_size);
      decoded_.consumed += step->consumed;
      piece.remove_prefix(step->consumed);
    }
    decoded_.done = decoder_.done();
    return true;
  }
  const Decoded& decoded() const { return decoded_; }

 private:
  ChunkedDecoder decoder_;
  Decoded decoded_;
};

// In pieces of `piece` bytes.
inline std::optional<Decoded> decode(std::string_view wire, std::size_t piece) {
  Feeder feeder;
  for (std::size_t at = 0; at < wire.size(); at += piece) {
    if (!feeder.feed(wire.substr(at, piece))) return std::nullopt;
  }
  return feeder.decoded();
}

// In two pieces, the second from `at` on.
inline std::optional<Decoded> decode_split(std::string_view wire, std::size_t at) {
  Feeder feeder;
  if (!feeder.feed(wire.substr(0, at)) || !feeder.feed(wire.substr(at))) return std::nullopt;
  return feeder.decoded();
}

}  // namespace segdl::test
