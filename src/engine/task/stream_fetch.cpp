#include "engine/task/stream_fetch.h"

#include "core/base/errors.h"
#include "engine/base/url_hash.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/store/journal/checkpoint.h"
#include "engine/store/journal/proof.h"
#include "engine/task/damage.h"
#include "engine/task/settling.h"
#include "engine/task/sink/stream_sink.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::engine {

Result<void> StreamFetch::fetch() {
  const auto total = task_.fetcher.at_hand()->body.resource.total;
  if (total != std::uint64_t{0})
    task_.progress.remark(total ? "the server does not serve ranges: an interruption restarts from the beginning"
                                : "the server sends no size: an interruption restarts from the beginning");
  task_.source.forms.use(RequestForm::whole);
  for (unsigned repairs = 0;; ++repairs) {
    Pass pass{output_file_, Watch(output_file_.data()), false};
    auto step = receive(pass);
    if (!step) return step;
    const Metadata metadata = journal_.metadata().value_or(Metadata{});
    pass.watch.look_at_whole(metadata.stream_length);
    if (!task_.request.verify && !pass.watch.found_traces() && repairs == 0) return {};
    task_.progress.enter(Phase::verifying);
    auto intact = stream_intact(output_file_.data(), metadata, task_.stop);
    if (!intact) return std::move(intact).error();
    auto mended = mend_length(output_file_.data(), metadata.stream_length);
    if (!mended) return std::move(mended).error();
    if (*intact) {
      version_.rehashed = true;
      return *mended ? settle() : Result<void>();
    }
    if (repairs == kMaxRepairs) return does_not_stay(output_file_, 0);
    auto emptied = drop(metadata);
    if (!emptied) return emptied;
  }
}

Result<void> StreamFetch::receive(Pass& pass) {
  const Resource known = version_.known(journal_.identity());
  StreamSink sink(pass, task_.progress, task_.fetcher, task_.request.checksum);
  auto step = FetchLoop(task_.fetcher, known).run(sink);
  task_.fetcher.admission().leave();  // the last sync needs no connection
  return step ? settle() : step;
}

Result<void> StreamFetch::settle() {
  Checkpoint checkpoint(task_.env.clock, {output_file_.data(), journal_}, task_.request.sync, {});
  auto settled = engine::settle(task_, version_, output_file_, checkpoint);
  if (settled) return settled;
  // As with segments: after a failed sync the kernel calls pages clean that never reached the disk (J4).
  Metadata metadata = journal_.metadata().value_or(Metadata{});
  metadata.stream_complete = false;
  const auto forgotten = journal_.set_metadata(metadata);
  return forgotten ? settled : forgotten;
}

Result<void> StreamFetch::drop(Metadata metadata) {
  task_.progress.bytes().discarded(metadata.stream_length);
  task_.progress.remark(fmt::format(
      "{} was changed after it was written, by another program or the disk: starting over", part_of(output_file_)));
  metadata.stream_complete = false;
  auto step = journal_.set_metadata(metadata);
  return step ? output_file_.data().resize(0) : step;
}

Result<bool> StreamFetch::is_here() {
  const JournalIdentity& identity = journal_.identity();
  Metadata metadata = journal_.metadata().value_or(Metadata{});
  const bool believed = metadata.stream_unvouched && (task_.request.accept_unframed || task_.request.checksum);
  if ((!metadata.stream_complete && !believed) || !is_hash_of(metadata.url_hash, task_.url)) return false;
  task_.progress.bytes().plan(identity, metadata.stream_length);
  task_.progress.enter(Phase::verifying);
  auto intact = stream_intact(output_file_.data(), metadata, task_.stop);
  if (!intact || !*intact) return intact;
  auto mended = mend_length(output_file_.data(), metadata.stream_length);
  if (!mended) return mended;
  auto checked = task_.check_digest(output_file_.data(), metadata.stream_length, output_file_.path());
  if (!checked && checked.error().cause != Cause::integrity) return std::move(checked).error();
  if (!checked) return false;
  if (believed) {
    task_.progress.remark("it had arrived before up to the end of its connection, which is accepted as its end");
    metadata.stream_complete = task_.request.checksum.has_value();
    metadata.stream_unvouched = !metadata.stream_complete;
    auto step = journal_.set_metadata(metadata);
    if (!step) return std::move(step).error();
  }
  task_.progress.bytes().proved(metadata.stream_length);
  version_.strong = identity.resource.validator.strong();
  return true;
}

}  // namespace segdl::engine
