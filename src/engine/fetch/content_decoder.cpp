#include "engine/fetch/content_decoder.h"

#include "core/base/errors.h"
#include "engine/base/pieces.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace segdl::engine {

Result<ContentDecoder> ContentDecoder::make(const std::vector<std::string>& codings, std::string subject, Take take,
                                            KeepGoing keep_going) {
  constexpr std::size_t kMaxCodings = 3;
  ContentDecoder made(std::move(subject), std::move(take), std::move(keep_going));
  for (const std::string& coding : codings) {
    auto decoder = codings.size() <= kMaxCodings ? make_decoder(coding) : nullptr;
    if (!decoder) {
      return made.fault(
          fmt::format("segdl can undo gzip, deflate, br and zstd, at most {} of them, and it came with {}", kMaxCodings,
                      fmt::join(codings.rbegin(), codings.rend(), ", ")));
    }
    made.stages_.push_back({coding, std::move(decoder), std::vector<std::byte>(kIoBuffer)});
  }
  return made;
}

Error ContentDecoder::fault(std::string reason) const {
  return with_hints(make_error(Cause::integrity, "decode", subject_, std::move(reason)), {Hint::keep_encoded});
}

Error ContentDecoder::invalid(const Stage& stage, std::string_view reason) const {
  return fault(fmt::format("what was sent is no valid {}: {}", stage.coding, reason));
}

Result<void> ContentDecoder::decode(std::size_t index, std::span<const std::byte> coded) {
  if (index == stages_.size()) return coded.empty() ? Result<void>() : take_(coded);
  Stage& stage = stages_[index];
  for (bool more = true; more;) {
    auto going = keep_going_ ? keep_going_() : Result<void>();
    if (!going) return going;
    auto step = stage.decoder->decode(coded, stage.buffer);
    stage.taken += step.taken;
    stage.given += step.given;
    const auto given = std::span<const std::byte>(stage.buffer).first(step.given);
    auto next = given.empty() ? Result<void>() : decode(index + 1, given);
    if (!next) return next;
    if (!step.fault.empty()) return invalid(stage, step.fault);
    if (index > 0 && stage.taken > kMaxForNothing + kMaxForByte * stage.given) {
      return invalid(stage, fmt::format("{} bytes of it have become {}, which no encoder makes of any content",
                                        stage.taken, stage.given));
    }
    coded = coded.subspan(step.taken);
    more = step.given == stage.buffer.size();
  }
  return {};
}

Result<void> ContentDecoder::finish() const {
  for (const Stage& stage : stages_) {
    if (!stage.decoder->is_whole()) return invalid(stage, "it ends too early");
  }
  return {};
}

}  // namespace segdl::engine
