// The codings of one body, undone one behind the other, in pieces and in bounded memory.
//
// Each coding has a Decoder and one piece of buffer; what it gives goes to the next, and at last to whoever takes the
// content. Used by one thread at a time.
#pragma once

#include <segdl/error.h>

#include "seams/decoder.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace segdl::engine {

class ContentDecoder {
 public:
  using Take = std::function<Result<void>(std::span<const std::byte>)>;

  // `codings`: the one to be undone first in front, as codings_to_undo() has them. Cause::integrity about `subject` if
  // one of them is not known, or if there are more than three: each takes memory.
  static Result<ContentDecoder> make(const std::vector<std::string>& codings, std::string subject, Take);

  // The next of the coded bytes. Errors: Cause::integrity where they can't be decoded, and those of whoever takes what
  // they become.
  Result<void> feed(std::span<const std::byte> coded) { return decode(0, coded); }

  // There are no more. Cause::integrity if they end inside what they are to become. Nothing at all becomes nothing:
  // servers give empty bodies a coding as well.
  Result<void> finish() const;

 private:
  struct Stage {
    std::string coding;
    std::unique_ptr<Decoder> decoder;
    std::vector<std::byte> buffer;
  };

  ContentDecoder(std::string subject, Take take) : subject_(std::move(subject)), take_(std::move(take)) {}
  Result<void> decode(std::size_t stage, std::span<const std::byte> coded);
  Error fault(const Stage&, std::string reason) const;

  std::string subject_;
  Take take_;
  std::vector<Stage> stages_;
};

}  // namespace segdl::engine
