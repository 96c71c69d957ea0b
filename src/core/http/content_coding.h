// The codings that a response names in Content-Encoding (RFC 9110 section 8.4), in one form for comparison and for the
// journal.
//
//   (none)   identity   none   UTF-8   aws-chunked   text/html     ""            it names no coding
//   gzip     X-GZIP     aws-chunked, gzip   identity, gzip         "gzip"
//   gzip, br   (in one field or in two)                            "gzip, br"    in the order in which they were
//   applied
//
// Not codings are: words for "none", words of other fields that servers send in this one (a charset, a media type, a
// Content-Transfer-Encoding), and the framing of an upload that object stores keep as a coding.
#pragma once

#include "core/http/http_head.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace segdl {

inline constexpr std::size_t kMaxCoding = 64;

// Printable ASCII, at most kMaxCoding of it; a longer value is replaced by its beginning and its digest.
std::string content_coding(const ResponseHead&);

// Whether the file's extension already means this coding: servers that decide by names send f.tar.gz as coded with
// gzip.
bool names_coding(std::string_view name, std::string_view coding);

// The codings to undo for a file of this name, in this order: all, the last applied first, except that the first
// applied is kept if the extension means it. f.tar.gz stays compressed, and f.tar does not.
std::vector<std::string> codings_to_undo(std::string_view name, std::string_view coding);

}  // namespace segdl
