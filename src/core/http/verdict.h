// What a response means: the decision rules, in one pure function.
//
// segdl joins the bodies of many responses into one file. judge() is the only place that says whether a body may be
// joined, and where. It looks at the head alone, before a byte of the body is written.
//
//   fresh, asked bytes=0-99     206 bytes 0-99/500, ETag "a"      -> body [0,100) of 500, validator "a"
//   known "a"/500, asked 100-   206 bytes 100-499/500, ETag "b"   -> changed
//   known "a"/500, asked 100-   200, length 500, ETag "a"         -> body [0,500): the server ignores ranges now
//   known "a"/500, asked 100-   206 bytes 90-499/500, ETag "a"    -> contradiction: ask differently
//
// Rules, by the sections they come from: (R1) a 206 is joined only under the same validator, or the same weak one on
// one stream (RFC 9110 15.3.7.3). (R2) It begins exactly where asked and does not pass what was asked. (R3) Its total
// is the known total, or `*`; another one under the same strong validator contradicts itself. (R4) Its length, if
// given, is its range's. (R5) The coding of the bytes is part of what they are (RFC 9110 8.4, 8.8.3.3): those of
// another one are not joined, and mean changed only in a plain answer under another strong ETag. What is coded without
// a length or a strong ETag may be made on its way, each time anew (8.8.1): its validators are weak, it is no part of
// anything, and is not joined under a strong validator; unless it has a length and its name has the coding too: servers
// that go by names call f.tar.gz coded with gzip. (R6) A 200 is the whole resource from byte 0, unless its head speaks
// of a part (a Content-Range that is not all of it, multipart, exactly the length of the range that was asked for) or
// does not show that it is none: without a length, its bytes could be those of a range that does not begin at byte 0.
// Under a strong validator it is joined only if it proves to be the known one; without one its bytes are compared by
// whoever joins it. (R7) A validator that both have and that differs means changed, and so does an ETag that comes
// where there was none; the absence of a strong one alone does not (a login page has none), nor does a malformed or
// weak one in its place. (R8) Where any version is taken (Resource::any_version) R1 and R7 are the caller's. (R9) Any
// other 2xx that may bring a resource (201, 203, 299...) is believed as the last resort, in answer to a plain request,
// and names no version: a 203 was changed on its way.
#pragma once

#include <segdl/error.h>
#include <segdl/range.h>

#include "core/http/http_fields.h"
#include "core/http/http_head.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace segdl {

// How a request asks for its bytes. Each step down gives up something a confused server trips over.
enum class RequestForm : std::uint8_t {
  conditional,  // Range with If-Range
  range_only,   // Range, the validator compared by us
  whole,        // a plain GET
};

// What is known of the resource, from the journal or from the first response.
struct Resource {
  std::optional<std::uint64_t> total;
  Validator validator;
  std::string coding = {};  // as content_coding() has it; empty: none
  // Whatever validator an answer has: whoever joins its bytes compares all of them, or has a digest to tell in the end.
  bool any_version = false;
};

struct Asked {
  RequestForm asking = RequestForm::conditional;
  std::optional<Range> range = std::nullopt;  // absent exactly if asking is whole
  std::string_view name = {};                 // the last component of the URL's path
  std::string_view unless = {};               // a strong ETag: only if the resource has another one (If-None-Match)
};

// Whether such a request carries an If-Range: only beside a Range, and only with a validator that may stand there.
inline bool has_if_range(const Asked& asked, const Resource* known) {
  return asked.asking == RequestForm::conditional && known != nullptr && known->validator.for_if_range() != nullptr;
}

// Whether it asks for anything but bytes: something that a server may trip over.
inline bool is_conditional(const Asked& asked, const Resource* known) {
  return has_if_range(asked, known) || !asked.unless.empty();
}

// The body is the resource's bytes from `begin` on; `end` is absent only for a whole body of unknown length.
struct UsableBody {
  std::uint64_t begin = 0;
  std::optional<std::uint64_t> end;
  std::optional<std::uint64_t> total;
  Validator validator;
  bool partial = false;  // a 206: the server serves ranges
  std::string coding = {};
};
struct RedirectTo {
  std::string location;
};
struct NotModified {};  // it is what `unless` names
struct ResourceChanged {
  std::string evidence;
  // The size is the same, and either the date as well or the known validator never proved anything: some servers name
  // one version differently at every turn.
  bool in_name_only = false;
};  // start over, or stop, as the known validator's strength tells
struct Contradiction {
  std::string reason;
  // It is all of a resource of the known size, and names no version at all.
  bool unnamed = false;
};  // this answer can't be used: ask differently (the next RequestForm)
struct TransientRefusal {
  std::optional<std::chrono::seconds> after;
};                           // 408 425 429 5xx...: the same again, later
struct PermanentRefusal {};  // 401 403 404 410 ...: asking again does not help
struct RangeNotSatisfiable {
  std::optional<std::uint64_t> total;
};  // 416

using Verdict = std::variant<UsableBody, NotModified, RedirectTo, ResourceChanged, Contradiction, TransientRefusal,
                             PermanentRefusal, RangeNotSatisfiable>;

// The media type without its parameters, in lower case; empty if there is none (RFC 9110 section 8.3).
std::string media_type(const ResponseHead&);
bool is_multipart(const ResponseHead&);
// Whether it is one that error pages have: text, JSON or XML.
bool is_page_type(std::string_view media_type);
bool is_page(const ResponseHead&);

// `known` is null before the first usable response.
Verdict judge(const ResponseHead&, const Asked&, const Resource* known, std::chrono::system_clock::time_point wall);

}  // namespace segdl
