// A sequential output: a pipe, a terminal, another character device, or a descriptor of this process.
//
//   what the name leads to                    result
//   nothing, or a regular file                no stream: a file of that name is made, or is in the way
//   a FIFO                                    opened once it has a reader, as a shell does
//   a character device, a terminal            opened
//   a descriptor (/dev/stdout, /dev/fd/63)    opened anew if possible, else used as it is: a file is written from the
//                                             descriptor's position on, not replaced
//   a descriptor that an exec would close     refused: segdl's own journal, or a connection
//   a directory, a block device, a socket     refused
#pragma once

#include "seams/file_system.h"

#include <memory>
#include <string>

namespace segdl::io {

struct NamedStream {
  int directory;  // open
  const std::string& name;
  std::string path;  // for messages
};

// As Directory::open_stream().
Result<std::unique_ptr<Stream>> open_posix_stream(const NamedStream&, const Until&);

}  // namespace segdl::io
