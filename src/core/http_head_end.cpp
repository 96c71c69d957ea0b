#include "core/ascii.h"
#include "core/http_head.h"

#include <algorithm>
#include <iterator>

namespace segdl {

Result<std::size_t> HeadEnd::find(std::string_view bytes) {
  const auto begins = [bytes](std::string_view with) {
    const std::string_view start = bytes.substr(0, with.size());
    return same_text(start, with.substr(0, start.size()));
  };
  if (std::none_of(std::begin(kStartsOfHeads), std::end(kStartsOfHeads), begins))
    return unreadable("it does not begin like an HTTP/1 response");
  for (;;) {
    const auto feed = bytes.find('\n', searched_);
    const std::size_t end = feed == std::string_view::npos ? bytes.size() : feed + 1;
    if (end > kMaxHeadBytes) return unreadable("its head is longer than 8 MiB");
    searched_ = end;
    if (feed == std::string_view::npos) return 0;
    const bool bare = bytes[feed - 1] != '\r';
    const bool empty = feed == line_ || (feed == line_ + 1 && !bare);
    if (empty) {
      // What follows may be the rest of a field's value, and the head go on: of the first one, too.
      const bool in_first = full_status_ && lines_ == 2;
      if (bare_before_ && (full_ || in_first || (full_status_ && !bare)))
        return unreadable("a bare LF before an empty line may be part of a field");
      return end;
    }
    full_ = full_ || (lines_ > 0 && !bare);
    if (lines_ == 0) full_status_ = !bare;
    bare_before_ = bare;
    line_ = end;
    if (++lines_ > kMaxHeadLines) return unreadable("its head has more than 65,536 lines");
  }
}

}  // namespace segdl
