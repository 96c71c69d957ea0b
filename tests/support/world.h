// A download in a world of fakes: a disk, an origin, a clock.
#pragma once

#include <segdl/session.h>
#include <segdl/task.h>

#include "engine/fetch/credential_store.h"
#include "engine/progress/task_progress.h"
#include "support/fake_clock.h"
#include "support/fake_fs.h"
#include "support/fake_origin.h"
#include "support/origin_script.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace segdl::test {

struct World {
  FakeFs disk;
  FakeClock clock;
  engine::GivenCredentials secrets;
  std::unique_ptr<OriginScript> script = std::make_unique<OriginScript>();
  std::vector<Event> events = {};  // of the latest download, if its request asked for them
  // See FakeOrigin; with what the download that asks has done so far.
  std::function<void(const engine::TaskProgress&)> answered = {};

  // A request for http://origin.test/f as "f", with the smallest segments.
  static Request request();

  // Runs it to its end on the calling thread.
  Result<Report> download(Request = request(), SessionOptions = {});

  // A new server, on which nothing has been asked yet.
  OriginScript& serve();

  // The part of `total` bytes of seed `seed` that the disk has under this name, whole or not at all.
  bool has(const std::string& name, std::uint64_t seed, std::uint64_t total) const;
  bool absent(const std::string& name) const { return !disk.get(name).has_value(); }
};

inline const std::string kName = "f";

// One worker goes other ways than several do.
inline constexpr unsigned kConnections[] = {1, 8};
SessionOptions with(unsigned connections, std::optional<unsigned> retries = std::nullopt);

}  // namespace segdl::test
