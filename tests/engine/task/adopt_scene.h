// A file that another tool has left beside a resource, and a download that adopts it.
#pragma once

#include "seams/digest.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace segdl::test {

inline constexpr std::uint64_t kSegment = 16 * kKiB;
inline constexpr std::uint64_t kUnit = 256 * kKiB;
inline constexpr std::uint64_t kSize = 5 * kUnit + 1000;
inline constexpr std::uint64_t kLeft = 3 * kUnit + 500;      // of the other tool's file
inline constexpr std::uint64_t kWhole = 3 * kUnit;           // of that, in whole segments
inline constexpr std::uint64_t kStopped = 4 * kUnit + 1000;  // where a run is interrupted
inline const std::string kFile = "f.crdownload";

inline Checksum checksum_of(std::uint64_t seed, std::uint64_t size = kSize) {
  auto digest = make_digest(Algorithm::sha256);
  REQUIRE(digest.ok());
  (*digest)->update(pattern_bytes(seed, size));
  return Checksum{Algorithm::sha256, (*digest)->value()};
}

inline Request adopting(const std::string& file = kFile, std::uint64_t seed = 1) {
  Request request = World::request();
  request.checksum = checksum_of(seed);
  request.adopt = file;
  return request;
}

inline void leave(World& world, std::uint64_t size = kLeft, std::uint64_t seed = 1) {
  world.disk.put(kFile, pattern_bytes(seed, size));
}

// How a server names its version.
enum class Naming { strong, weak, none };

inline OriginScript& serve(World& world, Naming naming) {
  OriginScript& script = world.serve().size(kSize);
  if (naming == Naming::weak) script.etag("W/\"v\"");
  if (naming == Naming::none) script.no_validator();
  return script;
}

inline void each(const std::function<void(Naming, unsigned)>& check) {
  for (const Naming naming : {Naming::strong, Naming::weak, Naming::none}) {
    for (const unsigned connections : kConnections) {
      CAPTURE(static_cast<int>(naming));
      CAPTURE(connections);
      check(naming, connections);
    }
  }
}

inline bool noted(const Report& report, const std::string& words) {
  return std::any_of(report.notes.begin(), report.notes.end(),
                     [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

inline void interrupt(World& world, Naming naming, const Request& request, unsigned connections) {
  serve(world, naming).stall_at(kStopped, 99);
  REQUIRE_FALSE(world.download(request, with(connections, 0)).ok());
  world.disk.kill();
  REQUIRE_FALSE(world.absent("f.segdl"));
}

}  // namespace segdl::test
