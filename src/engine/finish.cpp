#include "engine/finish.h"

#include "core/xxh3.h"
#include "engine/errors.h"
#include "engine/place.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

constexpr std::size_t kPiece = 256 * kKiB;

std::optional<std::uint64_t> digest_of_range(File& data, Range range) {
  std::vector<std::byte> piece(std::min<std::uint64_t>(kPiece, range.size()));
  StreamDigest digest;
  for (std::uint64_t at = range.begin; at < range.end;) {
    const auto want = std::span(piece).first(std::min<std::uint64_t>(piece.size(), range.end - at));
    const auto got = data.read_at(at, want);
    if (!got || *got != want.size()) return std::nullopt;
    digest.update(want);
    at += want.size();
  }
  return digest.value();
}

bool stream_holds(File& output, const Journal& journal, std::uint64_t size, const std::stop_token& stop) {
  const auto facts = journal.facts();
  if (!facts || !facts->stream_complete || facts->stream_length != size || stop.stop_requested()) return false;
  return digest_of_range(output, {0, size}) == facts->stream_digest;
}

bool all_proofs_hold(File& output, const Journal& journal, std::uint64_t size, const std::stop_token& stop) {
  const auto& layout = journal.identity().layout;
  if (!layout) return stream_holds(output, journal, size, stop);
  if (layout->total() != size) return false;
  for (std::uint32_t i = 0; i < layout->count(); ++i) {
    if (stop.stop_requested() || !journal.claims(Segment{i}) || !proof_holds(output, journal, Segment{i})) return false;
  }
  return true;
}

// The three names are as a death between rename and removal leaves them.
Result<bool> looks_published(Directory& directory, const Names& names) {
  const std::pair<const std::string*, bool> picture[] = {
      {&names.part, false}, {&names.output, true}, {&names.journal, true}};
  for (const auto& [name, expected] : picture) {
    auto status = directory.status(*name);
    if (!status) return std::move(status).error();
    if (status->has_value() != expected || (expected && (*status)->kind != FileKind::regular)) return false;
  }
  return true;
}

}  // namespace

bool proof_holds(File& data, const Journal& journal, Segment segment) {
  return digest_of_range(data, journal.identity().layout->range(segment)) == journal.proof(segment);
}

Result<std::optional<Published>> finish_published(Directory& directory, const Names& names, std::stop_token stop) {
  auto picture = looks_published(directory, names);
  if (!picture) return std::move(picture).error();
  if (!*picture) return std::optional<Published>();
  auto loaded = Journal::inspect(directory, names.journal);
  if (!loaded) return std::move(loaded).error();
  const auto* journal = std::get_if<std::unique_ptr<Journal>>(&*loaded);
  if (journal == nullptr) return std::optional<Published>();
  const Identity& identity = (*journal)->identity();
  auto status = directory.status(names.output);
  if (!status) return std::move(status).error();
  if (!status->has_value()) return std::optional<Published>();

  auto output = directory.open(names.output, OpenMode::existing);
  if (!output) return std::move(output).error();
  auto locked = (*output)->try_lock();
  if (!locked) return std::move(locked).error();
  if (!*locked) {
    return make_error(Cause::busy, Remedy::stop, "lock", directory.path_of(names.output),
                      "another process is publishing this file");
  }
  const bool whole = all_proofs_hold(**output, **journal, (*status)->size, stop);
  if (stop.stop_requested()) return cancelled();
  if (!whole) return std::optional<Published>();
  auto step = directory.sync();
  for (const auto* name : {&names.old_part, &names.old_journal, &names.journal}) {
    if (step) step = directory.remove(*name);
  }
  if (!step) return std::move(step).error();
  return std::optional(Published{std::move(*output), identity});
}

}  // namespace segdl::engine
