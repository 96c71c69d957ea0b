#include "support/fake_origin.h"

#include "support/pattern.h"

#include <algorithm>
#include <utility>

namespace segdl::test {
namespace {

Error network(std::string reason) {
  Error error;
  error.cause = Cause::network;
  error.remedy = Remedy::retry;
  error.operation = "receive";
  error.reason = std::move(reason);
  return error;
}

Error cancelled() {
  Error error;
  error.cause = Cause::cancelled;
  error.reason = "interrupted";
  return error;
}

class FakeExchange final : public Exchange {
 public:
  FakeExchange(Answer answer, const Limits& limits, FakeClock& clock, std::stop_token stop)
      : answer_(std::move(answer)), limits_(limits), clock_(clock), stop_(std::move(stop)), at_(answer_.begin) {}

  const ResponseHead& head() const override { return answer_.head; }

  Result<std::size_t> read(std::span<std::byte> into) override {
    if (stop_.stop_requested()) return cancelled();
    if (limits_.deadline && clock_.now() >= *limits_.deadline)
      return network("the time limit for the download is reached");
    if (answer_.cut_at && at_ >= *answer_.cut_at) return cut();
    if (answer_.stall_at && at_ >= *answer_.stall_at) {
      clock_.advance(limits_.idle);
      return network("nothing received for a while");
    }
    std::uint64_t end = answer_.end;
    if (answer_.cut_at) end = std::min(end, *answer_.cut_at);
    if (answer_.stall_at) end = std::min(end, *answer_.stall_at);
    // Uneven pieces: 1 byte to 16 KiB, as the offset will have it.
    const std::uint64_t piece = 1 + pattern_word(7, at_) % 16384;
    const std::size_t count = static_cast<std::size_t>(std::min({piece, end - at_, std::uint64_t{into.size()}}));
    fill_pattern(into.first(count), answer_.seed, at_);
    if (answer_.flip_at && at_ <= *answer_.flip_at && *answer_.flip_at < at_ + count) {
      into[static_cast<std::size_t>(*answer_.flip_at - at_)] ^= std::byte{1};
    }
    at_ += count;
    return count;
  }

 private:
  // With a length or chunks a body that ends early shows; without, it looks like the end.
  Result<std::size_t> cut() const {
    if (answer_.head.framing == Framing::until_close) return std::size_t{0};
    return network("the connection was closed");
  }

  Answer answer_;
  Limits limits_;
  FakeClock& clock_;
  std::stop_token stop_;
  std::uint64_t at_;
};

}  // namespace

Result<std::unique_ptr<Exchange>> FakeOrigin::get(const HttpRequest& request, const Limits& limits,
                                                  std::stop_token stop) {
  if (stop.stop_requested()) return cancelled();
  if (limits.deadline && clock_.now() >= *limits.deadline) return network("the time limit for the download is reached");
  return std::unique_ptr<Exchange>(std::make_unique<FakeExchange>(script_.answer(request.url.target, request.fields),
                                                                  limits, clock_, std::move(stop)));
}

}  // namespace segdl::test
