// What is missing, in file order, as the dispatcher hands it out where nothing is kept and no worker reads ahead.
#pragma once

#include "core/schedule/scheduler.h"

#include <cstdint>
#include <optional>

namespace segdl {

std::optional<Span> grant(auto&& scheduler, WorkerId worker, std::uint64_t limit, double now, double speed) {
  const auto first = scheduler.states().missing().next(0);
  return first ? scheduler.grant(Segment{*first}, worker, {limit, now, speed}) : std::nullopt;
}

}  // namespace segdl
