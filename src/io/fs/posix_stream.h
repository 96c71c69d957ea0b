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

// As Directory::open_stream(), in this open directory; `path` is for messages.
Result<std::unique_ptr<Stream>> open_posix_stream(int directory, const std::string& name, const std::string& path,
                                                  const Until&);

}  // namespace segdl::io
