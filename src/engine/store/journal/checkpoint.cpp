#include "engine/store/journal/checkpoint.h"

#include <segdl/range.h>

#include <chrono>

namespace segdl::engine {
namespace {

constexpr std::uint64_t kCheckpointBytes = 64 * kMiB;
constexpr std::chrono::seconds kCheckpointTime{1};
constexpr int kPauseFactor = 20;

}  // namespace

Checkpoint::Checkpoint(Clock& clock, Files files, Sync sync, std::vector<Segment> inherited)
    : clock_(clock),
      files_(files),
      sync_(sync),
      pending_(std::move(inherited)),
      last_(clock.now()),
      not_before_(last_) {}

bool Checkpoint::due() const {
  if (sync_ != Sync::interval || under_way_) return false;
  const Instant now = clock_.now();
  return now >= not_before_ && (pending_bytes_ >= kCheckpointBytes || now - last_ >= kCheckpointTime);
}

// What the checkpoint that begins here makes durable.
std::vector<Segment> Checkpoint::begin() {
  under_way_ = true;
  pending_bytes_ = 0;
  return std::exchange(pending_, {});
}

Result<void> Checkpoint::committed(Segment segment, std::uint64_t bytes) {
  std::optional<Error> broken;
  std::vector<Segment> covered;
  {
    const MutexLock lock(mutex_);
    broken = broken_;
    if (!broken) {
      pending_.push_back(segment);
      pending_bytes_ += bytes;
      if (!due()) return {};
      covered = begin();
    }
  }
  if (broken) return revoke({segment}, std::move(*broken));
  return make(std::move(covered));
}

Result<void> Checkpoint::pausing() {
  std::vector<Segment> covered;
  {
    const MutexLock lock(mutex_);
    const bool wanted = sync_ == Sync::interval && pending_bytes_ > 0 && clock_.now() >= not_before_;
    if (!wanted || under_way_ || broken_) return {};
    covered = begin();
  }
  return make(std::move(covered));
}

Result<void> Checkpoint::force() {
  if (sync_ == Sync::none) return {};
  std::vector<Segment> covered;
  {
    const MutexLock lock(mutex_);
    if (broken_) return *broken_;
    covered = begin();
  }
  return make(std::move(covered));
}

Result<void> Checkpoint::make(std::vector<Segment> covered) {
  if (look_) look_();
  const Instant begin = clock_.now();
  auto synced = files_.data.sync();
  if (synced) synced = files_.journal.sync();
  const Instant end = clock_.now();
  {
    const MutexLock lock(mutex_);
    under_way_ = false;
    last_ = end;
    not_before_ = end + kPauseFactor * (end - begin);
    if (synced) return {};
    broken_ = synced.error();
    covered.insert(covered.end(), pending_.begin(), pending_.end());
    pending_.clear();
  }
  return revoke(covered, std::move(synced).error());
}

Error Checkpoint::revoke(const std::vector<Segment>& segments, Error error) {
  for (const Segment segment : segments) {
    // The first error is the one to report; a journal that can't be written either is checked by its proofs.
    static_cast<void>(files_.journal.revoke(segment).ok());
  }
  return error;
}

}  // namespace segdl::engine
