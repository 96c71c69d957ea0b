#include "cli/status.h"

#include "cli/exit_code.h"
#include "cli/show.h"

#include <segdl/status.h>
#include <segdl/text.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <string>

namespace segdl::cli {
namespace {

const char* state_word(DownloadStatus::State state) {
  switch (state) {
    case DownloadStatus::State::complete:
      return "complete";
    case DownloadStatus::State::interrupted:
      return "interrupted";
    default:
      return "damaged";
  }
}

nlohmann::json ranges_json(const std::vector<Range>& ranges) {
  auto list = nlohmann::json::array();
  for (const Range range : ranges) list.push_back({range.begin, range.end});
  return list;
}

std::string to_json(const DownloadStatus& status) {
  nlohmann::ordered_json object;
  object["output"] = status.output.string();
  object["state"] = state_word(status.state);
  object["busy"] = status.busy;
  object["url"] = status.url;
  object["validator"] = status.validator;
  object["validator_strong"] = status.validator_strong;
  object["total"] = status.total ? nlohmann::ordered_json(*status.total) : nlohmann::ordered_json();
  object["stream"] = status.stream;
  object["segment_size"] = status.segment_size;
  object["segments"] = status.segments;
  object["claimed_segments"] = status.claimed_segments;
  object["claimed"] = status.claimed;
  object["claims"] = ranges_json(status.claims);
  object["holes"] = ranges_json(status.holes);
  // Names and validators are bytes; what is not UTF-8 in them is replaced.
  return object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

void print_interrupted(const DownloadStatus& status) {
  fmt::print("from:      {}\n", printable(status.url));
  fmt::print("validator: {} ({})\n", status.validator.empty() ? "none" : printable(status.validator),
             status.validator_strong ? "strong" : "not strong");
  fmt::print("size:      {}\n",
             status.total ? fmt::format("{} ({} bytes)", size_words(*status.total), *status.total) : "unknown");
  if (status.stream) {
    fmt::print("claimed:   nothing: this server can't continue, the next run begins again\n");
    return;
  }
  fmt::print("claimed:   {} in {} of {} segments of {}\n", size_words(status.claimed), status.claimed_segments,
             status.segments, size_words(status.segment_size));
  for (const Range hole : status.holes) fmt::print("missing:   {} to {}\n", hole.begin, hole.end);
}

}  // namespace

int show_status(const StatusCommand& command) {
  const auto status = segdl::status(command.file);
  if (!status) {
    fmt::print(stderr, "segdl: {}\n", status.error().message());
    if (!status.error().way_out.empty()) fmt::print(stderr, "       {}\n", printable(status.error().way_out));
    return exit_code(status.error().cause);
  }
  if (command.json) {
    fmt::print("{}\n", to_json(*status));
    return 0;
  }
  fmt::print("{}: {}{}\n", printable(status->output.string()), state_word(status->state),
             status->busy ? ", being worked on" : "");
  if (status->state == DownloadStatus::State::interrupted) print_interrupted(*status);
  return 0;
}

}  // namespace segdl::cli
