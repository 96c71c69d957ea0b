#include "support/fake_origin.h"

#include "core/http/chunked_body.h"
#include "core/http/http_fields.h"
#include "support/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace segdl::test {
namespace {

Error network(std::string reason, Remedy remedy = Remedy::retry) {
  Error error;
  error.cause = Cause::network;
  error.remedy = remedy;
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

Error timed_out() {
  Error error = network("the time limit for the download is reached");
  error.out_of_time = true;
  return error;
}

// The surroundings of an exchange.
struct Setting {
  OriginScript& script;
  FakeClock& clock;
  Limits limits;
  std::stop_token stop;
  bool secure = false;
  bool joined = false;  // HttpRequest::joined
};

class FakeExchange final : public Exchange {
 public:
  FakeExchange(Setting setting, Answer answer)
      : setting_(std::move(setting)),
        limits_(setting_.limits),
        clock_(setting_.clock),
        number_(answer.number),
        variety_(answer.begin),
        wire_(std::move(answer)) {}

  ~FakeExchange() override { setting_.script.note_end(); }
  FakeExchange(const FakeExchange&) = delete;
  FakeExchange& operator=(const FakeExchange&) = delete;

  const ResponseHead& head() const override { return head_; }

  Result<void> read_head() {
    Instant begun = clock_.now();
    for (HeadEnd head_end;;) {
      auto end = head_end.find(std::string_view(pending_).substr(taken_));
      if (!end) return std::move(end).error();
      if (*end == 0) {
        if (clock_.now() - begun >= limits_.head) return network("no response for a while");
        auto more = receive_more(limits_.head);
        if (!more) return std::move(more).error();
        if (*more == 0) return network("the connection was closed before the end of the head");
        continue;
      }
      auto head = parse_head(std::string_view(pending_).substr(taken_, *end));
      if (!head) return std::move(head).error();
      taken_ += *end;
      if (head->status < 200) {
        if (head->status == 102) begun = clock_.now();
        head_end = HeadEnd();
        continue;
      }
      head_ = std::move(*head);
      left_ = head_.content_length;
      said_twice_ = SaidTwice(head_.chunked_twice);
      const std::string* field = head_.status == 206 ? head_.find("Content-Range") : nullptr;
      const auto range = field != nullptr ? parse_content_range(*field) : std::nullopt;
      if (range && range->range) range_left_ = range->range->size();
      ended_ = head_.framing == Framing::none || (head_.framing == Framing::length && left_ == 0);
      return {};
    }
  }

  Result<std::size_t> read(std::span<std::byte> into) override {
    if (setting_.stop.stop_requested()) return cancelled();
    if (ended_) return std::size_t{0};
    if (head_.framing == Framing::chunked) {
      auto got = read_chunked(into);
      if (chunks_->padded()) head_.tolerate("blanks around the sizes of its chunks");
      if (chunks_->odd()) head_.tolerate("odd sizes of its chunks");
      if (got && said_twice_.may_be_chunked(into.first(*got))) return network("chunked twice?", Remedy::refetch);
      if (!got && chunks_->gives_unproved() && got.error().remedy == Remedy::retry) {
        return network(got.error().reason, Remedy::refetch);
      }
      return got;
    }
    if (head_.framing == Framing::length) into = into.first(std::min<std::uint64_t>(into.size(), left_));
    if (head_.framing == Framing::until_close && range_left_ == 0) end_by(clock_.now() + kSkipTime);
    auto got = receive(into);
    if (!got) return got;
    if (*got == 0 && head_.framing == Framing::length) return ended_early();
    if (*got > 0 && !count_body(*got)) return network("too slow");
    left_ -= std::min<std::uint64_t>(*got, left_);
    if (range_left_) range_left_ = *range_left_ - std::min<std::uint64_t>(*got, *range_left_);
    ended_ = *got == 0 || (head_.framing == Framing::length && left_ == 0);
    return got;
  }

  bool is_cut() const override { return cut_; }

  void skip_rest() override {
    if (head_.framing != Framing::length || head_.content_length > kMaxSkipped) return;
    end_by(clock_.now() + kSkipTime);
    std::array<std::byte, 4096> dropped;
    for (auto got = read(dropped); got && *got > 0;) got = read(dropped);
  }

 private:
  static Error ended_early() { return network("the connection was closed before the end of the body"); }

  Result<std::size_t> read_chunked(std::span<std::byte> into) {
    if (!chunks_) chunks_.emplace(head_.status == 206, setting_.joined);
    for (;;) {
      if (const std::size_t got = chunks_->take(into); got > 0) return got;
      if (broken_) return *broken_;
      ended_ = chunks_->ended();
      if (ended_) return std::size_t{0};
      if (quiet_ >= limits_.idle) return network("nothing of the body for a while");
      const bool complete = chunks_->complete();
      if (complete) end_by(clock_.now() + kSkipTime);
      auto got = receive(chunks_->room());
      ended_ = complete && (!got || *got == 0);
      if (ended_) return std::size_t{0};
      if (!got) return got;
      if (*got == 0) return ended_early();
      auto body = chunks_->received(*got);
      if (!body) {
        broken_ = std::move(body).error();
      } else if (!complete && !count_body(*body)) {
        return network("too slow");
      }
    }
  }

  void end_by(Instant moment) { limits_.deadline = std::min(moment, limits_.deadline.value_or(moment)); }

  Result<std::size_t> receive(std::span<std::byte> into) {
    if (taken_ == pending_.size()) return pull(into, limits_.idle - quiet_);
    const std::size_t count = std::min(pending_.size() - taken_, into.size());
    std::memcpy(into.data(), pending_.data() + taken_, count);
    taken_ += count;
    return count;
  }

  Result<std::size_t> receive_more(std::chrono::nanoseconds patience) {
    constexpr std::size_t kPiece = 4096;
    if (taken_ == pending_.size()) taken_ = (pending_.clear(), 0);
    const std::size_t had = pending_.size();
    pending_.resize(had + kPiece);
    auto got = pull(std::as_writable_bytes(std::span(pending_).subspan(had)), patience);
    pending_.resize(had + (got ? *got : 0));
    return got;
  }

  // Bytes off the wire, 1 to 16 KiB depending on their number; 0: the connection was closed in order.
  Result<std::size_t> pull(std::span<std::byte> into, std::chrono::nanoseconds patience) {
    if (limits_.deadline && clock_.now() >= *limits_.deadline) return timed_out();
    const std::size_t piece = 1 + static_cast<std::size_t>(pattern_word(variety_, pulls_++) % 16384);
    const std::size_t got = wire_.next(into.first(std::min(into.size(), piece)));
    setting_.script.note_sent(number_, wire_.body_given());
    if (got == 0) return at_end(patience);
    clock_.advance(wire_.pause());
    if (head_.status != 0) {
      quiet_ += wire_.pause();
      waited_ += wire_.pause();
    }
    return got;
  }

  Result<std::size_t> at_end(std::chrono::nanoseconds patience) {
    if (wire_.end() == WireEnd::reset) return network("Connection reset by peer");
    cut_ = wire_.end() == WireEnd::cut && setting_.secure;
    if (cut_) return network("the secure connection broke");
    if (wire_.end() == WireEnd::close || wire_.end() == WireEnd::cut) return std::size_t{0};
    // Nothing more arrives: waits until the limit, or the deadline if that is nearer.
    const Instant until = clock_.now() + patience;
    const bool late = limits_.deadline && *limits_.deadline < until;
    clock_.advance((late ? *limits_.deadline : until) - clock_.now());
    return late ? timed_out() : network("nothing received for a while");
  }

  // Counts `got` bytes of the body. False if that is slower than Limits::min_speed over the pauses of a drip.
  bool count_body(std::size_t got) {
    if (got > 0) quiet_ = {};
    got_ += got;
    if (limits_.min_speed == 0 || waited_ < limits_.speed_window) return true;
    const double speed = static_cast<double>(got_) / std::chrono::duration<double>(waited_).count();
    waited_ = {};
    got_ = 0;
    return speed >= static_cast<double>(limits_.min_speed);
  }

  Setting setting_;
  Limits limits_;
  FakeClock& clock_;
  unsigned number_;
  std::uint64_t variety_;  // of the sizes of pieces
  AnswerWire wire_;
  ResponseHead head_;
  std::optional<ChunkedBody> chunks_;
  SaidTwice said_twice_{false};
  bool cut_ = false;
  std::chrono::nanoseconds quiet_{0};  // waited while only framing came
  std::optional<Error> broken_;
  std::string pending_;  // off the wire, used up to taken_
  std::size_t taken_ = 0;
  std::uint64_t left_ = 0;
  std::optional<std::uint64_t> range_left_;  // bytes left in the range of a 206
  std::uint64_t pulls_ = 0;
  bool ended_ = false;
  std::chrono::milliseconds waited_{0};
  std::uint64_t got_ = 0;
};

std::vector<Field> fields_of(const HttpRequest& request) {
  std::vector<Field> fields = request.fields;
  fields.insert(fields.begin(), {"Host", request.url.origin.authority()});
  if (request.certified && request.url.origin.secure) fields.push_back({"Client-Cert", "shown"});
  return fields;
}

}  // namespace

Result<std::unique_ptr<Exchange>> FakeOrigin::get(const HttpRequest& request, const Limits& limits,
                                                  std::stop_token stop) {
  if (stop.stop_requested()) return cancelled();
  if (limits.deadline && clock_.now() >= *limits.deadline) return timed_out();
  Setting setting{script_, clock_, limits, std::move(stop), request.url.origin.secure, request.joined};
  auto exchange =
      std::make_unique<FakeExchange>(std::move(setting), script_.answer(request.url.target, fields_of(request)));
  auto head = exchange->read_head();
  if (answered_) answered_();
  if (!head) return std::move(head).error();
  return std::unique_ptr<Exchange>(std::move(exchange));
}

}  // namespace segdl::test
