// Transfer's way of fetching a resource of at most one segment: in memory until it is whole, without a journal.
#include "core/store/layout.h"

#include "core/base/errors.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/progress/planned.h"
#include "engine/store/access.h"
#include "engine/task/sink/small_sink.h"
#include "engine/task/sink/whole_digest.h"
#include "engine/task/transfer.h"

#include <utility>

namespace segdl::engine {
// What replaces a file is used as that was: by its owner, its group, others. Bits that are no permissions (set-user-ID)
// are not, as writing to the file would have taken them. Where nothing can be set (another user's vfat, some FUSE),
// that does not cost the file, and is worth a word only if it gives others more. What another user may have put there
// to be replaced has nothing to leave: to own what root has fetched, or to write to it, would be as good as a forged
// file.
void Transfer::give_access(OutputFile& output_file, File& file) {
  auto old = output_file.existing().file();
  if (old && old->may_be_planted) {
    task_.progress.remark(
        "what it replaces belongs to another user, in a directory that any user may write to: its owner and mode are "
        "those of a new file");
    old.reset();
  }
  const unsigned mode = old ? old->mode : task_.env.files.default_mode();
  for (std::string& remark : set_access(file, mode, old ? &*old : nullptr)) task_.progress.remark(std::move(remark));
}

// A resource of one segment needs no journal: it is kept in memory until it is whole, and then in a file that a death
// leaves nothing of. False if this is none, or the file system has no such files; then nothing was read.
Result<bool> Transfer::fetch_small(OutputFile& output_file, Response& first) {
  const auto& [begin, end, total, validator, partial, coding] = first.body;
  const std::uint64_t most =
      task_.request.segment_size != 0 ? task_.request.segment_size : Layout::default_segment_size(0);
  if (!total || *total > most || begin != 0 || end != total) return false;
  if (output_file.state() != OutputFile::State::fresh || !undo_.empty()) return false;
  auto unnamed = UnnamedFile::create(output_file);
  if (!unnamed) return std::move(unnamed).error();
  if (!*unnamed) return false;
  const Resource known{total, validator, coding};
  strong_ = validator.strong();
  task_.progress.bytes().plan(planned({std::nullopt, total, validator, coding}));
  SmallSink sink(known, task_.fetcher, task_.progress);
  auto step = FetchLoop(task_.fetcher, known, task_.stop).run(sink, std::move(first));
  if (!step) return std::move(step).error();
  WholeDigest digest(task_.request.checksum);
  digest.update(sink.bytes());
  step = digest.check(output_file.path());
  UnnamedFile& file = **unnamed;
  if (step) step = file.write(sink.bytes());
  if (step && task_.request.verify) step = reread_small(output_file, file, sink.bytes());
  if (step) give_remote_time(file.file());
  if (step) keep_receipt(file.file(), known.validator);
  if (step && output_file.existing().is_replaced()) give_access(output_file, file.file());
  if (!step) return std::move(step).error();
  unnamed_ = std::move(*unnamed);
  return true;
}

}  // namespace segdl::engine
