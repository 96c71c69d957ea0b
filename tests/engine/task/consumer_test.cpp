// A resource given to Request::consumer, in a world of fakes: in order, each byte once, and nothing on the disk.
#include "support/pattern.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <utility>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 600'000;
constexpr std::uint64_t kBreak = 300'000;

// What was given, and what the next call answers once so much has come.
struct Consumer {
  std::vector<std::byte> got = {};
  unsigned calls = 0;
  std::optional<Error> refusal = std::nullopt;
  std::uint64_t refuse_from = 0;  // bytes

  Request request() {
    Request request = World::request();
    request.consumer = [this](std::span<const std::byte> bytes) -> Result<void> {
      ++calls;
      CHECK_FALSE(bytes.empty());
      got.insert(got.end(), bytes.begin(), bytes.end());
      if (refusal && got.size() >= refuse_from) return *refusal;
      return {};
    };
    return request;
  }

  bool has(std::uint64_t seed, std::uint64_t size) const { return got == pattern_bytes(seed, size); }
};

Result<Report> consume(World& world, Consumer& consumer, SessionOptions options = {}) {
  auto report = world.download(consumer.request(), std::move(options));
  CHECK(world.disk.operations() == 0);
  CHECK(world.disk.names().empty());
  return report;
}

// A consumer that fails after some bytes: its error is the download's, and nothing is given after it.
void check_refusal(Remedy remedy) {
  CAPTURE(static_cast<int>(remedy));
  World world;
  world.serve().size(kSize);
  Consumer consumer;
  consumer.refusal = Error{.cause = Cause::local, .remedy = remedy, .operation = "write", .reason = "Broken pipe"};
  consumer.refuse_from = 1000;
  const auto report = consume(world, consumer);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::local);
  CHECK(report.error().remedy == Remedy::stop);
  CHECK(report.error().operation == "write");
  CHECK(report.error().reason == "Broken pipe");
  CHECK(world.script->log().size() == 1);
  const std::uint64_t given = consumer.got.size();
  CHECK(given < kSize);
  CHECK(consumer.has(1, given));
}

}  // namespace

TEST_CASE("a consumer gets the bytes in order, each once, and nothing touches the disk") {
  for (const std::uint64_t size : {std::uint64_t{1}, 16 * kKiB, 4 * kMiB, 9 * kMiB + 77}) {
    CAPTURE(size);
    World world;
    world.serve().size(size);
    Consumer consumer;
    const auto report = consume(world, consumer);
    REQUIRE(report.ok());
    CHECK(consumer.has(1, size));
    CHECK(report->total == size);
    CHECK(report->fetched == size);
    CHECK(report->wasted == 0);
    CHECK(report->output.empty());
    CHECK(report->verified_to == VerifiedTo::strong_validator);
  }
}

TEST_CASE("an empty resource is a success without a byte") {
  World world;
  world.serve().size(0);
  Consumer consumer;
  const auto report = consume(world, consumer);
  REQUIRE(report.ok());
  CHECK(consumer.calls == 0);
  CHECK(report->total == 0);
}

TEST_CASE("after an interruption a consumer goes on behind what it was given") {
  World world;
  world.serve().size(kSize).cut_at(kBreak).reset_at(kBreak + 7);
  Consumer consumer;
  const auto report = consume(world, consumer);
  REQUIRE(report.ok());
  CHECK(consumer.has(1, kSize));
  CHECK(report->fetched == kSize);
  CHECK(report->wasted == 0);
  const auto log = world.script->log();
  REQUIRE(log.size() == 3);
  CHECK(*log[1].find("Range") == fmt::format("bytes={}-{}", kBreak, kSize - 1));
  CHECK(*log[1].find("If-Range") == "\"v1\"");
}

TEST_CASE("where no ranges are served any more a consumer's part is read again and dropped") {
  World world;
  world.serve().size(kSize).cut_at(kBreak).no_ranges_after(1);
  Consumer consumer;
  const auto report = consume(world, consumer);
  REQUIRE(report.ok());
  CHECK(consumer.has(1, kSize));
  CHECK(report->wasted == kBreak);
  CHECK(report->fetched == kSize + kBreak);
}

TEST_CASE("a resource of unknown size is read to its end, also after an interruption") {
  for (const bool breaks : {false, true}) {
    CAPTURE(breaks);
    World world;
    world.serve().size(kSize).no_ranges().on_every([](Answer& answer, const Asking&) { answer.chunked(); });
    if (breaks) world.script->cut_at(kBreak, 2);  // the first answer is to a range, and dropped for that
    Consumer consumer;
    const auto report = consume(world, consumer);
    REQUIRE(report.ok());
    CHECK(consumer.has(1, kSize));
    CHECK(report->total == kSize);
    if (!breaks) CHECK(report->wasted == 0);
    if (breaks) CHECK((report->wasted > 0 && report->wasted <= kBreak));
  }
}

TEST_CASE("a body that ends before what a consumer was given is a failed try, and not asked for without end") {
  for (const std::uint64_t end : {std::uint64_t{0}, std::uint64_t{1}, kBreak / 2}) {
    CAPTURE(end);
    World world;
    world.serve().size(kSize).no_ranges().cut_at(kBreak, 2).on_every([end](Answer& answer, const Asking& asking) {
      answer.chunked();
      if (asking.number > 2) answer.end = end;
    });
    Consumer consumer;
    const auto report = consume(world, consumer, with(1, 3));
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().reason.find("were passed on before") != std::string::npos);
    CHECK(consumer.got.size() > end);
    CHECK(world.script->log().size() < 10);
  }
}

TEST_CASE("what breaks off in a chunk too large to be held is not gone on with") {
  World world;
  constexpr std::uint64_t kLarge = 4 * kMiB;
  world.serve().size(kLarge).cut_at(0).on_from(2, [](Answer& answer) {
    const auto all = pattern_bytes(1, kLarge);
    const std::string text(reinterpret_cast<const char*>(all.data()), all.size());
    answer.head.status = 200;
    answer.drop("Content-Range").chunked();
    answer.raw(answer.head_text() + "400000\r\n" + text.substr(0, kMiB) + "\r\n300000\r\n" + text.substr(kMiB, kMiB));
  });
  Consumer consumer;
  const auto report = consume(world, consumer);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().reason.find("were passed on and can't be taken back") != std::string::npos);
  CHECK(world.script->log().size() == 2);
}

TEST_CASE("a resource that changes under a consumer fails, and says how much was passed on") {
  for (const std::uint64_t size : {kSize, kSize + 5000}) {
    CAPTURE(size);
    World world;
    world.serve().size(kSize).cut_at(kBreak).change_after(1, size);
    Consumer consumer;
    const auto report = consume(world, consumer);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().cause == Cause::changed);
    CHECK(report.error().remedy == Remedy::stop);
    CHECK(report.error().reason.find(fmt::format("{} bytes were passed on", kBreak)) != std::string::npos);
    CHECK_FALSE(report.error().resumable);
    CHECK(consumer.has(1, kBreak));
  }
}

TEST_CASE("without a validator an interruption after bytes were given fails") {
  World world;
  world.serve().size(kSize).no_validator().cut_at(kBreak);
  Consumer consumer;
  const auto report = consume(world, consumer);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::network);
  CHECK(report.error().remedy == Remedy::stop);
  CHECK(report.error().reason.find(fmt::format("{} bytes were passed on", kBreak)) != std::string::npos);
  CHECK(consumer.has(1, kBreak));
}

TEST_CASE("an interruption before any byte was given begins again") {
  for (const bool validator : {true, false}) {
    CAPTURE(validator);
    World world;
    world.serve().size(kSize).cut_at(0);
    if (!validator) world.script->no_validator();
    Consumer consumer;
    const auto report = consume(world, consumer);
    REQUIRE(report.ok());
    CHECK(consumer.has(1, kSize));
  }
}

TEST_CASE("a change before any byte was given begins again") {
  World world;
  world.serve().size(kSize).cut_at(0).change_after(1, kSize + 9);
  Consumer consumer;
  const auto report = consume(world, consumer);
  REQUIRE(report.ok());
  CHECK(consumer.has(1001, kSize + 9));
  CHECK(report->restarts == 1);
}

TEST_CASE("a server that always breaks off is given up, with what came passed on once") {
  World world;
  world.serve().size(kSize).cut_at(kBreak, OriginScript::kAlways);
  Consumer consumer;
  SessionOptions options;
  options.retries = 3;
  const auto report = consume(world, consumer, options);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::network);
  CHECK(consumer.has(1, kBreak));
}

TEST_CASE("a consumer's error ends the download") { check_refusal(Remedy::stop); }

TEST_CASE("a consumer's error ends the download, whatever remedy it names") {
  for (const Remedy remedy : {Remedy::retry, Remedy::refetch, Remedy::restart}) check_refusal(remedy);
}

TEST_CASE("a consumer that says it was cancelled is told so") {
  World world;
  world.serve().size(kSize);
  Consumer consumer;
  consumer.refusal = Error{.cause = Cause::cancelled, .reason = "interrupted"};
  consumer.refuse_from = kBreak;
  const auto report = consume(world, consumer);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().cause == Cause::cancelled);
  CHECK(report.error().reason == "interrupted");
}
