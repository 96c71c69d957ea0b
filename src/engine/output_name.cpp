#include <segdl/task.h>

#include "core/file_name.h"
#include "core/url.h"
#include "engine/errors.h"

namespace segdl {

Result<std::string> output_name(const Request& request) {
  const auto url = parse_url(request.url);
  if (!url) return url.error();
  if (request.output.empty()) return safe_name(last_component(*url));
  const std::string& name = request.output;
  if (name == "." || name == ".." || name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
    return engine::make_error(Cause::usage, Remedy::stop, "write to", name, "it is not the name of a file");
  }
  return name;
}

}  // namespace segdl
