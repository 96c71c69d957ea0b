// What a Fetcher doubts of an answer that could be used.
#include "core/base/errors.h"
#include "engine/fetch/fetcher.h"

#include <string>
#include <utility>
#include <variant>

namespace segdl::engine {

std::optional<Error> Fetcher::doubt(const ResponseHead& head, const Verdict& verdict, const Resource* known) const {
  const Shown shown = source_.evidence.shown();
  auto why = shown.doubt(head, verdict, known, context_.request.checksum.has_value());
  if (!why) return {};
  Error error = problem(Cause::changed, Remedy::retry, *std::move(why));
  error.http_status = head.status;
  if (shown.has_finished()) {
    error.hints = {Hint::replace_with_new_version};
  } else if (source_.evidence.has_answered() || shown.has_begun()) {  // if not, starting over would not bring it
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
  if (doubted || is_of_no_use) crowding().rejects_page(head);
  return doubted || source_.evidence.has_answered() ? doubted : doubtful_page(head);
}

std::optional<Error> Fetcher::doubtful_page(const ResponseHead& head) {
  const Crowding::Page page = crowding().judge_page(head);
  if (page == Crowding::Page::may_be_file) return {};
  Error error = page == Crowding::Page::is_no_file
                    ? problem(Cause::changed, Remedy::retry, "it answered with a page, the same as for another file")
                    : problem(Cause::refused, Remedy::retry,
                              "it answered with a page, perhaps because it serves no more connections at a time");
  error.http_status = head.status;
  return error;
}

}  // namespace segdl::engine
