#include "batch/list_reader.h"

#include "batch/blanks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace segdl::batch {
namespace {

bool is_component(std::string_view name) {
  return name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

// `out=f`, `dir = d`: an option of aria2c's lists, which belongs to the line before it, or of curl's files of settings.
bool is_option_line(std::string_view text) {
  const auto end = std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), text.size());
  return end > 0 && trimmed(text.substr(end)).starts_with('=');
}

// What is wrong with a URL as it stands in a list, or null.
const char* url_problem(std::string_view url) {
  if (is_option_line(url)) {
    return "options as in lists of aria2c or config files of curl are not supported; expected a URL, or a URL, a TAB "
           "and a name";
  }
  if (std::string_view("'\"<(`").find(url.front()) != std::string_view::npos) {
    return "the URL is in quotes or brackets, which would be part of it: remove them";
  }
  if (url.find_first_of(kBlanks) != std::string_view::npos) {
    return "blank in the URL; put a TAB before a name, and write a blank of a URL as %20";
  }
  return nullptr;
}

// What a line holds: nothing, a download, or something that can't be used.
std::optional<ListLine> understood(std::string_view text, std::uint64_t number) {
  if (number == 1 && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.ends_with('\r')) text.remove_suffix(1);
  text = trimmed(text);
  if (text.empty() || text.starts_with('#')) return std::nullopt;
  if (text.find('\0') != std::string_view::npos)
    return ListLine{number, "", "", "the line has a NUL byte; convert a list in UTF-16 with iconv -f UTF-16 -t UTF-8"};
  const auto tab = text.find('\t');
  ListLine line{number, std::string(trimmed(text.substr(0, tab)))};
  if (const char* problem = url_problem(line.url)) {
    line.problem = problem;
    return line;
  }
  if (tab == std::string_view::npos) return line;
  line.name = trimmed(text.substr(tab));
  if (line.name.find('\t') != std::string::npos) {
    line.problem = "the line has more than one TAB";
  } else if (line.name.find("://") != std::string::npos) {
    line.problem = "the line has two URLs; put each on a line of its own, and list only one of several mirrors";
  } else if (!is_component(line.name)) {
    line.problem = fmt::format("'{}' is not a plain file name", line.name);
  }
  return line;
}

}  // namespace

void ListReader::feed(std::string_view bytes) {
  bytes_.erase(0, taken_);
  searched_ -= taken_;
  taken_ = 0;
  bytes_ += bytes;
}

std::optional<std::string_view> ListReader::take_line() {
  const auto end = bytes_.find('\n', searched_);
  if (end != std::string::npos) {
    const std::string_view line = std::string_view(bytes_).substr(taken_, end - taken_);
    taken_ = searched_ = end + 1;
    return line;
  }
  searched_ = bytes_.size();
  const std::string_view rest = std::string_view(bytes_).substr(taken_);
  if (rest.size() > kMaxLine || too_long_) {
    too_long_ = true;
    taken_ = bytes_.size();
  }
  if (!finished_ || (rest.empty() && !too_long_)) return std::nullopt;
  taken_ = bytes_.size();
  return rest;
}

std::optional<ListLine> ListReader::next() {
  while (const auto text = take_line()) {
    ++number_;
    if (std::exchange(too_long_, false) || text->size() > kMaxLine) {
      return ListLine{number_, "", "", fmt::format("the line is longer than {} bytes", kMaxLine)};
    }
    if (auto line = understood(*text, number_)) return line;
  }
  return std::nullopt;
}

}  // namespace segdl::batch
