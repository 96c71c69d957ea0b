// FakeFs's open files and directory.
#pragma once

#include "core/base/errors.h"
#include "support/fake_fs.h"

namespace segdl::test {

class FakeMapping final : public Mapping {
 public:
  FakeMapping(FakeFs& disk, std::uint64_t life, FakeFs::Inode inode, std::string name, std::uint64_t length)
      : disk_(disk), life_(life), inode_(std::move(inode)), name_(std::move(name)), length_(length) {}

  std::span<std::byte> bytes() override { return std::span(inode_->live).first(length_); }
  Result<void> sync() override;

 private:
  FakeFs& disk_;
  std::uint64_t life_;
  FakeFs::Inode inode_;
  std::string name_;
  std::uint64_t length_;
};

class FakeFile final : public NamelessFile {
 public:
  FakeFile(FakeFs& disk, std::uint64_t life, FakeFs::Inode inode, std::string name, bool writable)
      : disk_(disk), life_(life), inode_(std::move(inode)), name_(std::move(name)), writable_(writable) {}
  ~FakeFile() override;
  FakeFile(const FakeFile&) = delete;
  FakeFile& operator=(const FakeFile&) = delete;

  Result<FileStatus> status() override;
  Result<bool> has_name(const std::string& name) override;
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override;
  std::uint64_t first_hole() override;
  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override;
  Result<bool> reserve(std::uint64_t length) override;
  Result<void> resize(std::uint64_t length) override;
  Result<void> sync() override;
  void start_sync() override {}
  Result<void> change(const FileChange&) override;
  Result<void> set_attribute(const std::string& name, std::span<const std::byte> value) override;
  std::optional<std::vector<std::byte>> attribute(const std::string& name) override;
  Result<bool> try_lock() override;
  Result<bool> locked_by_another() override;
  Result<std::unique_ptr<Mapping>> map(std::uint64_t length) override;
  Result<void> give_name(const std::string& name) override;
  Result<void> sync_name() override;

 private:
  Result<void> set_owner(const FileChange::Owner&);
  Result<void> set_mode(unsigned mode);
  Result<void> set_modified(std::chrono::sys_time<std::chrono::nanoseconds>);
  const BadSector* bad_sector(std::uint64_t offset, std::uint64_t size) const;
  std::optional<Error> refused(std::uint64_t offset, std::uint64_t size) const;
  std::optional<Error> unwritable(std::uint64_t offset, std::uint64_t size);
  void put(std::uint64_t offset, std::span<const std::byte> bytes);

  FakeFs& disk_;
  std::uint64_t life_;
  FakeFs::Inode inode_;
  std::string name_;
  bool writable_;
};

class FakeStream final : public Stream {
 public:
  FakeStream(FakeFs& disk, std::uint64_t life, FakeFs::Inode inode, std::string name)
      : disk_(disk), life_(life), inode_(std::move(inode)), name_(std::move(name)) {}

  Result<void> write(std::span<const std::byte> bytes, const Until&) override;

 private:
  FakeFs& disk_;
  std::uint64_t life_;
  FakeFs::Inode inode_;
  std::string name_;
};

class FakeDirectory final : public Directory {
 public:
  FakeDirectory(FakeFs& disk, std::uint64_t life) : disk_(disk), life_(life) {}

  Result<std::unique_ptr<File>> open(const std::string& name, OpenMode) override;
  Result<std::unique_ptr<Stream>> open_stream(const std::string& name, const Until&) override;
  Result<std::unique_ptr<NamelessFile>> create_unnamed(const std::string& meant_for) override;
  Result<std::optional<FileStatus>> status(const std::string& name) override;
  Result<std::optional<std::vector<std::string>>> names(std::size_t most) override;
  Result<void> rename(const std::string& from, const std::string& to, bool replace) override;
  Result<bool> exchange(const std::string& a, const std::string& b) override;
  Result<void> remove(const std::string& name) override;
  Result<void> sync() override;
  Result<void> may_be_named(const std::string& name, bool replaces) override;
  bool is_at(const std::filesystem::path&) override { return true; }
  std::size_t longest_name() override { return disk_.kind_.longest_name; }
  std::string path_of(const std::string& name) const override { return name; }

 private:
  Result<void> rename_by_link(const std::string& from, const std::string& to);

  FakeFs& disk_;
  std::uint64_t life_;
};

}  // namespace segdl::test
