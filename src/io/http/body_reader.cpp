#include "io/http/body_reader.h"

#include "core/http/http_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace segdl::io {
namespace {

constexpr const char* kPerhapsTwice = "its body is declared chunked twice, and may be";

// The expected length of the body. For a 206 that ends with its connection, that of its range.
std::uint64_t length_of(const ResponseHead& head) {
  if (head.framing == Framing::length) return head.content_length;
  const auto range = head.status == 206 ? content_range_of(head) : std::nullopt;
  return range && range->range ? range->range->size() : 0;
}

}  // namespace

BodyReader::BodyReader(Message& message, const ResponseHead& head, bool joined)
    : message_(message),
      framing_(head.framing),
      length_(length_of(head)),
      left_(head.content_length),
      ended_(head.framing == Framing::none || (head.framing == Framing::length && head.content_length == 0)),
      chunks_(head.status == 206, joined),
      said_twice_(head.chunked_twice) {}

Error BodyReader::ended_early() const {
  return network_error("receive", "",
                       framing_ == Framing::length
                           ? fmt::format("the connection was closed after {} of {} bytes", given_, length_)
                           : fmt::format("the connection was closed after {} bytes, before the end", given_));
}

Result<std::size_t> BodyReader::read(std::span<std::byte> into) {
  if (ended_) return std::size_t{0};
  auto got = framing_ == Framing::length    ? read_length(into)
             : framing_ == Framing::chunked ? read_chunked(into)
                                            : read_to_close(into);
  if (got && said_twice_.may_be_chunked(into.first(*got))) return unreadable(kPerhapsTwice);
  if (got) given_ += *got;
  if (!got && got.error().remedy == Remedy::retry && chunks_.gives_unproved()) {
    Error error = std::move(got).error();
    error.remedy = Remedy::refetch;
    return error;
  }
  return got;
}

// Receives bytes that are all body.
Result<std::size_t> BodyReader::receive_body(std::span<std::byte> into) {
  auto got = message_.receive(into);
  if (!got || *got == 0) return got;
  auto counted = message_.count_body(*got);
  if (!counted) return std::move(counted).error();
  return got;
}

Result<std::size_t> BodyReader::read_length(std::span<std::byte> into) {
  auto got = receive_body(into.first(std::min<std::uint64_t>(into.size(), left_)));
  if (!got) return got;
  if (*got == 0) return ended_early();
  left_ -= *got;
  ended_ = left_ == 0;
  return got;
}

// After the last byte of a range only the end of the connection is waited for.
Result<std::size_t> BodyReader::read_to_close(std::span<std::byte> into) {
  if (length_ > 0 && given_ >= length_) message_.end_by(std::chrono::steady_clock::now() + kSkipTime);
  auto got = receive_body(into);
  if (got && *got == 0) ended_ = true;
  return got;
}

Result<std::size_t> BodyReader::read_chunked(std::span<std::byte> into) {
  for (;;) {
    if (const std::size_t got = chunks_.take(into); got > 0) return got;
    if (broken_) return *broken_;
    ended_ = chunks_.ended() || trailer_missing_;
    if (ended_) return std::size_t{0};
    if (chunks_.is_open()) return receive_in_chunk(into);
    if (const auto moved = chunks_.hand_over(into)) return receive_chunk(into, *moved);
    auto step = receive_chunks();
    if (!step) return std::move(step).error();
  }
}

// Receives bytes of the current chunk at their destination.
Result<std::size_t> BodyReader::receive_in_chunk(std::span<std::byte> into) {
  auto got = receive_body(into.first(std::min<std::uint64_t>(into.size(), chunks_.body_ahead())));
  if (!got) return got;
  if (*got == 0) return ended_early();
  chunks_.received_elsewhere(*got);
  return got;
}

// Receives the rest of a chunk that has `at` bytes already, and its end.
Result<std::size_t> BodyReader::receive_chunk(std::span<std::byte> into, std::size_t at) {
  while (chunks_.body_ahead() > 0) {
    auto got = receive_in_chunk(into.subspan(at));
    if (!got) return got;
    at += *got;
  }
  for (const std::uint64_t ended = chunks_.chunks(); chunks_.chunks() == ended;) {
    if (broken_) return *broken_;
    auto step = receive_chunks();
    if (!step) return std::move(step).error();
  }
  return at;
}

// A trailer section that is cut or slow costs the connection, not the body.
Result<void> BodyReader::receive_chunks() {
  const bool complete = chunks_.complete();
  if (complete) message_.end_by(std::chrono::steady_clock::now() + kSkipTime);
  auto got = message_.receive(chunks_.room());
  trailer_missing_ = complete && (got ? *got == 0 : got.error().cause != Cause::cancelled);
  if (trailer_missing_) return {};
  if (!got) return std::move(got).error();
  if (*got == 0) return ended_early();
  auto body = chunks_.received(*got);
  if (body) return complete ? Result<void>() : message_.count_body(*body);
  broken_ = std::move(body).error();
  return {};
}

}  // namespace segdl::io
