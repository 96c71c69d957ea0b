// A plan as events show it.
#pragma once

#include <segdl/event.h>

#include "core/store/journal_format.h"

#include <cstdint>

namespace segdl::engine {

// `reused` bytes are claimed from an earlier run.
inline Planned planned(const JournalIdentity& identity, std::uint64_t reused = 0) {
  Planned plan;
  plan.total = identity.resource.total;
  plan.reused = reused;
  plan.segment_size = identity.layout ? identity.layout->segment_size() : 0;
  plan.segments = identity.layout ? identity.layout->count() : 0;
  plan.validator = identity.resource.validator.value();
  plan.validator_strong = identity.resource.validator.strong();
  return plan;
}

}  // namespace segdl::engine
