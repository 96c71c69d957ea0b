// What a Batch prints with --json.
#include "cli/commands/batch.h"

namespace segdl::cli {
namespace {

constexpr std::chrono::milliseconds kEventsPace{100};

}  // namespace

wire::Subject Batch::subject(const Entry& entry, const std::string& output) const {
  wire::Subject about{entry.number, entry.list_line, entry.url};
  if (!output.empty()) about.output = command_.request.directory / output;
  return about;
}

wire::Subject Batch::subject(const Download& download) const { return subject(download.entry, download.output); }

void Batch::tell_events() {
  if (std::chrono::steady_clock::now() < events_due_) return;
  for (auto& [id, download] : downloads_) json_->follow(subject(download), download.task);
  events_due_ = std::chrono::steady_clock::now() + kEventsPace;
}

void Batch::tell_abandoned() {
  for (auto& [id, download] : downloads_) json_->abandoned(subject(download), download.task);
}

}  // namespace segdl::cli
