#include "engine/fetch/flow.h"

#include <segdl/range.h>

#include <algorithm>
#include <chrono>

namespace segdl::engine {
namespace {

constexpr std::uint64_t kMinSpan = 4 * kMiB;
constexpr std::uint64_t kMaxSpan = 64 * kMiB;
constexpr std::uint64_t kReserve = 256 * kMiB, kHashedReserve = 64 * kMiB;
constexpr double kSpanTime = 5;  // seconds
constexpr double kMemory = 10;   // seconds over which a speed is measured

}  // namespace

bool Flow::received(std::uint64_t bytes, const std::stop_token& stop) {
  total_ += bytes;
  measured_ += bytes;
  if (slot_) slot_.received(bytes);  // a response that was kept is read on without
  return context_.throttle.consume(bytes, stop, context_.deadline.value_or(Instant::max()));  // the next read fails
}

void Flow::fade(Instant now) {
  const auto age = now - measured_from_;
  if (std::chrono::duration<double>(age).count() <= kMemory) return;
  measured_from_ += age / 2;
  measured_ /= 2;
}

void Flow::measure_anew() {
  measured_ = 0;
  measured_from_ = context_.clock.now();
}

double Flow::speed() const {
  const std::chrono::duration<double> elapsed = context_.clock.now() - measured_from_;
  return elapsed.count() <= 0 ? 0 : static_cast<double>(measured_) / elapsed.count();
}

std::uint64_t Flow::reserve() const { return context_.request.checksum ? kHashedReserve : kReserve; }

std::uint64_t Flow::span_limit(std::uint64_t left) const {
  const unsigned expected = context_.pool.expected(context_.source.url.current().origin);
  const double fair = static_cast<double>(left) / (expected > 1 ? 2.0 * expected : 1.0);
  const double speed = this->speed();
  const double timed = speed > 0 ? kSpanTime * speed : static_cast<double>(measured_ == 0 ? kMinSpan : kMaxSpan);
  return static_cast<std::uint64_t>(
      std::clamp(std::min(timed, fair), static_cast<double>(kMinSpan), static_cast<double>(kMaxSpan)));
}

}  // namespace segdl::engine
