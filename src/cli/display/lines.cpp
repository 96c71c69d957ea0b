#include "cli/display/lines.h"

#include <segdl/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace segdl::cli {

namespace {

constexpr std::array<const char*, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

// The unit in which a size is printed.
std::size_t unit_of(std::uint64_t bytes) {
  std::size_t unit = 0;
  for (double size = static_cast<double>(bytes); size >= 1024 && unit + 1 < kUnits.size(); size /= 1024) ++unit;
  return unit;
}

}  // namespace

std::string size_words(std::uint64_t bytes) {
  return fmt::format("{} {}", size_in_units_of(bytes, bytes), kUnits[unit_of(bytes)]);
}

std::string size_in_units_of(std::uint64_t bytes, std::uint64_t other) {
  const std::size_t unit = unit_of(other);
  if (unit == 0) return fmt::to_string(bytes);
  return fmt::format("{:.1f}", std::ldexp(static_cast<double>(bytes), -10 * static_cast<int>(unit)));
}

std::string time_words(std::chrono::seconds time) {
  const auto seconds = time.count();
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

double share_done(const Progress& progress) {
  const std::uint64_t total = progress.total.value_or(0);
  return total == 0 ? 1 : std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(total));
}

std::string state_words(const Progress& progress) {
  switch (progress.phase) {
    case Phase::queued:
      return "queued";
    case Phase::starting:
      return "starting";
    case Phase::adopting:
      return "adopting";
    case Phase::waiting:
      return progress.note;
    case Phase::verifying:
      return "verifying";
    case Phase::decoding:
      return "decoding";
    case Phase::publishing:
      return "writing to disk";
    case Phase::suspended:
      return "suspended";
    default:
      break;
  }
  if (!progress.total || progress.done != *progress.total || progress.verified >= progress.reused) return "";
  return fmt::format("verifying {} of {}", size_words(progress.verified), size_words(progress.reused));
}

std::optional<std::chrono::seconds> time_left(const Progress& progress, double bytes_per_second) {
  if (!progress.total || progress.done > *progress.total || bytes_per_second <= 0) return std::nullopt;
  const double left = static_cast<double>(*progress.total - progress.done) / bytes_per_second;
  if (left >= 360'000) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(left));
}

std::string progress_line(const std::string& name, const Progress& progress, double bytes_per_second) {
  std::string line = fmt::format("{}  {}", printable(name), size_words(progress.done));
  if (progress.total) {
    line += fmt::format(" of {}  {:.0f} %", size_words(*progress.total), std::min(99.0, 100 * share_done(progress)));
  }
  if (const std::string words = state_words(progress); !words.empty()) return line + "  " + printable(words);
  line += fmt::format("  {}/s", size_words(static_cast<std::uint64_t>(bytes_per_second)));
  if (progress.connections > 1) line += fmt::format("  {} connections", progress.connections);
  if (const auto left = time_left(progress, bytes_per_second)) line += fmt::format("  {} left", time_words(*left));
  return line;
}

std::string_view verified_words(const Report& report) {
  if (report.verified_to == VerifiedTo::digest && report.checksum) return algorithm_name(report.checksum->algorithm);
  return report.verified_to == VerifiedTo::length ? "length only" : "strong validator";
}

std::string report_line(const Report& report) {
  if (report.unchanged) return printable(report.output.string()) + ": unchanged";
  const double seconds = std::chrono::duration<double>(report.elapsed).count();
  std::string line =
      fmt::format("{}: {} in {:.1f} s", printable(report.output.string()), size_words(report.total), seconds);
  if (report.fetched > 0 && seconds > 0) {
    line +=
        fmt::format(" ({}/s)", size_words(static_cast<std::uint64_t>(static_cast<double>(report.fetched) / seconds)));
  }
  if (report.connections > 1) line += fmt::format(", {} connections", report.connections);
  if (report.reused > 0) line += fmt::format(", {} reused", size_words(report.reused));
  if (report.revoked > 0)
    line += fmt::format(", {} damaged or discarded and fetched again", size_words(report.revoked));
  if (report.retries > 0) line += fmt::format(", {} {}", report.retries, report.retries == 1 ? "retry" : "retries");
  line += fmt::format(", verified by {}", verified_words(report));
  if (report.rehashed) line += ", read back";
  if (report.insecure) line += ", certificate not verified";
  return line;
}

}  // namespace segdl::cli
