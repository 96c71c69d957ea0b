// What the tests of --update have in common: an origin that answers conditions, and what is left in the end.
#pragma once

#include "core/store/layout.h"
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace segdl::test {

inline constexpr std::uint64_t kLarge = 300 * kKiB;
inline constexpr std::uint64_t kSmall = 5000;
inline constexpr const char* kDate = "Sun, 06 Nov 2022 08:49:37 GMT";
inline constexpr const char* kNow = "Tue, 08 Nov 2022 08:49:37 GMT";
inline constexpr const char* kOlder = "Sat, 05 Nov 2022 08:49:37 GMT";

inline Request update() {
  Request request = World::request();
  request.existing = Existing::update;
  return request;
}

// As most servers do: 304 to a tag that is the resource's.
inline OriginScript& answers_conditions(OriginScript& script) {
  return script.on_every([](Answer& answer, const Asking& asking) {
    const std::string* unless = asking.find("If-None-Match");
    const std::string* etag = answer.head.find("ETag");
    if (unless == nullptr || etag == nullptr || *unless != *etag) return;
    const std::string kept = *etag;
    answer.status(304).set("ETag", kept);
  });
}

inline OriginScript& serve(World& world, std::uint64_t size, std::uint64_t seed = 1,
                           const std::string& etag = "\"v1\"") {
  return answers_conditions(world.serve().size(size).seed(seed).etag(etag));
}

// Of the same bytes under a date alone.
inline OriginScript& serve_dated(World& world, std::uint64_t size, std::uint64_t seed, const std::string& date) {
  return world.serve().size(size).seed(seed).etag("").last_modified(date).on_every(
      [](Answer& answer, const Asking&) { answer.set("Date", kNow); });
}

inline Report must(Result<Report> report) {
  if (!report) FAIL(report.error().message());
  return *report;
}

inline std::uint64_t sent(const World& world) {
  std::uint64_t bytes = 0;
  for (const Asking& asking : world.script->log()) bytes += asking.sent;
  return bytes;
}

inline void check_alone(const World& world) { CHECK(world.disk.names() == std::vector<std::string>{kName}); }

}  // namespace segdl::test
