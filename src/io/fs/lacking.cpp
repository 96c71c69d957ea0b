#include "io/fs/lacking.h"

#include <array>
#include <cerrno>
#include <cstddef>

namespace segdl::io {
namespace {

constexpr std::array<const char*, 8> kWords = {
    "the file system has no locks: what else works on a file is kept out by a socket of this machine, and by a file "
    ".segdl-lock-* beside it on other machines",
    "the file system can't set modes: files keep the one that they are created with",
    "the file system can't map files: the journal is written instead",
    "the file system can't rename without replacing: names are given by a link",
    "the file system has no links: a name is looked at and then renamed to",
    "the file system has no files without a name: small files have a journal as well",
    "the file system can't reserve space: a full disk shows only when it is written to",
    "the file system gives one file more than one inode number: a name is matched to it by a time that is set",
};

constexpr std::uint32_t bit(std::size_t index) { return std::uint32_t{1} << index; }

}  // namespace

bool is_shortage_of_disk(int number) {
  return number == ENOSPC || number == EDQUOT || number == EFBIG || number == EIO || number == EROFS ||
         number == EMFILE || number == ENFILE || number == ENOMEM;
}

bool lacks_flags(int number) { return number == EINVAL || number == ENOSYS || number == EOPNOTSUPP || number == EPERM; }

bool lacks_links(int number) { return lacks_flags(number) || number == EMLINK || number == EACCES; }

void Lacking::found(Lack lack) {
  const std::lock_guard lock(mutex_);
  found_ |= bit(static_cast<std::size_t>(lack));
}

bool Lacking::locks_may_come() {
  const std::lock_guard lock(mutex_);
  return !no_locks_came_;
}

void Lacking::no_locks_came() {
  const std::lock_guard lock(mutex_);
  no_locks_came_ = true;
}

std::vector<std::string> Lacking::take() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> words;
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if ((found_ & ~told_ & bit(i)) != 0) words.emplace_back(kWords[i]);
  }
  told_ = found_;
  return words;
}

}  // namespace segdl::io
