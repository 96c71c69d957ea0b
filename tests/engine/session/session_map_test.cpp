// The map of a task, asked for at any time, over real sockets and disks.
#include <segdl/segdl.h>

#include "support/loopback_origin.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;

struct Scene {
  Scene() : origin(script.pattern_paths()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "segdl-map-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
  }
  ~Scene() { std::filesystem::remove_all(directory); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  Request request(const std::string& target) const {
    Request request;
    request.url = origin.url(target);
    request.directory = directory;
    request.segment_size = kSegment;
    return request;
  }

  std::filesystem::path directory;
  OriginScript script;
  LoopbackOrigin origin;
};

std::uint32_t done(const SegmentMap& map) {
  std::uint32_t count = 0;
  for (const MapCell& cell : map) count += cell.done;
  return count;
}

}  // namespace

TEST_CASE("a task has a map while it fetches in segments, and none before and afterwards") {
  Scene scene;
  scene.script.path("/f").size(8 * kSegment).stall_at(5 * kSegment + 1);
  Session session({.connections = 1});
  auto task = session.download(scene.request("/f"));
  REQUIRE(task.ok());
  while (done(task->map(4)) < 5) std::this_thread::yield();
  const SegmentMap map = task->map(4);
  REQUIRE(map.size() == 4);
  CHECK(map[1] == MapCell{2, 0, 0, 0, 2, 0, 0});
  CHECK(map[2] == MapCell{2, 0, 1, 0, 1, 0, 0});
  CHECK(map[3].in_flight == 2);
  task->cancel();
  CHECK_FALSE(task->wait().ok());
  CHECK(task->map(4).empty());
  auto waits = session.download(scene.request("/pattern/1/100/small"));
  REQUIRE(waits.ok());
  CHECK(waits->wait().ok());
  CHECK(waits->map(4).empty());
}

TEST_CASE("maps may be asked for while downloads begin and end") {
  Scene scene;
  Session session({.connections = 4});
  for (int i = 0; i < 20; ++i) {
    auto task = session.download(scene.request("/pattern/1/" + std::to_string(20 * kSegment) + "/f"));
    REQUIRE(task.ok());
    std::jthread other([&] {
      while (!task->wait_for(std::chrono::milliseconds(0))) task->map(7);
    });
    while (!task->wait_for(std::chrono::milliseconds(0))) {
      for (const MapCell& cell : task->map(7)) {
        CHECK(cell.segments == cell.missing + cell.in_flight + cell.unproved + cell.done);
      }
    }
    CHECK(task->wait().ok());
    other.join();
    std::filesystem::remove(scene.directory / "f");
  }
}
