// When a worker may send a request: it holds the slot for its connection.
//
// A request needs a slot of the host that it goes to, and a moment at which neither the download nor the host is
// backing off. A redirect to another host takes a slot there: the slot of this one is no right to that. Used by one
// thread.
#pragma once

#include <segdl/error.h>

#include "core/url/url.h"
#include "engine/fetch/crowding.h"
#include "engine/fetch/fetch_context.h"
#include "engine/schedule/flow.h"
#include "engine/schedule/pool.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace segdl::engine {

// A request on its way, and where it has been.
struct PendingRequest {
  Url url;
  std::vector<std::string> visited = {};
};

class Admission {
 public:
  // Waits with the token of the flow. REQUIRES: both outlive this object.
  Admission(const FetchContext& context, const Flow& flow) : context_(context), flow_(flow), crowding_(slot_) {}
  ~Admission() { leave(); }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Waits until a request may be sent. Errors: cancelled, or the time limit.
  Result<void> get_ready();
  // Whether that takes no time.
  bool is_ready() const;
  // Waits for a slot of this host, unless that is the one held.
  Result<void> enter(const Origin&);
  // The same without waiting; false: there is none now, or others are to be waited for.
  bool enters_now(const Origin&);

  // The slot, from and to another owner; either may be empty. REQUIRES: to take one: none is held.
  void take(Slot slot) {
    slot_ = std::move(slot);
    if (slot_) context_.task_progress.connected();
  }
  Slot give() {
    if (slot_) context_.task_progress.disconnected();  // first: the next owner of the slot counts as well
    return std::move(slot_);
  }
  void leave() { const Slot left = give(); }

  // Whether a fetch returns an error of Cause::cancelled instead of waiting for a slot, also where it is redirected to
  // another host; get_ready() waits for that one then. For workers that hold work meanwhile that others could do.
  void wait_outside(bool outside) {
    waits_outside_ = outside;
    if (!outside) aside_.reset();
  }
  bool waits_outside() const { return waits_outside_; }
  void set_aside(PendingRequest request) { aside_ = std::move(request); }
  std::optional<PendingRequest> take_aside() { return std::exchange(aside_, std::nullopt); }

  // Whether the next request waits for no back-off.
  void skip_back_off(bool skips) { skips_back_off_ = skips; }

  // May be empty.
  Slot& slot() { return slot_; }
  bool is_host_closed() const { return slot_ && slot_.closed(); }
  Crowding& crowding() { return crowding_; }

 private:
  const FetchContext& context_;
  const Flow& flow_;
  Slot slot_;
  Crowding crowding_;
  bool waits_outside_ = false;
  std::optional<PendingRequest> aside_;  // where the latest request was led to, and there was no slot
  bool skips_back_off_ = false;
};

}  // namespace segdl::engine
