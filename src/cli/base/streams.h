// Standard output and standard error, used so that they can't harm a download:
// - a descriptor that the caller closed must not become the data file's;
// - a reader that is gone must not end the program;
// - a reader that has stopped must not make it deaf to signals.
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

// Opens /dev/null where descriptors 0, 1 and 2 are closed. To be called before any file is opened.
void fill_closed_streams();

// The bytes that a terminal or pipe takes without waiting if is_ready() (PIPE_BUF of pipe(7)).
inline constexpr std::size_t kAtOnce = 4096;
bool is_ready(int descriptor);

// Writes to standard error, and gives up silently if its reader is gone. Signals that end the command interrupt the
// wait for a reader immediately.
void say_text(std::string_view text);

template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  say_text(fmt::format(format, std::forward<Args>(args)...));
}

// Reports why the command ends abnormally: out of memory (then allocates nothing), or a bug.
void say_internal_error(const std::exception&) noexcept;

// The same for std::terminate(), without a handler: before main(), and in noexcept functions. To be called first.
void say_out_of_memory_at_termination();

// Writes to standard error if that needs no wait; else drops the text.
void say_if_ready(std::string_view text);

// Waits at most this long until standard output takes data, or reports that it never will; returns whether it does.
bool out_ready(std::chrono::milliseconds);

// Writes to standard output. False if not all could be written; the reason is then printed on standard error.
[[nodiscard]] bool put_out(std::string_view text);

// Writes bytes of a download to standard output: all of them, or it is an error. Used by another thread than the one
// that reads the signals; that one sets `stopped` to end the wait for a reader: Cause::cancelled.
[[nodiscard]] Result<void> put_data(std::span<const std::byte>, const std::atomic<bool>& stopped);

}  // namespace segdl::cli
