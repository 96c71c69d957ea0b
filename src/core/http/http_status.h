// What a status means for a request that did not succeed (RFC 9110 section 15).
#pragma once

#include <string_view>

namespace segdl {

// For display: "forbidden"; "refused" for a rare one.
std::string_view status_words(int status);

// Whether the same request may succeed a little later.
bool may_pass(int status);

// Whether the status may be due to the form of the request, a Range or an If-Range. Not if it names another reason.
bool may_be_of_form(int status);

}  // namespace segdl
