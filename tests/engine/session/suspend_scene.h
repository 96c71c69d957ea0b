// What tests of Task::suspend() look at.
#pragma once

#include "engine/session/session_scene.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

namespace segdl::test {

using namespace std::chrono_literals;

inline constexpr std::uint64_t kSize = 4 * kMiB + 777;

// Whether it becomes so in ten seconds.
inline bool becomes(const std::function<bool()>& so) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!so()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

inline bool becomes_suspended(const Task& task) {
  return becomes([&] { return task.progress().phase == Phase::suspended; });
}

inline bool comes_to(const Task& task, std::uint64_t bytes) {
  return becomes([&] { return task.progress().done >= bytes; });
}

// A download that was suspended once so many bytes were here.
inline Result<Task> suspended_at(Session& session, Request request, std::uint64_t bytes) {
  auto task = session.download(std::move(request));
  REQUIRE(task.ok());
  REQUIRE(comes_to(*task, bytes));
  task->suspend();
  REQUIRE(becomes_suspended(*task));
  return task;
}

inline void check_sums(const Report& report) { CHECK(report.total == report.fetched + report.reused - report.wasted); }

inline std::vector<std::byte> pattern_at(std::uint64_t offset, std::size_t size) {
  std::vector<std::byte> bytes(size);
  fill_pattern(bytes, 1, offset);
  return bytes;
}

inline std::size_t threads() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) ++count;
  return count;
}

// Descriptors of files in the directory.
inline std::size_t open_in(const std::filesystem::path& directory) {
  std::size_t count = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    if (std::filesystem::read_symlink(entry.path(), gone).string().starts_with(directory.string())) ++count;
  }
  return count;
}

}  // namespace segdl::test
