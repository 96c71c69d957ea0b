// errno in the shape of an Error.
#pragma once

#include <segdl/error.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace segdl::io {

// The system's words for an errno value. Thread-safe.
std::string system_words(int number);

// Whether the number says that this machine has run out of something that connections need: descriptors, memory for
// sockets, local ports.
bool is_shortage(int number);

// A network error to retry, `reason` being the system's words. A shortage has Hint::use_fewer_connections first.
Error socket_error(int number, std::string operation, std::string subject);

// Whether an error is such a shortage: fewer connections at once would help, and nothing is wrong with the peer.
bool is_shortage(const Error&);

// A failed call on a file: Cause::local, with hints where something can be done.
Error file_error(int number, std::string operation, std::string path,
                 std::optional<std::uint64_t> offset = std::nullopt);

// Whether an attempt to make something in this open directory failed because the file system refuses its name.
bool is_name_refused(int number, int directory);

// What file_error() made of such an attempt, with that reason and this hint.
Error name_error(Error, const std::string& name, Hint);

}  // namespace segdl::io
