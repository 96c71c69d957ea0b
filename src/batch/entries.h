// The items of a batch in their order: those it was given, then those of a source, as they come.
#pragma once

#include <segdl/batch.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace segdl::batch {

class Entries final {
 public:
  Entries(std::vector<Item> items, std::unique_ptr<ItemSource> more)
      : items_(std::move(items)), more_(std::move(more)), several_(items_.size() != 1 || more_ != nullptr) {}

  // As ItemSource has them.
  Result<std::optional<Item>> next() {
    if (next_ < items_.size()) return std::optional(std::move(items_[next_++]));
    return ended() ? std::optional<Item>() : more_->next();
  }
  bool ended() const { return next_ == items_.size() && (more_ == nullptr || more_->ended()); }
  void wait(std::chrono::milliseconds timeout) {
    if (more_ != nullptr) more_->wait(timeout);
  }

  bool of_list() const { return more_ != nullptr; }
  // Whether there may be more than one, however many there will be.
  bool several() const { return several_; }

 private:
  std::vector<Item> items_;
  std::unique_ptr<ItemSource> more_;
  bool several_;
  std::size_t next_ = 0;
};

}  // namespace segdl::batch
