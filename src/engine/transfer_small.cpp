// Transfer's way of fetching a resource of at most one segment: in memory until it is whole, without a journal.
#include "core/layout.h"

#include "engine/errors.h"
#include "engine/fetch_loop.h"
#include "engine/planned.h"
#include "engine/small_sink.h"
#include "engine/transfer.h"
#include "engine/whole_digest.h"

#include <utility>

namespace segdl::engine {

// A resource of one segment needs no journal: it is kept in memory until it is whole, and then in a file that a death
// leaves nothing of. False if this is none, or the file system has no such files; then nothing was read.
Result<bool> Transfer::hold_small(Place& place, Reply& first, std::stop_token stop) {
  const auto& [begin, end, total, validator, partial, coded] = first.body;
  const std::uint64_t most = request_.segment_size != 0 ? request_.segment_size : Layout::default_segment_size(0);
  if (!total || *total > most || begin != 0 || end != total) return false;
  if (!place.is_fresh() || request_.overwrite) return false;
  auto can = place.prepare_small();
  if (!can || !*can) return can;
  const Known known{total, validator};
  strong_ = validator.strong();
  meter_.plan(planned({std::nullopt, total, validator}));
  SmallSink sink(known, fetcher_, meter_);
  auto step = fetch_into(sink, fetcher_, meter_, known, std::move(first), false, stop);
  if (!step) return std::move(step).error();
  WholeDigest digest(request_.checksum);
  digest.update(sink.bytes());
  step = digest.check(place.path());
  if (step) step = place.hold_small(sink.bytes());
  if (step && request_.verify) step = reread_small(place, sink.bytes());
  if (step) give_remote_time(place.small());
  return step ? Result<bool>(true) : std::move(step).error();
}

}  // namespace segdl::engine
