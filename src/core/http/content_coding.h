// What a response says its bytes were made of: Content-Encoding (RFC 9110 section 8.4), in one form in which two
// responses can be compared and a journal can keep it.
//
//   (none)   identity   none   UTF-8   aws-chunked   text/html     ""            it names no coding
//   gzip     X-GZIP     aws-chunked, gzip   identity, gzip         "gzip"
//   gzip, br   (in one field or in two)                            "gzip, br"    in the order in which they were
//   applied
//
// What is no coding: what says that there is none, words of other fields that are sent in this one (a charset, a media
// type, a Content-Transfer-Encoding), and the framing of an upload that object stores keep as if it were one.
#pragma once

#include "core/http/http_head.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace segdl {

inline constexpr std::size_t kMaxCoding = 64;

// Printable ASCII, at most kMaxCoding of it; of a longer one its beginning and its digest.
std::string content_coding(const ResponseHead&);

// Whether the coding is the one that a file of this name has by itself: servers that go by names call f.tar.gz coded
// with gzip.
bool names_coding(std::string_view name, std::string_view coding);

// What has to be undone of it, in this order, to have what a file of this name is: all of its codings, the last applied
// first, but for the first applied where the name has that one. f.tar.gz stays compressed, and f.tar does not.
std::vector<std::string> codings_to_undo(std::string_view name, std::string_view coding);

}  // namespace segdl
