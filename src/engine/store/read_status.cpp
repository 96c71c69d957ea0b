#include "engine/store/read_status.h"

#include "core/base/errors.h"
#include "engine/store/journal/journal.h"
#include "engine/store/names.h"
#include "engine/store/recovery.h"

#include <string>
#include <string_view>
#include <utility>

namespace segdl::engine {
namespace {

void describe_segments(const Journal& journal, const Layout& layout, DownloadStatus& status) {
  status.segment_size = layout.segment_size();
  status.segments = layout.count();
  for (std::uint32_t i = 0; i < layout.count(); ++i) {
    const Range range = layout.range(Segment{i});
    const bool claimed = journal.claims(Segment{i});
    std::vector<Range>& ranges = claimed ? status.claims : status.holes;
    if (ranges.empty() || ranges.back().end != range.begin) ranges.push_back({range.begin, range.begin});
    ranges.back().end = range.end;
    if (!claimed) continue;
    ++status.claimed_segments;
    status.claimed += range.size();
  }
}

void describe(const Journal& journal, DownloadStatus& status) {
  const JournalIdentity& identity = journal.identity();
  status.validator = identity.resource.validator.value();
  status.validator_strong = identity.resource.validator.strong();
  status.coding = identity.resource.coding;
  status.stream = !identity.layout;
  status.total = identity.resource.total;
  const auto metadata = journal.metadata();
  if (metadata) status.url = metadata->url;
  if (status.stream && metadata && metadata->stream_complete && metadata->stream_length > 0) {
    status.total = status.claimed = metadata->stream_length;
    status.claims = {{0, metadata->stream_length}};
  }
  if (identity.layout) describe_segments(journal, *identity.layout, status);
}

Result<bool> is_busy(Directory& directory, const Names& names) {
  auto part = present(directory, names.part);
  if (!part || !*part) return part;
  auto file = directory.open(names.part, OpenMode::read_only);
  if (!file) return std::move(file).error();
  return (*file)->locked_by_another();
}

// The name whose download is meant: NAME.part and NAME.segdl are taken for NAME, unless they are files of their own,
// which have no journal beside them.
Result<std::string> meant(Directory& directory, const std::string& given) {
  for (const std::string_view suffix : {".part", ".segdl"}) {
    if (given.size() <= suffix.size() || !given.ends_with(suffix)) continue;
    const Names names(given.substr(0, given.size() - suffix.size()), directory.longest_name());
    for (const auto& [name, wanted] : {std::pair(names.journal, true), {given, false}}) {
      auto found = directory.status(name);
      if (!found) return std::move(found).error();
      if (found->has_value() == wanted) return names.output;
    }
  }
  return given;
}

}  // namespace

std::filesystem::path journal_path(FileSystem& files, const std::filesystem::path& output) {
  const auto parent = output.parent_path();
  const auto opened = files.open_directory(parent.empty() ? "." : parent);
  const Names names(output.filename().string(), opened ? (*opened)->longest_name() : kMaxMadeName);
  return parent / names.journal;
}

Result<DownloadStatus> read_status(FileSystem& files, const std::filesystem::path& given) {
  auto opened = files.open_directory(given.has_parent_path() ? given.parent_path() : ".");
  if (!opened) return std::move(opened).error();
  Directory& directory = **opened;
  auto name = meant(directory, given.filename().string());
  if (!name) return std::move(name).error();
  const Names names(*name, directory.longest_name());
  DownloadStatus status;
  status.output = given.parent_path() / names.output;
  auto loaded = Journal::load(directory, names.journal, OpenMode::read_only);
  if (!loaded) return std::move(loaded).error();
  if (const auto* journal = std::get_if<std::unique_ptr<Journal>>(&*loaded)) {
    describe(**journal, status);
    auto busy = is_busy(directory, names);
    if (!busy) return std::move(busy).error();
    status.busy = *busy;
    auto published = status.busy ? Result<Output>(Output::other) : published_as(directory, names, **journal);
    if (!published) return std::move(published).error();
    status.journal_left = *published != Output::other;
    if (*published == Output::decoded) status.decoded = (*journal)->metadata()->decoded->length;
    if (status.journal_left) status.state = DownloadStatus::State::complete;
    return status;
  }
  if (const auto* foreign = std::get_if<Journal::Foreign>(&*loaded)) {
    return with_hints(make_error(Cause::local, "read", directory.path_of(names.journal), foreign->reason),
                      {Hint::move_away});
  }
  if (std::holds_alternative<Journal::Damaged>(*loaded)) {
    status.state = DownloadStatus::State::damaged;
    return status;
  }
  auto found = directory.status(names.output);
  if (!found) return std::move(found).error();
  const auto none = [&](const char* reason, Hint hint) {
    return with_hints(make_error(Cause::local, "find", directory.path_of(names.output), reason), {hint});
  };
  if (!found->has_value()) {
    return none("there is no such file, and no interrupted download of it", Hint::name_output);
  }
  if ((*found)->kind == FileKind::directory) return none("it is a directory, or a link to one", Hint::name_file_inside);
  status.state = DownloadStatus::State::complete;
  status.total = (*found)->size;
  return status;
}

}  // namespace segdl::engine
