#include "support/world.h"

#include "core/url.h"
#include "engine/meter.h"
#include "engine/transfer.h"
#include "support/pattern.h"

#include <utility>

namespace segdl::test {

Request World::request() {
  Request request;
  request.url = "http://origin.test/" + kName;
  request.output = kName;
  request.segment_size = 16 * kKiB;
  return request;
}

Result<Report> World::download(Request request, SessionOptions options) {
  FakeOrigin origin(*script, clock);
  engine::Meter meter;
  auto url = parse_url(request.url);
  if (!url) return std::move(url).error();
  engine::Transfer transfer({disk, origin, clock}, request, options, std::move(*url), request.output, meter);
  return transfer.run(std::stop_token());
}

OriginScript& World::serve() {
  script = std::make_unique<OriginScript>();
  return *script;
}

bool World::has(const std::string& name, std::uint64_t seed, std::uint64_t total) const {
  return disk.get(name) == pattern_bytes(seed, total);
}

}  // namespace segdl::test
