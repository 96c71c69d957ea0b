#include "engine/schedule/dispatcher.h"

#include "core/base/errors.h"
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

Dispatcher::Dispatcher(Layout layout, const std::vector<bool>& claims, Clock& clock,
                       std::function<void()> request_workers)
    : clock_(clock),
      request_workers_(std::move(request_workers)),
      begun_(clock.now()),
      scheduler_(layout, claims),
      last_tick_(begun_) {}

Dispatcher::~Dispatcher() = default;

WorkerState& Dispatcher::join() {
  const MutexLock lock(mutex_);
  auto free =
      std::find_if(workers_.begin(), workers_.end(), [](const WorkerState& worker) { return !worker.at_work_; });
  if (free == workers_.end()) {
    workers_.emplace_back();
    free = std::prev(workers_.end());
    free->worker_ = WorkerId{static_cast<std::uint32_t>(workers_.size() - 1)};
  }
  free->cut_ = std::stop_source();
  free->at_work_ = true;
  free->idle_ = false;
  free->gives_up_ = free->keeps_ = false;
  free->at_ = WorkerState::At::rest;
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

void Dispatcher::leave(WorkerState& worker) {
  bool wanted = false;
  std::optional<Error> lost;
  {
    const MutexLock lock(mutex_);
    const bool held = !scheduler_.held(worker.worker_).empty();
    lost = give_back(worker);
    reads_no_more(worker);
    worker.at_work_ = worker.served_ = false;
    --at_work_;
    wanted = held && !over();
    if (wanted) {
      ++wakeups_;
      changed_.notify_all();
    }
  }
  if (lost) return fail(std::move(*lost));
  if (wanted) request_workers_();
}

// Of destructors: throws nothing.
std::optional<Error> Dispatcher::give_back(WorkerState& worker) {
  try {
    scheduler_.release(worker.worker_);
    return std::nullopt;
  } catch (const std::bad_alloc& exception) {  // what it held is out of the others' reach
    return error_of(exception, "");
  }
}

Result<std::optional<Span>> Dispatcher::next(WorkerState& worker, std::uint64_t limit, Offer offer) {
  std::optional<Span> span;
  std::vector<std::stop_source> cut;
  {
    const MutexLock lock(mutex_);
    if (first_error_) return *first_error_;
    if (first_ && *first_ != worker.worker_) return std::optional<Span>();
    const double now = seconds(clock_.now());
    if (worker.speed_ > 0) offer.speed = worker.speed_;
    span = grant(worker, limit, now, offer.speed);
    const bool near_end = !span && scheduler_.states().missing().empty() && now >= kSettled;
    if (near_end) span = scheduler_.split(worker.worker_, now, offer);
    if (near_end && !span) {
      const auto hedge = scheduler_.hedge(worker.worker_, now, offer);
      if (hedge) span = hedge->span;
      if (hedge && hedge->gave_way) cut.push_back(workers_[index(*hedge->gave_way)].cut_);
    }
    if (span) worker.last_byte_ = clock_.now();  // silence is counted from its request
  }
  stop_all(std::move(cut));
  if (span) request_workers_();  // where there was work for one there may be for another
  return span;
}

bool Dispatcher::wait(WorkerState& worker) {
  const MutexLock lock(mutex_);
  const std::uint64_t before = wakeups_;
  worker.idle_ = true;
  worker.served_ = false;
  worker.at_ = WorkerState::At::rest;
  reads_no_more(worker);
  --at_work_;
  while (!over() && wakeups_ == before && scheduler_.states().missing().empty()) changed_.wait(mutex_, {});
  worker.idle_ = false;
  ++at_work_;
  if (!over() && worker.cut_.stop_requested()) worker.cut_ = std::stop_source();
  return !over();
}

bool Dispatcher::renew(WorkerState& worker) {
  const MutexLock lock(mutex_);
  if (over()) return false;
  worker.cut_ = std::stop_source();
  worker.last_byte_ = clock_.now();
  worker.speed_ = 0;
  return true;
}

Span Dispatcher::held(const WorkerState& worker) const {
  const MutexLock lock(mutex_);
  return scheduler_.held(worker.worker_);
}

Span Dispatcher::asks(WorkerState& worker) {
  const MutexLock lock(mutex_);
  worker.gives_up_ = false;
  worker.at_ = WorkerState::At::request;
  reads_no_more(worker);
  return scheduler_.held(worker.worker_);
}

Span Dispatcher::answered(WorkerState& worker) {
  const MutexLock lock(mutex_);
  worker.at_ = WorkerState::At::response;
  worker.keeps_ = false;
  worker.answered_at_ = worker.received;
  return scheduler_.held(worker.worker_);
}

std::optional<Span> Dispatcher::go_on(WorkerState& worker, Segment segment, std::uint64_t limit) {
  const MutexLock lock(mutex_);
  const double now = seconds(clock_.now());
  if (auto span = scheduler_.grant(segment, worker.worker_, {limit, now, worker.speed_})) return span;
  std::optional<WorkerId> holder;  // or one of two
  for (const WorkerState& other : workers_) {
    const Span held = scheduler_.held(other.worker_);
    if (held.empty() || held.begin != index(segment)) continue;
    if (!other.awaits_body()) return {};
    holder = other.worker_;
  }
  if (!holder || !scheduler_.take_first(*holder, worker.worker_, now, worker.speed_)) return {};
  return scheduler_.held(worker.worker_);
}

void Dispatcher::release(WorkerState& worker) {
  std::optional<Error> lost;
  {
    const MutexLock lock(mutex_);
    worker.at_ = WorkerState::At::rest;
    reads_no_more(worker);
    if (scheduler_.held(worker.worker_).empty()) return;
    lost = give_back(worker);
    ++wakeups_;
    changed_.notify_all();
  }
  if (lost) return fail(std::move(*lost));
  request_workers_();
}

bool Dispatcher::begin_commit(WorkerState& worker, Segment segment) {
  const MutexLock lock(mutex_);
  return scheduler_.begin_commit(worker.worker_, segment);
}

Span Dispatcher::committed(WorkerState& worker, Segment segment) {
  if (settled_) settled_(segment);  // first: whoever waits for the end may rely on having heard of all
  std::vector<std::stop_source> cut;
  Span held;
  bool is_over = false;
  {
    const MutexLock lock(mutex_);
    const auto loser = scheduler_.committed(worker.worker_, segment);
    if (loser) cut.push_back(workers_[index(*loser)].cut_);
    const auto mark = marks_.extract(segment);
    worker.gained_ += scheduler_.states().layout().range(segment).size() - (mark ? mark.mapped() : 0);
    kept_.erase(segment);
    held = scheduler_.held(worker.worker_);
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
    ++wakeups_;
    changed_.notify_all();
  }
  request_workers_();
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
  for (const WorkerState& worker : workers_) {
    if (worker.at_work_ && !worker.cut_.stop_requested()) return worker.cut_;
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
  return scheduler_.states().missing().count() * scheduler_.states().layout().segment_size();
}

bool Dispatcher::all_missing_behind_front() const {
  const MutexLock lock(mutex_);
  const IntervalSet& missing = scheduler_.states().missing();
  const auto first = missing.next(0);
  return first && missing.count() == scheduler_.states().layout().count() - *first;
}

bool Dispatcher::is_here(Segment segment) const {
  const MutexLock lock(mutex_);
  return scheduler_.states().is_here(segment);
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

void Dispatcher::measure(WorkerState& worker, Instant now, double elapsed) {
  const std::uint64_t received = worker.received;
  if (worker.writing) {
    worker.last_byte_ = now;
    worker.counted_ = received;
    return;
  }
  const double latest = static_cast<double>(received - worker.counted_) / elapsed;
  if (received != worker.counted_) worker.last_byte_ = now;
  worker.counted_ = received;
  worker.speed_ = worker.speed_ == 0 ? latest : kNewWeight * latest + (1 - kNewWeight) * worker.speed_;
  const double silent = std::chrono::duration<double>(now - worker.last_byte_).count();
  const bool awaits_answer = worker.speed_ == 0 && silent <= 1;  // says nothing about its speed
  if (!scheduler_.held(worker.worker_).empty() && !awaits_answer) {
    scheduler_.measured(worker.worker_, seconds(now), silent > 1 ? 0 : worker.speed_, worker.filled);
  }
}

std::vector<std::stop_source> Dispatcher::judge(Instant now) {
  std::vector<Pace> paces;
  for (const WorkerState& worker : workers_) {
    if (!worker.at_work_ || worker.idle_ || scheduler_.held(worker.worker_).empty()) continue;
    paces.push_back({worker.worker_, worker.speed_, std::chrono::duration<double>(now - worker.last_byte_).count()});
  }
  std::vector<std::stop_source> cut;
  for (const WorkerId worker : stragglers_.judge(seconds(now), paces)) cut.push_back(workers_[index(worker)].cut_);
  return cut;
}

void Dispatcher::tick(Instant now) {
  std::vector<std::stop_source> cut;
  bool wanted = false;
  {
    const MutexLock lock(mutex_);
    const double elapsed = std::chrono::duration<double>(now - last_tick_).count();
    if (over() || elapsed <= 0) return;
    last_tick_ = now;
    for (WorkerState& worker : workers_) {
      if (worker.at_work_ && !worker.idle_) measure(worker, now, elapsed);
    }
    cut = judge(now);
    wanted = !scheduler_.states().missing().empty() || scheduler_.states().held() > 0;
    if (wanted) {
      ++wakeups_;
      changed_.notify_all();
    }
  }
  stop_all(std::move(cut));
  if (wanted) request_workers_();
}

}  // namespace segdl::engine
