#include "io/body_reader.h"

#include <fmt/format.h>

#include <algorithm>
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
      ended_(head.framing == Framing::none || (head.framing == Framing::length && head.content_length == 0)),
      chunks_(head.status == 206) {}

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
  wire_.resize(kWirePiece);
  for (;;) {
    if (const std::size_t got = chunks_.take(into); got > 0) return got;
    ended_ = chunks_.ended();
    if (ended_) return std::size_t{0};
    if (broken_) return *broken_;
    auto got = message_.receive(wire_);
    if (!got) return got;
    if (*got == 0) return ended_early();
    auto fed = chunks_.feed({reinterpret_cast<const char*>(wire_.data()), *got});
    if (!fed) broken_ = std::move(fed).error();
  }
}

}  // namespace segdl::io
