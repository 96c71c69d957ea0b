// What one of a download's workers does: spans in, committed segments out, until there is no work for it.
//
// Spans are fetched one after the other on one connection. An interruption that got on is continued without a pause,
// inside the segment. A worker whose requests fail while others are active leaves the work to them; the last one waits
// and tries again. Whatever ends the download is reported to the dispatcher.
#pragma once

#include "engine/fetch/fetcher.h"
#include "engine/schedule/worker.h"
#include "engine/task/sink/segment_sink.h"

namespace segdl::engine {

// `all`: the first request is for everything behind what the dispatcher hands out first as well, as far as it will be
// used: there may be no second one. Such a response may be at hand, for that or from before it on. REQUIRES: the
// resource has a strong validator, or a checksum vouches for it.
void fetch_spans(Work&, Worker&, Fetcher&, bool all);

}  // namespace segdl::engine
