#include <segdl/text.h>

#include "core/escape.h"
#include "core/url.h"

namespace segdl {

std::string printable(std::string_view foreign) { return escape(foreign); }

std::string redacted_url(std::string_view url) { return escape(redact(url)); }

}  // namespace segdl
