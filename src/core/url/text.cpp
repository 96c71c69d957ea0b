#include <segdl/text.h>

#include "core/base/escape.h"
#include "core/url/url.h"

namespace segdl {

std::string printable(std::string_view foreign) { return escape(foreign); }

std::string redacted_url(std::string_view url) { return escape(redact(url)); }

std::string comparable_url(std::string_view url) {
  const auto parsed = parse_url(url);
  if (!parsed) return std::string(url);
  if (!parsed->has_userinfo) return parsed->text();
  return parsed->text() + '\n' + std::to_string(parsed->user.size()) + '\n' + parsed->user + parsed->password;
}

}  // namespace segdl
