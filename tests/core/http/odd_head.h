// Heads as text that are odd, and what is made of them.
#pragma once

#include "core/http/http_head.h"
#include "core/http/http_wire.h"

#include <doctest/doctest.h>

#include <string>

namespace segdl::test {

inline std::string with(const std::string& fields) { return "HTTP/1.1 206 Partial Content\r\n" + fields + "\r\n"; }

// The framing, and what was tolerated, as far as there is any.
inline std::string tolerated(const std::string& wire) {
  const auto head = parse_head(wire);
  if (!head) return "refused: " + head.error().reason;
  std::string text = framing(wire);
  for (std::size_t i = 0; i < head->tolerated.size(); ++i) {
    text += (i == 0 ? ": " : ", ") + std::string(head->tolerated[i]);
  }
  return text;
}

inline void check_refused(const std::string& head) {
  CAPTURE(head);
  const auto parsed = parse_head(head);
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().cause == Cause::network);
}

}  // namespace segdl::test
