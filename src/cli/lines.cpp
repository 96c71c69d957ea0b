#include "cli/lines.h"

#include <segdl/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace segdl::cli {

std::string size_words(std::uint64_t bytes) {
  constexpr std::array<const char*, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string time_words(std::chrono::seconds time) {
  const auto seconds = time.count();
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string progress_line(const std::string& name, const Progress& progress, double bytes_per_second) {
  std::string line = fmt::format("{}  {}", printable(name), size_words(progress.done));
  if (progress.total) {
    const double share =
        *progress.total == 0 ? 1 : static_cast<double>(progress.done) / static_cast<double>(*progress.total);
    line += fmt::format(" of {}  {:.0f} %", size_words(*progress.total), std::min(99.0, 100 * share));
  }
  switch (progress.phase) {
    case Phase::queued:
      return line + "  waiting for its turn";
    case Phase::starting:
      return line + "  starting";
    case Phase::waiting:
      return line + "  " + printable(progress.note);
    case Phase::verifying:
      return line + "  verifying";
    case Phase::publishing:
      return line + "  writing to disk";
    default:
      break;
  }
  if (progress.total && progress.done == *progress.total && progress.verified < progress.reused) {
    return line + fmt::format("  verifying {} of {}", size_words(progress.verified), size_words(progress.reused));
  }
  line += fmt::format("  {}/s", size_words(static_cast<std::uint64_t>(bytes_per_second)));
  if (progress.connections > 1) line += fmt::format("  {} connections", progress.connections);
  if (progress.total && progress.done <= *progress.total && bytes_per_second > 0) {
    const double left = static_cast<double>(*progress.total - progress.done) / bytes_per_second;
    if (left < 360'000)
      line += fmt::format("  {} left", time_words(std::chrono::seconds(static_cast<std::int64_t>(left))));
  }
  return line;
}

std::string shortened(const std::string& text, std::size_t room) {
  constexpr std::string_view kDots = "...";
  if (text.size() <= room) return text;
  const auto inside_character = [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; };
  std::string_view end = text;
  end.remove_prefix(text.size() - (room < kDots.size() ? 0 : room - kDots.size()));
  while (!end.empty() && inside_character(end.front())) end.remove_prefix(1);
  return std::string(kDots.substr(0, room)).append(end);
}

std::string_view verified_words(const Report& report) {
  if (report.verified_to == VerifiedTo::digest && report.checksum) return algorithm_name(report.checksum->algorithm);
  return report.verified_to == VerifiedTo::length ? "length only" : "strong validator";
}

std::string report_line(const Report& report) {
  const double seconds = std::chrono::duration<double>(report.elapsed).count();
  std::string line =
      fmt::format("{}: {} in {:.1f} s", printable(report.output.string()), size_words(report.total), seconds);
  if (report.fetched > 0 && seconds > 0) {
    line +=
        fmt::format(" ({}/s)", size_words(static_cast<std::uint64_t>(static_cast<double>(report.fetched) / seconds)));
  }
  if (report.connections > 1) line += fmt::format(", {} connections", report.connections);
  if (report.reused > 0) line += fmt::format(", {} reused", size_words(report.reused));
  if (report.revoked > 0) line += fmt::format(", {} damaged and fetched again", size_words(report.revoked));
  if (report.retries > 0) line += fmt::format(", {} {}", report.retries, report.retries == 1 ? "retry" : "retries");
  line += fmt::format(", verified by {}", verified_words(report));
  if (report.insecure) line += ", certificate not checked";
  return line;
}

}  // namespace segdl::cli
