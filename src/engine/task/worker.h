// What one of a download's workers does: spans in, committed segments out, until there is no work for it.
#pragma once

#include "core/http/verdict.h"
#include "engine/fetch/fetcher.h"
#include "engine/schedule/worker.h"
#include "engine/task/segment_sink.h"

#include <optional>

namespace segdl::engine {

// Fetches spans one after the other on one connection. An interruption that got on is continued at once, inside the
// segment. A worker whose requests come to nothing while others are at work leaves the work to them; the last one waits
// and tries again. Whatever ends the download is told to the dispatcher. `all`: the first request is for everything
// behind what the dispatcher hands out first as well, as far as it will be used: there may be no second one. `first` is
// such a response at hand, for that or from before it on. REQUIRES: the resource has a strong validator.
void work_on(Work&, Worker&, Fetcher&, const Resource&, bool all, std::optional<Response> first = std::nullopt);

}  // namespace segdl::engine
