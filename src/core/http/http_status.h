// What a status means to whoever did not get what was asked for (RFC 9110 section 15).
#pragma once

#include <string_view>

namespace segdl {

// For a person: "forbidden"; "refused" for one that is rare.
std::string_view status_words(int status);

// Whether the same request may be answered better a little later.
bool may_pass(int status);

// Whether such an answer without what was asked for may be of the way of asking, a Range or an If-Range: what names
// another reason is not.
bool may_be_of_form(int status);

}  // namespace segdl
