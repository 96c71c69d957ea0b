// Threads: how they are started, and what becomes of an exception at their entry.
//
// Neither threads nor memory are always to be had. A thread that can't be started is an error like others: of the
// session if it is one that nothing goes without, of the download if it is the first of its kind there; a pool goes on
// with the threads it has. What runs on a thread catches what is thrown, and reporting it needs no memory: the words
// "out of memory" fit into the strings of an error, and what takes it (TaskState::finish, Dispatcher::fail) allocates
// nothing.
#pragma once

#include <segdl/error.h>

#include "core/base/errors.h"

#include <cstddef>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace segdl::engine {

// An exception at the entry of a thread: memory has run out, or it is a bug.
inline Error error_of(const std::exception& exception, std::string_view operation) noexcept {
  try {
    if (dynamic_cast<const std::bad_alloc*>(&exception) == nullptr) {
      return make_error(Cause::internal, std::string(operation), "", exception.what());
    }
  } catch (const std::exception&) {  // no memory for the words
  }
  return Error{.reason = "out of memory"};  // short enough for a std::string without any
}

// REQUIRES: what is called throws nothing.
template <class Function>
Result<std::jthread> start_thread(Function function) {
  try {
    return std::jthread(std::move(function));
  } catch (const std::system_error& error) {  // EAGAIN: no memory for its stack, or a limit
    return with_hints(make_error(Cause::internal, "start a thread", "", error.code().message()),
                      {Hint::raise_thread_limits, Hint::use_fewer_connections});
  }
}

// Up to so many threads that do the same, as many as can be had; an error if not even the first can.
template <class Function>
Result<std::vector<std::jthread>> start_threads(std::size_t most, Function function) {
  std::vector<std::jthread> threads;
  threads.reserve(most);
  while (threads.size() < most) {
    auto started = start_thread(function);
    if (!started && threads.empty()) return std::move(started).error();
    if (!started) break;
    threads.push_back(std::move(*started));
  }
  return threads;
}

}  // namespace segdl::engine
