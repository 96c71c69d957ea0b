#include "wire/status.h"

#include "wire/objects.h"

#include <segdl/text.h>

#include <nlohmann/json.hpp>

namespace segdl::wire {
namespace {

nlohmann::json ranges_json(const std::vector<Range>& ranges) {
  auto list = nlohmann::json::array();
  for (const Range range : ranges) list.push_back({range.begin, range.end});
  return list;
}

}  // namespace

std::string_view state_word(DownloadStatus::State state) {
  switch (state) {
    case DownloadStatus::State::complete:
      return "complete";
    case DownloadStatus::State::interrupted:
      return "interrupted";
    default:
      return "damaged";
  }
}

std::string status_text(const DownloadStatus& status) {
  nlohmann::ordered_json object;
  object["format"] = kFormat;
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
  return object.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace segdl::wire
