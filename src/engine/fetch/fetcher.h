// Asks for bytes until a usable response is there.
//
// One Fetcher is one worker's way to one resource: it holds the slot for its connection, builds requests, follows
// redirects, binds secrets to the origin they were given for, has judge() decide what a response means, and paces
// retries. What it learns goes to the Source, which all workers of the download share. Used by one thread.
#pragma once

#include <segdl/error.h>
#include <segdl/session.h>
#include <segdl/task.h>

#include "core/http/verdict.h"
#include "core/url/url.h"
#include "engine/fetch/credential_store.h"
#include "engine/fetch/response.h"
#include "engine/fetch/source.h"
#include "engine/progress/task_progress.h"
#include "engine/schedule/pool.h"
#include "engine/schedule/throttle.h"
#include "seams/clock.h"
#include "seams/transport.h"

#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace segdl::engine {

class Fetcher {
 public:
  // What one download's fetchers have in common. REQUIRES: all of it outlives them.
  struct Setting {
    Transport& transport;
    Clock& clock;
    const SessionOptions& options;
    Pool& pool;
    Throttle& throttle;
    CredentialStore& secrets;
    const Request& request;
    Source& source;
    TaskProgress& task_progress;
    Instant begun;  // of the download, for its time limit
  };

  // `slot` may be empty: then one is waited for when it is needed.
  explicit Fetcher(const Setting&, Slot slot = {});
  ~Fetcher() { leave(); }
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // Waits until a connection may be used, and neither the download nor the host is to be left alone at the moment.
  // Errors: cancelled, or the time limit.
  Result<void> get_ready(const std::stop_token&);
  // Whether that takes no time.
  bool is_ready() const;
  void leave();
  // From here on ask() waits for nothing but the answer: where it would wait for its turn, also at a host that it is
  // led to, it returns an error of Cause::cancelled, and get_ready() waits for that. For who holds work meanwhile that
  // others could do.
  void wait_outside(bool outside) {
    waits_outside_ = outside;
    if (!outside) led_on_.reset();
  }
  // The slot from somebody, and to somebody who goes on with it; either may be empty. REQUIRES: to take one: none is
  // held.
  void take(Slot);
  Slot give();

  // One try (redirects and steps down included) at the bytes of `range`. `known` is null before the first usable
  // response. `alone`: no other worker of the download is at work, so that all of the resource may be asked for where
  // its ranges are refused. Remedies: retry (then pause()), restart (the resource changed), stop.
  Result<Response> ask(Range range, const Resource* known, std::stop_token, bool alone = true);

  // From here on requests of which nothing is known ask for a resource that has another ETag than this; empty: for any.
  void ask_unless(std::string etag) { unless_ = std::move(etag); }

  // After an error of Remedy::retry, for the only worker of a download: waits as long as is polite. Fails with that
  // error, now with Remedy::stop, if there were too many in a row, or with cancelled.
  Result<void> pause(Error, std::stop_token);

  // The same for one worker of several, which goes and leaves the work to the others; `others_served`: another one gets
  // what it asks for, so that "not so many" is no failure. Nor does the first failure since there was progress count.
  Result<void> give_up(Error, bool others_served);

  // Whether the last request has waited for an answer much longer than others take.
  bool waited_in_vain() const;
  // ask() while another response is kept unread: waits for an answer no longer than that, and what comes to nothing
  // counts as "not so many".
  Result<Response> ask_beside(Range, const Resource*, const std::stop_token&);
  // After that: whether every further request may be refused like it, so that the kept response is the last.
  bool is_given_no_more(const Error&);
  // Whether the latest request was refused, and was made in no simpler way only because other workers were there: if
  // they have gone since, it is to be made once more, as by the last one, and before any pause that others have made.
  // True once for each such request.
  bool asks_once_more() { return at_once_ = std::exchange(spared_, false); }
  // The host gives this connection nothing while it serves others.
  void refused() {
    if (slot_) slot_.refused(std::nullopt, random_());
  }
  // Whether the connection is worth more elsewhere.
  bool wanted_elsewhere() const { return slot_ && slot_.wanted_elsewhere(); }
  // Whether the host asked to be left alone for a while.
  bool host_closed() const { return slot_ && slot_.closed(); }

  // Body bytes have arrived, whatever becomes of them: waits if the session's speed is limited. False after a stop
  // request.
  bool received(std::uint64_t bytes, const std::stop_token&);
  // How much to read at once.
  std::uint64_t max_read() const { return throttle_.max_read(); }

  // This much more of the resource is here than ever before, by this worker. What is fetched again is not.
  void progressed(std::uint64_t bytes) { progress_ += bytes; }
  // A segment was committed.
  void committed() { source_.progressed(); }
  // Whether that is enough since the last failure to go on at once: 4 KiB, and a part worth it of all that came.
  bool made_progress() const;
  // The same after a part of what was asked for: if so, the next part is to bring as much.
  bool goes_on();

  // See Source.
  void distrust_unmeasured() { source_.distrust_unmeasured(); }

  // The body was as long as its head promised, or was not.
  void body_ended(bool as_promised) {
    as_promised ? source_.record_success(asked_, Source::Part::body)
                : source_.record_failure(asked_, Source::Part::body);
  }

  // How many bytes to ask for at once: about five seconds' worth, and no more than a fair part of what is left.
  std::uint64_t span_limit(std::uint64_t left) const;
  // How many bytes before the response that brings everything are left to it, so that it is not closed before others
  // are served what is missing. Fewer where a checksum is computed, which is done in file order.
  std::uint64_t reserve() const;
  // Whether a response is worth reading through what others have: the server gives no further one.
  bool reads_through() const { return source_.gives_no_more(); }
  double speed() const;  // bytes/s of this worker; 0 if not known yet
  // From a request to its answer, the last time; another worker's if there was none of its own.
  std::chrono::nanoseconds latency() const;

  // Why what the response brings may be something else than the resource, as things stand (see core/http/shown.h).
  std::optional<Error> doubt(const ResponseHead&, const Verdict&, const Resource*) const;

  // An error about what the server did.
  Error problem(Cause, Remedy, std::string reason) const;

  // Whether the end of a body is told: by its framing, by TLS, or in the end by a checksum. Or else taken for that.
  bool end_is_told(const Exchange&) const;
  bool end_is_trusted(const Exchange&) const;

 private:
  struct LedOn {
    Url url;
    std::vector<std::string> visited;  // before it
  };
  Result<Slot> enter_alone(const Origin&, const std::stop_token&);
  Result<void> enter_at(const Origin&, const std::stop_token&);
  bool enters_at_once(const Origin&);
  Url next_url() const { return led_on_ ? led_on_->url : source_.current(); }
  Result<std::unique_ptr<Exchange>> get(const Asked&, const Resource*, bool may_return, const std::stop_token&);
  Result<std::unique_ptr<Exchange>> get_from(LedOn, bool may_return, const Asked&, const Resource*,
                                             const std::stop_token&);
  Error not_yet(const ResponseHead&, std::chrono::seconds wait) const;
  bool is_spent(const Result<std::unique_ptr<Exchange>>&, const Asked&, const Resource*) const;
  Result<std::unique_ptr<Exchange>> try_get(const HttpRequest&, std::stop_token);
  std::optional<Credentials> credentials_for(const Url&, bool own) const;
  bool adds(std::string_view name, const std::vector<Header>& given) const;
  HttpRequest request_for(const Url&, const Asked&, const Resource*) const;
  Result<std::unique_ptr<Exchange>> get_as_known(const Url&, const Asked&, const Resource*, const std::stop_token&);
  std::optional<Account> account_at(const Url&) const;
  bool wants_basic(const Account&, const Url&, const ResponseHead&, const Proof&) const;
  Result<Url> follow(const Url& from, const std::string& location, int status) const;
  Error refusal(const ResponseHead&, const TransientRefusal*) const;
  void refused_login(Error&, const ResponseHead&) const;
  Result<Response> use(std::unique_ptr<Exchange>, UsableBody, const Asked&, const Resource*);
  Asked asked_for(Range, const Resource*, std::string_view name) const;
  void note_time(const ResponseHead&, bool of_known);
  Verdict judged(const ResponseHead&, const Asked&, const Resource*) const;
  std::optional<RequestForm> simpler(bool alone);
  std::optional<RequestForm> simpler(const Asked&, const Resource*, const Error& refusal, bool alone);
  Error failure(const Verdict&, const ResponseHead&, const Resource*);
  std::optional<Error> doubtful(const ResponseHead&, const Verdict&, const Resource*);
  std::optional<Error> doubtful_page(const ResponseHead&);
  Error final_refusal(const ResponseHead&);
  bool takes_for_crowd();
  std::optional<Error> given_up_by_others() const;
  void learn_from(const std::vector<RequestForm>& refused, const Error& refusal);
  bool is_over(const Failing&) const;
  std::chrono::nanoseconds in_vain() const;
  bool is_passed_over(const Error&) const;
  bool is_last_try(const Error&) const;
  bool is_time_for_all() const;
  bool only_breaks_off(const Resource*) const;
  bool may_ask_for_all(const Resource*) const;
  Error spent(Error, unsigned tries) const;
  Error given_up(Error, unsigned tries) const;
  Origin origin() const { return (led_to_ ? *led_to_ : source_.current()).origin; }
  bool too_late(Instant until) const { return limits_.deadline && until > *limits_.deadline; }

  Transport& transport_;
  Clock& clock_;
  const SessionOptions& options_;
  Pool& pool_;
  Throttle& throttle_;
  CredentialStore& credentials_;
  const Request& request_;
  Source& source_;
  TaskProgress& task_progress_;
  Slot slot_;
  Limits limits_;
  std::optional<Url> led_to_;                     // by the redirects of the last request
  std::optional<LedOn> led_on_;                   // where the last request was led to, and there was no slot
  bool waits_outside_ = false;                    // see wait_outside()
  std::string unless_;                            // see ask_unless()
  RequestForm asked_ = RequestForm::conditional;  // how the last request was made
  Instant asked_at_;
  bool answered_ = false;  // what was asked for last, in a way that was of use
  std::chrono::nanoseconds latency_{0};
  enum class Told : std::uint8_t { nothing, believed_before, never_believed };
  Told told_ = Told::nothing;  // of who asks, with the last request
  bool in_crowd_ = false;      // the last request was sent where a refusal may be one of the number
  bool crowded_ = false;       // its answer is taken for "not so many"
  bool crowded_by_page_ = false;
  std::string page_;            // that one
  bool believed_ = false;       // a refusal is, so that of another way of asking is none of the number either
  bool is_beside_ = false;      // see ask_beside()
  bool odd_ = false;            // the last answer contradicts what was asked
  bool tried_all_ = false;      // see is_time_for_all()
  bool spared_ = false;         // see asks_once_more()
  bool at_once_ = false;        // the next request is that one
  unsigned crowds_ = 0;         // how often, in a row
  unsigned passed_over_ = 0;    // see is_passed_over(); so often in a row
  std::uint64_t progress_ = 0;  // bytes since the last failure
  std::uint64_t came_ = 0;      // likewise, with those that were here before
  std::uint64_t measured_ = 0;  // bytes since `measured_from_`
  Instant measured_from_;
  std::minstd_rand random_;
  std::uint64_t jitter_;  // of the next pause
};

}  // namespace segdl::engine
