// Standard output and standard error, used so that nothing about them can harm a download: a descriptor that was closed
// by the caller must not become the data file's, a reader that went away must not end the program, and a reader that
// has stopped reading must not make it deaf to signals.
#pragma once

#include <segdl/error.h>

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <span>
#include <string_view>
#include <utility>

namespace segdl::cli {

// Puts something harmless where descriptors 0, 1 and 2 are closed. Call it before anything is opened.
void fill_closed_streams();

// A terminal or pipe that is_ready() takes this much without waiting (PIPE_BUF of pipe(7)).
inline constexpr std::size_t kAtOnce = 4096;
bool is_ready(int descriptor);

// Writes to standard error, and gives up silently if its reader is gone. While it waits for a reader, signals that end
// the command end it immediately.
void say_text(std::string_view text);

template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  say_text(fmt::format(format, std::forward<Args>(args)...));
}

// What ends the command and was not to happen: memory has run out, or a bug. Allocates nothing for the former.
void say_internal_error(const std::exception&) noexcept;

// The same where no handler is reached: before main(), and where what is called may throw nothing. To be called first.
void say_out_of_memory_at_termination();

// Writes to standard error if that needs no waiting; else drops the text.
void say_if_ready(std::string_view text);

// Whether standard output takes something now (or reports that it never will); waits for that at most so long.
bool out_ready(std::chrono::milliseconds);

// Writes to standard output. False, after saying why on standard error, if not all of it could be written.
[[nodiscard]] bool put_out(std::string_view text);

// Writes bytes of a download to standard output: all of them, or it is an error. For another thread than the one that
// takes the signals, which sets `stopped` when a reader is to be waited for no longer: then it is Cause::cancelled.
[[nodiscard]] Result<void> put_data(std::span<const std::byte>, const std::atomic<bool>& stopped);

}  // namespace segdl::cli
