// The number of connections to one host that is good for the host and for us.
//
// Growth is like TCP's slow start: each usable response while all allowed connections are in use allows one more, and
// at least twice as many as are being served. So 1, 2, 4, ... within a few round trips, for short and for long bodies.
//
// A refusal (429, 503, connection refused) reduces the number to what the host was serving.
// - Nothing is asked before the time that the host named. Then one connection goes first, and only its response admits
//   others.
// - If the host named no time and serves none, it is left alone for a while that grows with each such refusal, until a
//   response is usable: a refused worker leaves its work to connections to another host, and the next worker would come
//   immediately.
// - A learned limit is tried again only much later.
//
// With `adaptive`, growth beyond 2 continues only while the total speed rises. Each doubling is measured, taken back if
// it brought nothing, and tried again later.
// A server may give each new connection an initial burst, which misleads: so a speed that fell is doubted immediately,
// a second try comes soon, and each later one measures longer.
//
// Refusals come in volleys: the first one and those of requests already in flight together show how many the host
// serves. limit_conn 2 with 4 in flight: two refusals, so 2 are served, not 4 - 1 - 1 - ...
//
// Pure: events in, numbers out; time is a parameter. One object for each host, shared by all downloads of a session.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace segdl {

class HostBudget {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // `most` >= 1 is never exceeded. `adaptive`: stops growing when growth brings nothing.
  HostBudget(unsigned most, bool adaptive);

  // Whether one more connection may be used now.
  bool may_enter(Instant now) const { return in_use_ < allowed_ && now >= opens_; }

  void enter();  // also when may_enter() is false: a redirect must be followed
  void leave();

  // A usable response arrived, `latency` after its request.
  void answered(Instant now, std::chrono::nanoseconds latency);
  // The host refused one more connection or request, which has not left yet; nothing may be asked of it before `until`.
  // Without `until`: if it serves none of those in use, it is left alone for the time of backoff(), which takes any
  // number as `random`.
  void refused(Instant now, std::optional<Instant> until, std::uint64_t random = 0);
  // The latest refusals had another reason than the number of connections.
  void unlearn();
  // To be called regularly; `bytes` is the total received from this host so far.
  void measured(Instant now, std::uint64_t bytes);

  unsigned allowed() const { return allowed_; }  // >= 1
  unsigned in_use() const { return in_use_; }
  unsigned proven() const { return proven_; }  // most connections served simultaneously
  Instant opens() const { return opens_; }
  Instant taught() const { return volley_begun_; }  // when the latest volley of refusals began

 private:
  using Duration = std::chrono::nanoseconds;

  // The number of connections that the host serves, learned from its refusals.
  struct Limit {
    unsigned most = 0;  // 0: nothing learned
    Instant again;      // when one more is tried
    Duration patience{};
    bool doubted = false;  // it refused once although no more were in use than it had served before
    bool lifted = false;   // more than that were served since
  };
  // The total received at some time.
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

  // Rounds of about one latency each: the most connections in use in this one and in the one before.
  Duration latency_{-1};
  Instant round_{};
  unsigned round_peak_ = 0, last_peak_ = 0;

  // Refusals.
  bool cautious_ = false;  // none was served since the host was asked again
  bool teaches_ = false;   // this volley shows how many are served
  unsigned volley_ = 0, refusals_ = 0;
  Instant volley_begun_{};
  Instant volley_ends_{};                           // nor before opens_
  unsigned in_vain_ = 0;                            // consecutive volleys without a served one or a named time
  unsigned above_ = 0;                              // usable responses while more than the limit were in use
  unsigned proven_ = 0, proven_before_volley_ = 0;  // served simultaneously
  Limit limit_, limit_before_volley_;
  unsigned allowed_before_volley_ = 1;

  // Measuring.
  unsigned goal_;
  unsigned kept_ = 0;           // the level before the growth that is measured; 0: none is
  unsigned back_to_ = 0;        // the level to return to if it brings nothing
  unsigned sample_peak_ = 0;    // the most in use since the last sample
  Sample grown_{};              // when the growth that is measured began
  std::optional<Sample> from_;  // begin of the measurement
  double base_ = 0;             // bytes/s before the growth
  Duration pause_{};            // after the last growth that brought nothing
  Instant next_growth_{};
};

}  // namespace segdl
