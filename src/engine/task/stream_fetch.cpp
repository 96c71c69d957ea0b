#include "engine/task/stream_fetch.h"

#include "core/base/errors.h"
#include "core/base/xxh3.h"
#include "engine/base/pieces.h"
#include "engine/base/url_hash.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/store/journal/checkpoint.h"
#include "engine/store/journal/proof.h"
#include "engine/task/damage.h"
#include "engine/task/settling.h"
#include "engine/task/sink/whole_digest.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

// A resource that can only be had in one response from its beginning: no ranges, or no known size.
//
// Nothing is claimed on the way, so an interruption begins again at byte 0. The end is recorded in the journal's facts,
// with a digest of everything: that is how a download that dies while being published is recognised.
class StreamSink : public SinkDefaults {
 public:
  // REQUIRES: output_file.has_journal(); the file is empty; everything referred to outlives the sink.
  StreamSink(OutputFile& output_file, Watch& watch, const Resource& known, Fetcher& fetcher)
      : output_file_(output_file),
        watch_(watch),
        known_(known),
        fetcher_(fetcher),
        whole_(fetcher.context().request.checksum) {}

  Result<std::optional<Range>> next() {
    if (complete_) return std::optional<Range>();
    auto ready = begin_again();
    if (!ready) return std::move(ready).error();
    // Requested whole: the range only means that it is wanted from its beginning.
    return std::optional(Range{0, known_.total.value_or(std::numeric_limits<std::int64_t>::max())});
  }

  std::span<std::byte> space(std::uint64_t) { return std::span(buffer_).subspan(filled_); }

  Result<void> arrived(std::uint64_t, std::size_t count) {
    filled_ += count;
    const std::uint64_t come = written_ + filled_;
    if (come > most_) {
      fetcher_.retry().progressed(come - most_);
      most_ = come;
    }
    return filled_ == buffer_.size() ? flush() : Result<void>();
  }

  Result<void> body_ended(std::uint64_t) {
    auto step = flush();
    if (!step) return step;
    if (known_.total && *known_.total != written_) {
      return with_remedy(make_error(Cause::integrity, "get", output_file_.path(),
                                    fmt::format("{} bytes arrived instead of {}", written_, *known_.total)),
                         Remedy::retry);
    }
    step = whole_.check(output_file_.path());
    if (!step) return step;
    complete_ = true;
    return record_end(!believed_);  // what only this request believes is no whole stream to another
  }

  void only_believes_end() { believed_ = true; }

  // What came is all that the connection brought, and may be less than the whole: recorded as that, durably.
  Result<bool> keep_unvouched() {
    auto step = flush();
    if (step) step = output_file_.data().sync();
    if (step) step = record_end(false);
    if (step) step = output_file_.journal().sync();
    return step ? Result<bool>(true) : std::move(step).error();
  }

 private:
  Result<void> begin_again() {
    if (written_ + filled_ == 0) return {};
    fetcher_.context().task_progress.bytes().discarded(written_ + filled_);
    written_ = filled_ = 0;
    digest_ = StreamDigest();
    whole_.begin_again();
    return output_file_.data().resize(0);
  }

  Result<void> flush() {
    if (filled_ == 0) return {};
    const auto bytes = std::span(buffer_).first(filled_);
    watch_.look(written_);  // each write gives a file that was cut its length again
    auto step = output_file_.data().write_at(written_, bytes);
    if (!step) return step;
    digest_.update(bytes);
    whole_.update(bytes);
    written_ += filled_;
    filled_ = 0;
    return {};
  }

  Result<void> record_end(bool vouched) {
    Metadata metadata = output_file_.journal().metadata().value_or(Metadata{});
    metadata.stream_length = written_;
    metadata.stream_digest = digest_.value();
    metadata.stream_complete = vouched;
    metadata.stream_unvouched = !vouched;
    return output_file_.journal().set_metadata(metadata);
  }

  OutputFile& output_file_;
  Watch& watch_;
  const Resource& known_;
  Fetcher& fetcher_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kIoBuffer);
  std::size_t filled_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t most_ = 0;  // how far any response has come
  StreamDigest digest_;
  WholeDigest whole_;
  bool complete_ = false;
  bool believed_ = false;
};

Result<void> receive(TaskContext& task, Version& version, OutputFile& output_file, Watch& watch) {
  const Resource known = version.known(output_file.journal().identity());
  StreamSink sink(output_file, watch, known, task.fetcher);
  auto step = FetchLoop(task.fetcher, known).run(sink);
  task.fetcher.admission().leave();  // the last sync needs no connection
  return step ? settle_stream(task, version, output_file) : step;
}

Result<void> drop(TaskContext& task, OutputFile& output_file, Metadata metadata) {
  task.progress.bytes().discarded(metadata.stream_length);
  task.progress.remark(fmt::format("{} was changed after it was written, by another program or the disk: starting over",
                                   part_of(output_file)));
  metadata.stream_complete = false;
  auto step = output_file.journal().set_metadata(metadata);
  return step ? output_file.data().resize(0) : step;
}

}  // namespace

Result<void> fetch_stream(TaskContext& task, Version& version, OutputFile& output_file) {
  const auto total = task.fetcher.at_hand()->body.resource.total;
  if (total != std::uint64_t{0})
    task.progress.remark(total ? "the server does not serve ranges: an interruption restarts from the beginning"
                               : "the server sends no size: an interruption restarts from the beginning");
  task.source.forms.use(RequestForm::whole);
  for (unsigned repairs = 0;; ++repairs) {
    Watch watch(output_file.data());
    auto step = receive(task, version, output_file, watch);
    if (!step) return step;
    const Metadata metadata = output_file.journal().metadata().value_or(Metadata{});
    watch.look_at_whole(metadata.stream_length);
    if (!task.request.verify && !watch.found_traces() && repairs == 0) return {};
    task.progress.enter(Phase::verifying);
    auto intact = stream_intact(output_file.data(), metadata, task.stop);
    if (!intact) return std::move(intact).error();
    auto mended = mend_length(output_file.data(), metadata.stream_length);
    if (!mended) return std::move(mended).error();
    if (*intact) {
      version.rehashed = true;
      return *mended ? settle_stream(task, version, output_file) : Result<void>();
    }
    if (repairs == kMaxRepairs) return does_not_stay(output_file, 0);
    auto emptied = drop(task, output_file, metadata);
    if (!emptied) return emptied;
  }
}

Result<void> settle_stream(TaskContext& task, const Version& version, OutputFile& output_file) {
  Journal& journal = output_file.journal();
  Checkpoint checkpoint(task.env.clock, {output_file.data(), journal}, task.request.sync, {});
  auto settled = settle(task, version, output_file, checkpoint);
  if (settled) return settled;
  // As with segments: after a failed sync the kernel calls pages clean that never reached the disk (J4).
  Metadata metadata = journal.metadata().value_or(Metadata{});
  metadata.stream_complete = false;
  const auto forgotten = journal.set_metadata(metadata);
  return forgotten ? settled : forgotten;
}

Result<bool> is_stream_here(TaskContext& task, Version& version, OutputFile& output_file) {
  Journal& journal = output_file.journal();
  const JournalIdentity& identity = journal.identity();
  Metadata metadata = journal.metadata().value_or(Metadata{});
  const bool believed = metadata.stream_unvouched && (task.request.accept_unframed || task.request.checksum);
  if ((!metadata.stream_complete && !believed) || !is_hash_of(metadata.url_hash, task.url)) return false;
  task.progress.bytes().plan(identity, metadata.stream_length);
  task.progress.enter(Phase::verifying);
  auto intact = stream_intact(output_file.data(), metadata, task.stop);
  if (!intact || !*intact) return intact;
  auto mended = mend_length(output_file.data(), metadata.stream_length);
  if (!mended) return mended;
  auto checked = task.check_digest(output_file.data(), metadata.stream_length, output_file.path());
  if (!checked && checked.error().cause != Cause::integrity) return std::move(checked).error();
  if (!checked) return false;
  if (believed) {
    task.progress.remark("it had arrived before up to the end of its connection, which is accepted as its end");
    metadata.stream_complete = task.request.checksum.has_value();
    metadata.stream_unvouched = !metadata.stream_complete;
    auto step = journal.set_metadata(metadata);
    if (!step) return std::move(step).error();
  }
  task.progress.bytes().proved(metadata.stream_length);
  version.strong = identity.resource.validator.strong();
  return true;
}

}  // namespace segdl::engine
