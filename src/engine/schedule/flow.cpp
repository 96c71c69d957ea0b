#include "engine/schedule/flow.h"

#include <chrono>
#include <utility>

namespace segdl::engine {
namespace {

constexpr double kMemory = 10;  // seconds over which a speed is measured

}  // namespace

Flow::Flow(Clock& clock, std::stop_token download)
    : clock_(clock),
      measured_from_(clock.now()),
      download_(std::move(download)),
      on_end_(download_, [this] { cut().request_stop(); }) {}

std::stop_source Flow::cut() const {
  const MutexLock lock(mutex_);
  return cut_;
}

// A download that ends meanwhile is seen here, or stops what is new here.
void Flow::renew() {
  const MutexLock lock(mutex_);
  if (cut_.stop_requested() && !download_.stop_requested()) cut_ = std::stop_source();
}

void Flow::fade(Instant now) {
  const auto age = now - measured_from_;
  if (std::chrono::duration<double>(age).count() <= kMemory) return;
  measured_from_ += age / 2;
  measured_ += (received() - measured_) / 2;
}

void Flow::measure_anew() {
  measured_ = received();
  measured_from_ = clock_.now();
}

double Flow::speed() const {
  const std::chrono::duration<double> elapsed = clock_.now() - measured_from_;
  return elapsed.count() <= 0 ? 0 : static_cast<double>(received() - measured_) / elapsed.count();
}

}  // namespace segdl::engine
