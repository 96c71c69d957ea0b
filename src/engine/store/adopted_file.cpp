#include "engine/store/adopted_file.h"

#include "core/base/errors.h"

#include <fmt/format.h>

#include <algorithm>

namespace segdl::engine {
namespace {

constexpr std::size_t kGap = 4096;  // so many zeros, at a multiple of it, are one
constexpr std::size_t kEdge = 16;   // and so many at an end of a segment

Error unfit(const std::string& path, std::string reason,
            Hints hints = {Hint::adopt_other_file, Hint::leave_adopt_out}) {
  return with_hints(make_error(Cause::usage, "adopt", path, std::move(reason)), std::move(hints));
}

bool all_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

Result<std::unique_ptr<Directory>> directory_of(FileSystem& files, const std::filesystem::path& path) {
  return files.open_directory(path.has_parent_path() ? path.parent_path() : ".");
}

std::optional<FileStatus> status_of(FileSystem& files, const std::filesystem::path& path) {
  auto directory = directory_of(files, path);
  const auto status =
      directory ? (*directory)->status(path.filename().string()) : Result<std::optional<FileStatus>>(std::nullopt);
  return status ? *status : std::nullopt;
}

// The one of its names but the output's that the file has in this directory, if any.
const std::string* own_name(Directory& directory, const Names& names, FileId id) {
  for (const std::string* name : names.all_but_output()) {
    const auto status = directory.status(*name);
    if (status && status->has_value() && (*status)->id == id) return name;
  }
  return nullptr;
}

}  // namespace

bool shows_gap(std::span<const std::byte> bytes) {
  const std::size_t edge = std::min(kEdge, bytes.size());
  if (all_zero(bytes.first(edge)) || all_zero(bytes.last(edge))) return true;
  for (; bytes.size() >= kGap; bytes = bytes.subspan(kGap)) {
    if (all_zero(bytes.first(kGap))) return true;
  }
  return false;
}

Result<AdoptedFile> AdoptedFile::open(FileSystem& files, const std::filesystem::path& path, Directory& output,
                                      const Names& names) {
  const std::string shown = path.string();
  if (!path.has_filename()) return unfit(shown, "it is a directory");
  auto directory = directory_of(files, path);
  if (!directory) return unfit(shown, directory.error().reason);
  auto file = (*directory)->open(path.filename().string(), OpenMode::read_only);
  if (!file) return unfit(shown, file.error().reason);
  const auto status = (*file)->status();
  if (!status) return unfit(shown, status.error().reason);
  if (status->size == 0) return unfit(shown, "it is empty");
  if (const std::string* own = own_name(output, names, status->id)) {
    const auto journal = output.status(names.journal);
    const bool continues = journal && journal->has_value();
    return unfit(shown, fmt::format("this download itself writes to {}", output.path_of(*own)),
                 {continues ? Hint::continue_without_adopt : Hint::rename_adopted});
  }
  return AdoptedFile(std::move(*file), status->size);
}

std::uint64_t AdoptedFile::end_in(const Layout& layout) const {
  return size_ >= layout.total() ? layout.total() : size_ / layout.segment_size() * layout.segment_size();
}

Result<bool> AdoptedFile::read(Range range, std::span<std::byte> into) {
  auto got = file_->read_at(range.begin, into);
  if (!got) return std::move(got).error();
  if (*got < into.size()) return false;
  const bool written = first_hole_ == size_ || range.end < first_hole_;
  return written || !shows_gap(into);
}

bool adopts_output(FileSystem& files, const Request& request, const std::string& name) {
  const auto adopted = request.adopt.empty() ? std::nullopt : status_of(files, request.adopt);
  const auto output = adopted ? status_of(files, request.directory / name) : std::nullopt;
  return output && output->id == adopted->id;
}

std::optional<Request> adopting_output(FileSystem& files, const Request& request, const std::string& name) {
  if (request.existing != Existing::refuse || !adopts_output(files, request, name)) return std::nullopt;
  Request updating = request;
  updating.existing = Existing::update;
  return updating;
}

}  // namespace segdl::engine
