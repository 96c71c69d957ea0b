// One response as a scripted server gives it: what its head says, which bytes of the resource follow, and where it goes
// wrong.
//
// What the head says (`head.status`, `head.fields`) and what really follows ([begin, end), put on the wire as
// `head.framing` tells) are set apart, so that a server can lie about either. AnswerWire turns an answer into the very
// bytes that travel; whoever plays it, over a socket or not, sends those and nothing of its own.
#pragma once

#include "core/http/http_head.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace segdl::test {

// What happens to the connection behind the last byte of an answer. `close` is in order, `cut` is without the
// close_notify of TLS; without TLS they are the same.
enum class WireEnd : std::uint8_t { keep, close, cut, reset, stall };

struct Answer {
  ResponseHead head = {};
  std::uint64_t begin = 0;  // the body: the resource's bytes [begin, end)
  std::uint64_t end = 0;
  std::uint64_t seed = 0;
  unsigned number = 0;  // of the request, in the script's log

  // Faults, at offsets of the resource. Of those that end the answer the first one does.
  std::optional<std::uint64_t> cut_at = std::nullopt;     // the connection is closed before this byte
  std::optional<std::uint64_t> reset_at = std::nullopt;   // the same with RST
  std::optional<std::uint64_t> stall_at = std::nullopt;   // nothing more comes, the connection stays open
  std::optional<std::uint64_t> change_at = std::nullopt;  // from here on it is `next_seed`'s content
  std::uint64_t next_seed = 0;
  std::vector<std::uint64_t> flips = {};  // of each of these bytes one bit is wrong

  std::size_t drip = 0;                       // at most so many bytes at once; 0: no limit
  std::chrono::milliseconds drip_pause{0};    // after each of those
  std::string interim = {};                   // sent as it is before the head
  std::string after = {};                     // sent as it is behind the body
  std::optional<std::string> raw_bytes = {};  // sent as they are instead of everything else
  std::optional<WireEnd> ending = {};         // other than what head and body lead to

  Answer& status(int code);                                 // without a body
  Answer& page(int code, std::uint64_t size);               // with a body that is not the resource
  Answer& set(const std::string& name, std::string value);  // replaces
  Answer& add(const std::string& name, std::string value);  // a further field, perhaps of the same name
  Answer& drop(const std::string& name);
  Answer& chunked();
  Answer& until_close();
  Answer& sends(std::uint64_t first, std::uint64_t past);  // another part than was asked for; the head says so
  Answer& content_range(std::string value);
  Answer& shift_content_range(std::int64_t by);  // says another part than it sends
  Answer& total(std::uint64_t size);             // says another total in Content-Range
  Answer& raw(std::string bytes, WireEnd = WireEnd::close);
  Answer& silent(WireEnd);  // not one byte

  // Status line and fields, with the empty line.
  std::string head_text() const;
  // The length the resource has according to Content-Range; `end` if there is none.
  std::uint64_t said_total() const;
};

// The bytes of one answer in order. Used by one thread at a time.
class AnswerWire {
 public:
  explicit AnswerWire(Answer answer);

  // The next bytes, at most into.size() and at most one drip; 0: nothing more is sent. REQUIRES: !into.empty().
  std::size_t next(std::span<std::byte> into);

  WireEnd end() const { return end_; }
  // How many bytes of the body next() has given out.
  std::uint64_t body_given() const { return at_ - answer_.begin; }
  std::chrono::milliseconds pause() const {
    return answer_.drip > 0 ? answer_.drip_pause : std::chrono::milliseconds{};
  }

 private:
  enum class Step : std::uint8_t { body, chunk_end, after, done };
  void find_end();
  bool produce();
  void begin_run();
  void take_body(std::span<std::byte> into);

  Answer answer_;
  std::string text_;  // to be given out before the next step
  std::size_t text_at_ = 0;
  Step step_ = Step::body;
  std::uint64_t at_ = 0;
  std::uint64_t stop_ = 0;     // the body ends here, by a fault or in order
  std::uint64_t run_end_ = 0;  // body bytes up to here may follow without more framing
  bool whole_ = true;          // no fault ends it
  WireEnd end_ = WireEnd::keep;
};

}  // namespace segdl::test
