// The handles of a FakeFs.
#pragma once

#include "seams/file_system.h"
#include "support/fake_disk.h"

#include <memory>
#include <string>

namespace segdl::test {

// REQUIRES: the caller holds the mutex of the disk.
std::unique_ptr<File> make_fake_file(std::shared_ptr<FakeDisk>, FakeDisk::Inode, std::string name, OpenMode);

// A path as PosixFileSystem writes it.
std::string fake_path(const FakeDisk&, const std::string& name);

}  // namespace segdl::test
