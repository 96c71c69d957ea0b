// The two file systems that the contract suite runs against, behind one face: a fresh directory, and a way to put
// things in it that the seam itself never makes.
#pragma once

#include "io/fs/posix_file_system.h"
#include "seams/file_system.h"
#include "support/fake_fs.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace segdl::test {

// The value, or the end of the test case with the error's words.
template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message());
  return std::move(result).value();
}

inline void must(Result<void> result) {
  if (!result) FAIL(result.error().message());
}

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline std::string read_text(File& file, std::uint64_t offset, std::size_t length) {
  std::string text(length, '?');
  text.resize(must(file.read_at(offset, std::as_writable_bytes(std::span(text)))));
  return text;
}

class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "segdl-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class PosixWorld {
 public:
  PosixWorld() : files_(io::make_posix_file_system()), directory_(must(files_->open_directory(temporary_.path()))) {}

  FileSystem& files() { return *files_; }
  Directory& directory() { return *directory_; }
  std::filesystem::path path() const { return temporary_.path(); }

  // A symlink points to "target", whether that exists or not.
  void place(const std::string& name, FileKind kind) {
    const auto where = path() / name;
    if (kind == FileKind::directory) std::filesystem::create_directory(where);
    if (kind == FileKind::symlink) std::filesystem::create_symlink("target", where);
    if (kind == FileKind::other && ::mkfifo(where.c_str(), 0600) != 0) throw std::runtime_error("mkfifo failed");
  }

  unsigned mode(const std::string& name) const {
    struct ::stat status {};
    if (::stat((path() / name).c_str(), &status) != 0) return 0;
    return status.st_mode & 07777U;
  }
  std::optional<FakeTime> modified(const std::string& name) const {
    struct ::stat status {};
    if (::stat((path() / name).c_str(), &status) != 0) return std::nullopt;
    return FakeTime(std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec));
  }

 private:
  TempDirectory temporary_;
  std::unique_ptr<FileSystem> files_;
  std::unique_ptr<Directory> directory_;
};

class FakeWorld {
 public:
  FakeWorld() : directory_(must(disk_.open_directory(path()))) {}

  FakeFs& files() { return disk_; }
  Directory& directory() { return *directory_; }
  std::filesystem::path path() const { return ""; }
  void place(const std::string& name, FileKind kind) { disk_.put_special(name, kind); }
  unsigned mode(const std::string& name) const { return disk_.mode(name).value_or(0); }
  std::optional<FakeTime> modified(const std::string& name) const { return disk_.modified(name); }

 private:
  FakeFs disk_;
  std::unique_ptr<Directory> directory_;
};

// A file of that name and content, open for reading and writing.
inline std::unique_ptr<File> write_file(Directory& directory, const std::string& name, std::string_view text) {
  auto file = must(directory.open(name, OpenMode::create));
  must(file->resize(0));
  must(file->write_at(0, bytes_of(text)));
  return file;
}

}  // namespace segdl::test

TYPE_TO_STRING_AS("real", segdl::test::PosixWorld);
TYPE_TO_STRING_AS("fake", segdl::test::FakeWorld);
