#include "support/world.h"

#include "core/url/url.h"
#include "engine/fetch/credential_store.h"
#include "engine/schedule/pool.h"
#include "engine/schedule/throttle.h"
#include "engine/store/names.h"
#include "engine/store/publisher.h"
#include "engine/task/transfer.h"

#include <algorithm>
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
  engine::TaskProgress task_progress(request.events ? &clock : nullptr);
  FakeOrigin origin(*script, clock, [&] {
    if (answered) answered(task_progress);
  });
  auto url = parse_url(request.url);
  if (!url) return std::move(url).error();
  engine::Pool pool(clock, {std::max(1U, options.connections), 1});
  engine::Throttle throttle(clock, options.limit_rate);
  engine::DirectoryCache directories(disk, clock);
  engine::CredentialStore known(secrets);
  const engine::SessionContext context{{disk, origin, clock}, options, pool, throttle, directories, known};
  auto name = engine::output_name_of(request, *url);
  if (!name) return std::move(name).error();
  engine::Lasting lasting{.name = std::move(*name)};
  engine::Transfer transfer(context, {request, std::move(*url), lasting}, task_progress, {});
  engine::Slot slot;
  auto outcome = transfer.run(slot);
  events = task_progress.take_events();
  if (!outcome) return std::move(outcome).error();
  if (!outcome->unpublished) return std::move(outcome->report);
  Result<Report> result = std::move(outcome->report);
  std::vector<engine::Publisher::Entry> small;
  small.push_back({std::move(outcome->output_file), std::move(outcome->unpublished), request.sync,
                   [&result](Result<void> published, bool) {
                     if (!published) result = std::move(published).error();
                   }});
  engine::Publisher::publish(std::move(small));
  return result;
}

OriginScript& World::serve() {
  script = std::make_unique<OriginScript>();
  return *script;
}

SessionOptions with(unsigned connections, std::optional<unsigned> retries) {
  SessionOptions options;
  options.connections = connections;
  options.retries = retries;
  return options;
}

bool World::has(const std::string& name, std::uint64_t seed, std::uint64_t total) const {
  return disk.has_pattern(name, seed, total);
}

}  // namespace segdl::test
