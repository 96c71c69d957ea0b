#include "engine/checkpoint.h"

#include <segdl/range.h>

#include <chrono>
#include <utility>

namespace segdl::engine {
namespace {

constexpr std::uint64_t kCheckpointBytes = 64 * kMiB;
constexpr std::chrono::seconds kCheckpointTime{1};
constexpr int kPauseFactor = 20;

}  // namespace

Checkpoint::Checkpoint(Clock& clock, File& data, Journal& journal, Sync sync, std::vector<Segment> inherited)
    : clock_(clock),
      data_(data),
      journal_(journal),
      sync_(sync),
      pending_(std::move(inherited)),
      last_(clock.now()),
      not_before_(last_) {}

bool Checkpoint::due() const {
  if (sync_ != Sync::interval) return false;
  const Instant now = clock_.now();
  return now >= not_before_ && (pending_bytes_ >= kCheckpointBytes || now - last_ >= kCheckpointTime);
}

Result<void> Checkpoint::committed(Segment segment, std::uint64_t bytes) {
  pending_.push_back(segment);
  pending_bytes_ += bytes;
  return due() ? force() : Result<void>();
}

Result<void> Checkpoint::pausing() {
  const bool wanted = sync_ == Sync::interval && pending_bytes_ > 0 && clock_.now() >= not_before_;
  return wanted ? force() : Result<void>();
}

Result<void> Checkpoint::force() {
  if (sync_ == Sync::none) return {};
  const Instant begin = clock_.now();
  auto synced = data_.sync();
  if (synced) synced = journal_.sync();
  if (!synced) return revoke_pending(std::move(synced).error());
  last_ = clock_.now();
  not_before_ = last_ + kPauseFactor * (last_ - begin);
  pending_.clear();
  pending_bytes_ = 0;
  return {};
}

Error Checkpoint::revoke_pending(Error error) {
  for (const Segment segment : pending_) {
    // The first error is the one to tell; a journal that can't be written either is checked by its proofs.
    const auto revoked = journal_.revoke(segment);
    static_cast<void>(revoked.ok());
  }
  pending_.clear();
  return error;
}

}  // namespace segdl::engine
