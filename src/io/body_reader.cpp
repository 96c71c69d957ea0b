#include "io/body_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace segdl::io {
namespace {

constexpr std::size_t kWirePiece = 16 * 1024;

}  // namespace

BodyReader::BodyReader(Message& message, const ResponseHead& head)
    : message_(message),
      framing_(head.framing),
      length_(head.content_length),
      left_(head.content_length),
      ended_(head.framing == Framing::none || (head.framing == Framing::length && head.content_length == 0)) {}

Error BodyReader::ended_early() const {
  return network_error(Remedy::retry, "receive", "",
                       framing_ == Framing::length
                           ? fmt::format("the connection was closed after {} of {} bytes", given_, length_)
                           : fmt::format("the connection was closed after {} bytes, before the end", given_));
}

Result<std::size_t> BodyReader::read(std::span<std::byte> into) {
  if (ended_) return std::size_t{0};
  auto got = framing_ == Framing::length    ? read_length(into)
             : framing_ == Framing::chunked ? read_chunked(into)
                                            : read_to_close(into);
  if (got) given_ += *got;
  return got;
}

Result<std::size_t> BodyReader::read_length(std::span<std::byte> into) {
  auto got = message_.receive(into.first(std::min<std::uint64_t>(into.size(), left_)));
  if (!got) return got;
  if (*got == 0) return ended_early();
  left_ -= *got;
  ended_ = left_ == 0;
  return got;
}

Result<std::size_t> BodyReader::read_to_close(std::span<std::byte> into) {
  auto got = message_.receive(into);
  if (got && *got == 0) ended_ = true;
  return got;
}

Result<std::size_t> BodyReader::read_chunked(std::span<std::byte> into) {
  for (;;) {
    // Inside a chunk, with nothing read ahead, the bytes go straight to where they are wanted.
    if (used_ == wire_.size() && decoder_.body_ahead() > 0) {
      auto got = message_.receive(into.first(std::min<std::uint64_t>(into.size(), decoder_.body_ahead())));
      if (!got) return got;
      if (*got == 0) return ended_early();
      decoder_.skip_body(*got);
      return got;
    }
    if (used_ == wire_.size()) {
      wire_.resize(kWirePiece);
      auto got = message_.receive(std::as_writable_bytes(std::span(wire_)));
      wire_.resize(got ? *got : 0);
      used_ = 0;
      if (!got) return got;
      if (*got == 0) return ended_early();
    }
    // Never more wire at once than there is room for its body.
    auto step = decoder_.step(std::string_view(wire_).substr(used_, into.size()));
    if (!step) return std::move(step).error();
    if (step->body_size > 0) std::memcpy(into.data(), wire_.data() + used_ + step->body_begin, step->body_size);
    used_ += step->consumed;
    ended_ = decoder_.done();
    if (step->body_size > 0 || ended_) return step->body_size;
  }
}

}  // namespace segdl::io
