#include "engine/journal.h"

#include "engine/errors.h"
#include "engine/journal_store.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

using Block = JournalBlock;

Result<Block> read_block(File& file, std::uint64_t offset) {
  Block block{};
  auto got = file.read_at(offset, block);
  if (!got) return std::move(got).error();
  return block;  // short at the end of the file: the zeros that are left fail the check
}

// Writes real zeros: reserves space where reserve() can't promise it.
Result<void> fill_with_zeros(File& file, std::uint64_t length) {
  const std::vector<std::byte> zeros(std::min<std::uint64_t>(length, 256 * kKiB));
  for (std::uint64_t at = 0; at < length; at += zeros.size()) {
    auto step = file.write_at(at, std::span(zeros).first(std::min<std::uint64_t>(zeros.size(), length - at)));
    if (!step) return step;
  }
  return {};
}

Result<void> write_whole(File& file, const Identity& identity, const Facts& facts) {
  const JournalShape shape{identity.layout ? identity.layout->count() : 0};
  auto reserved = file.reserve(shape.length());
  if (!reserved) return std::move(reserved).error();
  auto step = *reserved ? file.resize(shape.length()) : fill_with_zeros(file, shape.length());
  const Block block = encode_identity(identity);
  if (step) step = file.write_at(0, block);
  if (step) step = file.write_at(shape.facts_at(), encode_facts(facts));
  if (step) step = file.write_at(shape.copy_at(), block);
  if (step) step = file.sync();
  return step;
}

// Whether a file under the temporary name can only be what a death of ours left: empty, or with our beginning.
Result<bool> is_leftover(Directory& directory, const std::string& name) {
  auto file = directory.open(name, OpenMode::read_only);
  if (!file) return std::move(file).error();
  auto block = read_block(**file, 0);
  if (!block) return std::move(block).error();
  const auto decoded = decode_identity(*block);
  const auto* bad = std::get_if<BadBlock>(&decoded);
  return bad == nullptr || !bad->foreign;
}

Result<std::unique_ptr<File>> create_temporary(Directory& directory, const std::string& name) {
  auto file = directory.open(name, OpenMode::create_new);
  if (file || file.error().cause != Cause::exists) return file;
  auto leftover = is_leftover(directory, name);
  if (!leftover) return std::move(leftover).error();
  if (!*leftover) return file;
  auto removed = directory.remove(name);
  if (!removed) return std::move(removed).error();
  return directory.open(name, OpenMode::create_new);
}

struct Checked {
  std::optional<Identity> identity;
  Journal::Loaded verdict = Journal::Absent{};  // if there is no identity
};

// The validity rule of doc/journal.md.
Result<Checked> check(File& file) {
  auto status = file.status();
  if (!status) return std::move(status).error();
  if (status->size == 0) return Checked{std::nullopt, Journal::Damaged{"it is empty"}};
  auto first = read_block(file, 0);
  if (!first) return std::move(first).error();
  auto copy = read_block(file, status->size < kJournalBlock ? 0 : status->size - kJournalBlock);
  if (!copy) return std::move(copy).error();
  const auto a = decode_identity(*first);
  const auto b = decode_identity(*copy);
  const auto* identity = std::get_if<Identity>(&a);
  const auto* second = std::get_if<Identity>(&b);
  if (identity == nullptr && second == nullptr) {
    const auto& bad = std::get<BadBlock>(a);
    const auto& bad_copy = std::get<BadBlock>(b);
    // One block torn beyond its magic is damage; a file where neither begins like ours is somebody else's.
    if (bad.foreign && bad_copy.foreign) return Checked{std::nullopt, Journal::Foreign{bad.reason}};
    return Checked{std::nullopt, Journal::Damaged{bad.foreign ? bad_copy.reason : bad.reason}};
  }
  if (identity != nullptr && second != nullptr && *identity != *second) {
    return Checked{std::nullopt, Journal::Damaged{"its two identities differ"}};
  }
  const Identity& valid = identity != nullptr ? *identity : *second;
  const JournalShape shape{valid.layout ? valid.layout->count() : 0};
  if (shape.length() != status->size) return Checked{std::nullopt, Journal::Damaged{"its length is wrong"}};
  return Checked{valid, Journal::Absent{}};
}

Result<std::unique_ptr<Journal>> open_store(std::unique_ptr<File> file, Identity identity, Journal::BackEnd back_end) {
  if (back_end == Journal::BackEnd::automatic) {
    auto mappable = file->mappable();
    if (!mappable) return std::move(mappable).error();
    back_end = *mappable ? Journal::BackEnd::mapped : Journal::BackEnd::written;
  }
  if (back_end == Journal::BackEnd::mapped) return open_mapped(std::move(file), std::move(identity));
  return open_written(std::move(file), std::move(identity));
}

Result<Journal::Loaded> load_with(Directory& directory, const std::string& name, OpenMode mode,
                                  Journal::BackEnd back_end) {
  auto found = directory.status(name);
  if (!found) return std::move(found).error();
  if (!found->has_value()) return Journal::Loaded(Journal::Absent{});
  if ((*found)->kind != FileKind::regular) return Journal::Loaded(Journal::Foreign{"it is not a regular file"});
  auto file = directory.open(name, mode);
  if (!file) return std::move(file).error();
  auto checked = check(**file);
  if (!checked) return std::move(checked).error();
  if (!checked->identity) return std::move(checked->verdict);
  auto store = open_store(std::move(*file), std::move(*checked->identity), back_end);
  if (!store) return std::move(store).error();
  return Journal::Loaded(std::move(*store));
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::create(Directory& directory, const std::string& name,
                                                 const Identity& identity, const Facts& facts, BackEnd back_end) {
  const std::string temporary = name + ".new";
  auto file = create_temporary(directory, temporary);
  if (!file) return std::move(file).error();
  auto step = write_whole(**file, identity, facts);
  if (step) step = directory.rename(temporary, name, false);
  if (!step) {
    const auto removed = directory.remove(temporary);
    static_cast<void>(removed.ok());  // the first error is the one to tell
    return std::move(step).error();
  }
  step = directory.sync();
  if (!step) return std::move(step).error();
  return open_store(std::move(*file), identity, back_end);
}

Result<Journal::Loaded> Journal::load(Directory& directory, const std::string& name, BackEnd back_end) {
  return load_with(directory, name, OpenMode::existing, back_end);
}

Result<Journal::Loaded> Journal::inspect(Directory& directory, const std::string& name) {
  return load_with(directory, name, OpenMode::read_only, BackEnd::written);
}

}  // namespace segdl::engine
