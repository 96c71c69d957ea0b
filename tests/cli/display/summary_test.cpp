// The lines about all downloads of a batch.
#include "cli/display/summary.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::cli;

namespace {

BatchTally tally_of(std::uint64_t done, std::uint64_t failed) {
  BatchTally tally;
  tally.done = done;
  tally.failed = failed;
  return tally;
}

BatchProgress moment_of(std::optional<std::uint64_t> items, std::size_t active, std::uint64_t fetched) {
  BatchProgress moment{fetched, items};
  moment.active.resize(active);
  return moment;
}

}  // namespace

TEST_CASE("the line about many has what there is to report") {
  CHECK(batch_line(tally_of(12, 0), moment_of(5000, 3, kGiB), 1048576) ==
        "12 of 5000 files  3 active  4988 left  1.0 GiB  1.0 MiB/s");
  CHECK(batch_line(tally_of(1, 2), moment_of(std::nullopt, 3, 0), 0) == "1 file  2 failed  3 active  0 B  0 B/s");
}

TEST_CASE("the last line has the sum") {
  BatchTally tally;
  CHECK(total_line(tally, std::chrono::seconds(0)) == "0 files: 0 B in 0.0 s");
  tally.done = 1;
  tally.bytes = 3 * kMiB;
  tally.fetched = kMiB;
  CHECK(total_line(tally, std::chrono::milliseconds(500)) == "1 file: 3.0 MiB in 0.5 s (2.0 MiB/s)");
  tally.done = 2;
  tally.bytes = 6 * kMiB;
  tally.fetched = 2 * kMiB;
  tally.skipped = 3;
  tally.failed = 1;
  CHECK(total_line(tally, std::chrono::seconds(1)) == "2 files: 6.0 MiB in 1.0 s (2.0 MiB/s), 3 skipped, 1 failed");
}

TEST_CASE("failures are named again up to a hundred") {
  BatchTally tally;
  CHECK(failure_lines(tally, {}).empty());
  tally.seen = 102;
  tally.failed = 2;
  std::vector<std::string> first{"list:1: u", "list:2: v"};
  CHECK(failure_lines(tally, first) == "segdl: 2 of 102 failed:\n       list:1: u\n       list:2: v\n");
  tally.failed = 102;
  first.resize(kNamedAgain, "w");
  const std::string lines = failure_lines(tally, first);
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 102);
  CHECK(lines.ends_with("       w\n       and 2 more, listed above\n"));
}
