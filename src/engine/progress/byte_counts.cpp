#include "engine/progress/byte_counts.h"

namespace segdl::engine {

void ByteCounts::plan(Planned plan) {
  const MutexLock lock(record_.mutex);
  Progress& progress = record_.progress;
  progress.total = plan.total;
  progress.done = progress.reused = plan.reused;
  progress.verified = 0;
  if (!record_.events || plan == planned_) return;  // not asked for, or kept already
  planned_ = plan;
  record_.log(std::move(plan));
}

void ByteCounts::revoked(Range range) {
  const MutexLock lock(record_.mutex);
  record_.tallies.revoked += range.size();
  revoked_ranges_.insert(range.begin);
  record_.progress.reused -= range.size();
  record_.progress.done -= range.size();
  record_.log(Revoked{range});
}

void ByteCounts::damaged(Range range, bool inherited) {
  const MutexLock lock(record_.mutex);
  const bool fetched = !revoked_ranges_.insert(range.begin).second || !inherited;
  std::uint64_t& counted = fetched ? record_.tallies.wasted : record_.tallies.revoked;
  counted += range.size();
  if (!fetched) record_.progress.reused -= range.size();
  record_.progress.done -= range.size();
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

}  // namespace segdl::engine
