#include "engine/store/journal/proof.h"

#include "core/base/errors.h"
#include "core/base/xxh3.h"
#include "engine/base/monitor.h"
#include "engine/base/pieces.h"
#include "engine/base/threads.h"

#include <algorithm>
#include <cstring>
#include <exception>
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
    try {
      for (std::uint32_t i = next_++; i < failed_.size() && !stop_.stop_requested(); i = next_++) {
        const Segment segment{i};
        if (!journal_.claims(segment)) continue;
        auto holds = proof_holds(data_, journal_, segment);
        if (!holds) return fail(std::move(holds).error());
        failed_[i] = static_cast<char>(!*holds);
      }
    } catch (const std::exception& exception) {  // out of memory, or a bug
      fail(error_of(exception, "verify"));
    }
  }

  // REQUIRES: no thread is in run() any more.
  Result<std::vector<Segment>> failed() const {
    const MutexLock lock(mutex_);
    if (error_) return *error_;
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
  // The first of any thread: then it is not known which of the others fail.
  std::optional<Error> error_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::optional<std::uint64_t>> digest_of_range(File& data, Range range, const std::stop_token& stop) {
  std::vector<std::byte> piece(std::min<std::uint64_t>(kIoBuffer, range.size()));
  StreamDigest digest;
  for (std::uint64_t at = range.begin; at < range.end;) {
    if (stop.stop_requested()) return cancelled();
    const auto want = std::span(piece).first(std::min<std::uint64_t>(piece.size(), range.end - at));
    auto got = data.read_at(at, want);
    if (!got && !is_unreadable(got.error())) return std::move(got).error();
    if (!got || *got != want.size()) return std::optional<std::uint64_t>();
    digest.update(want);
    at += want.size();
  }
  return std::optional(digest.value());
}

Result<bool> proof_holds(File& data, const Journal& journal, Segment segment) {
  auto digest = digest_of_range(data, journal.identity().layout->range(segment));
  if (!digest) return std::move(digest).error();
  auto proof = journal.proof(segment);
  if (!proof) return std::move(proof).error();
  return *digest == *proof;
}

Result<bool> stream_intact(File& data, const Metadata& metadata, const std::stop_token& stop) {
  auto digest = digest_of_range(data, {0, metadata.stream_length}, stop);
  if (!digest) return std::move(digest).error();
  return *digest == metadata.stream_digest;
}

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
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  {
    const unsigned most = std::clamp(journal.identity().layout->count(), 1U, cores);
    // With fewer threads than that, or none beside this one, it takes longer.
    const Result<std::vector<std::jthread>> beside = start_threads(most - 1, [&proving] { proving.run(); });
    proving.run();
  }
  if (stop.stop_requested()) return cancelled();
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
