#include "engine/schedule/worker.h"

#include <algorithm>
#include <new>
#include <utility>

namespace segdl::engine {

Result<std::optional<Span>> Assignment::next(std::uint64_t limit, Offer offer) {
  std::optional<Span> span;
  std::optional<std::stop_source> cut;
  {
    const MutexLock lock(dispatcher_.mutex_);
    if (dispatcher_.first_error_) return *dispatcher_.first_error_;
    if (dispatcher_.first_ && *dispatcher_.first_ != id_) return std::optional<Span>();
    // Before work is taken from a worker: what is over sooner gains nothing by another connection, and until then
    // speeds are not known.
    constexpr double kSettled = 0.1;  // seconds
    const double now = dispatcher_.seconds(dispatcher_.clock_.now());
    if (speed_ > 0) offer.speed = speed_;
    span = dispatcher_.read_ahead_.grant(dispatcher_.scheduler_, dispatcher_.kept_, id_, {limit, now, offer.speed});
    const bool near_end = !span && !dispatcher_.has_missing() && now >= kSettled;
    if (near_end) span = dispatcher_.scheduler_.split(id_, now, offer);
    if (near_end && !span) {
      const auto hedge = dispatcher_.scheduler_.hedge(id_, now, offer);
      if (hedge) span = hedge->span;
      if (hedge && hedge->gave_way) cut = dispatcher_.cut_of(*hedge->gave_way);
    }
    if (span) last_byte_ = dispatcher_.clock_.now();  // silence is counted from its request
  }
  if (cut) cut->request_stop();
  if (span) dispatcher_.request_workers_();  // where there was work for one there may be for another
  return span;
}

std::optional<Span> Assignment::go_on(Segment segment, std::uint64_t limit) {
  const MutexLock lock(dispatcher_.mutex_);
  Scheduler& scheduler = dispatcher_.scheduler_;
  const double now = dispatcher_.seconds(dispatcher_.clock_.now());
  if (auto span = scheduler.grant(segment, id_, {limit, now, speed_})) return span;
  std::optional<WorkerId> holder;  // or one of two
  for (const Worker* other : dispatcher_.workers_) {
    const Span held = other != nullptr ? scheduler.held(other->id()) : Span{};
    if (held.empty() || held.begin != index(segment)) continue;
    if (!other->assignment_.awaits_body()) return {};
    holder = other->id();
  }
  if (!holder || !scheduler.take_first(*holder, id_, now, speed_)) return {};
  return scheduler.held(id_);
}

Span Assignment::asks() {
  const MutexLock lock(dispatcher_.mutex_);
  gives_up_ = false;
  at_ = At::request;
  dispatcher_.read_ahead_.end(id_);
  return dispatcher_.scheduler_.held(id_);
}

Span Assignment::answered() {
  const MutexLock lock(dispatcher_.mutex_);
  at_ = At::response;
  keeps_ = false;
  answered_at_ = flow_.received();
  return dispatcher_.scheduler_.held(id_);
}

void Assignment::release() {
  std::optional<Error> lost;
  {
    const MutexLock lock(dispatcher_.mutex_);
    at_ = At::rest;
    dispatcher_.read_ahead_.end(id_);
    if (dispatcher_.scheduler_.held(id_).empty()) return;
    lost = dispatcher_.give_back(id_);
    dispatcher_.wake();
  }
  if (lost) return dispatcher_.fail(std::move(*lost));
  dispatcher_.request_workers_();
}

Span Assignment::committed(Segment segment) {
  if (dispatcher_.settled_) dispatcher_.settled_(segment);  // first: after the end no call may come
  std::optional<std::stop_source> cut;
  Span held;
  bool is_over = false;
  {
    const MutexLock lock(dispatcher_.mutex_);
    const auto loser = dispatcher_.scheduler_.committed(id_, segment);
    if (loser) cut = dispatcher_.cut_of(*loser);
    gained_ += dispatcher_.kept_.done(segment, dispatcher_.scheduler_.states().layout().range(segment).size());
    held = dispatcher_.scheduler_.held(id_);
    is_over = dispatcher_.over();
    if (is_over) dispatcher_.changed_.notify_all();
  }
  if (cut) cut->request_stop();
  if (is_over) dispatcher_.stop_all_workers();
  return held;
}

void Assignment::keep(Segment segment, Prefix prefix) noexcept {
  const MutexLock lock(dispatcher_.mutex_);
  if (dispatcher_.scheduler_.states().is_done(segment)) return;
  try {
    dispatcher_.kept_.keep(segment, std::move(prefix), dispatcher_.workers_.size());  // P3
  } catch (const std::bad_alloc&) {                                                   // then it is fetched again
  }
}

std::uint64_t Assignment::gained(std::optional<Segment> at, std::uint64_t bytes) {
  const MutexLock lock(dispatcher_.mutex_);
  if (at && !dispatcher_.scheduler_.states().is_done(*at)) gained_ += dispatcher_.kept_.gain(*at, bytes);
  return std::exchange(gained_, 0);
}

Worker::Worker(Dispatcher& dispatcher, Flow& flow)
    : dispatcher_(dispatcher), flow_(flow), assignment_(dispatcher, flow) {
  bool is_over = false;
  {
    const MutexLock lock(dispatcher_.mutex_);
    auto& workers = dispatcher_.workers_;
    auto place = std::find(workers.begin(), workers.end(), nullptr);
    if (place == workers.end()) place = workers.insert(place, nullptr);
    *place = this;
    assignment_.id_ = WorkerId{static_cast<std::uint32_t>(place - workers.begin())};
    is_over = dispatcher_.over();
  }
  if (is_over) flow_.cut().request_stop();
}

Worker::~Worker() {
  bool wanted = false;
  std::optional<Error> lost;
  {
    const MutexLock lock(dispatcher_.mutex_);
    const bool held = !dispatcher_.scheduler_.held(id()).empty();
    lost = dispatcher_.give_back(id());
    dispatcher_.read_ahead_.end(id());
    dispatcher_.workers_[index(id())] = nullptr;
    wanted = held && !dispatcher_.over();
    if (wanted) dispatcher_.wake();
  }
  if (lost) {
    dispatcher_.fail(std::move(*lost));
  } else if (wanted) {
    dispatcher_.request_workers_();
  }
}

bool Worker::wait() {
  const MutexLock lock(dispatcher_.mutex_);
  const std::uint64_t before = dispatcher_.wakeups_;
  idle_ = true;
  served_ = false;
  assignment_.at_ = Assignment::At::rest;
  dispatcher_.read_ahead_.end(id());
  while (!dispatcher_.over() && dispatcher_.wakeups_ == before && !dispatcher_.has_missing()) {
    dispatcher_.changed_.wait(dispatcher_.mutex_, {});
  }
  idle_ = false;
  if (!dispatcher_.over()) flow_.renew();
  return !dispatcher_.over();
}

bool Worker::renew() {
  const MutexLock lock(dispatcher_.mutex_);
  if (dispatcher_.over()) return false;
  flow_.renew();
  assignment_.last_byte_ = dispatcher_.clock_.now();
  assignment_.speed_ = 0;
  return !flow_.token().stop_requested();
}

bool Worker::be_served(bool alone) {
  {
    const MutexLock lock(dispatcher_.mutex_);
    if (alone && others_served()) return false;
    served_ = true;
    if (!std::exchange(dispatcher_.first_, std::nullopt)) return true;
  }
  dispatcher_.request_workers_();
  return true;
}

Worker::Others Worker::failed(bool goes_on) {
  const MutexLock lock(dispatcher_.mutex_);
  served_ = assignment_.keeps_ = false;
  const Others others{others_served(), others_busy()};
  assignment_.gives_up_ = !goes_on && others.at_work;
  return others;
}

bool Worker::others_served() const {
  return std::any_of(dispatcher_.workers_.begin(), dispatcher_.workers_.end(),
                     [this](const Worker* other) { return other != this && other != nullptr && other->served_; });
}

bool Worker::others_busy() const {
  return std::any_of(dispatcher_.workers_.begin(), dispatcher_.workers_.end(),
                     [this](const Worker* other) SEGDL_REQUIRES(dispatcher_.mutex_) {
                       return other != this && other != nullptr && other->assignment_.is_busy(dispatcher_.scheduler_);
                     });
}

}  // namespace segdl::engine
