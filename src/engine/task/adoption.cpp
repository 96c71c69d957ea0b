#include "engine/task/adoption.h"

#include "core/base/errors.h"
#include "core/base/xxh3.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace segdl::engine {

Result<void> Adoption::open(Directory& directory, bool streams) {
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
  file_ = std::move(*opened);
  return {};
}

std::uint64_t Adoption::adoptable(const JournalIdentity& identity) {
  if (!file_ || !task_.request.checksum) return 0;
  const bool continues = identity.layout && identity.resource.coding.empty();
  const std::uint64_t end = continues ? file_->end_in(*identity.layout) : 0;
  if (end > 0) return end;
  task_.progress.remark(fmt::format("nothing of {} is adopted: {}", task_.request.adopt.string(),
                                    !identity.layout                    ? "the server does not serve ranges"
                                    : !identity.resource.coding.empty() ? "what the server sends is coded"
                                                                        : "it has not even one segment"));
  return 0;
}

Result<void> Adoption::adopt(OutputFile& output_file) {
  if (!file_) return {};
  Journal& journal = output_file.journal();
  const Layout& layout = *journal.identity().layout;
  const std::uint64_t end = std::min(journal.metadata().value_or(Metadata{}).adopted, file_->end_in(layout));
  if (end == 0) {
    task_.progress.remark(fmt::format("nothing of {} is adopted: what is here was begun without it, or without success",
                                      task_.request.adopt.string()),
                          {Hint::start_over});
    return {};
  }
  std::uint64_t claimed = 0;
  for (const Segment segment : claimed_segments(journal)) claimed += layout.range(segment).size();
  task_.progress.bytes().plan(journal.identity(), claimed);
  task_.progress.enter(Phase::adopting);
  auto taken = copy(output_file, end);
  if (!taken) return std::move(taken).error();
  if (*taken > 0)
    task_.progress.remark(fmt::format("adopted {} bytes of {}: the checksum is compared at the end", *taken,
                                      task_.request.adopt.string()));
  return {};
}

// J3, as for every segment. What can't be read is fetched, and noted once.
Result<std::uint64_t> Adoption::copy(OutputFile& output_file, std::uint64_t end) {
  Journal& journal = output_file.journal();
  const Layout& layout = *journal.identity().layout;
  std::vector<std::byte> buffer(std::min(layout.segment_size(), layout.total()));
  std::uint64_t taken = 0;
  std::uint64_t unread = 0;
  std::optional<Error> problem;  // the first one
  for (std::uint32_t i = 0; i < layout.count() && layout.range(Segment{i}).end <= end; ++i) {
    auto going = task_.keep_going(task_.until(), "adopt", task_.request.adopt.string(), {Hint::allow_more_time});
    if (!going) return std::move(going).error();
    const Segment segment{i};
    const Range range = layout.range(segment);
    if (journal.claims(segment)) continue;
    const auto bytes = std::span(buffer).first(range.size());
    const auto got = file_->read(range, bytes);
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

Result<void> Adoption::forget_unvouched(OutputFile& output_file) {
  if (task_.request.checksum || output_file.journal().metadata().value_or(Metadata{}).adopted == 0) return {};
  task_.progress.remark("without a checksum nothing vouches for what was adopted: it is fetched");
  const auto forgotten = forget_all(output_file);
  return forgotten ? Result<void>() : forgotten.error();
}

Result<void> Adoption::settle(OutputFile& output_file) {
  Metadata metadata = output_file.journal().metadata().value_or(Metadata{});
  if (metadata.adopted == 0) return {};
  metadata.adopted = 0;
  metadata.mixed = true;
  auto step = output_file.journal().set_metadata(metadata);
  return step ? output_file.journal().sync() : step;
}

Result<std::vector<Segment>> Adoption::forget_all(OutputFile& output_file) {
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

// Of that part what shows a gap: claims of what was perhaps never written.
Result<std::vector<Segment>> Adoption::forget_gaps(OutputFile& output_file) {
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

Result<bool> Adoption::give_up(OutputFile& output_file, const std::vector<bool>& inherited) {
  file_.reset();
  if (output_file.journal().metadata().value_or(Metadata{}).adopted == 0) return false;
  auto forgotten = std::exchange(blamed_gaps_, true) ? forget_all(output_file) : forget_gaps(output_file);
  if (forgotten && forgotten->empty()) forgotten = forget_all(output_file);
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
