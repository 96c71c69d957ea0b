#include "cli/display/summary.h"

#include "cli/display/lines.h"

#include <fmt/format.h>

namespace segdl::cli {
namespace {

std::string files(std::uint64_t count) { return fmt::format("{} {}", count, count == 1 ? "file" : "files"); }

}  // namespace

std::string batch_line(const BatchTally& tally, const BatchProgress& now, double bytes_per_second) {
  const std::uint64_t done = tally.done + tally.skipped + tally.unchanged + tally.repeated;
  std::string line = now.items ? fmt::format("{} of {}", done, files(*now.items)) : files(done);
  if (tally.failed > 0) line += fmt::format("  {} failed", tally.failed);
  line += fmt::format("  {} active", now.active.size());
  const std::uint64_t ended = done + tally.failed;
  if (now.items && *now.items > ended) line += fmt::format("  {} left", *now.items - ended);
  return line +
         fmt::format("  {}  {}/s", size_words(now.fetched), size_words(static_cast<std::uint64_t>(bytes_per_second)));
}

std::string total_line(const BatchTally& tally, std::chrono::nanoseconds elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  std::string line = fmt::format("{}: {} in {:.1f} s", files(tally.done), size_words(tally.bytes), seconds);
  if (tally.fetched > 0 && seconds > 0) {
    const auto speed = static_cast<std::uint64_t>(static_cast<double>(tally.fetched) / seconds);
    line += fmt::format(" ({}/s)", size_words(speed));
  }
  if (tally.skipped > 0) line += fmt::format(", {} skipped", tally.skipped);
  if (tally.unchanged > 0) line += fmt::format(", {} unchanged", tally.unchanged);
  if (tally.repeated > 0) line += fmt::format(", {} repeated", tally.repeated);
  if (tally.failed > 0) line += fmt::format(", {} failed", tally.failed);
  return line;
}

std::string failure_lines(const BatchTally& tally, const std::vector<std::string>& first_failures) {
  if (tally.failed == 0) return "";
  std::string lines = fmt::format("segdl: {} of {} failed:\n", tally.failed, tally.seen);
  for (const std::string& named : first_failures) lines += fmt::format("       {}\n", named);
  const std::uint64_t more = tally.failed - first_failures.size();
  if (more > 0) lines += fmt::format("       and {} more, listed above\n", more);
  return lines;
}

}  // namespace segdl::cli
