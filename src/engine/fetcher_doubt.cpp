// What a Fetcher doubts of an answer that could be used.
#include "engine/errors.h"
#include "engine/fetcher.h"

#include <utility>

namespace segdl::engine {

std::optional<Error> Fetcher::doubt(const ResponseHead& head, const Verdict& verdict, const Known* known) const {
  const Shown shown = route_.shown();
  auto why = shown.doubt(head, verdict, known, request_.checksum.has_value());
  if (!why) return {};
  Error error = problem(Cause::changed, Remedy::retry, *std::move(why));
  error.http_status = head.status;
  if (shown.has_finished()) {
    error.way_out = "if it is what you want, replace what is here with --overwrite";
  } else if (route_.has_answered() || shown.has_begun()) {  // if not, starting over would not bring it
    error.way_out = "if it is what you want, start over with --no-resume";
  }
  return error;
}

// What is doubted, and a page where the host may have no more than that for so many connections.
std::optional<Error> Fetcher::doubtful(const ResponseHead& head, const Verdict& verdict, const Known* known) {
  if (auto doubted = doubt(head, verdict, known)) return doubted;
  const bool plain = head.status == 200 || head.status == 206;  // of another 2xx no validator counts
  const bool is_named = plain && validator_of(head).strong();
  const bool may_be_crowd = in_crowd_ && !route_.has_answered() && !slot_.believes_pages();
  if (head.status / 100 != 2 || !is_page(head) || is_named || !may_be_crowd) return {};
  crowded_by_page_ = true;
  takes_for_crowd();
  Error error = problem(Cause::refused, Remedy::retry,
                        "it answered with a page, perhaps because it serves no more connections at a time");
  error.http_status = head.status;
  return error;
}

}  // namespace segdl::engine
