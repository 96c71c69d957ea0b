// The lines of --json, whole: doc/json.md has the tables, and tests/e2e/json_test.py holds the real command against
// them.
#include "wire/objects.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::wire;

namespace {

constexpr WallTime kMoment{std::chrono::milliseconds(1'700'000'000'042)};
const std::string kTime = R"("time":"2023-11-14T22:13:20.042Z")";
const Item kItem{.url = "http://me:hunter2@h/f?token=x", .list_line = "list:7", .number = 3, .output = "./dir/../f"};

// A line that begins as each does.
std::string line(const std::string& event, const std::string& rest) {
  return R"({"event":")" + event + "\"," + kTime + rest + "}\n";
}

std::string of_three(const std::string& event, const std::string& rest) { return line(event, R"(,"id":3,)" + rest); }

template <class What>
std::string line_of(What what) {
  return event_line(kItem, {0, kMoment, std::move(what)});
}

}  // namespace

TEST_CASE("the first line has the version of the format") {
  CHECK(hello_line(kMoment) == line("hello", R"(,"format":1,"version":"0.1.0")"));
}

TEST_CASE("each event has its object") {
  CHECK(line_of(Started{}) ==
        of_three("start", R"("url":"http://***@h/f?token=***","list_line":"list:7","output":"f")"));
  CHECK(line_of(Redirected{"http://h/a", "http://h/b?sig=x", 307}) ==
        of_three("redirect", R"("from":"http://h/a","to":"http://h/b?sig=***","http_status":307)"));
  CHECK(line_of(Planned{1000, 10, 16, 63, "\"v\"", true}) ==
        of_three("plan", R"("total":1000,"reused":10,"segment_size":16,"segments":63,"validator":"\"v\"",)"
                         R"("validator_strong":true)"));
  CHECK(line_of(Planned{}) ==
        of_three("plan", R"("total":null,"reused":0,"segment_size":null,"segments":null,"validator":null,)"
                         R"("validator_strong":false)"));
  Error error{Cause::refused, Remedy::retry, "get", "http://h/f"};
  error.reason = "the server answered 503";
  error.http_status = 503;
  CHECK(line_of(Retried{error, std::chrono::milliseconds(1500), true}) ==
        of_three("retry", R"("cause":"refused","message":"get http://h/f: the server answered 503","http_status":503,)"
                          R"("wait":1.5,"reassigned":true)"));
  CHECK(line_of(Revoked{{10, 20}}) == of_three("revoked", R"("begin":10,"end":20)"));
  CHECK(line_of(Changed{"it shrank", 7}) == of_three("changed", R"("reason":"it shrank","lost":7)"));
  CHECK(line_of(Noted{"no ranges"}) == of_three("note", R"("text":"no ranges")"));
}

TEST_CASE("progress has the time that is left, where that can be said") {
  Progress progress;
  progress.phase = Phase::fetching;
  progress.total = 1000;
  progress.done = 400;
  progress.fetched = 300;
  progress.reused = 100;
  progress.connections = 8;
  const std::string rest = R"("done":400,"fetched":300,"reused":100,"verified":0,)";
  CHECK(progress_line(kMoment, kItem, progress, 60.4) ==
        of_three("progress",
                 R"("phase":"fetching","total":1000,)" + rest + R"("speed":60,"eta":10,"connections":8,"retries":0)"));
  CHECK(progress_line(kMoment, kItem, progress, 0).find(R"("eta":null)") != std::string::npos);
  progress.total.reset();
  CHECK(progress_line(kMoment, kItem, progress, 60.4).find(R"("total":null)") != std::string::npos);
  CHECK(progress_line(kMoment, kItem, progress, 60.4).find(R"("eta":null)") != std::string::npos);
}

TEST_CASE("an end is told with what it did, or with what stood in the way") {
  Report report;
  report.output = "./f";
  report.total = report.fetched = ~std::uint64_t{0};
  report.notes = {"no \x1b ranges"};
  report.elapsed = std::chrono::microseconds(1'234'567);
  CHECK(done_line(kMoment, kItem, report) ==
        of_three("done", R"("url":"http://***@h/f?token=***","output":"f","total":18446744073709551615,)"
                         R"("fetched":18446744073709551615,"reused":0,"revoked":0,"wasted":0,"retries":0,"restarts":0,)"
                         R"("connections":0,"verified_to":"length","checksum":null,"coding":null,"decoded":null,)"
                         R"("rehashed":false,"unchanged":false,"insecure":false,)"
                         R"("notes":["no \\x1b ranges"],"hint":null,"hint_codes":[],)"
                         R"("elapsed":1.235)"));
  report.hints = {Hint::decode};
  CHECK(done_line(kMoment, kItem, report, "decode").find(R"("hint":"decode","hint_codes":["decode"],)") !=
        std::string::npos);
  report.verified_to = VerifiedTo::digest;
  report.checksum = Checksum{Algorithm::xxh3_64, std::vector<std::byte>(8, std::byte{0xab})};
  CHECK(done_line(kMoment, kItem, report).find(R"("verified_to":"digest","checksum":"xxh3-64=abababababababab",)") !=
        std::string::npos);
  CHECK(skipped_line(kMoment, kItem, false) ==
        of_three("skipped", R"("url":"http://***@h/f?token=***","output":"f","repeated":false)"));
  Error error{Cause::local, Remedy::stop, "write", "f.part", 512};
  error.reason = "No space left on device";
  error.hints = {Hint::check_clock, {Hint::remove_stale_lock, "\x1b"}};
  error.resumable = true;
  CHECK(error_line(kMoment, kItem, {error, 7, describe(error.hints)}) ==
        of_three("error", R"("url":"http://***@h/f?token=***","list_line":"list:7","output":"f","cause":"local",)"
                          R"("exit_code":7,"message":"write f.part at 512: No space left on device",)"
                          R"("operation":"write","subject":"f.part","reason":"No space left on device","offset":512,)"
                          R"("http_status":null,"hint":"check this machine's clock, or if no such process is running, )"
                          R"(remove \\x1b from beside it","hint_codes":["check_clock","remove_stale_lock"],)"
                          R"("tries":0,"passing":false,"retry_after":null,)"
                          R"("resumable":true)"));
  CHECK(
      error_line(kMoment, {}, {Error{}, 1}) ==
      line(
          "error",
          R"(,"id":null,"url":null,"list_line":null,"output":null,"cause":"internal","exit_code":1,)"
          R"("message":"","operation":null,"subject":null,"reason":null,"offset":null,)"
          R"("http_status":null,"hint":null,"hint_codes":[],"tries":0,"passing":false,"retry_after":null,"resumable":false)"));
}

TEST_CASE("the last line sums up") {
  Summary summary;
  summary.tally.done = 2;
  summary.tally.failed = 1;
  summary.tally.cancelled = 3;
  summary.exit_code = 4;
  summary.elapsed = std::chrono::milliseconds(2500);
  CHECK(summary_line(kMoment, summary) ==
        line("summary",
             R"(,"done":2,"skipped":0,"unchanged":0,"repeated":0,"failed":1,"interrupted":3,"bytes":0,"fetched":0,)"
             R"("elapsed":2.5,"exit_code":4)"));
}

TEST_CASE("a line is ASCII and one line, whatever is in it") {
  for (const char* foreign : {"a\nb\r\x1b[2J", "\xff\xfe", "\u202e\u2028", "\u00e4"}) {
    CAPTURE(foreign);
    const std::string made = line_of(Noted{foreign});
    CHECK(made.find_first_not_of('\n') == 0);
    CHECK(made.find('\n') == made.size() - 1);
    for (const char c : made.substr(0, made.size() - 1)) CHECK((c >= ' ' && c <= '~'));
  }
}

TEST_CASE("a name is told exactly if it is UTF-8") {
  CHECK(json_name("a\tb\u202e\u00e4\\") == "a\tb\u202e\u00e4\\");
  CHECK(json_name("caf\xe9\n") == "caf\\xe9\\x0a");
}
