// One response of a scripted server: its head, the bytes of the resource that follow, and its faults.
//
// The head (`head.status`, `head.fields`) and the body ([begin, end), framed by `head.framing`) are set independently,
// so that a server can lie about either.
// AnswerWire turns an answer into wire bytes. Its player, over a socket or not, sends exactly those.
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

// What happens to the connection after the last byte of an answer. `close` is in order, `cut` is without the
// close_notify of TLS; without TLS they are the same.
enum class WireEnd : std::uint8_t { keep, close, cut, reset, stall };

struct Answer {
  ResponseHead head = {};
  std::uint64_t begin = 0;  // the body: the resource's bytes [begin, end)
  std::uint64_t end = 0;
  std::uint64_t seed = 0;
  unsigned number = 0;  // of the request, in the script's log

  // Faults, at offsets of the resource. Of several that end the answer the first one does.
  std::optional<std::uint64_t> cut_at = std::nullopt;     // the connection is closed before this byte
  std::optional<std::uint64_t> reset_at = std::nullopt;   // the same with RST
  std::optional<std::uint64_t> stall_at = std::nullopt;   // nothing more comes, the connection stays open
  std::optional<std::uint64_t> change_at = std::nullopt;  // from here on it is `next_seed`'s content
  std::uint64_t next_seed = 0;
  std::vector<std::uint64_t> flips = {};  // in each of these bytes one bit is wrong

  std::size_t drip = 0;                       // limit of bytes in one piece; 0: none
  std::chrono::milliseconds drip_pause{0};    // after each of those
  std::string interim = {};                   // sent as it is before the head
  std::string after = {};                     // sent as it is after the body
  std::optional<std::string> raw_bytes = {};  // sent as they are instead of everything else
  std::optional<WireEnd> ending = {};         // other than what head and body lead to

  Answer& status(int code);                                 // without a body
  Answer& page(int code, std::uint64_t size);               // with a body that is not the resource
  Answer& set(const std::string& name, std::string value);  // replaces
  Answer& add(const std::string& name, std::string value);  // a further field, perhaps of the same name
  Answer& drop(const std::string& name);
  Answer& chunked();
  Answer& until_close();
  Answer& sends(std::uint64_t first, std::uint64_t past);  // another part than was asked for, as the head states
  Answer& content_range(std::string value);
  Answer& shift_content_range(std::int64_t by);  // the head names another part than is sent
  Answer& total(std::uint64_t size);             // Content-Range names another total
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
  // The number of body bytes that next() has returned.
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
  std::string text_;  // to be returned before the next step
  std::size_t text_at_ = 0;
  Step step_ = Step::body;
  std::uint64_t at_ = 0;
  std::uint64_t stop_ = 0;     // the body ends here, by a fault or in order
  std::uint64_t run_end_ = 0;  // body bytes up to here may follow without more framing
  bool whole_ = true;          // no fault ends it
  WireEnd end_ = WireEnd::keep;
};

}  // namespace segdl::test
