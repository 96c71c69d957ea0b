// Transfer's way of taking what another tool has left (see adopted_file.h).
//
// (A1) Before anything of it is claimed the journal says, durably, up to where such claims may lie (Facts::adopted).
// (A2) Only the digest of everything vouches for them: a run without a checksum gives them up before it goes on, and
// one whose checksum is not met does, and fetches that part, before it says that the checksum is wrong; first only what
// shows a gap. (A3) Given up means with their proofs, durably, and before the note of them goes: a death in between
// gives up what there is then. What was claimed by a response in that part goes with them. (A4) Before the output gets
// its name the journal says, durably, that the digest is met (no Facts::adopted): until then no file is taken for its
// published one, however well the proofs fit, which may be those of the adopted file itself.
#include "engine/base/errors.h"
#include "engine/progress/planned.h"
#include "engine/task/transfer.h"

#include "core/base/xxh3.h"

#include <fmt/format.h>

#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace segdl::engine {

Result<void> Transfer::open_adopted(Directory& directory, bool streams) {
  if (request_.adopt.empty()) return {};
  if (streams) {
    return with_hints(make_error(Cause::usage, Remedy::stop, "adopt", request_.adopt.string(),
                                 directory.path_of(name_) + " is no regular file that it could be copied to"),
                      {Hint::choose_other_name, Hint::leave_adopt_out});
  }
  if (request_.existing == Existing::skip && adopts_output(env_.files, request_, name_)) {
    return with_hints(make_error(Cause::usage, Remedy::stop, "adopt", request_.adopt.string(),
                                 "it is the output, and a file that is there is to be skipped"),
                      {Hint::do_not_skip_existing});
  }
  auto opened = AdoptedFile::open(env_.files, request_.adopt, directory, Names(name_, directory.longest_name()));
  if (!opened) return std::move(opened).error();
  adopted_ = std::move(*opened);
  return {};
}

// How much of a new version may be adopted.
std::uint64_t Transfer::adoptable(const Identity& identity) {
  if (!adopted_ || !request_.checksum) return 0;
  const bool continues = identity.layout && identity.coding.empty();
  const std::uint64_t end = continues ? adopted_->end_in(*identity.layout) : 0;
  if (end > 0) return end;
  meter_.remark(fmt::format("nothing of {} is adopted: {}", adopted_->path(),
                            !identity.layout           ? "the server does not serve ranges"
                            : !identity.coding.empty() ? "what the server sends is coded"
                                                       : "it has not even one segment"));
  return 0;
}

// Of a new version. The response at hand brings what is perhaps here; it waits until another is there.
Result<void> Transfer::adopt_first(Place& place, const Known& known, Reply first, const std::stop_token& stop) {
  auto step = adopt(place, stop);
  return step ? fetch_segments(place, known, std::move(first), stop) : step;
}

// What of that part is not claimed yet, as far as the file has it.
Result<void> Transfer::adopt(Place& place, const std::stop_token& stop) {
  if (!adopted_) return {};
  Journal& journal = place.journal();
  const Layout& layout = *journal.identity().layout;
  const std::uint64_t end = std::min(journal.facts().value_or(Facts{}).adopted, adopted_->end_in(layout));
  if (end == 0) {
    meter_.remark(
        fmt::format("nothing of {} is adopted: what is here was begun without it, or without success; "
                    "it is adopted if the download starts over",
                    adopted_->path()));
    return {};
  }
  std::uint64_t claimed = 0;
  for (std::uint32_t i = 0; i < layout.count(); ++i) {
    if (journal.claims(Segment{i})) claimed += layout.range(Segment{i}).size();
  }
  meter_.plan(planned(journal.identity(), claimed));
  meter_.enter(Phase::adopting);
  auto taken = copy_adopted(place, end, stop);
  if (!taken) return std::move(taken).error();
  if (*taken > 0)
    meter_.remark(fmt::format("adopted {} bytes of {}: the checksum is compared at the end", *taken, adopted_->path()));
  return {};
}

// J3, as for every segment. What can't be read is fetched, and noted once.
Result<std::uint64_t> Transfer::copy_adopted(Place& place, std::uint64_t end, const std::stop_token& stop) {
  Journal& journal = place.journal();
  const Layout& layout = *journal.identity().layout;
  std::vector<std::byte> buffer(std::min(layout.segment_size(), layout.total()));
  std::uint64_t taken = 0;
  std::uint64_t unread = 0;
  std::optional<Error> problem;  // the first one
  for (std::uint32_t i = 0; i < layout.count() && layout.range(Segment{i}).end <= end; ++i) {
    auto going = keep_going("adopt", adopted_->path(), {Hint::allow_more_time}, stop);
    if (!going) return std::move(going).error();
    const Segment segment{i};
    const Range range = layout.range(segment);
    if (journal.claims(segment)) continue;
    const auto bytes = std::span(buffer).first(range.size());
    const auto got = adopted_->read(range, bytes);
    if (!got) unread += bytes.size();
    if (!got && !problem) problem = got.error();
    if (!got || !*got) continue;
    auto step = place.data().write_at(range.begin, bytes);
    if (step) step = journal.commit(segment, digest_of(bytes));
    if (step && place.has_aside()) step = place.drop_aside();
    if (!step) return std::move(step).error();
    meter_.adopted(bytes.size());
    taken += bytes.size();
  }
  if (problem) meter_.remark(fmt::format("{}: {} bytes are fetched that can't be read", problem->message(), unread));
  return taken;
}

Result<std::vector<Segment>> Transfer::forget_adopted(Place& place) {
  Journal& journal = place.journal();
  const Layout& layout = *journal.identity().layout;
  Facts facts = journal.facts().value_or(Facts{});
  std::vector<Segment> forgotten;
  for (std::uint32_t i = 0; i < layout.count() && layout.range(Segment{i}).end <= facts.adopted; ++i) {
    if (journal.claims(Segment{i})) forgotten.push_back(Segment{i});
    auto step = forget(journal, Segment{i});
    if (!step) return std::move(step).error();
  }
  auto step = journal.sync();
  facts.adopted = 0;
  if (step) step = journal.set_facts(facts);
  if (step) step = journal.sync();
  return step ? Result<std::vector<Segment>>(std::move(forgotten)) : std::move(step).error();
}

// The digest of everything is met, or nothing adopted is left: from here on the journal may be one of a published file.
// What was adopted is not what its validator vouches for.
Result<void> Transfer::settle_adopted(Place& place) {
  Facts facts = place.journal().facts().value_or(Facts{});
  if (facts.adopted == 0) return {};
  facts.adopted = 0;
  facts.mixed = true;
  auto step = place.journal().set_facts(facts);
  return step ? place.journal().sync() : step;
}

// Of that part what shows a gap: claims of what was perhaps never written.
Result<std::vector<Segment>> Transfer::forget_gaps(Place& place) {
  Journal& journal = place.journal();
  const Layout& layout = *journal.identity().layout;
  const std::uint64_t end = journal.facts().value_or(Facts{}).adopted;
  std::vector<std::byte> buffer(std::min(layout.segment_size(), layout.total()));
  std::vector<Segment> forgotten;
  for (std::uint32_t i = 0; i < layout.count() && layout.range(Segment{i}).end <= end; ++i) {
    const Range range = layout.range(Segment{i});
    if (!journal.claims(Segment{i})) continue;
    const auto bytes = std::span(buffer).first(range.size());
    const auto got = place.data().read_at(range.begin, bytes);
    if (got && *got == bytes.size() && !shows_gap(bytes)) continue;
    auto step = forget(journal, Segment{i});
    if (!step) return std::move(step).error();
    forgotten.push_back(Segment{i});
  }
  auto step = journal.sync();
  return step ? Result<std::vector<Segment>>(std::move(forgotten)) : std::move(step).error();
}

// All of it is here, and it is not what the request expects. Whether there was something adopted to blame: first its
// gaps, then all of it.
Result<bool> Transfer::give_up_adopted(Place& place, const std::vector<bool>& inherited) {
  adopted_.reset();
  if (place.journal().facts().value_or(Facts{}).adopted == 0) return false;
  auto forgotten = std::exchange(blamed_gaps_, true) ? forget_adopted(place) : forget_gaps(place);
  if (forgotten && forgotten->empty()) forgotten = forget_adopted(place);
  if (!forgotten) return std::move(forgotten).error();
  std::uint64_t bytes = 0;
  for (const Segment segment : *forgotten) {
    const Range range = place.journal().identity().layout->range(segment);
    meter_.damaged(range, inherited[index(segment)]);
    bytes += range.size();
  }
  meter_.remark(
      fmt::format("with what was adopted it does not have this checksum: {} bytes of that are fetched", bytes));
  return bytes > 0;
}

}  // namespace segdl::engine
