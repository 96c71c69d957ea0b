#include "engine/progress/task_progress.h"

namespace segdl::engine {

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
