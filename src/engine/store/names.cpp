#include "engine/store/names.h"

#include "core/base/ascii.h"
#include "core/base/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace segdl {
namespace engine {
namespace {

constexpr std::size_t kDigits = 16;  // of the digest in a name

std::string in_other_case(std::string name) {
  for (char& c : name) {
    if (is_alpha(c)) c = static_cast<char>(c ^ 'a' ^ 'A');
  }
  return name;
}

// For a comparison that takes no notice of case. What is not ASCII is left out: its letters have cases as well.
std::string without_case(std::string name) {
  std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  return lower(name);
}

}  // namespace

std::string Names::small_of(std::uint64_t digest) const {
  return small.substr(0, small.size() - kDigits) + fmt::format("{:016x}", digest);
}

bool Names::may_be_small(std::string_view name) const {
  return name.size() == small.size() && has_small_suffix(name) &&
         name.substr(0, small.size() - kDigits) == small.substr(0, small.size() - kDigits);
}

Result<std::string> output_name_of(const Request& request, const Url& url) {
  if (request.output.empty()) return typed_name(last_component(url));
  const std::string& name = request.output;
  if (name == "." || name == ".." || name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
    return with_hints(make_error(Cause::usage, "write to", name, "it is not the name of a file"),
                      {Hint::separate_directory});
  }
  return name;
}

std::string name_from_server(std::string_view foreign) {
  std::string name = safe_name(foreign);
  const Names of_nothing("");
  const auto ends_in = [&](const std::string* suffix) {
    return same_text(std::string_view(name).substr(name.size() - std::min(name.size(), suffix->size())), *suffix);
  };
  const auto suffixes = of_nothing.all_but_output();
  if (!has_small_suffix(name) && std::none_of(suffixes.begin(), suffixes.end(), ends_in)) return name;
  if (name.size() == kMaxMadeName) name.pop_back();
  return name + '_';
}

Error busy(const Directory& directory, const std::string& name, std::string reason) {
  return with_hints(make_error(Cause::busy, "lock", directory.path_of(name), std::move(reason)),
                    {Hint::wait_for_other, Hint::choose_other_name});
}

Error not_ours(const Directory& directory, const std::string& name, std::string reason, Hints hints) {
  return with_hints(make_error(Cause::exists, "write", directory.path_of(name), std::move(reason)), std::move(hints));
}

Result<bool> present(Directory& directory, const std::string& name) {
  auto status = directory.status(name);
  if (!status) return std::move(status).error();
  return status->has_value();
}

Result<bool> anything_there(Directory& directory, const Names& names, bool replaces) {
  for (const std::string* name : {&names.output, &names.journal, &names.old_journal}) {
    if (replaces && name == &names.output) continue;
    auto there = present(directory, *name);
    if (!there || *there) return there;
  }
  return false;
}

Result<std::unique_ptr<File>> new_locked_file(Directory& directory, const std::string& name) {
  auto file = directory.open(name, OpenMode::create_new);
  if (!file) return file;
  auto locked = (*file)->try_lock();
  if (!locked) return std::move(locked).error();
  return *locked ? std::move(file) : busy(directory, name, "another download took it");
}

Result<std::optional<std::string>> name_in_other_case(Directory& directory, const std::string& name) {
  const auto there = directory.status(in_other_case(name));
  if (!there) return there.error();
  if (!there->has_value()) return std::optional<std::string>();  // case counts here
  const auto listed = directory.names(std::numeric_limits<std::size_t>::max());
  if (!listed) return listed.error();
  if (!listed->has_value()) return std::optional<std::string>();
  const auto& names = listed->value();
  if (std::find(names.begin(), names.end(), name) != names.end()) return std::optional<std::string>();
  const std::string wanted = without_case(name);
  const auto found = std::find_if(names.begin(), names.end(), [&](const auto& n) { return without_case(n) == wanted; });
  return found == names.end() ? std::optional<std::string>() : std::optional(*found);
}

}  // namespace engine

Result<std::string> output_name(const Request& request) {
  const auto url = parse_url(request.url);
  return url ? engine::output_name_of(request, *url) : Result<std::string>(url.error());
}

}  // namespace segdl
