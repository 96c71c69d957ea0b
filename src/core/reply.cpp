#include "core/reply.h"

#include "core/ascii.h"
#include "core/http_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace segdl {
namespace {

enum class Coding : std::uint8_t { none, of_the_file, unwanted };

bool names_coding(std::string_view name, std::string_view coding) {
  constexpr std::pair<std::string_view, std::string_view> kSuffixes[] = {
      {".gz", "gzip"}, {".tgz", "gzip"},  {".svgz", "gzip"}, {".Z", "compress"}, {".bz2", "bzip2"},
      {".xz", "xz"},   {".lzma", "lzma"}, {".br", "br"},     {".zst", "zstd"},
  };
  if (coding.size() > 2 && same_text(coding.substr(0, 2), "x-")) coding.remove_prefix(2);  // RFC 9110 section 8.4.1.3
  return std::any_of(std::begin(kSuffixes), std::end(kSuffixes), [&](const auto& known) {
    const auto& [suffix, own] = known;
    return same_text(coding, own) && name.size() > suffix.size() && name.ends_with(suffix);
  });
}

// R5. What is coded on its way has no length beforehand, as a stored file has.
Coding coding_of(const ResponseHead& head, const Asked& asked) {
  Coding coding = Coding::none;
  for (const Field& field : head.fields) {
    if (!same_text(field.name, "Content-Encoding") || field.value.empty() || same_text(field.value, "identity"))
      continue;
    if (coding != Coding::none || head.framing != Framing::length || !names_coding(asked.name, field.value))
      return Coding::unwanted;
    coding = Coding::of_the_file;
  }
  return coding;
}

// Whether this value, which is not the known one (null: none, or several), can be another version's validator of that
// kind. A weak, repeated or malformed one where a strong one was proves nothing: a login page may have one.
bool is_evidence(const ResponseHead& head, const std::string* value, Validator::Kind kind) {
  if (value == nullptr) return false;
  if (kind == Validator::Kind::strong_etag) return validator_of(head).kind == kind;
  if (kind == Validator::Kind::strong_date) return date_validator_of(head).kind == kind;
  return kind == Validator::Kind::weak_etag ? !value->empty() : parse_http_date(*value).has_value();
}

// The validator of this response that is to be compared with a known one of that kind.
enum class Comparison { same, absent, different };

Comparison compare(const ResponseHead& head, const Validator& known) {
  if (known.kind == Validator::Kind::none) {
    return validator_of(head).strong() ? Comparison::different : Comparison::same;
  }
  const char* name = known.is_etag() ? "ETag" : "Last-Modified";
  const std::string* value = head.find(name);
  // Whether a date is strong depends on the clock; that it is the same one does not.
  if (value != nullptr && *value == known.value) return Comparison::same;
  return is_evidence(head, value, known.kind) ? Comparison::different : Comparison::absent;
}

NowChanged other_validator(const ResponseHead& head, const Validator& known) {
  const Validator now = validator_of(head);
  return {fmt::format("it was {} and is {}", known.value.empty() ? "unnamed" : known.value,
                      now.value.empty() ? "unnamed" : now.value)};
}

NowChanged other_size(std::uint64_t before, std::uint64_t after) {
  return {fmt::format("its size was {} and is {}", before, after)};
}

bool is_multipart(const ResponseHead& head) {
  constexpr std::string_view kType = "multipart/byteranges";
  const std::string* type = head.find("Content-Type");
  return type != nullptr && type->size() >= kType.size() &&
         same_text(std::string_view(*type).substr(0, kType.size()), kType);
}

// The range of a 206 as such, or why it can't be one (R2, R4).
std::variant<ContentRange, Contradiction> range_of(const ResponseHead& head, const Asked& asked) {
  if (!asked.range) return Contradiction{"it answered 206 to a request without a range"};
  if (is_multipart(head)) return Contradiction{"it answered with several parts"};
  const std::string* field = head.find("Content-Range");
  if (field == nullptr) return Contradiction{"its 206 has not exactly one Content-Range"};
  const auto got = parse_content_range(*field);
  if (!got || !got->range) return Contradiction{fmt::format("its Content-Range is not valid: {}", *field)};
  if (got->range->begin != asked.range->begin || got->range->end > asked.range->end) {
    return Contradiction{
        fmt::format("asked for bytes {}-{}, it answered with {}", asked.range->begin, asked.range->end - 1, *field)};
  }
  if (head.framing == Framing::length && head.content_length != got->range->size()) {
    return Contradiction{fmt::format("its Content-Length {} does not fit {}", head.content_length, *field)};
  }
  return *got;
}

Verdict judge_partial(const ResponseHead& head, const Asked& asked, const Known* known) {
  const auto range = range_of(head, asked);
  if (const auto* contradiction = std::get_if<Contradiction>(&range)) return *contradiction;
  const auto& got = std::get<ContentRange>(range);
  if (known == nullptr) {
    if (!got.total) return Contradiction{"its 206 does not tell the whole size"};
    return UsableBody{got.range->begin, got.range->end, got.total, validator_of(head), true};
  }
  const Comparison comparison = compare(head, known->validator);
  if (comparison == Comparison::absent) return Contradiction{"its 206 has no validator to compare"};
  if (comparison == Comparison::different) return other_validator(head, known->validator);
  if (known->total && got.total && *known->total != *got.total) return other_size(*known->total, *got.total);
  if (known->total && got.range->end > *known->total) return Contradiction{"its 206 reaches beyond the end"};
  const auto total = known->total ? known->total : got.total;
  return UsableBody{got.range->begin, got.range->end, total, known->validator, true};
}

// R6. A plain GET begins anew, so it may also meet a resource that never had a validator.
Verdict judge_whole(const ResponseHead& head, const Asked& asked, const Known* known) {
  std::optional<std::uint64_t> length;
  if (head.framing == Framing::length) length = head.content_length;
  if (known == nullptr) return UsableBody{0, length, length, validator_of(head), false};
  const Comparison comparison = compare(head, known->validator);
  if (known->validator.strong() && comparison == Comparison::absent) {
    return Contradiction{"it answered 200 without a validator to compare"};
  }
  if (comparison != Comparison::same) return other_validator(head, known->validator);
  if (!known->validator.strong() && asked.asking != Asking::whole) {
    return NowChanged{"it answered 200 to a range, and has no strong validator to tell whether that is the same"};
  }
  if (known->total && length && *known->total != *length) return other_size(*known->total, *length);
  const auto total = known->total ? known->total : length;
  return UsableBody{0, total, total, known->validator, false};
}

Verdict judge_body(const ResponseHead& head, const Asked& asked, const Known* known) {
  const Coding coding = coding_of(head, asked);
  if (coding == Coding::unwanted) return Contradiction{"it answered with a content coding"};
  Verdict verdict = head.status == 206 ? judge_partial(head, asked, known) : judge_whole(head, asked, known);
  if (auto* body = std::get_if<UsableBody>(&verdict)) body->coded = coding == Coding::of_the_file;
  return verdict;
}

}  // namespace

Verdict judge(const ResponseHead& head, const Asked& asked, const Known* known,
              std::chrono::system_clock::time_point wall) {
  switch (head.status) {
    case 200:
    case 206:
      return judge_body(head, asked, known);
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: {
      const std::string* location = head.find("Location");
      if (location == nullptr || location->empty()) return Contradiction{"its redirect has not exactly one Location"};
      return RedirectTo{*location};
    }
    case 416: {
      const std::string* field = head.find("Content-Range");
      const auto range = field != nullptr ? parse_content_range(*field) : std::nullopt;
      return BeyondEnd{range && !range->range ? range->total : std::nullopt};
    }
    default:
      break;
  }
  if (may_pass(head.status)) return PassingRefusal{retry_after(head, wall)};
  if (head.status >= 400) return FinalRefusal{};
  return Contradiction{fmt::format("it answered {}", head.status)};
}

}  // namespace segdl
