#include "engine/fetch/span_limit.h"

#include <segdl/range.h>

#include <algorithm>

namespace segdl::engine {
namespace {

constexpr std::uint64_t kMinSpan = 4 * kMiB;
constexpr std::uint64_t kMaxSpan = 64 * kMiB;
constexpr std::uint64_t kReserve = 256 * kMiB, kHashedReserve = 64 * kMiB;
constexpr double kSpanTime = 5;  // seconds

}  // namespace

std::uint64_t span_limit(const FetchContext& context, const Flow& flow, std::uint64_t left) {
  const unsigned expected = context.pool.expected(context.source.url.current().origin);
  const double fair = static_cast<double>(left) / (expected > 1 ? 2.0 * expected : 1.0);
  const double speed = flow.speed();
  const double timed = speed > 0 ? kSpanTime * speed : static_cast<double>(kMinSpan);
  return static_cast<std::uint64_t>(
      std::clamp(std::min(timed, fair), static_cast<double>(kMinSpan), static_cast<double>(kMaxSpan)));
}

std::uint64_t reserve_of(const Request& request) { return request.checksum ? kHashedReserve : kReserve; }

}  // namespace segdl::engine
