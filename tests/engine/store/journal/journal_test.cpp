// The journal, through both back ends, on the fake disk and on the real one.
#include "engine/store/journal/journal.h"
#include "core/base/xxh3.h"
#include "io/fs/posix_file_system.h"
#include "support/fake_fs.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>
#include <vector>

using namespace segdl;
using namespace segdl::engine;
using segdl::test::FakeFs;

namespace {

constexpr std::uint32_t kCount = 200;

JournalIdentity identity(std::uint32_t count = kCount) {
  JournalIdentity identity;
  identity.lay_out(Layout(count * 16 * kKiB - 1000, 16 * kKiB));
  identity.resource.validator = {Validator::Kind::strong_etag, "\"v1\""};
  return identity;
}

Metadata metadata() {
  Metadata metadata;
  metadata.url = "https://example.org/f";
  return metadata;
}

struct Disk {
  virtual ~Disk() = default;
  virtual Directory& directory() = 0;
  // From now on its files can be mapped, or not. False if they can in any case, against what is wanted.
  virtual bool let_map(bool wanted) = 0;
};

class FakeDisk final : public Disk {
 public:
  Directory& directory() override { return *directory_; }
  bool let_map(bool wanted) override {
    disk_.set_kind(wanted ? segdl::test::kExt4 : segdl::test::kNfs);
    return true;
  }

 private:
  FakeFs disk_;
  std::unique_ptr<Directory> directory_ = std::move(*disk_.open_directory("."));
};

class RealDisk final : public Disk {
 public:
  RealDisk() {
    std::string pattern = (std::filesystem::temp_directory_path() / "segdl-journal-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    directory_ = std::move(*files_->open_directory(path_));
  }
  ~RealDisk() override { std::filesystem::remove_all(path_); }
  Directory& directory() override { return *directory_; }
  bool let_map(bool wanted) override { return wanted; }

 private:
  std::unique_ptr<FileSystem> files_ = io::make_posix_file_system();
  std::filesystem::path path_;
  std::unique_ptr<Directory> directory_;
};

enum class BackEnd : std::uint8_t { mapped, written };

template <class DiskKind, BackEnd kWay>
struct Side {
  DiskKind disk;

  std::unique_ptr<Journal> create(const JournalIdentity& about = identity()) {
    const bool as_wanted = disk.let_map(kWay == BackEnd::mapped);
    auto made = Journal::create(disk.directory(), "f.segdl", {about, metadata()});
    REQUIRE(made.ok());
    if (as_wanted) return std::move(*made);
    made->reset();
    return load();
  }
  std::unique_ptr<Journal> load(BackEnd by = kWay) {
    const bool as_wanted = disk.let_map(by == BackEnd::mapped);
    auto loaded = Journal::load(disk.directory(), "f.segdl");
    REQUIRE(loaded.ok());
    REQUIRE(std::holds_alternative<std::unique_ptr<Journal>>(*loaded));
    auto journal = std::move(std::get<std::unique_ptr<Journal>>(*loaded));
    if (as_wanted) return journal;
    auto written = open_journal(*disk.directory().open("f.segdl", OpenMode::existing), journal->identity(), nullptr);
    REQUIRE(written.ok());
    return std::move(*written);
  }
};

using FakeMapped = Side<FakeDisk, BackEnd::mapped>;
using FakeWritten = Side<FakeDisk, BackEnd::written>;
using RealMapped = Side<RealDisk, BackEnd::mapped>;
using RealWritten = Side<RealDisk, BackEnd::written>;

std::vector<std::byte> bytes_of(Directory& directory, const std::string& name) {
  auto file = directory.open(name, OpenMode::read_only);
  REQUIRE(file.ok());
  std::vector<std::byte> bytes((*file)->status()->size);
  REQUIRE(*(*file)->read_at(0, bytes) == bytes.size());
  return bytes;
}

// As `hexdump -C` shows it.
std::string hexdump(const std::vector<std::byte>& bytes) {
  std::string text;
  std::string previous;
  bool squeezed = false;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    std::string hex;
    std::string letters;
    for (std::size_t i = at; i < at + 16; ++i) {
      const auto byte = std::to_integer<unsigned>(bytes[i]);
      hex += fmt::format("{}{:02x}", i == at + 8 ? "  " : " ", byte);
      letters += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    }
    const std::string line = fmt::format(" {}  |{}|\n", hex, letters);
    if (line != previous) text += fmt::format("{:08x}{}", at, line);
    if (line == previous && !squeezed) text += "*\n";
    squeezed = line == previous;
    previous = line;
  }
  return text + fmt::format("{:08x}\n", bytes.size());
}

}  // namespace

TEST_CASE_TEMPLATE("what is committed is claimed with its proof, by every back end that reads it", On, FakeMapped,
                   FakeWritten, RealMapped, RealWritten) {
  On on;
  {
    auto journal = on.create();
    for (std::uint32_t i = 0; i < kCount; i += 3) REQUIRE(journal->commit(Segment{i}, 1000 + i).ok());
    REQUIRE(journal->revoke(Segment{3}).ok());
    REQUIRE(journal->sync().ok());
  }
  for (const auto way : {BackEnd::mapped, BackEnd::written}) {
    const auto journal = on.load(way);
    CHECK(journal->identity() == identity());
    CHECK(journal->metadata() == metadata());
    CHECK(journal->claimed() == (kCount + 2) / 3 - 1);
    for (std::uint32_t i = 0; i < kCount; ++i) {
      CHECK(journal->claims(Segment{i}) == (i % 3 == 0 && i != 3));
      if (i % 3 == 0) CHECK(*journal->proof(Segment{i}) == 1000 + i);
    }
  }
  const auto looked = Journal::load(on.disk.directory(), "f.segdl", OpenMode::read_only);
  REQUIRE(looked.ok());
  CHECK(std::get<std::unique_ptr<Journal>>(*looked)->claimed() == (kCount + 2) / 3 - 1);
}

TEST_CASE_TEMPLATE("facts change, the identity does not", On, FakeMapped, FakeWritten, RealMapped, RealWritten) {
  On on;
  auto journal = on.create();
  Metadata changed = metadata();
  changed.url = "https://mirror.example.org/f";
  changed.stream_complete = true;
  changed.stream_length = 77;
  REQUIRE(journal->set_metadata(changed).ok());
  CHECK(journal->metadata() == changed);
  journal.reset();
  CHECK(on.load()->metadata() == changed);
  CHECK(on.load()->identity() == identity());
}

TEST_CASE_TEMPLATE("many threads commit without losing a bit", On, FakeMapped, FakeWritten, RealMapped, RealWritten) {
  On on;
  const auto journal = on.create();
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&journal, t] {
      for (std::uint32_t i = t; i < kCount; i += 4) {
        const bool ok = journal->commit(Segment{i}, i).ok();
        if (!ok) return;
        if (i % 8 == t) static_cast<void>(journal->revoke(Segment{i}).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::uint32_t i = 0; i < kCount; ++i) CHECK(journal->claims(Segment{i}) == (i % 8 >= 4));
}

TEST_CASE_TEMPLATE("a journal never replaces what has its name", On, FakeMapped, RealMapped) {
  On on;
  auto& directory = on.disk.directory();
  {
    REQUIRE((*directory.open("f.segdl", OpenMode::create_new))
                ->write_at(0, identity().layout ? encode_identity(identity()) : JournalBlock{})
                .ok());
  }
  const auto made = Journal::create(directory, "f.segdl", {identity(), metadata()});
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().cause == Cause::exists);
  CHECK_FALSE(directory.status("f.segdl.new")->has_value());
}

TEST_CASE_TEMPLATE("a leftover of ours under the temporary name is replaced, somebody else's is not", On, FakeMapped,
                   RealMapped) {
  On on;
  auto& directory = on.disk.directory();
  SUBCASE("empty") {
    REQUIRE(directory.open("f.segdl.new", OpenMode::create_new).ok());
    on.create();
  }
  SUBCASE("begun") {
    { REQUIRE((*directory.open("f.segdl.new", OpenMode::create_new))->write_at(0, encode_identity(identity())).ok()); }
    on.create();
  }
  SUBCASE("foreign") {
    JournalBlock foreign{};
    foreign.fill(std::byte{'x'});
    { REQUIRE((*directory.open("f.segdl.new", OpenMode::create_new))->write_at(0, foreign).ok()); }
    CHECK_FALSE(Journal::create(directory, "f.segdl", {identity(), metadata()}).ok());
    CHECK(directory.status("f.segdl.new")->has_value());
  }
}

TEST_CASE("no truncation of a journal is valid, and no damage to one block is fatal") {
  FakeFs disk;
  auto directory = std::move(*disk.open_directory("."));
  REQUIRE(Journal::create(*directory, "f.segdl", {identity(), metadata()}).ok());
  const auto whole = *disk.get("f.segdl");
  for (std::size_t size = 0; size < whole.size(); size += 512) {
    CAPTURE(size);
    disk.put("f.segdl", {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    const auto loaded = Journal::load(*directory, "f.segdl");
    REQUIRE(loaded.ok());
    CHECK(std::holds_alternative<Journal::Damaged>(*loaded));
  }
  for (const std::size_t at : {std::size_t{9}, whole.size() - 9}) {
    disk.put("f.segdl", whole);
    disk.flip("f.segdl", at);
    const auto loaded = Journal::load(*directory, "f.segdl");
    REQUIRE(loaded.ok());
    CHECK(std::holds_alternative<std::unique_ptr<Journal>>(*loaded));
  }
  disk.put("f.segdl", std::vector<std::byte>(whole.size()));
  CHECK(std::holds_alternative<Journal::Damaged>(*Journal::load(*directory, "f.segdl")));
  disk.put("f.segdl", std::vector<std::byte>(whole.size(), std::byte{'x'}));
  CHECK(std::holds_alternative<Journal::Foreign>(*Journal::load(*directory, "f.segdl")));
  auto mixed = whole;
  const JournalBlock other = encode_identity(identity(kCount - 1));
  std::copy(other.begin(), other.end(), mixed.end() - static_cast<std::ptrdiff_t>(other.size()));
  disk.put("f.segdl", mixed);
  CHECK(std::holds_alternative<Journal::Damaged>(*Journal::load(*directory, "f.segdl")));
}

TEST_CASE("zeros at the beginning or the end of somebody else's file do not make it ours") {
  FakeFs disk;
  auto directory = std::move(*disk.open_directory("."));
  for (const bool at_its_end : {false, true}) {
    CAPTURE(at_its_end);
    std::vector<std::byte> zeros(20'000, std::byte{'x'});
    std::fill_n(at_its_end ? zeros.end() - 4096 : zeros.begin(), 4096, std::byte{0});
    disk.put("f.segdl", zeros);
    CHECK(std::holds_alternative<Journal::Foreign>(*Journal::load(*directory, "f.segdl")));
  }
}

TEST_CASE("a journal gets its name only when it is whole and synced") {
  FakeFs disk;
  auto directory = std::move(*disk.open_directory("."));
  REQUIRE(Journal::create(*directory, "f.segdl", {identity(), metadata()}).ok());
  const auto log = disk.log();
  const auto place = [&log](const std::string& words) {
    return std::find(log.begin(), log.end(), words) - log.begin();
  };
  CHECK(place("reserve f.segdl.new") < place("write f.segdl.new 0+4096"));
  CHECK(place("write f.segdl.new 0+4096") < place("sync f.segdl.new"));
  CHECK(place("sync f.segdl.new") < place("rename f.segdl.new f.segdl"));
  CHECK(place("rename f.segdl.new f.segdl") < place("sync-directory"));
  CHECK(place("sync-directory") < static_cast<std::ptrdiff_t>(log.size()));
}

TEST_CASE("where mappings are not to be trusted the journal is written") {
  FakeFs disk;
  disk.set_kind(segdl::test::kNfs);
  auto directory = std::move(*disk.open_directory("."));
  REQUIRE(Journal::create(*directory, "f.segdl", {identity(), metadata()}).ok());
  const auto log = disk.log();
  CHECK(std::find(log.begin(), log.end(), "map f.segdl.new") == log.end());
}

TEST_CASE("the hexdump in doc/journal_format.md is that of a real journal") {
  FakeFs disk;
  auto directory = std::move(*disk.open_directory("."));
  JournalIdentity small = identity();
  small.lay_out(Layout(40'000, 16 * kKiB));
  auto journal = Journal::create(*directory, "f.segdl", {small, metadata()});
  REQUIRE(journal.ok());
  REQUIRE((*journal)->commit(Segment{0}, 0x1122334455667788).ok());
  REQUIRE((*journal)->commit(Segment{2}, 0x99aabbccddeeff00).ok());
  const std::string dump = hexdump(bytes_of(*directory, "f.segdl"));
  std::ifstream page(SEGDL_SOURCE_DIR "/doc/journal_format.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  CHECK_MESSAGE(text.find(dump) != std::string::npos, dump);
}
