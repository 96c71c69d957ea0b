#include "engine/schedule/dispatcher.h"

#include "engine/base/errors.h"
#include "engine/base/threads.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

namespace segdl::engine {
namespace {

constexpr double kNewWeight = 0.3;  // of the latest speed in the smoothed one
// Seconds before work is taken from anybody: what is over sooner gains nothing by another connection, and until then
// speeds are not known.
constexpr double kSettled = 0.1;

void stop_all(std::vector<std::stop_source> sources) {
  for (std::stop_source& source : sources) source.request_stop();
}

}  // namespace

Dispatcher::Dispatcher(Layout layout, const std::vector<bool>& claims, Clock& clock, std::function<void()> feed)
    : clock_(clock), feed_(std::move(feed)), begun_(clock.now()), scheduler_(layout, claims), last_tick_(begun_) {}

Dispatcher::~Dispatcher() = default;

Hand& Dispatcher::join() {
  const MutexLock lock(mutex_);
  auto free = std::find_if(hands_.begin(), hands_.end(), [](const Hand& hand) { return !hand.at_work_; });
  if (free == hands_.end()) {
    hands_.emplace_back();
    free = std::prev(hands_.end());
    free->worker_ = Worker{static_cast<std::uint32_t>(hands_.size() - 1)};
  }
  free->cut_ = std::stop_source();
  free->at_work_ = true;
  free->idle_ = false;
  free->gives_up_ = free->keeps_ = false;
  free->at_ = Hand::At::rest;
  free->counted_ = free->received = 0;
  free->filled = 0;
  free->writing = false;
  free->last_byte_ = clock_.now();
  free->speed_ = 0;
  free->gained_ = 0;
  most_at_work_ = std::max(most_at_work_, ++at_work_);
  if (over()) free->cut_.request_stop();
  return *free;
}

void Dispatcher::leave(Hand& hand) {
  bool food = false;
  std::optional<Error> lost;
  {
    const MutexLock lock(mutex_);
    const bool held = !scheduler_.held(hand.worker_).empty();
    lost = give_back(hand);
    reads_no_more(hand);
    hand.at_work_ = hand.served_ = false;
    --at_work_;
    food = held && !over();
    if (food) {
      ++stirs_;
      changed_.notify_all();
    }
  }
  if (lost) return fail(std::move(*lost));
  if (food) feed_();
}

// Of destructors: throws nothing.
std::optional<Error> Dispatcher::give_back(Hand& hand) {
  try {
    scheduler_.release(hand.worker_);
    return std::nullopt;
  } catch (const std::bad_alloc& exception) {  // what it held is out of the others' reach
    return error_of(exception, "");
  }
}

Result<std::optional<Span>> Dispatcher::next(Hand& hand, std::uint64_t limit, Offer offer) {
  std::optional<Span> span;
  std::vector<std::stop_source> cut;
  {
    const MutexLock lock(mutex_);
    if (first_error_) return *first_error_;
    if (first_ && *first_ != hand.worker_) return std::optional<Span>();
    const double now = seconds(clock_.now());
    if (hand.speed_ > 0) offer.speed = hand.speed_;
    span = grant(hand, limit, now, offer.speed);
    const bool near_end = !span && scheduler_.missing() == 0 && now >= kSettled;
    if (near_end) span = scheduler_.split(hand.worker_, now, offer);
    if (near_end && !span) span = hedge(hand, now, offer, cut);
    if (span) hand.last_byte_ = clock_.now();  // silence is counted from its request
  }
  stop_all(std::move(cut));
  if (span) feed_();  // where there was work for one there may be for another
  return span;
}

// Of two who are at one segment already, one may have to give way.
std::optional<Span> Dispatcher::hedge(Hand& hand, double now, Offer offer, std::vector<std::stop_source>& cut) {
  std::vector<const Hand*> hedged;
  for (const Hand& other : hands_) {
    if (other.at_work_ && scheduler_.rival(other.worker_)) hedged.push_back(&other);
  }
  const auto span = scheduler_.hedge(hand.worker_, now, offer);
  for (const Hand* other : hedged) {
    if (scheduler_.held(other->worker_).empty()) cut.push_back(other->cut_);
  }
  return span;
}

bool Dispatcher::wait(Hand& hand) {
  const MutexLock lock(mutex_);
  const std::uint64_t before = stirs_;
  hand.idle_ = true;
  hand.served_ = false;
  hand.at_ = Hand::At::rest;
  reads_no_more(hand);
  --at_work_;
  while (!over() && stirs_ == before && scheduler_.missing() == 0) changed_.wait(mutex_, {});
  hand.idle_ = false;
  ++at_work_;
  if (!over() && hand.cut_.stop_requested()) hand.cut_ = std::stop_source();
  return !over();
}

bool Dispatcher::renew(Hand& hand) {
  const MutexLock lock(mutex_);
  if (over()) return false;
  hand.cut_ = std::stop_source();
  hand.last_byte_ = clock_.now();
  hand.speed_ = 0;
  return true;
}

Span Dispatcher::held(const Hand& hand) const {
  const MutexLock lock(mutex_);
  return scheduler_.held(hand.worker_);
}

Span Dispatcher::asks(Hand& hand) {
  const MutexLock lock(mutex_);
  hand.gives_up_ = false;
  hand.at_ = Hand::At::request;
  reads_no_more(hand);
  return scheduler_.held(hand.worker_);
}

Span Dispatcher::answered(Hand& hand) {
  const MutexLock lock(mutex_);
  hand.at_ = Hand::At::response;
  hand.keeps_ = false;
  hand.answered_at_ = hand.received;
  return scheduler_.held(hand.worker_);
}

std::optional<Span> Dispatcher::go_on(Hand& hand, Segment segment, std::uint64_t limit) {
  const MutexLock lock(mutex_);
  const double now = seconds(clock_.now());
  if (auto span = scheduler_.grant_from(segment, hand.worker_, limit, now, hand.speed_)) return span;
  std::optional<Worker> holder;  // or one of two
  for (const Hand& other : hands_) {
    const Span held = scheduler_.held(other.worker_);
    if (held.empty() || held.begin != index(segment)) continue;
    if (!other.awaits_body()) return {};
    holder = other.worker_;
  }
  if (!holder || !scheduler_.take_first(*holder, hand.worker_, now, hand.speed_)) return {};
  return scheduler_.held(hand.worker_);
}

void Dispatcher::release(Hand& hand) {
  std::optional<Error> lost;
  {
    const MutexLock lock(mutex_);
    hand.at_ = Hand::At::rest;
    reads_no_more(hand);
    if (scheduler_.held(hand.worker_).empty()) return;
    lost = give_back(hand);
    ++stirs_;
    changed_.notify_all();
  }
  if (lost) return fail(std::move(*lost));
  feed_();
}

bool Dispatcher::begin_commit(Hand& hand, Segment segment) {
  const MutexLock lock(mutex_);
  return scheduler_.begin_commit(hand.worker_, segment);
}

Span Dispatcher::committed(Hand& hand, Segment segment) {
  if (settled_) settled_(segment);  // first: whoever waits for the end may rely on having heard of all
  std::vector<std::stop_source> cut;
  Span held;
  bool is_over = false;
  {
    const MutexLock lock(mutex_);
    if (const auto rival = scheduler_.rival(hand.worker_)) cut.push_back(hands_[index(*rival)].cut_);
    scheduler_.committed(hand.worker_, segment);
    const auto mark = marks_.extract(segment);
    hand.gained_ += scheduler_.layout().range(segment).size() - (mark ? mark.mapped() : 0);
    kept_.erase(segment);
    held = scheduler_.held(hand.worker_);
    is_over = over();
    if (is_over) changed_.notify_all();
  }
  stop_all(std::move(cut));
  if (is_over) stop_everybody();
  return held;
}

std::optional<Segment> Dispatcher::next_to_prove() {
  const MutexLock lock(mutex_);
  return first_error_ ? std::nullopt : scheduler_.next_to_prove();
}

void Dispatcher::proved(Segment segment) {
  if (settled_) settled_(segment);
  {
    const MutexLock lock(mutex_);
    scheduler_.proved(segment);
    if (!over()) return;
    changed_.notify_all();
  }
  stop_everybody();
}

void Dispatcher::revoked(Segment segment) {
  {
    const MutexLock lock(mutex_);
    scheduler_.revoked(segment);
    ++stirs_;
    changed_.notify_all();
  }
  feed_();
}

void Dispatcher::fail(Error error) {
  {
    const MutexLock lock(mutex_);
    if (!first_error_) first_error_ = std::move(error);
    changed_.notify_all();
  }
  stop_everybody();
}

void Dispatcher::unsure(std::vector<Segment> segments, std::optional<Error> contradiction) {
  std::optional<Error> ends_it;
  {
    const MutexLock lock(mutex_);
    unsure_.insert(unsure_.end(), segments.begin(), segments.end());
    if (!doubt_) doubt_ = std::move(contradiction);
    if (!unsure_.empty()) ends_it = doubt_;
  }
  if (ends_it) fail(*std::move(ends_it));
}

std::vector<Segment> Dispatcher::doubted() const {
  const MutexLock lock(mutex_);
  return doubt_ ? unsure_ : std::vector<Segment>();
}

std::optional<Error> Dispatcher::error() const {
  const MutexLock lock(mutex_);
  return first_error_;
}

std::optional<std::stop_source> Dispatcher::next_to_stop() const {
  const MutexLock lock(mutex_);
  for (const Hand& hand : hands_) {
    if (hand.at_work_ && !hand.cut_.stop_requested()) return hand.cut_;
  }
  return std::nullopt;
}

// One after the other, without a list of them: this is how a download ends for which there is no more memory. Nobody
// gets a new token once it is over.
void Dispatcher::stop_everybody() const {
  while (auto source = next_to_stop()) source->request_stop();
}

std::uint64_t Dispatcher::missing_bytes() const {
  const MutexLock lock(mutex_);
  return scheduler_.missing() * scheduler_.layout().segment_size();
}

bool Dispatcher::all_missing_behind_front() const {
  const MutexLock lock(mutex_);
  const auto first = scheduler_.first_missing();
  return first && scheduler_.missing() == scheduler_.layout().count() - index(*first);
}

bool Dispatcher::is_here(Segment segment) const {
  const MutexLock lock(mutex_);
  return scheduler_.is_here(segment);
}

unsigned Dispatcher::at_work() const {
  const MutexLock lock(mutex_);
  return at_work_;
}

unsigned Dispatcher::most_at_work() const {
  const MutexLock lock(mutex_);
  return most_at_work_;
}

SegmentMap Dispatcher::map(std::size_t cells) const {
  const MutexLock lock(mutex_);
  return scheduler_.map(cells);
}

void Dispatcher::measure(Hand& hand, Instant now, double elapsed) {
  const std::uint64_t received = hand.received;
  if (hand.writing) {
    hand.last_byte_ = now;
    hand.counted_ = received;
    return;
  }
  const double latest = static_cast<double>(received - hand.counted_) / elapsed;
  if (received != hand.counted_) hand.last_byte_ = now;
  hand.counted_ = received;
  hand.speed_ = hand.speed_ == 0 ? latest : kNewWeight * latest + (1 - kNewWeight) * hand.speed_;
  const double silent = std::chrono::duration<double>(now - hand.last_byte_).count();
  const bool awaits_answer = hand.speed_ == 0 && silent <= 1;  // says nothing about its speed
  if (!scheduler_.held(hand.worker_).empty() && !awaits_answer) {
    scheduler_.measured(hand.worker_, seconds(now), silent > 1 ? 0 : hand.speed_, hand.filled);
  }
}

std::vector<std::stop_source> Dispatcher::judge(Instant now) {
  std::vector<Pace> paces;
  for (const Hand& hand : hands_) {
    if (!hand.at_work_ || hand.idle_ || scheduler_.held(hand.worker_).empty()) continue;
    paces.push_back({hand.worker_, hand.speed_, std::chrono::duration<double>(now - hand.last_byte_).count()});
  }
  std::vector<std::stop_source> cut;
  for (const Worker worker : stragglers_.judge(seconds(now), paces)) cut.push_back(hands_[index(worker)].cut_);
  return cut;
}

void Dispatcher::tick(Instant now) {
  std::vector<std::stop_source> cut;
  bool food = false;
  {
    const MutexLock lock(mutex_);
    const double elapsed = std::chrono::duration<double>(now - last_tick_).count();
    if (over() || elapsed <= 0) return;
    last_tick_ = now;
    for (Hand& hand : hands_) {
      if (hand.at_work_ && !hand.idle_) measure(hand, now, elapsed);
    }
    cut = judge(now);
    food = scheduler_.missing() > 0 || scheduler_.held() > 0;
    if (food) {
      ++stirs_;
      changed_.notify_all();
    }
  }
  stop_all(std::move(cut));
  if (food) feed_();
}

}  // namespace segdl::engine
