#include "core/http/verdict.h"

#include "core/base/ascii.h"
#include "core/http/content_coding.h"
#include "core/http/http_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace segdl {
namespace {

// The validators of a response compared with the known ones.
enum class Comparison { same, absent, different };

bool differ(const std::optional<std::string>& a, const std::optional<std::string>& b) { return a && b && *a != *b; }

// R7. A weak, repeated or malformed value in place of a strong one proves nothing: a login page may have one.
Comparison compare(const Validator& now, const Validator& known) {
  using Kind = Validator::Kind;
  if (known.kind == Kind::none) return now.strong() ? Comparison::different : Comparison::same;
  const auto& best = known.is_etag() ? known.etag : known.modified;
  const auto& here = known.is_etag() ? now.etag : now.modified;
  if (!here) return Comparison::absent;
  if (*here != *best) {
    // Whether a date is strong depends on the clock, and an ETag may take precedence over it.
    const bool evidence =
        !known.strong() || now.kind == known.kind || (known.kind == Kind::strong_date && now.kind == Kind::strong_etag);
    return evidence ? Comparison::different : Comparison::absent;
  }
  if (now.etag && !known.etag) return Comparison::different;  // a date may stay the same in another file
  return differ(now.etag, known.etag) || differ(now.modified, known.modified) ? Comparison::different
                                                                              : Comparison::same;
}

Comparison compare(const Validator& now, const Resource& known) {
  return known.any_version ? Comparison::same : compare(now, known.validator);
}

std::string words(const Validator& validator) {
  if (validator.kind == Validator::Kind::none) return "unnamed";
  if (!validator.etag || !validator.modified) return validator.etag ? *validator.etag : *validator.modified;
  return fmt::format("{} of {}", *validator.etag, *validator.modified);
}

ResourceChanged other_validator(const Validator& now, const Resource& known, std::optional<std::uint64_t> total) {
  const Validator& before = known.validator;
  const bool same_date = before.modified && now.modified == before.modified;
  const bool in_name_only = known.total && total == known.total && (same_date || !before.strong());
  return {fmt::format("it was {} and is {}", words(before), words(now)), in_name_only};
}

// One version has one length: another length under the same strong validator is no evidence of another version.
Verdict other_size(const Resource& known, std::uint64_t now) {
  std::string reason = fmt::format("its size was {} and is {}", *known.total, now);
  const Validator& validator = known.validator;
  if (!validator.strong()) return ResourceChanged{std::move(reason)};
  return Contradiction{
      fmt::format("{}, under the same {} {}", reason, validator.is_etag() ? "ETag" : "date", validator.value())};
}

// The range of a 206, or why the response is invalid (R2, R4).
std::variant<ContentRange, Contradiction> range_of(const ResponseHead& head, const Asked& asked) {
  if (!asked.range) return Contradiction{"it answered 206 to a request without a range"};
  if (is_multipart(head)) return Contradiction{"it answered with several parts"};
  const std::string* field = head.find("Content-Range");
  if (field == nullptr) return Contradiction{"its 206 must have exactly one Content-Range"};
  const auto got = parse_content_range(*field);
  if (!got || !got->range) return Contradiction{fmt::format("its Content-Range is not valid: {}", *field)};
  if (got->range->begin != asked.range->begin || got->range->end > asked.range->end) {
    return Contradiction{fmt::format("asked for {}, it answered with {}", range_field(*asked.range), *field)};
  }
  if (head.framing == Framing::length && head.content_length != got->range->size()) {
    return Contradiction{fmt::format("its Content-Length {} does not fit {}", head.content_length, *field)};
  }
  return *got;
}

// R6. Why a 200 can't be the whole resource.
std::optional<Contradiction> speaks_of_part(const ResponseHead& head, const Asked& asked, const Resource* known) {
  const bool has_length = head.framing == Framing::length;
  if (is_multipart(head)) return Contradiction{"it answered 200 with several parts"};
  if (head.count("Content-Range") > 0) {
    const auto range = content_range_of(head);
    const bool of_all = range && range->range && range->range->begin == 0 && range->range->end == range->total;
    const bool as_long = range && range->total && has_length && head.content_length == *range->total;
    const bool all = as_long && (of_all || !asked.range);
    if (!all) return Contradiction{"it answered 200 with a Content-Range, as if that were a part"};
  }
  const bool as_asked = asked.range && has_length && head.content_length == asked.range->size();
  if (!as_asked || (known != nullptr && known->total == head.content_length)) return std::nullopt;
  return Contradiction{"its 200 is exactly as long as the range that was asked for"};
}

// R6. A plain GET starts over, so the resource may have no validator at all.
Verdict judge_whole(const ResponseHead& head, const Asked& asked, const Resource* known) {
  if (auto part = speaks_of_part(head, asked, known)) return *std::move(part);
  std::optional<std::uint64_t> length;
  if (head.framing == Framing::length) length = head.content_length;
  const Validator now = validator_of(head);
  if (known == nullptr) return UsableBody{0, length, false, {length, now}};
  const Comparison comparison = compare(now, *known);
  if (known->validator.strong() && comparison == Comparison::absent) {
    return Contradiction{"it answered 200 without a validator to compare", length && length == known->total};
  }
  if (comparison != Comparison::same) return other_validator(now, *known, length);
  if (known->total && length && *known->total != *length) return other_size(*known, *length);
  if (!length && asked.range && asked.range->begin > 0) {
    return Contradiction{"its 200 gives no length, so it may be the range that was asked for"};
  }
  const auto total = known->total ? known->total : length;
  return UsableBody{0, total, false, {total, known->validator}};
}

// Whether the response means that the whole resource is empty, in the way of some servers.
bool is_nothing(const ResponseHead& head, const Asked& asked) {
  const std::string* field = head.find("Content-Range");
  const bool from_start = asked.range && asked.range->begin == 0;
  return from_start && field != nullptr && *field == "bytes 0--1/0" && head.framing == Framing::length &&
         head.content_length == 0;
}

Verdict judge_partial(const ResponseHead& head, const Asked& asked, const Resource* known) {
  if (known == nullptr && is_nothing(head, asked)) return UsableBody{0, 0, false, {0, validator_of(head)}};
  const auto range = range_of(head, asked);
  if (const auto* contradiction = std::get_if<Contradiction>(&range)) return *contradiction;
  const auto& got = std::get<ContentRange>(range);
  if (known == nullptr) {
    if (!got.total) return Contradiction{"its 206 does not contain the total size"};
    return UsableBody{got.range->begin, got.range->end, true, {got.total, validator_of(head)}};
  }
  const Validator now = validator_of(head);
  const Comparison comparison = compare(now, *known);
  if (comparison == Comparison::absent) return Contradiction{"its 206 has no validator to compare"};
  if (comparison == Comparison::different) return other_validator(now, *known, got.total);
  if (known->total && got.total && *known->total != *got.total) return other_size(*known, *got.total);
  if (known->total && got.range->end > *known->total) return Contradiction{"its 206 reaches beyond the end"};
  const auto total = known->total ? known->total : got.total;
  return UsableBody{got.range->begin, got.range->end, true, {total, known->validator}};
}

// R5. Whether the bytes may be coded anew for each request, whatever the validator: some servers and proxies send
// compressed data with the ETag or the date of its source.
bool may_be_made_on_way(const ResponseHead& head, const Asked& asked, std::string_view coding) {
  if (coding.empty()) return false;
  if (head.framing != Framing::length) return true;
  return validator_of(head).kind != Validator::Kind::strong_etag && !names_coding(asked.name, coding);
}

Validator weakened(Validator validator) {
  using Kind = Validator::Kind;
  if (validator.kind == Kind::strong_etag) validator.kind = Kind::weak_etag;
  if (validator.kind == Kind::strong_date) validator.kind = validator.etag ? Kind::weak_etag : Kind::weak_date;
  return validator;
}

std::string words_of_coding(const std::string& coding) {
  return coding.empty() ? "no content coding" : "the content coding " + coding;
}

// R5. Why a body with this coding can't be used.
std::optional<Contradiction> unfit_coding(const ResponseHead& head, const Asked& asked, const Resource* known,
                                          const std::string& coding) {
  const bool made_on_way = may_be_made_on_way(head, asked, coding);
  const Validator now = validator_of(head);
  if (known != nullptr && coding != known->coding) {
    const bool is_new = asked.asking == RequestForm::whole && !made_on_way &&
                        now.kind == Validator::Kind::strong_etag &&
                        compare(now, known->validator) == Comparison::different;
    if (!is_new) {
      return Contradiction{fmt::format("it answered with {}, and before with {}", words_of_coding(coding),
                                       words_of_coding(known->coding))};
    }
  }
  const bool is_part = head.status == 206 || (known != nullptr && known->validator.strong());
  if (!made_on_way || !is_part) return std::nullopt;
  return Contradiction{
      fmt::format("it answered with {}, perhaps made on its way, and that has no parts", words_of_coding(coding))};
}

Verdict judge_body(const ResponseHead& head, const Asked& asked, const Resource* known) {
  const std::string coding = content_coding(head);
  if (auto unfit = unfit_coding(head, asked, known, coding)) return *std::move(unfit);
  Verdict verdict = head.status == 206 ? judge_partial(head, asked, known) : judge_whole(head, asked, known);
  auto* body = std::get_if<UsableBody>(&verdict);
  if (body == nullptr) return verdict;
  body->resource.coding = coding;
  if (may_be_made_on_way(head, asked, coding)) body->resource.validator = weakened(std::move(body->resource.validator));
  return verdict;
}

// RFC 9110 section 15.4.5. The server compares tags weakly, but the resource is the same only if it has the very tag of
// the request.
Verdict judge_not_modified(const ResponseHead& head, const Asked& asked) {
  if (asked.unless.empty()) return Contradiction{"it answered 304, and nothing was asked that could have that answer"};
  const std::string* etag = head.find("ETag");
  if (head.count("ETag") > 0 && (etag == nullptr || *etag != asked.unless))
    return Contradiction{"its 304 names another ETag"};
  return NotModified{};
}

// R9. Whether a 2xx other than 200 may bring all of a resource. Not those with another meaning (202, 207, 208), and not
// a result of a named transformation (226, RFC 3229).
bool may_bring_all(const ResponseHead& head) {
  constexpr int kOther[] = {202, 204, 206, 207, 208};
  const bool other = std::ranges::find(kOther, head.status) != std::end(kOther);
  return head.status / 100 == 2 && !other && head.count("IM") == 0;
}

// R9. The validators beside such a body may belong to something else. An empty body is taken for none, like that of a
// 205 (RFC 9110 section 15.3.6).
Verdict judge_odd_success(const ResponseHead& head, const Asked& asked, const Resource* known) {
  const bool nothing = head.framing == Framing::length && head.content_length == 0;
  if (asked.asking != RequestForm::whole || nothing) return Contradiction{fmt::format("it answered {}", head.status)};
  ResponseHead unnamed = head;
  std::erase_if(unnamed.fields, [](const Field& field) {
    return same_text(field.name, "ETag") || same_text(field.name, "Last-Modified");
  });
  return judge_body(unnamed, asked, known);
}

Verdict judge_redirect(const ResponseHead& head) {
  const std::string* location = head.find("Location");
  if (location == nullptr || location->empty()) return Contradiction{"its redirect must have exactly one Location"};
  return RedirectTo{*location};
}

// An unknown 3xx is treated as a 300 (RFC 9110 section 15), which is followed if it has a Location. A 305 names a
// proxy, and a 306 once did.
bool leads_on(const ResponseHead& head, const Asked& asked) {
  constexpr int kRedirects[] = {301, 302, 303, 307, 308};
  constexpr int kOther[] = {305, 306};
  if (std::ranges::find(kRedirects, head.status) != std::end(kRedirects)) return true;
  const bool other = std::ranges::find(kOther, head.status) != std::end(kOther);
  return head.status / 100 == 3 && !other && head.count("Location") > 0 && (head.status != 304 || asked.unless.empty());
}

}  // namespace

// The field may have folds and control characters.
std::string media_type(const ResponseHead& head) {
  const std::string* field = head.find("Content-Type");
  std::string type = field != nullptr ? lower(field->substr(0, field->find(';'))) : "";
  std::erase_if(type, [](char c) { return is_blank(c) || is_control(c); });
  return type;
}

bool is_multipart(const ResponseHead& head) { return media_type(head).starts_with("multipart/byteranges"); }

bool is_page_type(std::string_view type) {
  return type.starts_with("text/") || type.ends_with("/json") || type.ends_with("+json") || type.ends_with("/xml") ||
         type.ends_with("+xml");
}

bool is_page(const ResponseHead& head) { return is_page_type(media_type(head)); }

Verdict judge(const ResponseHead& head, const Asked& asked, const Resource* known,
              std::chrono::system_clock::time_point wall) {
  if (head.status == 200 || head.status == 206) return judge_body(head, asked, known);
  if (leads_on(head, asked)) return judge_redirect(head);
  if (head.status == 304) return judge_not_modified(head, asked);
  if (head.status == 416) {
    const auto range = content_range_of(head);
    return RangeNotSatisfiable{range && !range->range ? range->total : std::nullopt};
  }
  if (may_bring_all(head)) return judge_odd_success(head, asked, known);
  const auto after = retry_after(head, wall);
  const bool is_limit = (head.status == 403 || head.status == 202) && after;  // too many requests; not ready yet
  if (may_pass(head.status) || is_limit) return TransientRefusal{after};
  if (head.status >= 400 || head.status == 202) return PermanentRefusal{};
  return Contradiction{fmt::format("it answered {}", head.status)};
}

}  // namespace segdl
