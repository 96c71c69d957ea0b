// A worker's latest request, as far as it matters for the next one.
#pragma once

#include "core/http/verdict.h"
#include "core/url/url.h"
#include "seams/clock.h"

#include <chrono>
#include <optional>

namespace segdl::engine {

struct Attempt {
  RequestForm form = RequestForm::conditional;
  Instant asked_at;
  std::chrono::nanoseconds latency{0};       // from the request to the head of its response, or to its failure
  std::optional<Url> led_to = std::nullopt;  // by redirects
  bool answered = false;                     // the response was usable
  bool odd = false;                          // the response contradicts what was asked
  // Refused, and made in no simpler form, or doubted, only because other workers were active.
  bool spared = false;
};

}  // namespace segdl::engine
