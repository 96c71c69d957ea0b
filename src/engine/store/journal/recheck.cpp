#include "engine/store/journal/recheck.h"

#include "core/base/errors.h"
#include "engine/base/monitor.h"
#include "engine/base/pieces.h"
#include "engine/base/threads.h"
#include "engine/store/journal/proof.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace segdl::engine {
namespace {

// Hands out segments to prove, and collects those that fail. A byte for each: threads write to their own.
class Proving {
 public:
  Proving(File& data, const Journal& journal, const std::stop_token& stop)
      : data_(data), journal_(journal), stop_(stop), failed_(journal.identity().layout->count()) {}

  void run() {
    for (std::uint32_t i = next_++; i < failed_.size() && !stop_.stop_requested(); i = next_++) {
      const Segment segment{i};
      if (!journal_.claims(segment)) continue;
      auto holds = proof_holds(data_, journal_, segment);
      if (!holds) return fail(std::move(holds).error());
      failed_[i] = static_cast<char>(!*holds);
    }
  }

  // An exception of a thread beside the one that waits: out of memory, or a bug.
  void run_beside() {
    try {
      run();
    } catch (const std::exception& exception) {
      fail(error_of(exception, "verify"));
    }
  }

  // The first error of any thread: then it is not known which of the others fail.
  std::optional<Error> error() const {
    const MutexLock lock(mutex_);
    return error_;
  }
  std::vector<Segment> failed() const {
    std::vector<Segment> result;
    for (std::uint32_t i = 0; i < failed_.size(); ++i) {
      if (failed_[i] != 0) result.push_back(Segment{i});
    }
    return result;
  }

 private:
  // The others have nothing left to do.
  void fail(Error error) {
    next_ = static_cast<std::uint32_t>(failed_.size());
    const MutexLock lock(mutex_);
    if (!error_) error_ = std::move(error);
  }

  File& data_;
  const Journal& journal_;
  const std::stop_token& stop_;
  std::vector<char> failed_;
  std::atomic<std::uint32_t> next_ = 0;
  mutable Mutex mutex_;
  std::optional<Error> error_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace

void Watch::look(std::uint64_t length) {
  const auto status = data_.status();
  if (!status || status->size != length || status->links > 1) traces_ = true;
}

void Watch::look_at_whole(std::uint64_t length) {
  look(length);
  if (data_.first_hole() < length) traces_ = true;
}

Result<std::vector<Segment>> find_damaged(File& data, const Journal& journal, const std::stop_token& stop) {
  Proving proving(data, journal, stop);
  {
    std::vector<std::jthread> beside;
    const std::size_t most =
        std::min<std::size_t>(journal.identity().layout->count(), std::max(1U, std::thread::hardware_concurrency()));
    try {
      while (beside.size() + 1 < most) beside.emplace_back([&proving] { proving.run_beside(); });
    } catch (const std::system_error&) {  // no more threads to be had: it takes longer
    }
    proving.run();
  }
  if (stop.stop_requested()) return cancelled();
  if (auto error = proving.error()) return *std::move(error);
  return proving.failed();
}

Result<bool> holds_exactly(File& data, std::span<const std::byte> bytes) {
  auto status = data.status();
  if (!status) return std::move(status).error();
  if (status->size != bytes.size()) return false;
  std::vector<std::byte> piece(std::min(kIoBuffer, bytes.size()));
  for (std::size_t at = 0; at < bytes.size(); at += piece.size()) {
    const auto want = bytes.subspan(at, std::min(piece.size(), bytes.size() - at));
    auto got = data.read_at(at, std::span(piece).first(want.size()));
    if (!got && !is_unreadable(got.error())) return std::move(got).error();
    if (!got || *got != want.size() || std::memcmp(want.data(), piece.data(), want.size()) != 0) return false;
  }
  return true;
}

}  // namespace segdl::engine
