#include "engine/store/journal/journal.h"

#include "core/base/errors.h"
#include "engine/base/pieces.h"

#include <algorithm>
#include <span>

namespace segdl::engine {
namespace {

Result<JournalBlock> read_block(File& file, std::uint64_t offset) {
  JournalBlock block{};
  auto got = file.read_at(offset, block);
  if (!got) return std::move(got).error();
  return block;  // short at the end of the file: the zeros that are left fail the check
}

std::string temporary_name(const std::string& name) { return name + ".new"; }

// Writes real zeros: reserves space where reserve() can't promise it.
Result<void> fill_with_zeros(File& file, std::uint64_t length) {
  const std::vector<std::byte> zeros(std::min<std::uint64_t>(length, kIoBuffer));
  for (std::uint64_t at = 0; at < length; at += zeros.size()) {
    auto step = file.write_at(at, std::span(zeros).first(std::min<std::uint64_t>(zeros.size(), length - at)));
    if (!step) return step;
  }
  return {};
}

Result<void> write_whole(File& file, const Journal::Content& content) {
  const JournalIdentity& identity = content.identity;
  const JournalShape shape = shape_of(identity);
  auto reserved = file.reserve(shape.length());
  if (!reserved) return std::move(reserved).error();
  auto step = *reserved ? file.resize(shape.length()) : fill_with_zeros(file, shape.length());
  const JournalBlock block = encode_identity(identity);
  if (step) step = file.write_at(0, block);
  if (step) step = file.write_at(shape.metadata_at(), encode_metadata(content.metadata));
  if (step) step = file.write_at(shape.copy_at(), block);
  if (step) step = file.sync();
  return step;
}

// The identity that a block has. What the disk can't give back may be in any file, as zeros may.
using Decoded = std::variant<JournalIdentity, BadBlock>;
Result<Decoded> identity_at(File& file, std::uint64_t offset) {
  auto block = read_block(file, offset);
  if (block) return decode_identity(*block);
  if (!is_unreadable(block.error())) return std::move(block).error();
  return Decoded(BadBlock{false, "it can't be read", true});
}

// Whether a file under the temporary name can only be what a death of ours left: empty, or with our beginning.
Result<bool> is_leftover(Directory& directory, const std::string& name) {
  auto file = directory.open(name, OpenMode::read_only);
  if (!file) return std::move(file).error();
  auto decoded = identity_at(**file, 0);
  if (!decoded) return std::move(decoded).error();
  const auto* bad = std::get_if<BadBlock>(&*decoded);
  return bad == nullptr || !bad->foreign;
}

Result<std::unique_ptr<File>> create_temporary(Directory& directory, const std::string& name) {
  auto file = directory.open(temporary_name(name), OpenMode::create_new);
  if (file || file.error().cause != Cause::exists) return file;
  auto dropped = Journal::drop_leftover(directory, name);
  if (!dropped) return std::move(dropped).error();
  file = directory.open(temporary_name(name), OpenMode::create_new);
  if (!file && file.error().cause == Cause::exists) {
    file.error().hints = {Hint::move_away, Hint::choose_other_name};
  }
  return file;
}

// On a file without a valid identity. One block torn beyond its magic is damage. Else what is foreign decides, for
// zeros and what can't be read may be in any file; and if nothing is, it is damage as well.
Journal::Loaded verdict_on(const BadBlock& first, const BadBlock& copy) {
  for (const BadBlock* bad : {&first, &copy}) {
    if (!bad->foreign && !bad->begun) return Journal::Damaged{bad->reason};
  }
  if (!first.foreign && !copy.foreign) return Journal::Damaged{first.reason};
  return Journal::Foreign{first.foreign ? first.reason : copy.reason};
}

// The validity rule of doc/journal_format.md: the identity, or what the file is without one.
using Checked = std::variant<JournalIdentity, Journal::Loaded>;
Result<Checked> check(File& file) {
  auto status = file.status();
  if (!status) return std::move(status).error();
  if (status->size == 0) return Checked(Journal::Damaged{"it is empty"});
  auto first = identity_at(file, 0);
  if (!first) return std::move(first).error();
  auto copy = identity_at(file, status->size < kJournalBlock ? 0 : status->size - kJournalBlock);
  if (!copy) return std::move(copy).error();
  const auto* identity = std::get_if<JournalIdentity>(&*first);
  const auto* second = std::get_if<JournalIdentity>(&*copy);
  if (identity == nullptr && second == nullptr) {
    return Checked(verdict_on(std::get<BadBlock>(*first), std::get<BadBlock>(*copy)));
  }
  if (identity != nullptr && second != nullptr && *identity != *second) {
    return Checked(Journal::Damaged{"its two identities differ"});
  }
  const JournalIdentity& valid = identity != nullptr ? *identity : *second;
  if (shape_of(valid).length() != status->size) return Checked(Journal::Damaged{"its length is wrong"});
  return Checked(valid);
}

// Writes a block anew that the disk can't give back: what it claimed is claimed no more. False if the disk does not
// take it either.
Result<bool> mend(File& file, std::uint64_t offset, const JournalIdentity& identity, const JournalShape& shape) {
  auto block = read_block(file, offset);
  if (block) return true;
  if (!is_unreadable(block.error())) return std::move(block).error();
  const bool is_identity = offset == 0 || offset == shape.copy_at();
  return file.write_at(offset, is_identity ? encode_identity(identity) : JournalBlock{}).ok();
}

// Reads all of it once, since a sector that can't be read is an error to read() and the death of the process in a
// mapping. False if something stays unreadable; what is only looked at is not mended.
Result<bool> make_readable(File& file, const JournalIdentity& identity, OpenMode mode) {
  const JournalShape shape = shape_of(identity);
  std::vector<std::byte> piece(std::min<std::uint64_t>(shape.length(), kIoBuffer));
  for (std::uint64_t at = 0; at < shape.length(); at += piece.size()) {
    const std::uint64_t end = std::min<std::uint64_t>(shape.length(), at + piece.size());
    auto got = file.read_at(at, std::span(piece).first(end - at));
    if (got) continue;
    if (!is_unreadable(got.error())) return std::move(got).error();
    if (mode == OpenMode::read_only) return false;
    for (std::uint64_t block = at; block < end; block += kJournalBlock) {
      auto mended = mend(file, block, identity, shape);
      if (!mended || !*mended) return mended;
    }
  }
  return true;
}

// Null where it is to be written to.
std::unique_ptr<Mapping> mapping_of(File& file, const JournalIdentity& identity) {
  auto mapping = file.map(shape_of(identity).length());
  return mapping ? std::move(*mapping) : nullptr;
}

// Where a link gives a name (Directory::rename), the system may take the two names for two files, each with pages of
// its own (FUSE): what is written by a handle of the first would not be seen under the second. A mapping is of the
// file.
std::unique_ptr<File> under_its_name(Directory& directory, const std::string& name, std::unique_ptr<File> file) {
  const auto ours = file->has_name(name);
  auto named = ours && *ours ? directory.open(name, OpenMode::existing) : Result<std::unique_ptr<File>>(nullptr);
  return named && *named ? std::move(*named) : std::move(file);
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::create(Directory& directory, const std::string& name, Content content,
                                                 bool replace) {
  const std::string temporary = temporary_name(name);
  auto file = create_temporary(directory, name);
  if (!file) return std::move(file).error();
  auto step = write_whole(**file, content);
  if (step) step = directory.rename(temporary, name, replace);
  const bool named = step.ok();
  if (step) step = directory.sync();
  if (!step) {
    static_cast<void>(directory.remove(named ? name : temporary).ok());  // the first error is the one to report
    return std::move(step).error();
  }
  auto mapping = mapping_of(**file, content.identity);
  if (!mapping) *file = under_its_name(directory, name, std::move(*file));
  return open_journal(std::move(*file), std::move(content.identity), std::move(mapping));
}

bool can_continue(const Journal& journal) {
  const auto metadata = journal.metadata();
  return journal.identity().layout || (metadata && metadata->stream_complete);
}

std::vector<Segment> claimed_segments(const Journal& journal) {
  std::vector<Segment> segments;
  segments.reserve(journal.claimed());
  for (std::uint32_t i = 0; i < journal.identity().layout->count(); ++i) {
    if (journal.claims(Segment{i})) segments.push_back(Segment{i});
  }
  return segments;
}

Result<void> forget(Journal& journal, Segment segment) {
  auto step = journal.commit(segment, 0);
  return step ? journal.revoke(segment) : step;
}

Result<void> Journal::drop_leftover(Directory& directory, const std::string& name) {
  const std::string temporary = temporary_name(name);
  auto there = directory.status(temporary);
  if (!there) return std::move(there).error();
  if (!there->has_value() || (*there)->kind != FileKind::regular) return {};
  auto ours = is_leftover(directory, temporary);
  if (!ours) return std::move(ours).error();
  return *ours ? directory.remove(temporary) : Result<void>();
}

Result<Journal::Loaded> Journal::load(Directory& directory, const std::string& name, OpenMode mode) {
  auto found = directory.status(name);
  if (!found) return std::move(found).error();
  if (!found->has_value()) return Loaded(Absent{});
  if ((*found)->kind != FileKind::regular) return Loaded(Foreign{"it is not a regular file"});
  auto file = directory.open(name, mode);
  if (!file) return std::move(file).error();
  auto checked = check(**file);
  if (!checked) return std::move(checked).error();
  auto* identity = std::get_if<JournalIdentity>(&*checked);
  if (identity == nullptr) return std::get<Loaded>(std::move(*checked));
  auto sound = make_readable(**file, *identity, mode);
  if (!sound) return std::move(sound).error();
  if (!*sound) return Loaded(Damaged{"a part of it can't be read"});
  auto mapping = mode == OpenMode::read_only ? nullptr : mapping_of(**file, *identity);
  auto store = open_journal(std::move(*file), std::move(*identity), std::move(mapping));
  if (!store) return std::move(store).error();
  return Loaded(std::move(*store));
}

}  // namespace segdl::engine
