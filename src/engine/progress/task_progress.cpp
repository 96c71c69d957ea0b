#include "engine/progress/task_progress.h"

namespace segdl::engine {

void ByteCounts::plan(const JournalIdentity& identity, std::uint64_t claimed) {
  const auto& [layout, resource] = identity;
  Planned plan{.total = resource.total,
               .reused = claimed,
               .segment_size = layout ? layout->segment_size() : 0,
               .segments = layout ? layout->count() : 0,
               .validator = std::string(resource.validator.value()),
               .validator_strong = resource.validator.strong()};
  const MutexLock lock(record_.mutex);
  Progress& progress = record_.progress;
  progress.total = plan.total;
  const std::uint64_t own = std::min(progress.fetched - record_.tallies.wasted, claimed);  // fetched by this task
  record_.tallies.wasted = progress.fetched - own;
  progress.done = claimed;
  progress.reused = claimed - own;
  progress.verified = 0;
  revoked_ranges_.clear();
  if (!record_.events || plan == planned_) return;  // not asked for, or kept already
  planned_ = plan;
  record_.log(std::move(plan));
}

void ByteCounts::revoked(Range range) {
  const MutexLock lock(record_.mutex);
  record_.tallies.revoked += range.size();
  revoked_ranges_.insert(range.begin);
  take_away(range.size());
  record_.log(Revoked{range});
}

// After a second plan there are claims that the task has fetched itself: which those are is not known.
void ByteCounts::take_away(std::uint64_t bytes) {
  Progress& progress = record_.progress;
  const std::uint64_t inherited = std::min(progress.reused, bytes);
  progress.reused -= inherited;
  record_.tallies.wasted += bytes - inherited;
  progress.done -= bytes;
}

void ByteCounts::damaged(Range range, bool inherited) {
  const MutexLock lock(record_.mutex);
  const bool fetched = !revoked_ranges_.insert(range.begin).second || !inherited;
  if (fetched) {
    record_.tallies.wasted += range.size();
    record_.progress.done -= range.size();
  } else {
    record_.tallies.revoked += range.size();
    take_away(range.size());
  }
  record_.log(Revoked{range});
}

void ByteCounts::changed(const std::string& reason) {
  const MutexLock lock(record_.mutex);
  Progress& progress = record_.progress;
  progress.note = "the resource changed (" + reason + "): starting over";
  record_.tallies.remarks.push_back(progress.note);
  record_.log(Changed{reason, progress.done});
}

void ByteCounts::start_over() {
  const MutexLock lock(record_.mutex);
  Progress& progress = record_.progress;
  record_.tallies.wasted = progress.fetched;
  revoked_ranges_.clear();
  planned_.reset();
  progress.total.reset();
  progress.done = progress.reused = progress.verified = 0;
}

void TaskProgress::retried(Retried retry, const std::string& how) {
  const MutexLock lock(record_.mutex);
  ++record_.progress.retries;
  record_.progress.phase = Phase::waiting;
  record_.progress.note = retry.error.message() + how;
  record_.log(std::move(retry));
}

void TaskProgress::tolerated(const std::vector<std::string_view>& oddities) {
  for (const std::string_view oddity : oddities) {
    std::string text = "tolerated in a response: " + std::string(oddity);
    const MutexLock lock(record_.mutex);
    auto& remarks = record_.tallies.remarks;
    if (std::find(remarks.begin(), remarks.end(), text) != remarks.end()) continue;
    show(text);
    remarks.push_back(std::move(text));
  }
}

}  // namespace segdl::engine
