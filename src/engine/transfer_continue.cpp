// Transfer's way of finding out whether what an earlier run left may be continued.
#include "engine/errors.h"
#include "engine/fetch_loop.h"
#include "engine/sampler.h"
#include "engine/transfer.h"
#include "engine/url_hash.h"

#include <optional>
#include <utility>

namespace segdl::engine {
namespace {

constexpr std::uint32_t kSamplesOfOtherUrl = 3;  // J8

}  // namespace

Result<void> Transfer::continue_version(Place& place, std::stop_token stop) {
  auto forgotten = forget_refuted(place);
  if (!forgotten) return forgotten;
  const Known known = known_of(place.journal().identity());
  strong_ = known.validator.strong();
  auto taken = take_coding(known.coding);
  if (!taken) return taken;
  continued_from_ = place.journal().claimed();
  inherits_ = *continued_from_ > 0;
  auto same = check_same(place, known, stop);
  if (!same) return same;
  // It died between naming the journal and setting the length, or somebody cut the file: then the proofs tell.
  auto mended = mend_length(place.data(), place.journal().identity().layout->total());
  if (!mended) return std::move(mended).error();
  return fetch_segments(place, known, std::nullopt, stop);
}

// Whether the journal may be continued from this URL (J8): without a strong validator only from the very same, with one
// from another where samples are equal. If they are not, one that differs in its secrets alone is of a later version.
Result<void> Transfer::check_same(Place& place, const Known& known, std::stop_token stop) {
  const bool strong = known.validator.strong();
  const auto facts = place.journal().facts();
  const bool same_url = facts && is_hash_of(facts->url_hash, url_);
  if (same_url) return {};
  if (place.journal().claimed() > 0 && !strong) {
    Error error = fetcher_.problem(Cause::changed, Remedy::stop,
                                   "what is here is of another URL, and there is no strong validator to compare");
    error.way_out = "start over with --no-resume, or choose another name with -o";
    return error;
  }
  const bool same_but_secrets = facts && facts->url == url_.redacted();
  auto compared = compare_samples(place, known, stop);
  if (!compared && compared.error().remedy == Remedy::restart && !same_but_secrets) {
    Error error = std::move(compared).error();
    error.remedy = Remedy::stop;
    error.way_out = "choose another name with -o, or start over with --no-resume";
    return error;
  }
  if (!compared) return compared;
  Facts updated = facts.value_or(Facts{});
  updated.url = url_.redacted();
  updated.url_hash = hash_of(url_);
  return place.journal().set_facts(updated);
}

Result<void> Transfer::compare_samples(Place& place, const Known& known, std::stop_token stop) {
  Sampler sampler(place.journal(), meter_, fetcher_, choose_samples(place.journal(), kSamplesOfOtherUrl));
  return fetch_into(sampler, fetcher_, meter_, known, std::nullopt, false, stop);
}

}  // namespace segdl::engine
