// The chunked coding: what comes out must not depend on how the bytes came in, nor on where a chunk is held.
#include "core/http/chunked.h"
#include "core/http/chunked_body.h"
#include "fuzz/fuzz.h"

#include <algorithm>
#include <array>
#include <string>

using namespace segdl;

namespace {

struct Outcome {
  std::string body;
  std::size_t consumed = 0;
  bool done = false;
  bool failed = false;
  bool odd = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome decode(std::string_view wire, std::size_t piece) {
  ChunkedDecoder decoder;
  Outcome out;
  while (!decoder.done() && out.consumed < wire.size()) {
    const std::string_view shown = wire.substr(out.consumed, piece);
    const auto step = decoder.step(shown);
    if (!step) {
      FUZZ_CHECK(!decoder.done());
      out.failed = true;
      out.odd = false;
      out.consumed = 0;  // where it was noticed may differ
      return out;
    }
    FUZZ_CHECK(step->consumed > 0 && step->consumed <= shown.size());
    FUZZ_CHECK(step->body_begin + step->body_size <= step->consumed);
    out.body += shown.substr(step->body_begin, step->body_size);
    out.consumed += step->consumed;
    out.odd = decoder.odd();
  }
  out.done = decoder.done();
  return out;
}

// Off the front of the wire, as much as there is room for and a piece has.
std::size_t receive(std::string_view& wire, std::size_t piece, std::span<std::byte> into) {
  const std::string_view shown = wire.substr(0, std::min(piece, into.size()));
  shown.copy(reinterpret_cast<char*>(into.data()), shown.size());
  wire.remove_prefix(shown.size());
  return shown.size();
}

// The body as read in pieces of these sizes, as by io/http/body_reader.h.
Outcome read(std::string_view wire, std::size_t piece, std::span<std::byte> into, bool partial) {
  ChunkedBody body(partial);
  Outcome out;
  const auto give = [&](std::size_t count) { out.body.append(reinterpret_cast<const char*>(into.data()), count); };
  while (!out.failed) {
    while (const std::size_t got = body.take(into)) give(got);
    out.done = body.ended();
    if (out.done || wire.empty()) return out;
    if (body.is_open()) {
      const std::size_t got = receive(wire, piece, into.first(std::min<std::size_t>(into.size(), body.body_ahead())));
      body.received_elsewhere(got);
      give(got);
      continue;
    }
    const std::uint64_t ended = body.chunks();
    const auto held = body.hand_over(into);
    std::size_t at = held.value_or(0);
    while (held && body.body_ahead() > 0 && !wire.empty()) {
      const std::size_t got = receive(wire, piece, into.subspan(at, body.body_ahead()));
      body.received_elsewhere(got);
      at += got;
    }
    do {
      if (wire.empty()) return out;
      out.failed = !body.received(receive(wire, piece, body.room())).ok();
    } while (held && !out.failed && body.chunks() == ended);
    if (held && body.chunks() > ended) give(at);
  }
  while (const std::size_t got = body.take(into)) give(got);
  FUZZ_CHECK(!body.ended());
  return out;
}

}  // namespace

void fuzz(std::string_view input) {
  const Outcome whole = decode(input, std::max<std::size_t>(1, input.size()));
  FUZZ_CHECK(whole.body.size() <= input.size());
  for (const std::size_t piece : {1U, 2U, 7U}) FUZZ_CHECK(decode(input, piece) == whole);
  static std::array<std::byte, 40'000> into;
  for (const std::size_t piece : {1U, 7U, 20'000U}) {
    for (const std::size_t size : {std::size_t{3}, into.size()}) {
      for (const bool partial : {false, true}) {
        const Outcome got = read(input, piece, std::span(into).first(size), partial);
        FUZZ_CHECK(whole.body.starts_with(got.body));
        const bool may_fail = partial || whole.odd;  // what is behind the end of an odd one makes it fail
        FUZZ_CHECK(got.done == whole.done || (may_fail && got.failed));
        if (got.done) FUZZ_CHECK(got.body == whole.body);
        FUZZ_CHECK(got.failed == whole.failed || may_fail);
      }
    }
  }
}
