#include "engine/progress/task_progress.h"

namespace segdl::engine {

void TaskProgress::tolerated(const std::vector<std::string_view>& oddities) {
  for (const std::string_view oddity : oddities) {
    std::string text = "tolerated in a response: " + std::string(oddity);
    const MutexLock lock(mutex_);
    if (std::find(remarks_.begin(), remarks_.end(), text) == remarks_.end()) add_remark(std::move(text));
  }
}

void TaskProgress::damaged(Range range, bool inherited) {
  const MutexLock lock(mutex_);
  const bool fetched = !revoked_ranges_.insert(range.begin).second || !inherited;
  std::uint64_t& counted = fetched ? wasted_ : revoked_;
  counted += range.size();
  if (!fetched) progress_.reused -= range.size();
  progress_.done -= range.size();
  tell(Revoked{range});
}

}  // namespace segdl::engine
