// Whether a refusal means "not so many connections", whatever the server calls it.
//
// A host that serves a few connections at a time may refuse one more with any status, with a page, or with a redirect
// to one. Where other connections are in use such a refusal is doubted: the request is repeated when they have ended,
// and believed then, or after kMaxDoubts. What comes of it is reported to the host's slot, so that other downloads
// know. Used by one thread.
#pragma once

#include "core/http/http_head.h"
#include "engine/schedule/host.h"

#include <cstdint>
#include <optional>
#include <string>

namespace segdl::engine {

class Crowding {
 public:
  // REQUIRES: the slot outlives this object, and is held from asks() until the response is judged.
  explicit Crowding(Slot& slot) : slot_(slot) {}

  // Before each fetch, each form of its request, and each request.
  void begins_fetch() { doubted_ = believed_ = false; }
  void begins_form() { crowd_.reset(); }
  void asks() {
    if (!crowd_) crowd_ = slot_.crowd(doubts_);
  }

  // A refusal came. Whether it is doubted; if so it counts as one more in a row.
  bool judge_refusal();
  // The same for one that is no page.
  bool judge_status(bool may_be_doubted) {
    by_page_ = false;
    return may_be_doubted && judge_refusal();
  }
  // A page instead of the first response.
  enum class Page : std::uint8_t { may_be_file, is_no_file, is_doubted };
  Page judge_page(const ResponseHead&);
  // A page that can't be the resource: it is none for other downloads either.
  void rejects_page(const ResponseHead&);
  // A refusal is believed. Whether one was doubted before it.
  bool believe();
  // A usable response, which may be a page.
  void answered(bool page);

  // Whether the latest refusal is doubted; decided elsewhere for a request beside another response.
  bool is_doubted() const { return doubted_; }
  void set_doubted(bool doubted) { doubted_ = doubted; }
  // Those in a row that were.
  const Doubts& doubts() const { return doubts_; }
  void forget() { doubts_ = {}; }

 private:
  Slot& slot_;
  std::optional<Doubts> crowd_;  // what doubts_ become with a refusal of the latest request, if that may be doubted
  bool doubted_ = false;         // its refusal is
  bool believed_ = false;        // a refusal is believed, so that of another form is not doubted either
  bool by_page_ = false;
  std::string page_;  // that one
  Doubts doubts_;
};

}  // namespace segdl::engine
