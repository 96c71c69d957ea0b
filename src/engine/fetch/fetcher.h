// Requests one range of a resource, until a usable response is there.
//
// One Fetcher is one worker's: a fetch makes the request in one form after the other, follows redirects, logs in, and
// has judge() decide what each response means. Its parts own what a worker needs besides: Admission the slot and when a
// request may be sent, RetryPolicy what follows a failure, Flow the bytes received. What is learned goes to the Source,
// which all workers of the download share. Used by one thread.
#pragma once

#include <segdl/error.h>
#include <segdl/range.h>

#include "core/http/verdict.h"
#include "engine/fetch/admission.h"
#include "engine/fetch/fetch_context.h"
#include "engine/fetch/retry_policy.h"
#include "engine/schedule/flow.h"
#include "seams/transport.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace segdl::engine {

// A response whose body may be joined, from body.begin on: where it begins, or was left.
struct Response {
  std::unique_ptr<Exchange> exchange;
  UsableBody body;
  std::optional<Range> asked;  // the range that was asked for
  bool unchanged = false;      // instead of a body: the resource is what fetch_unless() named
};

class Fetcher {
 public:
  // `slot` may be empty: then one is waited for when it is needed.
  explicit Fetcher(const FetchContext&, Slot slot = {});

  // One try (redirects and simpler forms included) at the bytes of `range`. `known` is null before the first usable
  // response. `alone`: no other worker of the download is active, so that all of the resource may be asked for where
  // its ranges are refused. Remedies: retry (then RetryPolicy::pause()), restart (the resource changed), stop.
  Result<Response> fetch(Range range, const Resource* known, bool alone = true);
  // The same while another response is kept unread: waits for an answer no longer than that is worth, and a failure
  // counts as "not so many".
  Result<Response> fetch_beside(Range, const Resource* known);
  // From here on requests of which nothing is known ask for a resource that has another ETag than this; empty: for any.
  void fetch_unless(std::string etag) { unless_ = std::move(etag); }

  // Why what the response brings may be something else than the resource, as things stand (see core/http/shown.h).
  std::optional<Error> doubt(const ResponseHead&, const Verdict&, const Resource* known) const;
  // An error about what the server did, or answered with this status.
  Error problem(Cause, Remedy, std::string reason, int http_status = 0) const;

  // The body was as long as its head promised, or was not.
  void body_ended(bool as_promised) {
    as_promised ? source_.forms.record_success(attempt_.form, RequestForms::Part::body)
                : source_.forms.record_failure(attempt_.form, RequestForms::Part::body);
  }
  // From a request to its answer, the last time; another worker's if there was none of its own.
  std::chrono::nanoseconds latency() const {
    return attempt_.latency.count() > 0 ? attempt_.latency : source_.latency.load();
  }
  // How many bytes to request at a time: about five seconds' worth, and no more than a fair part of what is left.
  std::uint64_t span_limit(std::uint64_t left) const;
  // How many bytes before the response that brings everything are left to it, so that it is not closed before others
  // are served what is missing. Fewer where a checksum is computed, which is done in file order.
  std::uint64_t reserve() const { return context_.request.checksum ? kHashedReserve : kReserve; }

  const FetchContext& context() const { return context_; }
  // A response whose body is still to be read: by what asks for something first.
  std::optional<Response>& at_hand() { return at_hand_; }
  // These body bytes have come: counted for the worker, for its host and for the download.
  void received(std::uint64_t bytes);

  Admission& admission() { return admission_; }
  RetryPolicy& retry() { return retry_; }
  Flow& flow() { return flow_; }

 private:
  static constexpr std::uint64_t kReserve = 256 * kMiB, kHashedReserve = 64 * kMiB;

  // One form of a request, for all its exchanges. `may_set_aside`: where there is no slot, once for each fetch, which
  // would be led in a circle for ever otherwise.
  struct Inquiry {
    const Asked& asked;
    const Resource* known;
    bool may_set_aside;
  };
  // A response that is no redirect, and what it means.
  struct Judged {
    std::unique_ptr<Exchange> exchange;
    Verdict verdict;
  };

  Result<Judged> get(const Inquiry&);
  Result<Judged> get_from(PendingRequest, const Inquiry&);
  Result<std::unique_ptr<Exchange>> get_logged_in(const Url&, const Inquiry&);
  Result<std::unique_ptr<Exchange>> send(const HttpRequest&);
  bool is_spent(const Result<Judged>&, const Resource* known) const;
  Asked asked_for(Range, const Resource* known, std::string_view name) const;
  Result<Response> use(std::unique_ptr<Exchange>, UsableBody, const Asked&, const Resource* known);
  void learn_from(const std::vector<RequestForm>& refused, const Error& refusal);
  std::optional<RequestForm> simpler(bool alone);
  std::optional<RequestForm> simpler(const Asked&, const Resource* known, const Error& refusal, bool alone);
  Error failure(const Verdict&, const ResponseHead&, const Resource* known);
  Error refusal(const ResponseHead&, const TransientRefusal*) const;
  Error final_refusal(const ResponseHead&);
  void explain_login(Error&, const ResponseHead&) const;
  std::optional<Error> doubtful(const ResponseHead&, const Verdict&, const Resource* known);
  Error outcome(Error first, bool alone);
  Crowding& crowding() { return admission_.crowding(); }

  const FetchContext& context_;
  Source& source_ = context_.source;
  Attempt attempt_{.asked_at = context_.clock.now()};
  Flow flow_{context_.clock, context_.stop};
  Admission admission_{context_, flow_};
  RetryPolicy retry_{context_, admission_, flow_, attempt_};
  Limits limits_;
  std::string unless_;  // see fetch_unless()
  std::optional<Response> at_hand_;
  enum class Told : std::uint8_t { nothing, believed_before, never_believed };
  Told told_ = Told::nothing;  // to the server, of who asks, with the latest request
};

}  // namespace segdl::engine
