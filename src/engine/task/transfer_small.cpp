// Transfer's way of fetching a resource of at most one segment: in memory until it is whole, without a journal.
#include "core/store/layout.h"

#include "engine/base/errors.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/progress/planned.h"
#include "engine/store/access.h"
#include "engine/task/small_sink.h"
#include "engine/task/transfer.h"
#include "engine/task/whole_digest.h"

#include <utility>

namespace segdl::engine {
// What replaces a file is used as that was: by its owner, its group, others. Bits that are no permissions (set-user-ID)
// are not, as writing to the file would have taken them. Where nothing can be set (another user's vfat, some FUSE),
// that does not cost the file, and is worth a word only if it gives others more. What another user may have put there
// to be replaced has nothing to leave: to own what root has fetched, or to write to it, would be as good as a forged
// file.
void Transfer::give_access(Place& place, File& file) {
  auto old = place.replaced();
  if (old && old->may_be_planted) {
    meter_.remark(
        "what it replaces belongs to another user, in a directory that any user may write to: its owner and mode are "
        "those of a new file");
    old.reset();
  }
  const unsigned mode = old ? old->mode : env_.files.default_mode();
  for (std::string& remark : set_access(file, mode, old ? &*old : nullptr)) meter_.remark(std::move(remark));
}

// A resource of one segment needs no journal: it is kept in memory until it is whole, and then in a file that a death
// leaves nothing of. False if this is none, or the file system has no such files; then nothing was read.
Result<bool> Transfer::hold_small(Place& place, Reply& first, std::stop_token stop) {
  const auto& [begin, end, total, validator, partial, coding] = first.body;
  const std::uint64_t most = request_.segment_size != 0 ? request_.segment_size : Layout::default_segment_size(0);
  if (!total || *total > most || begin != 0 || end != total) return false;
  if (!place.is_fresh() || !undo_.empty()) return false;
  auto can = place.prepare_small();
  if (!can || !*can) return can;
  const Known known{total, validator, coding};
  strong_ = validator.strong();
  meter_.plan(planned({std::nullopt, total, validator, coding}));
  SmallSink sink(known, fetcher_, meter_);
  auto step = fetch_into(sink, fetcher_, meter_, known, std::move(first), false, stop);
  if (!step) return std::move(step).error();
  WholeDigest digest(request_.checksum);
  digest.update(sink.bytes());
  step = digest.check(place.path());
  if (step) step = place.hold_small(sink.bytes());
  if (step && request_.verify) step = reread_small(place, sink.bytes());
  if (step) give_remote_time(place.small());
  if (step) keep_receipt(place.small(), known.validator);
  if (step && place.replaces()) give_access(place, place.small());
  return step ? Result<bool>(true) : std::move(step).error();
}

}  // namespace segdl::engine
