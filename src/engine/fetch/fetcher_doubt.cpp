// What a Fetcher doubts of an answer that could be used.
#include "core/base/errors.h"
#include "engine/fetch/fetcher.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <variant>

namespace segdl::engine {
namespace {

// What tells one page of a host from another, before it is read; empty: nothing.
std::string page_of(const ResponseHead& head) {
  return head.framing == Framing::length ? fmt::format("{} {}", media_type(head), head.content_length) : "";
}

}  // namespace

std::optional<Error> Fetcher::doubt(const ResponseHead& head, const Verdict& verdict, const Resource* known) const {
  const Shown shown = source_.shown();
  auto why = shown.doubt(head, verdict, known, request_.checksum.has_value());
  if (!why) return {};
  Error error = problem(Cause::changed, Remedy::retry, *std::move(why));
  error.http_status = head.status;
  if (shown.has_finished()) {
    error.hints = {Hint::replace_with_new_version};
  } else if (source_.has_answered() || shown.has_begun()) {  // if not, starting over would not bring it
    error.hints = {Hint::accept_new_version};
  }
  return error;
}

// What is doubted, and a page where the host may have no more than that for so many connections. What was no file for
// one download is none for the host's others.
std::optional<Error> Fetcher::doubtful(const ResponseHead& head, const Verdict& verdict, const Resource* known) {
  auto doubted = doubt(head, verdict, known);
  const bool plain = head.status == 200 || head.status == 206;  // of another 2xx no validator counts
  const bool is_named = plain && validator_of(head).strong();
  if (head.status / 100 != 2 || !is_page(head) || is_named) return doubted;
  const bool is_of_no_use = known != nullptr && std::holds_alternative<Contradiction>(verdict);
  if (doubted || is_of_no_use) slot_.gave_no_file(page_of(head));
  return doubted || source_.has_answered() ? doubted : doubtful_page(head);
}

std::optional<Error> Fetcher::doubtful_page(const ResponseHead& head) {
  page_ = page_of(head);
  const Slot::Page meaning = slot_.meaning_of(page_);
  const bool is_no_file = meaning == Slot::Page::no_file;
  if (!is_no_file && (!in_crowd_ || meaning == Slot::Page::meant)) return {};
  crowded_by_page_ = true;
  takes_for_crowd();
  Error error = is_no_file
                    ? problem(Cause::changed, Remedy::retry, "it answered with a page, the same as for another file")
                    : problem(Cause::refused, Remedy::retry,
                              "it answered with a page, perhaps because it serves no more connections at a time");
  error.http_status = head.status;
  return error;
}

}  // namespace segdl::engine
