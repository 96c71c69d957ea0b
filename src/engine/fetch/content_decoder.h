// The codings of one body, undone one behind the other, in pieces and in bounded memory.
//
// Each coding has a Decoder and one piece of buffer; its output goes to the next, and that of the last to the taker of
// the content. Used by one thread at a time.
#pragma once

#include <segdl/error.h>

#include "seams/decoder.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace segdl::engine {

class ContentDecoder {
 public:
  using Take = std::function<Result<void>(std::span<const std::byte>)>;
  // Called before each piece of buffer is filled, at any stage: a few bytes may decode to more than there is time for.
  using KeepGoing = std::function<Result<void>()>;

  // An encoder makes its content shorter, or hardly longer. What another coding has made, and takes more than this for
  // each byte of content and this for nothing, is made to keep a decoder busy: of what was sent there is an end, of
  // what it becomes there may be none.
  static constexpr std::uint64_t kMaxForByte = 64;
  static constexpr std::uint64_t kMaxForNothing = 64U << 20U;

  // `codings`: the one to be undone first in front, as codings_to_undo() has them. Cause::integrity about `subject` if
  // one of them is not known, or if there are more than three: each takes memory.
  static Result<ContentDecoder> make(const std::vector<std::string>& codings, std::string subject, Take,
                                     KeepGoing = {});

  // From now on to this taker.
  void give_to(Take take, KeepGoing keep_going) {
    take_ = std::move(take);
    keep_going_ = std::move(keep_going);
  }

  // The next of the coded bytes. Errors: Cause::integrity where they can't be decoded, and those of Take and
  // KeepGoing.
  Result<void> feed(std::span<const std::byte> coded) { return decode(0, coded); }

  // There are no more. Cause::integrity if they end inside what they are to become. Nothing at all becomes nothing:
  // servers give empty bodies a coding as well.
  Result<void> finish() const;

 private:
  struct Stage {
    std::string coding;
    std::unique_ptr<Decoder> decoder;
    std::vector<std::byte> buffer;
    std::uint64_t taken = 0;
    std::uint64_t given = 0;
  };

  ContentDecoder(std::string subject, Take take, KeepGoing keep_going)
      : subject_(std::move(subject)), take_(std::move(take)), keep_going_(std::move(keep_going)) {}
  Result<void> decode(std::size_t stage, std::span<const std::byte> coded);
  Error fault(std::string reason) const;
  Error invalid(const Stage&, std::string_view reason) const;

  std::string subject_;
  Take take_;
  KeepGoing keep_going_;
  std::vector<Stage> stages_;
};

}  // namespace segdl::engine
