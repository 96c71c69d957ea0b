// How many connections to one host are good for it and for us.
//
// Grows like TCP's slow start: each usable answer while all that is allowed is in use allows one more, and at least
// twice as many as are being served, so 1, 2, 4, ... within a few round trips, for short and for long bodies. Shrinks
// when the host refuses (429, 503, connection refused): to what it was serving, and nothing is asked before the time it
// named; then one goes first, and only its answer lets others follow. If it named none and serves nobody it is left
// alone for a while that grows with each such refusal, until an answer is of use: whoever is refused leaves its work to
// connections to another host, and the next one would come at once. A limit that was learned is tried again only much
// later. Where the number was left to us (`adaptive`), growing beyond 2 goes on only while the total speed rises: each
// doubling is measured, taken back if it brought nothing, and tried again later. A server may give each new connection
// a burst at first, which misleads: so a speed that fell is doubted at once, a second try comes soon, and each later
// one measures longer.
//
// Refusals come in volleys: what was already under way when the first one came tells together with it how many the host
// serves. limit_conn 2 with 4 in flight: two refusals, so 2 are served, not 4 - 1 - 1 - ...
//
// Pure: events in, numbers out; time is what it is told. One host, all downloads of a session together.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace segdl {

class HostBudget {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // `most` >= 1 is never exceeded. `adaptive`: stop growing when it brings nothing.
  HostBudget(unsigned most, bool adaptive);

  // Whether one more connection may be used at this time.
  bool may_enter(Instant now) const { return in_use_ < allowed_ && now >= opens_; }

  void enter();  // also when may_enter() is false: a redirect leads where it leads
  void leave();

  // A usable answer came, so long after it was asked for.
  void answered(Instant now, std::chrono::nanoseconds latency);
  // The host refused one more connection or request, which has not left yet; nothing is to be asked of it before
  // `until`. Without that: if it serves none of those in use, it is left alone as long as backoff() says, which takes
  // any number as `random`.
  void refused(Instant now, std::optional<Instant> until, std::uint64_t random = 0);
  // The latest refusals were given for another reason than the number of connections.
  void unlearn();
  // A while has passed; `bytes` is all that was ever received from this host.
  void measured(Instant now, std::uint64_t bytes);

  unsigned allowed() const { return allowed_; }  // >= 1
  unsigned in_use() const { return in_use_; }
  unsigned proven() const { return proven_; }  // the most that were being served at a time
  Instant opens() const { return opens_; }

 private:
  using Duration = std::chrono::nanoseconds;

  // How many the host serves, as its refusals taught.
  struct Limit {
    unsigned most = 0;  // 0: nothing learned
    Instant again;      // when one more is tried
    Duration patience{};
    bool doubted = false;  // it refused once when no more than it had served before were in use
    bool lifted = false;   // more than that were served since
  };
  // All that was ever received, at some time.
  struct Sample {
    Instant at;
    std::uint64_t bytes;
  };
  static double speed(Sample from, Sample to);

  unsigned ceiling(Instant now) const;
  unsigned host_limit(Instant now) const;
  unsigned peak() const;
  void learn(unsigned served, Instant now);
  void lift(Instant now);

  Duration window() const;
  void survey(Sample, bool full);
  void judge(Sample, bool full);
  bool grow(Sample);
  bool doubt(Sample, double speed);
  void keep(Sample, double speed);
  void fall_back(Sample, Duration pause);

  unsigned most_;
  bool adaptive_;
  unsigned allowed_ = 1;
  unsigned in_use_ = 0;
  unsigned unanswered_ = 0;  // of those in use
  Instant opens_{};

  // Rounds, about one answer's latency each: the most that were in use in this one and the one before.
  Duration latency_{-1};
  Instant round_{};
  unsigned round_peak_ = 0, last_peak_ = 0;

  // Refusals.
  bool cautious_ = false;  // none has been served since the gate opened
  bool teaches_ = false;   // this volley tells how many are served
  unsigned volley_ = 0, refusals_ = 0;
  Instant volley_ends_{};                           // not before the gate opens either
  unsigned in_vain_ = 0;                            // volleys in a row of which none was served, and no time named
  unsigned above_ = 0;                              // usable answers while more than the limit were in use
  unsigned proven_ = 0, proven_before_volley_ = 0;  // so many were served at a time
  Limit limit_, limit_before_volley_;
  unsigned allowed_before_volley_ = 1;

  // Measuring.
  unsigned goal_;
  unsigned kept_ = 0;            // the level before the growth being judged; 0: none is
  unsigned back_to_ = 0;         // where to go back to if it brings nothing
  unsigned sample_peak_ = 0;     // the most in use since the last sample
  std::optional<Sample> grown_;  // when the growth being judged began
  std::optional<Sample> from_;   // what is counted begins here
  double base_ = 0;              // bytes/s before the growth
  Duration pause_{};             // after the last growth that brought nothing
  Instant next_growth_{};
};

}  // namespace segdl
