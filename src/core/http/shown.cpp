#include "core/http/shown.h"

#include <fmt/format.h>

#include <string_view>
#include <variant>

namespace segdl {
namespace {

constexpr std::string_view kHtml = "text/html";
constexpr std::size_t kMaxShown = 64;  // of a type

// Of another 2xx validators are ignored (R9 of verdict.h).
Validator named_by(const ResponseHead& head) {
  return head.status == 200 || head.status == 206 ? validator_of(head) : Validator{};
}

// HTML is no evidence of the resource's type.
std::string telling_type(const ResponseHead& head) {
  std::string type = media_type(head);
  return type == kHtml ? std::string() : type;
}

std::optional<std::uint64_t> total_in_range(const ResponseHead& head) {
  const auto range = content_range_of(head);
  return range ? range->total : std::nullopt;
}

// The first request is open-ended, so the end of a range from byte 0 may be the size even without a total.
std::optional<std::uint64_t> end_of_range(const ResponseHead& head) {
  const auto range = content_range_of(head);
  const bool tells = range && range->range && range->range->begin == 0;
  return tells ? std::optional(range->range->end) : std::nullopt;
}

std::optional<std::uint64_t> size_of(const ResponseHead& head, const UsableBody* body) {
  if (body != nullptr) return body->resource.total;
  if (head.status == 206) return total_in_range(head);
  return head.framing == Framing::length ? std::optional(head.content_length) : std::nullopt;
}

}  // namespace

void Shown::used(const ResponseHead& head, const UsableBody& body, bool begins) {
  name(named_by(head));
  ranged_ = ranged_ || body.partial;
  if (!begins && came_ != Came::not_yet) return;  // the rest, if it proves to be the same version
  came_ = is_page(head) ? Came::as_page : Came::as_file;
  if (!media_type(head).empty()) type_ = telling_type(head);  // a 206 may leave it out (RFC 9110 section 15.3.7)
  if (body.resource.total) size_ = body.resource.total;
}

void Shown::hold(const ResponseHead& head, UsableBody& body) const {
  if (holds(body) && !is_of_same_kind(head) && !named_by(head).strong()) body.end = body.resource.total = told_size();
}

void Shown::of_no_use(const ResponseHead& head) {
  const bool is_part = head.status == 206 || (head.status == 200 && head.count("Content-Range") > 0);
  const Validator validator = named_by(head);
  const bool first_name = validator.strong() && !named_;
  name(validator);
  if (came_ != Came::not_yet || !is_part || is_multipart(head)) return;
  part_of_no_type_ = part_of_no_type_ || media_type(head).empty();
  part_was_page_ = part_was_page_ || is_page(head);
  if (first_name || type_.empty()) type_ = telling_type(head);
  if (first_name || !size_) size_ = total_in_range(head);
  if (first_name || !part_end_) part_end_ = end_of_range(head);
}

void Shown::name(const Validator& validator) {
  if (!validator.strong()) return;
  named_by_tag_ = named_by_tag_ || validator.kind == Validator::Kind::strong_etag;
  named_ = true;
}

void Shown::begun(const Validator& validator) {
  if (!validator.strong()) return;
  if (!named_) size_.reset();  // of a response that is doubted as well
  begun_ = true;
  name(validator);
}

// Error pages have their own types.
bool Shown::is_of_same_kind(const ResponseHead& head) const {
  if (came_ != Came::not_yet) return false;
  return is_page(head) ? part_was_page_ : !type_.empty() && media_type(head) == type_;
}

bool Shown::was_file() const {
  if (!type_.empty()) return !is_page_type(type_);
  return came_ == Came::as_file || (came_ == Came::not_yet && (named_ || part_of_no_type_) && !part_was_page_);
}

std::optional<std::string> Shown::doubt(const ResponseHead& head, const Verdict& verdict, const Resource* known,
                                        bool checksum) const {
  if (head.status / 100 != 2) return {};
  const Validator now = named_by(head);
  if (is_page(head) && was_file() && !now.strong())
    return "what comes is a page where there was none, and nothing shows that it is a new version";
  const auto* body = std::get_if<UsableBody>(&verdict);
  const bool other =
      body != nullptr ? known == nullptr || !known->total : std::holds_alternative<ResourceChanged>(verdict);
  if (checksum || !other) return {};
  return now.strong() ? std::nullopt : doubt_version(head, body, known == nullptr);
}

// Doubts a response that may replace the shown version or, if it `begins` one, comes while nothing is known of it.
std::optional<std::string> Shown::doubt_version(const ResponseHead& head, const UsableBody* body, bool begins) const {
  using Kind = Validator::Kind;
  const bool is_dated = named_by(head).kind == Kind::weak_date;  // as a file that just changed has; pages have none
  const bool just_changed = finished_ == Kind::strong_date && is_dated;
  if (begins && has_finished() && !just_changed)
    return "it changed, and nothing shows that what is sent now is a new version: perhaps another page";
  const auto size = size_of(head, body);
  if (size && (size == size_ || size == part_end_)) return {};
  if (is_of_same_kind(head)) return {};
  const std::string type = media_type(head);
  if (!type_.empty() && type != type_) {
    return fmt::format("what comes names no version, and is {}, where {} came before: perhaps another page",
                       type.empty() ? "of no type" : type.substr(0, kMaxShown), type_.substr(0, kMaxShown));
  }
  if (begins && body != nullptr && holds(*body)) return {};
  if (named_ && (named_by_tag_ || !is_dated))
    return "what comes names no version, where one was named before: perhaps another page";
  if (begins && ranged_ && head.status != 206)
    return "what comes is of another size than what ranges have shown, and names no version: perhaps another page";
  return {};
}

}  // namespace segdl
