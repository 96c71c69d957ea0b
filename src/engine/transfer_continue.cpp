// Transfer's way of finding out whether what an earlier run left may be continued.
#include "engine/errors.h"
#include "engine/fetch_loop.h"
#include "engine/sampler.h"
#include "engine/transfer.h"
#include "engine/url_hash.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace segdl::engine {
namespace {

constexpr std::uint32_t kSamplesOfOtherUrl = 3;  // J8

// Where everything is claimed nothing would be asked for, and nothing compared.
Result<void> leave_something_missing(Journal& journal) {
  const std::uint32_t count = journal.identity().layout->count();
  if (journal.claimed() < count) return {};
  auto step = forget(journal, Segment{count - 1});
  return step ? journal.sync() : step;
}

}  // namespace

Result<void> Transfer::continue_version(Place& place, std::stop_token stop) {
  auto forgotten = forget_refuted(place);
  if (forgotten) forgotten = forget_unvouched(place);
  if (!forgotten) return forgotten;
  const Identity& identity = place.journal().identity();
  auto taken = take_coding(place, identity.coding);
  if (!taken) return taken;
  std::optional<Reply> first;
  if (!switched_) {
    continued_from_ = place.journal().claimed();
    inherits_ = *continued_from_ > 0;
    auto chosen = choose_voucher(place);
    if (!chosen) return chosen;
    auto same = check_same(place, known_of(identity), stop);
    if (!same) return std::move(same).error();
    first = std::move(*same);
  }
  strong_ = voucher_ == Voucher::validator && identity.validator.strong();
  const Known known = known_of(identity);
  // It died between naming the journal and setting the length, or somebody cut the file: then the proofs tell.
  auto mended = mend_length(place.data(), place.journal().identity().layout->total());
  if (!mended) return std::move(mended).error();
  auto adopted = adopt(place, stop);
  return adopted ? fetch_segments(place, known, std::move(first), stop) : adopted;
}

// What was adopted, if there is no checksum to tell whether it is of this version (A2).
Result<void> Transfer::forget_unvouched(Place& place) {
  if (request_.checksum || place.journal().facts().value_or(Facts{}).adopted == 0) return {};
  meter_.remark("without a checksum nothing vouches for what was adopted: it is fetched");
  const auto forgotten = forget_adopted(place);
  return forgotten ? Result<void>() : forgotten.error();
}

// What is known of a version; nothing of its validator where that vouches for nothing.
Known Transfer::known_of(const Identity& identity) const {
  Known known{identity.layout ? std::optional(identity.layout->total()) : identity.stream_total, identity.validator,
              identity.coding};
  known.any_version = voucher_ != Voucher::validator;
  if (known.any_version) known.validator = {};
  return known;
}

// Before anything is claimed that the journal's validator does not vouch for, durably: no run may believe that it does.
// Where the facts are lost nobody knows any more which URL it is of, and no run may believe that it is of its own.
Result<void> Transfer::mark_mixed(Place& place) {
  Journal& journal = place.journal();
  Facts facts = journal.facts().value_or(Facts{});
  if (facts.mixed) return {};
  facts.mixed = true;
  auto step = journal.set_facts(facts);
  return step ? journal.sync() : step;
}

// What an earlier run left is continued under a checksum whatever the URL and its validator: that tells in the end.
Result<void> Transfer::choose_voucher(Place& place) {
  const Identity& identity = place.journal().identity();
  const auto facts = place.journal().facts();
  const bool same_url = facts && is_hash_of(facts->url_hash, url_);
  const bool plain = same_url && identity.validator.strong() && !facts->mixed;
  if (plain) return {};
  if (request_.checksum && identity.coding.empty()) {
    voucher_ = Voucher::digest;
    return mark_mixed(place);
  }
  if (facts && !facts->mixed) return {};
  voucher_ = Voucher::bytes;
  auto marked = mark_mixed(place);  // facts that are torn may have said so, or that something was adopted
  return marked ? leave_something_missing(place.journal()) : marked;
}

// The server calls the version differently, and perhaps it is the same. What is here stays, and is compared with what
// comes, byte by byte; or the checksum tells in the end.
Result<void> Transfer::vouch_otherwise(Place& place, const Error& change) {
  switched_ = true;
  const bool by_digest = request_.checksum && place.journal().identity().coding.empty();
  voucher_ = by_digest ? Voucher::digest : Voucher::bytes;
  meter_.remark(change.reason + (by_digest ? ", at the same size: the checksum will tell"
                                           : ", at the same size: comparing one response with all that is here"));
  return mark_mixed(place);
}

// Whether the journal may be continued from this URL (J8): without a strong validator only from the very same, or one
// that differs in its secrets alone, of which one body is compared; with one from another where samples are equal. If
// they are not, one that differs in its secrets alone is of a later version. May come with a response for what is
// missing.
Result<std::optional<Reply>> Transfer::check_same(Place& place, const Known& known, std::stop_token stop) {
  const bool strong = known.validator.strong();
  const auto facts = place.journal().facts();
  const bool same_url = facts && is_hash_of(facts->url_hash, url_);
  if (same_url) return std::optional<Reply>();
  const bool same_but_secrets = facts && facts->url == url_.redacted();
  const bool unknown = facts && facts->url.empty();  // they were lost: see choose_voucher()
  const bool compared_later = voucher_ == Voucher::digest || unknown || (same_but_secrets && !strong);
  of_other_url_ = !same_but_secrets;
  if (unknown) return std::optional<Reply>();
  if (place.journal().claimed() > 0 && !strong && !compared_later) {
    Error error = fetcher_.problem(Cause::changed, Remedy::stop,
                                   "what is here is of another URL, and there is no strong validator to compare");
    error.way_out = "start over with --no-resume, or choose another name with -o";
    return error;
  }
  std::optional<Reply> first;
  if (!compared_later) {
    auto compared = compare_samples(place, known, same_but_secrets, stop);
    if (!compared) return std::move(compared).error();
    first = std::move(*compared);
  }
  Facts updated = facts.value_or(Facts{});
  updated.url = url_.redacted();
  updated.url_hash = hash_of(url_);
  auto step = place.journal().set_facts(updated);
  return step ? Result<std::optional<Reply>>(std::move(first)) : std::move(step).error();
}

// Samples of all that is claimed. A fresh link may give its resource once: what lies before the first hole is compared
// first, with the response that then goes on with what is missing, and which waits for the other samples. If those are
// refused as every further request may be, it has to do (a URL that differs in its secrets alone, without a strong
// validator, is compared with no more).
Result<std::optional<Reply>> Transfer::compare_samples(Place& place, const Known& known, bool is_fresh_link,
                                                       const std::stop_token& stop) {
  const Journal& journal = place.journal();
  const auto before = is_fresh_link ? claims_before_hole(journal) : std::deque<Segment>();
  auto first = compare_before_hole(journal, known, before, stop);
  if (!first) return first;
  std::deque<Segment> others = choose_samples(journal, kSamplesOfOtherUrl);
  std::erase_if(others, [&](Segment s) { return std::binary_search(before.begin(), before.end(), s); });
  while (!others.empty()) {
    const bool waits = first->has_value();
    Sampler sampler(journal, meter_, fetcher_, {others.front()});
    fetcher_.wait_briefly(waits);
    auto step = fetch_into(sampler, fetcher_, meter_, known, std::nullopt, waits, stop);
    fetcher_.wait_briefly(false);
    if (step) {
      others.pop_front();
    } else if (waits && fetcher_.is_given_no_more(step.error())) {
      meter_.remark(
          "a fresh link that gives no more than one response: compared with what was here before that goes on");
      return first;
    } else if (waits && step.error().remedy == Remedy::retry) {
      first->reset();  // perhaps there is no further connection beside it
    } else {
      return std::move(step).error();
    }
  }
  return first;
}

// The response to a request for these claims and all that is behind them, left behind the claims; none if there are
// none.
Result<std::optional<Reply>> Transfer::compare_before_hole(const Journal& journal, const Known& known,
                                                           const std::deque<Segment>& claims,
                                                           const std::stop_token& stop) {
  Sampler sampler(journal, meter_, fetcher_, claims);
  for (;;) {
    auto want = sampler.next(stop);
    if (!want) return std::move(want).error();
    if (!want->has_value()) return std::optional<Reply>();
    (*want)->end = journal.identity().layout->total();
    auto asked = ask_first(**want, &known, stop);
    auto step = asked ? pump(fetcher_, meter_, *asked, sampler, stop) : Result<void>(asked.error());
    if (step && sampler.is_done()) {
      asked->body.begin = journal.identity().layout->range(claims.back()).end;
      return std::optional(*std::move(asked));
    }
    if (step) step = check_part(fetcher_, sampler, asked->body, **want);
    if (step) continue;
    if (step.error().remedy != Remedy::retry && step.error().remedy != Remedy::refetch) return std::move(step).error();
    auto paused = fetcher_.pause(std::move(step).error(), stop);
    if (!paused) return std::move(paused).error();
  }
}

}  // namespace segdl::engine
