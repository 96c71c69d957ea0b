#include "engine/store/output_name.h"

#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/store/file_name.h"
#include "engine/store/names.h"

#include <algorithm>

namespace segdl {

std::string engine::name_from_server(std::string_view foreign) {
  std::string name = safe_name(foreign);
  const Names of_nothing("");
  const auto ends_in = [&](const std::string* suffix) {
    return same_text(std::string_view(name).substr(name.size() - std::min(name.size(), suffix->size())), *suffix);
  };
  const auto suffixes = {&of_nothing.part,    &of_nothing.journal,  &of_nothing.temporary,
                         &of_nothing.decoded, &of_nothing.old_part, &of_nothing.old_journal};
  if (!has_small_suffix(name) && std::none_of(suffixes.begin(), suffixes.end(), ends_in)) return name;
  if (name.size() == kMaxMadeName) name.pop_back();
  return name + '_';
}

Result<std::string> engine::output_name_of(const Request& request, const Url& url) {
  if (request.output.empty()) return typed_name(last_component(url));
  const std::string& name = request.output;
  if (name == "." || name == ".." || name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
    return with_hints(make_error(Cause::usage, "write to", name, "it is not the name of a file"),
                      {Hint::separate_directory});
  }
  return name;
}

Result<std::string> output_name(const Request& request) {
  const auto url = parse_url(request.url);
  return url ? engine::output_name_of(request, *url) : Result<std::string>(url.error());
}

}  // namespace segdl
