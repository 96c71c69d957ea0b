// A batch on the public API, over real sockets and disks.
#include "engine/session/session_scene.h"

#include <segdl/batch.h>

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::test;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

// What a batch reports, as lines: `begin 1`, `end 1 done`.
struct Recorder final : Listener {
  void on_begin(const Item& item) override { add("begin", item); }
  void on_event(const Item& item, const Event& event) override {
    if (std::holds_alternative<Started>(event.what)) add("start", item);
  }
  void on_progress(const Item& item, const Progress&) override { progress.push_back(item.number); }
  void on_repeated(const Item& item) override { add("repeated", item); }
  void on_end(const Item& item, const Result<Report>& result) override {
    ends.push_back(item);
    if (!result) errors.push_back(result.error());
    add("end", item);
    lines.back() += !result             ? fmt::format(" {}", static_cast<int>(result.error().cause))
                    : result->skipped   ? " skipped"
                    : result->unchanged ? " unchanged"
                                        : " done";
  }

  void add(const char* what, const Item& item) { lines.push_back(fmt::format("{} {}", what, item.number)); }
  Lines sorted() const {
    Lines all = lines;
    std::sort(all.begin(), all.end());
    return all;
  }

  Lines lines;
  std::vector<Item> ends;
  std::vector<Error> errors;
  std::vector<std::uint64_t> progress;
};

std::string failed(std::uint64_t number, Cause cause) {
  return fmt::format("end {} {}", number, static_cast<int>(cause));
}

// A server of /pattern/SEED/SIZE/NAME, a directory, and batches that fetch from the one into the other.
struct Scene {
  std::string url(std::uint64_t seed, std::uint64_t size, const std::string& name) const {
    return origin.url(fmt::format("/pattern/{}/{}/{}", seed, size, name));
  }
  Item item(std::uint64_t seed, const std::string& name) const { return {.url = url(seed, 1000, name)}; }
  BatchOptions options(std::vector<Item> items) const {
    BatchOptions options;
    options.request.directory = place.path;
    options.items = std::move(items);
    return options;
  }
  Result<BatchTally> run(BatchOptions options) { return Batch(session, std::move(options), {&recorder}).run(); }
  std::filesystem::path path(const std::string& name) const { return place.path / name; }
  void put(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  std::size_t files() const {
    const std::filesystem::directory_iterator all(place.path);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  OriginScript script;
  LoopbackOrigin origin{script.pattern_paths(), {}};
  TemporaryDirectory place;
  Session session{SessionOptions{}};
  Recorder recorder;
};

// Items that come one at a time, each at the second question, and perhaps an error behind them.
class SlowSource final : public ItemSource {
 public:
  explicit SlowSource(std::vector<Item> items, bool fails = false) : items_(std::move(items)), fails_(fails) {}
  Result<std::optional<Item>> next() override {
    if (at_ == items_.size()) {
      ended_ = true;
      if (fails_) return Error{Cause::local, Remedy::stop, "read", "the source"};
      return std::optional<Item>();
    }
    ready_ = !ready_;
    if (ready_) return std::optional<Item>();
    return std::optional(items_[at_++]);
  }
  bool ended() const override { return ended_; }
  void wait(std::chrono::milliseconds) override {}

 private:
  std::vector<Item> items_;
  bool fails_;
  std::size_t at_ = 0;
  bool ready_ = false;
  bool ended_ = false;
};

}  // namespace

TEST_CASE("each item of a batch is downloaded and ends once") {
  Scene scene;
  const auto tally = scene.run(scene.options({scene.item(1, "a"), scene.item(2, "b"), scene.item(3, "c")}));
  REQUIRE(tally.ok());
  CHECK(scene.recorder.sorted() == Lines{"begin 1", "begin 2", "begin 3", "end 1 done", "end 2 done", "end 3 done"});
  CHECK(tally->seen == 3);
  CHECK(tally->done == 3);
  CHECK(tally->bytes == 3000);
  CHECK_FALSE(tally->first_failure.has_value());
  CHECK(has_pattern(scene.path("b"), 2, 1000));
}

TEST_CASE("the second of two items of one name fails, and the first has the file") {
  Scene scene;
  for (const bool of_list : {false, true}) {
    CAPTURE(of_list);
    Scene own;
    BatchOptions options = own.options({own.item(1, "a"), {.url = own.url(2, 1000, "b"), .name = "a"}});
    if (of_list) options.more = std::make_unique<SlowSource>(std::vector<Item>{});
    const auto tally = own.run(std::move(options));
    REQUIRE(tally.ok());
    CHECK(tally->first_failure == Cause::exists);
    REQUIRE(own.recorder.errors.size() == 1);
    CHECK(own.recorder.errors[0].hints == Hints{of_list ? Hint::rename_in_list : Hint::rename_item});
    for (const Item& item : own.recorder.ends) CHECK(item.owns_output == (item.number == 1));
    CHECK(has_pattern(own.path("a"), 1, 1000));
  }
}

TEST_CASE("an item begun after the file of its name was published fails, and does not own that file") {
  Scene scene;
  BatchOptions options = scene.options({scene.item(1, "a"), {.url = scene.url(2, 1000, "b"), .name = "a"}});
  options.window = 1;
  REQUIRE(scene.run(std::move(options)).ok());
  CHECK(scene.recorder.lines == Lines{"begin 1", "end 1 done", "begin 2", failed(2, Cause::exists)});
  CHECK(scene.recorder.errors[0].hints == Hints{Hint::rename_item});
  CHECK(scene.recorder.ends[0].owns_output);
  CHECK_FALSE(scene.recorder.ends[1].owns_output);
  CHECK(has_pattern(scene.path("a"), 1, 1000));
}

TEST_CASE("an item whose file would have the name of what another is written to fails") {
  Scene scene;
  const auto tally = scene.run(scene.options({scene.item(1, "x"), scene.item(2, "x.part")}));
  REQUIRE(tally.ok());
  CHECK(tally->failed == 1);
  CHECK(scene.files() == 1);
  CHECK(has_pattern(scene.path("x"), 1, 1000));
}

TEST_CASE("a URL that is repeated is downloaded once") {
  Scene scene;
  const auto tally = scene.run(scene.options({scene.item(1, "a"), scene.item(1, "a")}));
  REQUIRE(tally.ok());
  CHECK(scene.recorder.sorted() == Lines{"begin 1", "end 1 done", "repeated 2"});
  CHECK(tally->repeated == 1);
}

TEST_CASE("of several items a file that exists is skipped without a request; a single one asks the session") {
  Scene scene;
  scene.put("a", "here");
  BatchOptions options = scene.options({scene.item(1, "a"), scene.item(2, "b")});
  options.request.existing = Existing::skip;
  REQUIRE(scene.run(std::move(options)).ok());
  CHECK(scene.recorder.sorted() == Lines{"begin 2", "end 1 skipped", "end 2 done"});

  Recorder single;
  BatchOptions one = scene.options({scene.item(1, "a")});
  one.request.existing = Existing::skip;
  const auto tally = Batch(scene.session, std::move(one), {&single}).run();
  REQUIRE(tally.ok());
  CHECK(single.lines == Lines{"begin 1", "end 1 skipped"});
  CHECK(tally->skipped == 1);
  CHECK(single.ends[0].output == scene.path("a"));
}

TEST_CASE("what every item would fail with ends the batch, and is reported once") {
  Scene scene;
  BatchOptions options = scene.options({scene.item(1, "a"), scene.item(2, "b")});
  options.request.directory = scene.path("none");
  options.request.create_directories = false;
  const auto tally = scene.run(std::move(options));
  REQUIRE_FALSE(tally.ok());
  CHECK(tally.error().cause == Cause::local);
  CHECK(tally.error().hints == Hints{{Hint::create_directory, scene.path("none").string()}});
  CHECK(scene.recorder.lines == Lines{failed(0, Cause::local)});

  Session invalid({.user_agent = "two\nlines"});
  Recorder of_session;
  const auto refused = Batch(invalid, scene.options({scene.item(1, "a"), scene.item(2, "b")}), {&of_session}).run();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().cause == Cause::usage);
  CHECK(of_session.lines == Lines{failed(0, Cause::usage)});
}

TEST_CASE("what a single item fails with is its own") {
  Scene scene;
  Session invalid({.user_agent = "two\nlines"});
  const auto tally = Batch(invalid, scene.options({scene.item(1, "a")}), {&scene.recorder}).run();
  REQUIRE(tally.ok());
  CHECK(scene.recorder.lines == Lines{failed(1, Cause::usage)});
  CHECK_FALSE(scene.recorder.ends[0].owns_output);
}

TEST_CASE("an item that can't be used fails and harms no other") {
  Scene scene;
  Item unusable = scene.item(1, "a");
  unusable.problem = "it has a flaw";
  unusable.list_line = "list:3";
  const auto tally = scene.run(scene.options({unusable, {.url = "word"}, {.url = "ftp://h/x"}, scene.item(2, "b")}));
  REQUIRE(tally.ok());
  CHECK(tally->failed == 3);
  CHECK(tally->first_failure == Cause::usage);
  CHECK(tally->done == 1);
  CHECK(scene.recorder.errors[0].reason == "it has a flaw");
  CHECK(scene.recorder.ends[0].list_line == "list:3");
}

TEST_CASE("no more downloads than the window are in the session") {
  Scene scene;
  scene.session.set_limit_rate(1000);
  BatchOptions options = scene.options({});
  for (unsigned i = 0; i < 5; ++i) options.items.push_back({.url = scene.url(i, kMiB, fmt::format("f{}", i))});
  options.window = 2;
  Batch batch(scene.session, std::move(options));
  CHECK(batch.step(0ms));
  CHECK(batch.unfinished() == 2);
  CHECK_FALSE(batch.progress().items.has_value());
}

TEST_CASE("items of a source are begun as they come, behind those that were given") {
  Scene scene;
  std::vector<Item> more;
  for (unsigned i = 1; i < 30; ++i) more.push_back(scene.item(i, fmt::format("f{}", i)));
  BatchOptions options = scene.options({scene.item(0, "f0")});
  options.more = std::make_unique<SlowSource>(std::move(more));
  options.window = 2;
  Batch batch(scene.session, std::move(options), {&scene.recorder});
  CHECK_FALSE(batch.progress().items.has_value());
  while (batch.step(10ms)) CHECK(batch.unfinished() <= 2);
  CHECK(batch.unfinished() == 0);
  CHECK(batch.progress().items == 30);
  CHECK(batch.progress().fetched == 30'000);
  CHECK(batch.tally().done == 30);
  for (const Item& item : scene.recorder.ends) {
    CHECK(item.output == scene.path(fmt::format("f{}", item.number - 1)));
  }
}

TEST_CASE("a source that fails costs what is behind it, and the batch if there was nothing before it") {
  Scene scene;
  BatchOptions options = scene.options({scene.item(1, "a")});
  options.more = std::make_unique<SlowSource>(std::vector<Item>{}, true);
  const auto tally = scene.run(std::move(options));
  REQUIRE(tally.ok());
  CHECK(tally->first_failure == Cause::local);
  CHECK(tally->done == 1);
  CHECK(scene.recorder.sorted() == Lines{"begin 1", failed(0, Cause::local), "end 1 done"});

  BatchOptions nothing = scene.options({});
  nothing.more = std::make_unique<SlowSource>(std::vector<Item>{}, true);
  CHECK_FALSE(Batch(scene.session, std::move(nothing)).run().ok());
}

TEST_CASE("a list is read from a file, with the lines of it in messages") {
  Scene scene;
  scene.put("list", fmt::format("# two\n{}\n{}\tnamed\nno url\n", scene.url(1, 1000, "a"), scene.url(2, 1000, "b")));
  auto list = open_list(scene.path("list"));
  REQUIRE(list.ok());
  BatchOptions options = scene.options({});
  options.more = std::move(*list);
  const auto tally = scene.run(std::move(options));
  REQUIRE(tally.ok());
  CHECK(tally->done == 2);
  CHECK(tally->failed == 1);
  CHECK(has_pattern(scene.path("named"), 2, 1000));
  for (const Item& item : scene.recorder.ends) {
    CHECK(item.list_line == fmt::format("{}:{}", scene.path("list").string(), item.number + 1));
  }
  const auto missing = open_list(scene.path("none"));
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().hints == Hints{Hint::name_readable_list});
  auto directory = open_list(scene.place.path);
  REQUIRE(directory.ok());
  const auto item = (*directory)->next();
  REQUIRE_FALSE(item.ok());
  CHECK(item.error().hints == Hints{Hint::name_list_file});
  CHECK((*directory)->ended());
}

TEST_CASE("events of an item come after its beginning and before its end, and progress between them") {
  Scene scene;
  scene.session.set_limit_rate(500'000);
  BatchOptions options = scene.options({{.url = scene.url(1, 150'000, "a")}, {.url = scene.url(2, 1000, "b")}});
  options.request.events = true;
  options.progress_interval = 1ms;
  REQUIRE(scene.run(std::move(options)).ok());
  for (const char* number : {"1", "2"}) {
    Lines of_this;
    for (const std::string& line : scene.recorder.lines) {
      if (line.find(number) != std::string::npos) of_this.push_back(line.substr(0, line.find(' ')));
    }
    CHECK(of_this == Lines{"begin", "start", "end"});
  }
  CHECK(std::count(scene.recorder.progress.begin(), scene.recorder.progress.end(), 1U) > 0);
}

TEST_CASE("each file gets the checksum that the list has for it") {
  Scene scene;
  const std::string wrong(64, '0');
  const ChecksumList checksums("SUMS", wrong + "  a\n");
  BatchOptions options = scene.options({scene.item(1, "a"), scene.item(2, "b")});
  options.checksums = &checksums;
  const auto tally = scene.run(std::move(options));
  REQUIRE(tally.ok());
  CHECK(scene.recorder.sorted() == Lines{"begin 1", failed(1, Cause::integrity), failed(2, Cause::usage)});
}

TEST_CASE("a consumer gets the bytes of a single item, which has no output") {
  Scene scene;
  std::size_t received = 0;
  BatchOptions options = scene.options({scene.item(1, "a")});
  options.request.consumer = [&](std::span<const std::byte> bytes) {
    received += bytes.size();
    return Result<void>();
  };
  REQUIRE(scene.run(std::move(options)).ok());
  CHECK(received == 1000);
  CHECK(scene.recorder.ends[0].output.empty());
  CHECK(scene.files() == 0);
}

TEST_CASE("a batch that is cancelled begins no more, and what was running ends as cancelled") {
  Scene scene;
  scene.session.set_limit_rate(1000);
  BatchOptions options = scene.options({{.url = scene.url(1, kMiB, "a")}, {.url = scene.url(2, kMiB, "b")}});
  options.more = std::make_unique<SlowSource>(std::vector<Item>{scene.item(3, "c"), scene.item(4, "d")});
  Batch batch(scene.session, std::move(options), {&scene.recorder});
  while (batch.unfinished() < 2) batch.step(1ms);
  const std::uint64_t seen = batch.tally().seen;
  batch.cancel();
  while (batch.step(1ms)) continue;
  CHECK(batch.unfinished() == 0);
  CHECK(batch.tally().seen == seen);
  CHECK(batch.tally().cancelled == seen);
  CHECK(batch.tally().failed == 0);
  for (const Error& error : scene.recorder.errors) CHECK(error.cause == Cause::cancelled);
}

TEST_CASE("a stop request ends a run") {
  Scene scene;
  scene.session.set_limit_rate(1000);
  std::stop_source stop;
  stop.request_stop();
  Batch batch(scene.session, scene.options({{.url = scene.url(1, kMiB, "a")}}), {&scene.recorder});
  const auto tally = batch.run(stop.get_token());
  REQUIRE(tally.ok());
  CHECK(tally->cancelled == 1);
}

TEST_CASE("what a process leaves behind is reported as cancelled without waiting for it") {
  Scene scene;
  scene.session.set_limit_rate(200'000);
  Batch batch(scene.session, scene.options({{.url = scene.url(1, 16 * kMiB, "a")}, {.url = scene.url(2, kMiB, "b")}}),
              {&scene.recorder});
  while (!std::filesystem::exists(scene.path("a.segdl"))) batch.step(1ms);
  batch.abandon();
  CHECK(scene.recorder.ends.size() == 2);
  for (const Error& error : scene.recorder.errors) CHECK(error.cause == Cause::cancelled);
  CHECK(std::any_of(scene.recorder.errors.begin(), scene.recorder.errors.end(),
                    [](const Error& error) { return error.resumable; }));
}
