#include "engine/fetch/crowding.h"

#include "core/http/verdict.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::engine {
namespace {

constexpr unsigned kMaxDoubts = 4;

// What distinguishes the pages of a host before they are read; empty: nothing.
std::string page_of(const ResponseHead& head) {
  return head.framing == Framing::length ? fmt::format("{} {}", media_type(head), head.content_length) : "";
}

}  // namespace

bool Crowding::judge_refusal() {
  doubted_ = crowd_ && !believed_ && doubts_.count < kMaxDoubts;
  if (doubted_) doubts_ = *crowd_;
  return doubted_;
}

Crowding::Page Crowding::judge_page(const ResponseHead& head) {
  page_ = page_of(head);
  const Slot::Page meaning = slot_.meaning_of(page_);
  const bool is_no_file = meaning == Slot::Page::no_file;
  if (!is_no_file && (!crowd_ || meaning == Slot::Page::meant)) return Page::may_be_file;
  by_page_ = true;
  judge_refusal();
  return is_no_file ? Page::is_no_file : Page::is_doubted;
}

void Crowding::rejects_page(const ResponseHead& head) { slot_.gave_no_file(page_of(head)); }

bool Crowding::believe() {
  believed_ = true;
  const Doubts doubts = std::exchange(doubts_, {});
  if (doubts.count > 0) slot_.refused_for_another_reason(doubts);
  return doubts.count > 0;
}

void Crowding::answered(bool page) {
  const Doubts doubts = std::exchange(doubts_, {});
  if (doubts.count == 0) return;
  if (page && by_page_) return slot_.believe_pages();
  slot_.was_crowded(doubts);
  if (by_page_) slot_.gave_no_file(std::move(page_));
}

}  // namespace segdl::engine
