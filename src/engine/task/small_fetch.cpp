#include "engine/task/small_fetch.h"

#include "core/store/layout.h"

#include "engine/fetch/fetch_loop.h"
#include "engine/store/journal/proof.h"
#include "engine/task/damage.h"
#include "engine/task/settling.h"
#include "engine/task/sink/whole_digest.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace segdl::engine {
namespace {

// A resource of at most one segment, kept in memory. Under a strong validator an interruption goes on where it was;
// else it begins again, since two responses can't be joined.
class SmallSink : public SinkDefaults {
 public:
  // REQUIRES: known.total; the fetcher outlives the sink.
  SmallSink(const Resource& known, Fetcher& fetcher)
      : fetcher_(fetcher),
        strong_(known.validator.strong()),
        total_(*known.total),
        buffer_(std::make_unique_for_overwrite<std::byte[]>(total_)) {}

  Result<std::optional<Range>> next() {
    if (complete_) return std::optional<Range>();
    if (!strong_) drop();
    return std::optional(Range{filled_, total_});
  }
  void begins(const UsableBody& body) {
    if (body.begin != filled_) drop();
    whole_ = !body.partial;
  }
  std::span<std::byte> space(std::uint64_t offset) { return std::span(buffer_.get(), total_).subspan(offset); }
  Result<void> arrived(std::uint64_t, std::size_t count) {
    filled_ += count;
    return {};
  }
  Result<void> body_ended(std::uint64_t) {
    complete_ = filled_ == total_;
    if (complete_) return {};
    return fetcher_.problem(Cause::network, Remedy::retry, "the response was shorter than what was asked for");
  }
  Result<void> interrupted(Remedy remedy) {
    if (filled_ > most_) {
      fetcher_.retry().progressed(filled_ - most_);
      most_ = filled_;
    }
    if (whole_ || remedy == Remedy::refetch) drop();  // it begins again, and what came of a large chunk may be framing
    return {};
  }

  std::span<const std::byte> bytes() const { return {buffer_.get(), total_}; }

 private:
  void drop() { fetcher_.context().task_progress.bytes().discarded(std::exchange(filled_, 0)); }

  Fetcher& fetcher_;
  const bool strong_;
  const std::uint64_t total_;
  std::unique_ptr<std::byte[]> buffer_;
  std::uint64_t filled_ = 0;
  std::uint64_t most_ = 0;  // how far any response has come
  bool whole_ = false;      // everything comes, from the beginning
  bool complete_ = false;
};

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
  const bool is_small = known.total && *known.total <= most && body.begin == 0 && body.end == known.total;
  if (!is_small || output_file.state() != OutputFile::State::fresh) return std::unique_ptr<UnnamedFile>();
  auto unnamed = UnnamedFile::create(output_file);
  if (!unnamed || !*unnamed) return unnamed;
  version.strong = known.validator.strong();
  task.progress.bytes().plan({std::nullopt, known});
  SmallSink sink(known, task.fetcher);
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
  return unnamed;
}

}  // namespace segdl::engine
