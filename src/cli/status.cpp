#include "cli/status.h"

#include "cli/exit_code.h"
#include "cli/json_objects.h"
#include "cli/lines.h"
#include "cli/streams.h"

#include <segdl/status.h>
#include <segdl/text.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iterator>
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
  object["format"] = kJsonFormat;
  object["output"] = json_name(status.output);
  object["state"] = state_word(status.state);
  object["busy"] = status.busy;
  object["journal_left"] = status.journal_left;
  object["url"] = printable(status.url);
  object["validator"] = printable(status.validator);
  object["validator_strong"] = status.validator_strong;
  object["coding"] = status.coding;
  object["decoded"] = status.decoded ? nlohmann::ordered_json(*status.decoded) : nlohmann::ordered_json();
  object["total"] = status.total ? nlohmann::ordered_json(*status.total) : nlohmann::ordered_json();
  object["stream"] = status.stream;
  object["segment_size"] = status.segment_size;
  object["segments"] = status.segments;
  object["claimed_segments"] = status.claimed_segments;
  object["claimed"] = status.claimed;
  object["claims"] = ranges_json(status.claims);
  object["holes"] = ranges_json(status.holes);
  // What is not ASCII is escaped, so that characters that reorder text reach no terminal.
  return object.dump(2, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string interrupted_words(const DownloadStatus& status) {
  std::string words = fmt::format("from:      {}\n", printable(status.url));
  const auto out = std::back_inserter(words);
  fmt::format_to(out, "validator: {} ({})\n", status.validator.empty() ? "none" : printable(status.validator),
                 status.validator_strong ? "strong" : "not strong");
  if (!status.coding.empty()) fmt::format_to(out, "coding:    {}\n", status.coding);
  fmt::format_to(out, "size:      {}\n",
                 status.total ? fmt::format("{} ({} bytes)", size_words(*status.total), *status.total) : "unknown");
  if (status.stream && status.claimed > 0) return words + "claimed:   all of it, which came in one piece\n";
  if (status.stream) return words + "claimed:   nothing: this server can't continue, the next run begins again\n";
  fmt::format_to(out, "claimed:   {} in {} of {} segments of {}\n", size_words(status.claimed), status.claimed_segments,
                 status.segments, size_words(status.segment_size));
  for (const Range hole : status.holes) fmt::format_to(out, "missing:   {} to {}\n", hole.begin, hole.end);
  return words;
}

std::string in_words(const DownloadStatus& status) {
  std::string words = fmt::format("{}: {}{}{}{}\n", printable(status.output.string()), state_word(status.state),
                                  status.decoded ? ", decoded" : "", status.busy ? ", being worked on" : "",
                                  status.journal_left ? "; its journal is left, and the next run removes it" : "");
  if (status.state == DownloadStatus::State::interrupted) words += interrupted_words(status);
  return words;
}

}  // namespace

int show_status(const StatusCommand& command) {
  const auto status = segdl::status(command.file);
  if (!status) {
    say("segdl: {}\n", status.error().message());
    if (!status.error().way_out.empty()) say("       {}\n", printable(status.error().way_out));
    return exit_code(status.error().cause);
  }
  return put_out(command.json ? to_json(*status) + "\n" : in_words(*status)) ? 0 : kLocal;
}

}  // namespace segdl::cli
