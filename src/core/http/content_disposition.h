// The file name that a server suggests (RFC 6266, RFC 8187).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// The file name of a Content-Disposition field; nothing if there is none.
// `filename*` (UTF-8 or ISO-8859-1, percent-decoded once) takes precedence over `filename`, whose percent signs are
// literal.
// Of a path only the last component is used (RFC 6266 section 4.3). A malformed or repeated parameter is ignored.
// Not yet safe as a file name: see core/store/file_name.h.
std::optional<std::string> disposition_name(std::string_view value);

}  // namespace segdl
