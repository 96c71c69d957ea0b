// errno as an Error.
#pragma once

#include <segdl/error.h>

#include <cstdint>
#include <optional>
#include <string>

namespace segdl::io {

// The system's message for an errno value. Thread-safe.
std::string system_words(int number);

// Whether the system lacks something that connections need: descriptors, memory for sockets, local ports.
bool is_shortage(int number);

// A network error to retry with the system's message as its reason. A shortage has Hint::use_fewer_connections first.
Error socket_error(int number, std::string operation, std::string subject);

// Whether an error is such a shortage: fewer parallel connections would help, and the peer is not at fault.
bool is_shortage(const Error&);

// A failed call on a file: Cause::local, with hints if the user can do something.
Error file_error(int number, std::string operation, std::string path,
                 std::optional<std::uint64_t> offset = std::nullopt);

// Whether something could not be created in this open directory because the file system refuses its name.
bool is_name_refused(int number, int directory);

// The error for a refused name: that of file_error(), with this reason and hint.
Error name_error(Error, const std::string& name, Hint);

}  // namespace segdl::io
