// The name a server suggests for what it sends (RFC 6266, RFC 8187).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// The value of a Content-Disposition field. `filename*` (UTF-8 or ISO-8859-1, percent-decoded once) goes before
// `filename`, whose percent signs mean themselves; of a path only the last component is meant (RFC 6266 section 4.3). A
// parameter that is malformed, or given twice, does not count. Nothing if no name is left. Not yet safe as a file name:
// see core/store/file_name.h.
std::optional<std::string> disposition_name(std::string_view value);

}  // namespace segdl
