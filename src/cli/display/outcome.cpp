#include "cli/display/outcome.h"

#include "cli/base/streams.h"
#include "cli/display/hints.h"

#include <segdl/text.h>

#include <vector>

namespace segdl::cli {

Error advised(Error error, const FetchCommand& command) {
  const bool is_single = !command.list && command.urls.size() == 1;
  if (command.continues && is_single && command.request.adopt.empty()) return error;
  std::erase_if(error.hints, [](const Advice& advice) { return advice.hint == Hint::adopt_existing; });
  return error;
}

std::string error_lines(const std::string& list_line, const std::string& url, const Error& error) {
  const std::string message = error.message();
  std::string line = "segdl: ";
  if (!list_line.empty()) line += list_line + ": ";
  const std::string shown = redacted_url(url);
  if (!shown.empty() && message.find(shown) == std::string::npos) line += shown + ": ";
  line += message + "\n";
  if (!error.hints.empty()) line += "       " + hint_words(error.hints) + "\n";
  const auto authority = url.find("://");
  const auto path = url.find('/', authority == std::string::npos ? 0 : authority + 3);
  if (error.cause == Cause::refused && path != std::string::npos &&
      url.find_first_of("[]{}", path) != std::string::npos) {
    line += "       brackets and braces are not expanded: write out each URL\n";
  }
  if (error.resumable && (error.hints.empty() || error.remedy == Remedy::retry)) {
    line += "       received data is kept: run the same command to continue\n";
  }
  return line;
}

void print_error(const std::string& list_line, const std::string& url, const Error& error) {
  say_text(error_lines(list_line, url, error));
}

}  // namespace segdl::cli
