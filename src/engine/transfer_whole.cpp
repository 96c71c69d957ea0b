// Transfer's way of comparing everything with the checksum that the request expects.
#include "engine/errors.h"
#include "engine/front_hasher.h"
#include "engine/planned.h"
#include "engine/transfer.h"
#include "engine/whole_digest.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

constexpr std::size_t kPiece = 256 * kKiB;

}  // namespace

// What does not hash to what was expected is not believed any more, though each of its segments is what was sent: the
// next run fetches all of it again (J4). The journal is forced to disk, or a power cut could bring the claims back.
Result<void> Transfer::check_whole(Place& place, FrontHasher& front, const std::stop_token& stop) {
  meter_.enter(Phase::verifying);
  auto step = front.finish(place.path(), stop);
  if (step || step.error().cause != Cause::integrity) return step;
  refuted_ = true;
  Journal& journal = place.journal();
  Result<void> revoked;
  for (std::uint32_t i = 0; revoked && i < journal.identity().layout->count(); ++i) {
    revoked = journal.revoke(Segment{i});
  }
  if (revoked) revoked = journal.sync();
  return revoked ? step : revoked;
}

// A file that an earlier run has given its name.
Result<Outcome> Transfer::finish(Place& place, const std::stop_token& stop) {
  auto status = place.data().status();
  if (!status) return std::move(status).error();
  strong_ = place.published_identity().validator.strong();
  meter_.remark("it had arrived whole before; only the journal was left to remove");
  Planned whole = planned(place.published_identity(), status->size);
  whole.total = status->size;
  meter_.plan(std::move(whole));
  auto checked = check_published(place, status->size, stop);
  if (!checked) return std::move(checked).error();
  return Outcome{report(place.path())};
}

// A file that an earlier run has given its name, perhaps without knowing of a checksum.
Result<void> Transfer::check_published(Place& place, std::uint64_t size, const std::stop_token& stop) {
  if (!request_.checksum) return {};
  meter_.enter(Phase::verifying);
  WholeDigest digest(request_.checksum);
  std::vector<std::byte> piece(std::min<std::uint64_t>(kPiece, size));
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    if (stop.stop_requested()) return cancelled();
    const auto bytes = std::span(piece).first(std::min<std::uint64_t>(piece.size(), size - at));
    auto got = place.data().read_at(at, bytes);
    if (!got) return std::move(got).error();
    digest.update(bytes.first(*got));
  }
  auto step = digest.check(place.path());
  if (!step) step.error().way_out = "it was there before; check the checksum, or fetch it again with --overwrite";
  return step;
}

}  // namespace segdl::engine
