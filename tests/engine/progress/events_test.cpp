// Events of a running download: the log by itself, and downloads in a world of fakes.
#include <segdl/segdl.h>

#include "engine/progress/event_log.h"
#include "engine/session/session_state.h"
#include "support/fake_clock.h"
#include "support/fake_fs.h"
#include "support/fake_origin.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSegment = 16 * kKiB;
constexpr std::uint64_t kSize = 10 * kSegment;

Request request() {
  Request request = World::request();
  request.events = true;
  return request;
}

// An event in a few words, its moment and number left out.
struct Words {
  std::string operator()(const Started&) const { return "started"; }
  std::string operator()(const Redirected& r) const {
    return fmt::format("{} from {} to {}", r.http_status, r.from, r.to);
  }
  std::string operator()(const Planned& p) const {
    return fmt::format("plan {} in {} of {}, {} reused, {}{}", p.total.value_or(0), p.segments, p.segment_size,
                       p.reused, p.validator, p.validator_strong ? " strong" : "");
  }
  std::string operator()(const Retried& r) const {
    return fmt::format("retry {}{} {}", r.error.http_status, r.reassigned ? " by others" : "",
                       r.wait.count() > 0 ? "later" : "at once");
  }
  std::string operator()(const Revoked& r) const { return fmt::format("revoked {} {}", r.range.begin, r.range.end); }
  std::string operator()(const Changed& c) const { return fmt::format("changed, {} lost: {}", c.lost, c.reason); }
  std::string operator()(const Suspended&) const { return "suspended"; }
  std::string operator()(const Noted& n) const { return n.text; }
};

std::vector<std::string> words(const std::vector<Event>& events) {
  std::vector<std::string> all;
  for (const Event& event : events) all.push_back(std::visit(Words{}, event.what));
  return all;
}

using Lines = std::vector<std::string>;

const std::string kPlan = fmt::format("plan {} in 10 of {}, 0 reused, \"v1\" strong", kSize, kSegment);

void interrupt_at(World& world, std::uint64_t offset) {
  world.serve().size(kSize).stall_at(offset, 99);
  SessionOptions options;
  options.retries = 0;
  REQUIRE_FALSE(world.download(request(), options).ok());
  world.disk.kill();
}

}  // namespace

TEST_CASE("events come in order, are numbered, have their moments, and are given once") {
  FakeClock clock;
  engine::EventLog log(clock);
  log.add(Started{});
  clock.advance(std::chrono::seconds(5));
  log.add(Noted{"x"});
  const auto events = log.take();
  CHECK(words(events) == Lines{"started", "x"});
  CHECK(events[0].number == 0);
  CHECK(events[1].number == 1);
  CHECK(events[1].moment - events[0].moment == std::chrono::seconds(5));
  CHECK(log.take().empty());
  log.add(Noted{"y"});
  CHECK(log.take()[0].number == 2);
}

TEST_CASE("adjacent revoked ranges are one event, and so are redirects that many connections met") {
  FakeClock clock;
  engine::EventLog log(clock);
  for (const Range range : {Range{10, 20}, {20, 30}, {0, 10}, {40, 50}}) log.add(Revoked{range});
  for (int i = 0; i < 3; ++i) log.add(Redirected{"a", "b", 302});
  log.add(Redirected{"a", "c", 302});
  for (int i = 0; i < 2; ++i) log.add(Noted{"told twice"});
  CHECK(words(log.take()) ==
        Lines{"revoked 0 30", "revoked 40 50", "302 from a to b", "302 from a to c", "told twice", "told twice"});
}

TEST_CASE("of more events than are kept the oldest minor one goes, and the numbers show it") {
  FakeClock clock;
  engine::EventLog log(clock);
  log.add(Started{});
  log.add(Planned{});
  for (std::size_t i = 0; i < kMaxEvents + 10; ++i) log.add(Noted{fmt::to_string(i)});
  const auto events = log.take();
  REQUIRE(events.size() == kMaxEvents);
  CHECK(std::holds_alternative<Started>(events[0].what));
  CHECK(std::holds_alternative<Planned>(events[1].what));
  CHECK(events[2].number == 14);
  for (std::size_t i = 0; i < kMaxEvents + 10; ++i) log.add(Changed{fmt::to_string(i)});
  CHECK(words(log.take()).front() == "changed, 0 lost: 10");
}

TEST_CASE("a redirect, without its secrets, and the plan of what it led to") {
  World world;
  world.serve().size(kSize).redirect("/f?token=secret", "/g?sig=secret");
  Request wanted = request();
  wanted.url = "http://me:hunter2@origin.test/f?token=secret";
  REQUIRE(world.download(wanted).ok());
  CHECK(words(world.events) == Lines{"302 from http://origin.test/f?token=*** to http://origin.test/g?sig=***", kPlan});
}

TEST_CASE("a refusal and a broken response are retries, later and at once") {
  World world;
  world.serve().size(kSize).on(1, [](Answer& answer) { answer.status(503); }).cut_at(5 * kSegment);
  REQUIRE(world.download(request()).ok());
  CHECK(words(world.events) == Lines{"retry 503 later", kPlan, "retry 0 at once"});
}

TEST_CASE("what an earlier run left is in the plan, and what of it is damaged is revoked") {
  World world;
  interrupt_at(world, 5 * kSegment);
  CHECK(words(world.events).front() == kPlan);
  world.disk.flip("f.part", 3 * kSegment + 7);
  world.serve().size(kSize);
  REQUIRE(world.download(request()).ok());
  CHECK(words(world.events) ==
        Lines{fmt::format("plan {} in 10 of {}, {} reused, \"v1\" strong", kSize, kSegment, 5 * kSegment),
              fmt::format("revoked {} {}", 3 * kSegment, 4 * kSegment)});
}

TEST_CASE("a change tells what is lost by it, and then there is a new plan") {
  World world;
  interrupt_at(world, 5 * kSegment);
  world.serve().size(kSize + 1).etag("\"v2\"");
  REQUIRE(world.download(request()).ok());
  const auto told = words(world.events);
  REQUIRE(told.size() == 3);
  CHECK(told[1] == fmt::format("changed, {} lost: it was \"v1\" and is \"v2\"", 5 * kSegment));
  CHECK(told[2] == fmt::format("plan {} in 11 of {}, 0 reused, \"v2\" strong", kSize + 1, kSegment));
}

TEST_CASE("what comes as a whole has a plan without segments") {
  World world;
  world.serve().size(kSize).no_ranges();
  REQUIRE(world.download(request()).ok());
  CHECK(words(world.events) == Lines{fmt::format("plan {} in 0 of 0, 0 reused, \"v1\" strong", kSize),
                                     "the server does not serve ranges: an interruption restarts from the beginning"});
  world.serve().size(100);
  Request small = request();
  small.output = "small";
  REQUIRE(world.download(small).ok());
  CHECK(words(world.events) == Lines{"plan 100 in 0 of 0, 0 reused, \"v1\" strong"});
  Request consumed = request();
  consumed.consumer = [](std::span<const std::byte>) { return Result<void>(); };
  REQUIRE(world.download(consumed).ok());
  CHECK(words(world.events) == Lines{"plan 100 in 0 of 0, 0 reused, \"v1\" strong"});
}

TEST_CASE("a task keeps events if it is asked to, from its start on") {
  OriginScript script;
  script.size(kSize);
  auto clock = std::make_unique<FakeClock>();
  auto origin = std::make_unique<FakeOrigin>(script, *clock);
  Session session = engine::session_of(std::make_unique<engine::SessionState>(
      SessionOptions{},
      engine::World{std::make_unique<FakeFs>(), std::move(clock), std::unique_ptr<Transport>(std::move(origin))}));
  auto asked = session.download(request());
  REQUIRE(asked.ok());
  REQUIRE(asked->wait().ok());
  CHECK(words(asked->take_events()) == Lines{"started", kPlan});
  CHECK(asked->take_events().empty());
  Request other = World::request();
  other.output = "other";
  auto not_asked = session.download(other);
  REQUIRE(not_asked.ok());
  REQUIRE(not_asked->wait().ok());
  CHECK(not_asked->take_events().empty());
}
