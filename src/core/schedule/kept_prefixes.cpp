#include "core/schedule/kept_prefixes.h"

#include <iterator>
#include <utility>

namespace segdl {

void KeptPrefixes::keep(Segment segment, Prefix prefix, std::size_t most) {
  gain(segment, prefix.filled);  // from here on these bytes are no gain
  const auto found = kept_.find(segment);
  if (found == kept_.end() ? kept_.size() >= most : found->second.filled >= prefix.filled) return;
  kept_.insert_or_assign(segment, std::move(prefix));
}

Prefix KeptPrefixes::take(Segment segment, std::uint64_t filled) {
  const auto found = kept_.find(segment);
  if (found == kept_.end() || found->second.filled <= filled) return {};
  return std::move(kept_.extract(found).mapped());
}

std::uint64_t KeptPrefixes::gain(Segment segment, std::uint64_t filled) {
  std::uint64_t& mark = marks_[segment];
  return filled > mark ? filled - std::exchange(mark, filled) : 0;
}

std::uint64_t KeptPrefixes::done(Segment segment, std::uint64_t size) {
  kept_.erase(segment);
  const auto mark = marks_.extract(segment);
  return size - (mark ? mark.mapped() : 0);
}

std::optional<Segment> KeptPrefixes::first_behind(Segment segment) const {
  const auto next = kept_.upper_bound(segment);
  return next == kept_.end() ? std::nullopt : std::optional(next->first);
}

std::optional<Segment> KeptPrefixes::last_before(Segment segment) const {
  const auto behind = kept_.lower_bound(segment);
  return behind == kept_.begin() ? std::nullopt : std::optional(std::prev(behind)->first);
}

}  // namespace segdl
