// The chunked coding: what comes out must not depend on how the bytes came in.
#include "core/chunked.h"
#include "fuzz/fuzz.h"

#include <algorithm>
#include <string>

using namespace segdl;

namespace {

struct Outcome {
  std::string body;
  std::size_t consumed = 0;
  bool done = false;
  bool failed = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome decode(std::string_view wire, std::size_t piece) {
  ChunkedDecoder decoder;
  Outcome out;
  while (!decoder.done() && out.consumed < wire.size()) {
    const std::string_view shown = wire.substr(out.consumed, piece);
    const auto step = decoder.step(shown);
    if (!step) {
      out.failed = true;
      out.consumed = 0;  // where it was noticed may differ
      return out;
    }
    FUZZ_CHECK(step->consumed > 0 && step->consumed <= shown.size());
    FUZZ_CHECK(step->body_begin + step->body_size <= step->consumed);
    out.body += shown.substr(step->body_begin, step->body_size);
    out.consumed += step->consumed;
  }
  out.done = decoder.done();
  return out;
}

}  // namespace

void fuzz(std::string_view input) {
  const Outcome whole = decode(input, std::max<std::size_t>(1, input.size()));
  FUZZ_CHECK(whole.body.size() <= input.size());
  for (const std::size_t piece : {1U, 2U, 7U}) FUZZ_CHECK(decode(input, piece) == whole);
}
