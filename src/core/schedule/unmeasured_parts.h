// The segments that came in parts without a length, and whether such a part has contradicted itself at its end.
//
// The bytes of such parts are trusted only as long as none has: a server that contradicts itself once may have done so
// wherever the end was not read. Pure.
#pragma once

#include <segdl/error.h>

#include "core/store/layout.h"

#include <optional>
#include <utility>
#include <vector>

namespace segdl {

class UnmeasuredParts {
 public:
  // Adds segments that a part brought, and its contradiction, if any. Returns the first contradiction once there are
  // such segments: it ends the download.
  std::optional<Error> add(const std::vector<Segment>& brought, std::optional<Error> contradiction) {
    brought_.insert(brought_.end(), brought.begin(), brought.end());
    if (!contradiction_) contradiction_ = std::move(contradiction);
    return brought_.empty() ? std::nullopt : contradiction_;
  }

  // All of those segments, once a part has contradicted itself.
  std::vector<Segment> doubted() const { return contradiction_ ? brought_ : std::vector<Segment>(); }

 private:
  std::vector<Segment> brought_;
  std::optional<Error> contradiction_;
};

}  // namespace segdl
