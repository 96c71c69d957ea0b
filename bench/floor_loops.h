// The bare loops that any client must run to bring bytes from sockets into a file, with nothing around them: no HTTP
// library, no checks beyond "did the call work", no journal, no retries. What they cost is what a download costs at
// least on this machine; what a real client costs more is its own doing.
//
//   recv    socket -> buffer -> pwrite
//   hash    the same, and the XXH3-64 of every 256 KiB while it is hot in cache
//   splice  socket -> pipe -> file: the bytes never enter the process
//
// A fault ends the process with a message and exit code 1: a floor that retries would measure something else.
#pragma once

#include <segdl/range.h>

#include <netinet/in.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace segdl::bench {

enum class Loop { recv, hash, splice };

// The name above, and back; an unknown name ends the process.
std::string_view name_of(Loop loop);
Loop loop_named(std::string_view name);

// http://IPV4:PORT/PATH, taken apart. Anything else ends the process: the floor resolves no names.
struct Target {
  sockaddr_in address = {};
  std::string authority = {};
  std::string path = {};
};
Target parse_target(const std::string& url);

// By a HEAD request on a connection of its own.
std::uint64_t size_of(const Target& target);

// Fetches `range` over one connection of its own and puts it at the same offsets of `file`. Thread-safe: calls share
// nothing but the descriptor, at different offsets. `buffer` is the size of each recv, or of the pipe.
struct Errand {
  Loop loop = Loop::recv;
  Range range = {};
  int file = -1;
  std::size_t buffer = 0;
};
void run(const Target& target, const Errand& errand);

// Ends the process with the system's words for errno, or with a reason of its own.
[[noreturn]] void give_up(std::string_view what);
[[noreturn]] void give_up(std::string_view what, std::string_view reason);

}  // namespace segdl::bench
