// Removes the framing of a body while it is read (RFC 9112 sections 6 and 7).
#pragma once

#include <segdl/error.h>

#include "core/http/chunked_body.h"
#include "core/http/http_head.h"
#include "io/http/message.h"

#include <cstddef>
#include <optional>
#include <span>

namespace segdl::io {

class BodyReader {
 public:
  // `joined` as in HttpRequest.
  BodyReader(Message& message, const ResponseHead& head, bool joined);

  // As Exchange::read().
  Result<std::size_t> read(std::span<std::byte> into);

  // Whether sizes of its chunks are padded, or odd.
  bool padded() const { return chunks_.padded(); }
  bool odd() const { return chunks_.odd(); }

  // Whether the body has been read to its end and nothing more has arrived: the connection may carry another request.
  bool ended_clean() const {
    return ended_ && !trailer_missing_ && !chunks_.has_more_behind() && message_.left_over() == 0;
  }

 private:
  Result<std::size_t> read_length(std::span<std::byte> into);
  Result<std::size_t> read_chunked(std::span<std::byte> into);
  Result<std::size_t> receive_body(std::span<std::byte> into);
  Result<std::size_t> receive_in_chunk(std::span<std::byte> into);
  Result<std::size_t> receive_chunk(std::span<std::byte> into, std::size_t at);
  Result<void> receive_chunks();
  Result<std::size_t> read_to_close(std::span<std::byte> into);
  Error ended_early() const;

  Message& message_;
  Framing framing_;
  std::uint64_t length_ = 0;  // declared in the head; 0: none
  std::uint64_t left_ = 0;
  std::uint64_t given_ = 0;
  bool ended_ = false;
  ChunkedBody chunks_;
  bool trailer_missing_ = false;
  SaidTwice said_twice_;
  std::optional<Error> broken_;  // comes after the chunks that have ended
};

}  // namespace segdl::io
