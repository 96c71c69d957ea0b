#include "engine/task/small_fetch.h"

#include "core/store/layout.h"

#include "engine/fetch/fetch_loop.h"
#include "engine/store/journal/proof.h"
#include "engine/task/damage.h"
#include "engine/task/settling.h"
#include "engine/task/sink/small_sink.h"
#include "engine/task/sink/whole_digest.h"

#include <cstddef>
#include <span>
#include <utility>

namespace segdl::engine {
namespace {

// A small file is read back from where it was written.
Result<void> reread(OutputFile& output_file, UnnamedFile& file, std::span<const std::byte> bytes) {
  for (unsigned repairs = 0;; ++repairs) {
    auto holds = holds_exactly(file.file(), bytes);
    if (!holds) return std::move(holds).error();
    if (*holds) return {};
    if (repairs == kMaxRepairs) return does_not_stay(output_file, 0);
    auto step = file.write(bytes);
    if (!step) return step;
  }
}

}  // namespace

Result<std::unique_ptr<UnnamedFile>> fetch_small(TaskContext& task, Version& version, OutputFile& output_file) {
  const UsableBody& body = task.fetcher.at_hand()->body;
  const Resource known = body.resource;
  const std::uint64_t most =
      task.request.segment_size != 0 ? task.request.segment_size : Layout::default_segment_size(0);
  if (!known.total || *known.total > most || body.begin != 0 || body.end != known.total)
    return std::unique_ptr<UnnamedFile>();
  if (output_file.state() != OutputFile::State::fresh) return std::unique_ptr<UnnamedFile>();
  auto unnamed = UnnamedFile::create(output_file);
  if (!unnamed) return std::move(unnamed).error();
  if (!*unnamed) return std::unique_ptr<UnnamedFile>();
  version.strong = known.validator.strong();
  task.progress.bytes().plan({std::nullopt, known});
  SmallSink sink(known, task.fetcher, task.progress);
  auto step = FetchLoop(task.fetcher, known).run(sink);
  if (!step) return std::move(step).error();
  WholeDigest digest(task.request.checksum);
  digest.update(sink.bytes());
  step = digest.check(output_file.path());
  UnnamedFile& file = **unnamed;
  if (step) step = file.write(sink.bytes());
  if (step && task.request.verify) step = reread(output_file, file, sink.bytes());
  if (step && task.request.verify) version.rehashed = true;
  if (step) give_remote_time(task, file.file());
  if (step) keep_receipt(task, file.file(), known.validator, version.voucher == Voucher::validator);
  if (step && output_file.existing().is_replaced()) give_access(task, output_file, file.file());
  if (!step) return std::move(step).error();
  return std::move(*unnamed);
}

}  // namespace segdl::engine
