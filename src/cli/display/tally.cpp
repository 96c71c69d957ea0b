#include "cli/display/tally.h"

#include "cli/display/lines.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::cli {
namespace {

std::string files(std::uint64_t count) { return fmt::format("{} {}", count, count == 1 ? "file" : "files"); }

}  // namespace

void Tally::add(const Report& report) {
  if (report.unchanged) {
    ++unchanged;
    return;
  }
  ++done;
  bytes += report.total;
  fetched += report.fetched;
}

void Tally::add_failure(std::string named, int exit_code) {
  if (failed == 0) code = exit_code;
  ++failed;
  if (failures.size() < kNamedAgain) failures.push_back(std::move(named));
}

std::string batch_line(const BatchProgress& progress, double bytes_per_second) {
  std::string line =
      progress.of == 0 ? files(progress.done) : fmt::format("{} of {}", progress.done, files(progress.of));
  if (progress.failed > 0) line += fmt::format("  {} failed", progress.failed);
  line += fmt::format("  {} active", progress.under_way);
  const std::uint64_t ended = progress.done + progress.failed;
  if (progress.of > ended) line += fmt::format("  {} left", progress.of - ended);
  return line + fmt::format("  {}  {}/s", size_words(progress.fetched),
                            size_words(static_cast<std::uint64_t>(bytes_per_second)));
}

std::string total_line(const Tally& tally, std::chrono::nanoseconds elapsed) {
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

std::string failure_lines(const Tally& tally) {
  if (tally.failed == 0) return "";
  std::string lines = fmt::format("segdl: {} of {} failed:\n", tally.failed, tally.seen);
  for (const std::string& named : tally.failures) lines += fmt::format("       {}\n", named);
  const std::uint64_t more = tally.failed - tally.failures.size();
  if (more > 0) lines += fmt::format("       and {} more, listed above\n", more);
  return lines;
}

}  // namespace segdl::cli
