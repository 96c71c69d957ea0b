// Transfer's way of taking what another tool has left (see adopted_file.h).
//
// (A1) Before anything of it is claimed the journal says, durably, up to where such claims may lie (Metadata::adopted).
// (A2) Only the digest of everything vouches for them: a run without a checksum gives them up before it goes on, and
// one whose checksum is not met does, and fetches that part, before it says that the checksum is wrong; first only what
// shows a gap. (A3) Given up means with their proofs, durably, and before the note of them goes: a death in between
// gives up what there is then. What was claimed by a response in that part goes with them. (A4) Before the output gets
// its name the journal says, durably, that the digest is met (no Metadata::adopted): until then no file is taken for
// its published one, however well the proofs fit, which may be those of the adopted file itself.
#include "core/base/errors.h"
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
  if (task_.request.adopt.empty()) return {};
  if (streams) {
    return with_hints(make_error(Cause::usage, "adopt", task_.request.adopt.string(),
                                 directory.path_of(task_.name) + " is no regular file that it could be copied to"),
                      {Hint::choose_other_name, Hint::leave_adopt_out});
  }
  if (task_.request.existing == Existing::skip && adopts_output(task_.env.files, task_.request, task_.name)) {
    return with_hints(make_error(Cause::usage, "adopt", task_.request.adopt.string(),
                                 "it is the output, and a file that is there is to be skipped"),
                      {Hint::do_not_skip_existing});
  }
  auto opened =
      AdoptedFile::open(task_.env.files, task_.request.adopt, directory, Names(task_.name, directory.longest_name()));
  if (!opened) return std::move(opened).error();
  adopted_ = std::move(*opened);
  return {};
}

// How much of a new version may be adopted.
std::uint64_t Transfer::adoptable(const JournalIdentity& identity) {
  if (!adopted_ || !task_.request.checksum) return 0;
  const bool continues = identity.layout && identity.coding.empty();
  const std::uint64_t end = continues ? adopted_->end_in(*identity.layout) : 0;
  if (end > 0) return end;
  task_.progress.remark(fmt::format("nothing of {} is adopted: {}", adopted_->path(),
                                    !identity.layout           ? "the server does not serve ranges"
                                    : !identity.coding.empty() ? "what the server sends is coded"
                                                               : "it has not even one segment"));
  return 0;
}

// Of a new version. The response at hand brings what is perhaps here; it waits until another is there.
Result<void> Transfer::adopt_first(OutputFile& output_file, const Resource& known, Response first) {
  auto step = adopt(output_file);
  return step ? fetch_segments(output_file, known, std::move(first)) : step;
}

// What of that part is not claimed yet, as far as the file has it.
Result<void> Transfer::adopt(OutputFile& output_file) {
  if (!adopted_) return {};
  Journal& journal = output_file.journal();
  const Layout& layout = *journal.identity().layout;
  const std::uint64_t end = std::min(journal.metadata().value_or(Metadata{}).adopted, adopted_->end_in(layout));
  if (end == 0) {
    task_.progress.remark(
        fmt::format("nothing of {} is adopted: what is here was begun without it, or without success; "
                    "it is adopted if the download starts over",
                    adopted_->path()));
    return {};
  }
  std::uint64_t claimed = 0;
  for (const Segment segment : claimed_segments(journal)) claimed += layout.range(segment).size();
  task_.progress.bytes().plan(planned(journal.identity(), claimed));
  task_.progress.enter(Phase::adopting);
  auto taken = copy_adopted(output_file, end);
  if (!taken) return std::move(taken).error();
  if (*taken > 0)
    task_.progress.remark(
        fmt::format("adopted {} bytes of {}: the checksum is compared at the end", *taken, adopted_->path()));
  return {};
}

// J3, as for every segment. What can't be read is fetched, and noted once.
Result<std::uint64_t> Transfer::copy_adopted(OutputFile& output_file, std::uint64_t end) {
  Journal& journal = output_file.journal();
  const Layout& layout = *journal.identity().layout;
  std::vector<std::byte> buffer(std::min(layout.segment_size(), layout.total()));
  std::uint64_t taken = 0;
  std::uint64_t unread = 0;
  std::optional<Error> problem;  // the first one
  for (std::uint32_t i = 0; i < layout.count() && layout.range(Segment{i}).end <= end; ++i) {
    auto going = task_.keep_going("adopt", adopted_->path(), {Hint::allow_more_time});
    if (!going) return std::move(going).error();
    const Segment segment{i};
    const Range range = layout.range(segment);
    if (journal.claims(segment)) continue;
    const auto bytes = std::span(buffer).first(range.size());
    const auto got = adopted_->read(range, bytes);
    if (!got) unread += bytes.size();
    if (!got && !problem) problem = got.error();
    if (!got || !*got) continue;
    auto step = output_file.data().write_at(range.begin, bytes);
    if (step) step = journal.commit(segment, digest_of(bytes));
    if (step) step = output_file.backup().drop();
    if (!step) return std::move(step).error();
    task_.progress.bytes().adopted(bytes.size());
    taken += bytes.size();
  }
  if (problem)
    task_.progress.remark(fmt::format("{}: {} bytes are fetched that can't be read", problem->message(), unread));
  return taken;
}

Result<std::vector<Segment>> Transfer::forget_adopted(OutputFile& output_file) {
  Journal& journal = output_file.journal();
  const Layout& layout = *journal.identity().layout;
  Metadata metadata = journal.metadata().value_or(Metadata{});
  std::vector<Segment> forgotten;
  for (std::uint32_t i = 0; i < layout.count() && layout.range(Segment{i}).end <= metadata.adopted; ++i) {
    if (journal.claims(Segment{i})) forgotten.push_back(Segment{i});
    auto step = forget(journal, Segment{i});
    if (!step) return std::move(step).error();
  }
  auto step = journal.sync();
  metadata.adopted = 0;
  if (step) step = journal.set_metadata(metadata);
  if (step) step = journal.sync();
  return step ? Result<std::vector<Segment>>(std::move(forgotten)) : std::move(step).error();
}

// The digest of everything is met, or nothing adopted is left: from here on the journal may be one of a published file.
// What was adopted is not what its validator vouches for.
Result<void> Transfer::settle_adopted(OutputFile& output_file) {
  Metadata metadata = output_file.journal().metadata().value_or(Metadata{});
  if (metadata.adopted == 0) return {};
  metadata.adopted = 0;
  metadata.mixed = true;
  auto step = output_file.journal().set_metadata(metadata);
  return step ? output_file.journal().sync() : step;
}

// Of that part what shows a gap: claims of what was perhaps never written.
Result<std::vector<Segment>> Transfer::forget_gaps(OutputFile& output_file) {
  Journal& journal = output_file.journal();
  const Layout& layout = *journal.identity().layout;
  const std::uint64_t end = journal.metadata().value_or(Metadata{}).adopted;
  std::vector<std::byte> buffer(std::min(layout.segment_size(), layout.total()));
  std::vector<Segment> forgotten;
  for (std::uint32_t i = 0; i < layout.count() && layout.range(Segment{i}).end <= end; ++i) {
    const Range range = layout.range(Segment{i});
    if (!journal.claims(Segment{i})) continue;
    const auto bytes = std::span(buffer).first(range.size());
    const auto got = output_file.data().read_at(range.begin, bytes);
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
Result<bool> Transfer::give_up_adopted(OutputFile& output_file, const std::vector<bool>& inherited) {
  adopted_.reset();
  if (output_file.journal().metadata().value_or(Metadata{}).adopted == 0) return false;
  auto forgotten = std::exchange(blamed_gaps_, true) ? forget_adopted(output_file) : forget_gaps(output_file);
  if (forgotten && forgotten->empty()) forgotten = forget_adopted(output_file);
  if (!forgotten) return std::move(forgotten).error();
  std::uint64_t bytes = 0;
  for (const Segment segment : *forgotten) {
    const Range range = output_file.journal().identity().layout->range(segment);
    task_.progress.bytes().damaged(range, inherited[index(segment)]);
    bytes += range.size();
  }
  task_.progress.remark(
      fmt::format("with what was adopted it does not have this checksum: {} bytes of that are fetched", bytes));
  return bytes > 0;
}

}  // namespace segdl::engine
