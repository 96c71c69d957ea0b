// Files that the user names: which other users may read them, and names that are no file.
#include "io/fs/small_file.h"
#include "io/net/public_suffixes.h"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::io;

namespace {

struct TemporaryDirectory {
  std::filesystem::path path;
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "segdl-small-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::filesystem::path put(const std::string& text, ::mode_t mode) const {
    const auto file = path / "file";
    std::ofstream(file) << text;
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    return file;
  }
};

}  // namespace

TEST_CASE("a file is read whole, and one that is too large only a byte beyond the limit") {
  const TemporaryDirectory place;
  const std::string text(50'000, 'x');
  const auto file = place.put(text, 0644);
  CHECK(*read_small_file(file, 50'000, Secrecy::any) == text);
  CHECK(read_small_file(file, 49'000, Secrecy::any)->size() == 49'001);
  CHECK(read_small_file("/dev/zero", 1000, Secrecy::any)->size() == 1001);
  CHECK(read_small_file("/dev/null", 1000, Secrecy::any)->empty());
}

TEST_CASE("what holds passwords must be written by its owner only, and that others read it is noted") {
  const TemporaryDirectory place;
  for (const ::mode_t mode : {0600U, 0400U, 0700U}) {
    CAPTURE(mode);
    std::vector<std::string> notes;
    CHECK(read_small_file(place.put("x", mode), 10, Secrecy::secret, &notes).ok());
    CHECK(notes.empty());
    std::filesystem::remove(place.path / "file");
  }
  for (const ::mode_t mode : {0640U, 0604U, 0444U}) {
    CAPTURE(mode);
    std::vector<std::string> notes;
    const auto file = place.put("x", mode);
    CHECK(read_small_file(file, 10, Secrecy::secret, &notes).ok());
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].starts_with(file.string() + ": it holds passwords, and others than its owner may read it"));
    CHECK(read_small_file(file, 10, Secrecy::any, &notes).ok());
    CHECK(notes.size() == 1);
    std::filesystem::remove(file);
  }
  for (const ::mode_t mode : {0620U, 0602U, 0660U, 0666U}) {
    CAPTURE(mode);
    const auto file = place.put("x", mode);
    const auto refused = read_small_file(file, 10, Secrecy::secret);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().cause == Cause::usage);
    CHECK(refused.error().subject == file.string());
    CHECK(describe(refused.error().hints) == "chmod 600 " + file.string());
    CHECK(read_small_file(file, 10, Secrecy::any).ok());
  }
}

TEST_CASE("what can't be read is named") {
  const TemporaryDirectory place;
  for (const auto& path : {place.path / "none", place.path}) {
    const auto refused = read_small_file(path, 10, Secrecy::any);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().cause == Cause::usage);
    CHECK(refused.error().subject == path.string());
    CHECK_FALSE(refused.error().reason.empty());
  }
}

TEST_CASE("a pipe is read to its end") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "abc", 3) == 3);
  ::close(ends[1]);
  CHECK(*read_small_file("/dev/fd/" + std::to_string(ends[0]), 10, Secrecy::secret) == "abc");
  ::close(ends[0]);
}

TEST_CASE("domains below which anybody can have a name are known") {
  for (const char* suffix : {"com", "co.uk", "github.io", "unknown-top-level", "localhost"}) {
    CAPTURE(suffix);
    CHECK(is_public_suffix(suffix));
  }
  for (const char* own : {"example.com", "example.co.uk", "debian.org", "127.0.0.1"}) {
    CAPTURE(own);
    CHECK_FALSE(is_public_suffix(own));
  }
}
