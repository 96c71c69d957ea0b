#include <segdl/error.h>

#include "core/base/escape.h"

#include <fmt/format.h>

namespace segdl {

std::string Error::message() const {
  std::string line = operation;
  const auto join = [&line](const char* separator, const std::string& part) {
    if (part.empty()) return;
    if (!line.empty()) line += separator;
    line += escape(part);
  };
  join(" ", subject);
  if (offset) line += fmt::format(" at {}", *offset);
  join(": ", reason);
  if (tries > 1) line += fmt::format(" ({} tries)", tries);
  return line;
}

}  // namespace segdl
