// What a response means: the decision rules, in one pure function.
//
// segdl joins the bodies of many responses into one file. judge() alone decides whether a body may be joined, and
// where. It examines only the head, before a byte of the body is written.
//
//   fresh, asked bytes=0-99     206 bytes 0-99/500, ETag "a"      -> body [0,100) of 500, validator "a"
//   known "a"/500, asked 100-   206 bytes 100-499/500, ETag "b"   -> changed
//   known "a"/500, asked 100-   200, length 500, ETag "a"         -> body [0,500): the server ignored the range
//   known "a"/500, asked 100-   206 bytes 90-499/500, ETag "a"    -> contradiction: use the next request form
//
// R1 A 206 is joined only under the same validator, or the same weak one on one stream (RFC 9110 15.3.7.3).
// R2 A 206 begins exactly where asked and does not exceed what was asked.
// R3 Its total is the known total, or `*`. Another total under the same strong validator is a contradiction.
// R4 Its length, if given, is its range's.
// R5 The coding is part of what the bytes are (RFC 9110 8.4, 8.8.3.3). Bytes of another coding are not joined, and mean
//    changed only in a plain response under another strong ETag. A coded response without a length or a strong ETag may
//    be coded anew each time (8.8.1): its validators are weak, it is no part of anything, and it is not joined under a
//    strong validator. Exempt is one with a length whose name means the coding too: servers that decide by names send
//    f.tar.gz as coded with gzip.
// R6 A 200 is the whole resource from byte 0, unless its head indicates a part (a Content-Range of less than all,
//    multipart, exactly the length of the requested range) or leaves it open: without a length, the bytes could be
//    those of a range that does not begin at byte 0. Under a strong validator it is joined only if it proves to be the
//    known resource; without one the caller that joins it compares its bytes.
// R7 A validator that both have and that differs means changed. So does a new one: where there was none, if it is
//    strong, and where there was a date, any ETag. The absence of a strong one alone does not (a login page has none),
//    nor does a malformed or weak one in its place.
// R8 Where any version is accepted (Resource::any_version), R1 and R7 are the caller's duty.
// R9 Any other 2xx that may bring a resource (201, 203, 299...) is accepted as the last resort, in response to a plain
//    request, and its validators are ignored: a 203 was changed by an intermediary.
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

// The form of a request. Each step down drops something that confuses some servers.
enum class RequestForm : std::uint8_t {
  conditional,  // Range with If-Range
  range_only,   // Range; the caller compares the validator
  whole,        // a plain GET
};

struct Asked {
  RequestForm asking = RequestForm::conditional;
  std::optional<Range> range = std::nullopt;  // absent exactly if `asking` is whole
  std::string_view name = {};                 // the last component of the URL's path
  std::string_view unless = {};               // a strong ETag: only if the resource has a different one (If-None-Match)
};

// Whether the request carries an If-Range: only beside a Range, and only with a validator that is allowed there.
inline bool has_if_range(const Asked& asked, const Resource* known) {
  return asked.asking == RequestForm::conditional && known != nullptr && known->validator.for_if_range() != nullptr;
}

// Whether the request is conditional, which confuses some servers.
inline bool is_conditional(const Asked& asked, const Resource* known) {
  return has_if_range(asked, known) || !asked.unless.empty();
}

// The body is the resource's bytes from `begin` on; `end` is absent only for a whole body of unknown length.
struct UsableBody {
  std::uint64_t begin = 0;
  std::optional<std::uint64_t> end;
  bool partial = false;  // a 206: the server serves ranges
  Resource resource = {};
};
struct RedirectTo {
  std::string location;
};
struct NotModified {};  // the resource still has the ETag of `unless`
struct ResourceChanged {
  std::string evidence;
  // The size is the same, and so is the date, or the known validator never proved anything: some servers name one
  // version differently in every response.
  bool in_name_only = false;
};  // start over, or stop, depending on the strength of the known validator
struct Contradiction {
  std::string reason;
  // It is all of a resource of the known size, and has no validator at all.
  bool unnamed = false;
};  // the response can't be used: ask with the next RequestForm
struct TransientRefusal {
  std::optional<std::chrono::seconds> after;
};                           // 408 425 429 5xx...: the same again, later
struct PermanentRefusal {};  // 401 403 404 410 ...: a retry does not help
struct RangeNotSatisfiable {
  std::optional<std::uint64_t> total;
};  // 416

using Verdict = std::variant<UsableBody, NotModified, RedirectTo, ResourceChanged, Contradiction, TransientRefusal,
                             PermanentRefusal, RangeNotSatisfiable>;

// The media type without its parameters, in lower case; empty if there is none (RFC 9110 section 8.3).
std::string media_type(const ResponseHead&);
bool is_multipart(const ResponseHead&);
// Whether error pages have this type: text, JSON or XML.
bool is_page_type(std::string_view media_type);
bool is_page(const ResponseHead&);

// `known` is null before the first usable response.
Verdict judge(const ResponseHead&, const Asked&, const Resource* known, std::chrono::system_clock::time_point wall);

}  // namespace segdl
