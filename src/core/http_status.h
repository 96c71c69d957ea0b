// What a status means to whoever did not get what was asked for (RFC 9110 section 15).
#pragma once

#include <string_view>

namespace segdl {

// For a person: "forbidden"; "refused" for one that is rare.
std::string_view status_words(int status);

// Whether the same request may be answered better a little later.
bool may_pass(int status);

}  // namespace segdl
