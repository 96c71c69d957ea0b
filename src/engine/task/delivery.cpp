#include "engine/task/delivery.h"

#include "engine/base/pieces.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/task/probe.h"
#include "engine/task/sink/whole_digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

// Gives the bytes of a resource in order to a function, each once, and keeps nothing.
class ConsumerSink : public SinkDefaults {
 public:
  // REQUIRES: everything referred to outlives the sink.
  ConsumerSink(ContentDecoder::Take take, const Resource& known, Fetcher& fetcher)
      : take_(std::move(take)), known_(known), fetcher_(fetcher), whole_(fetcher.context().request.checksum) {}

  Result<std::optional<Range>> next() {
    if (complete_ || known_.total == given_) return std::optional<Range>();
    if (!known_.total) return std::optional(Range{given_, std::numeric_limits<std::int64_t>::max()});
    const std::uint64_t left = *known_.total - given_;
    // Without a strong validator two responses can't be joined: everything in one.
    const std::uint64_t most = known_.validator.strong() ? fetcher_.span_limit(left) : left;
    return std::optional(Range{given_, given_ + std::min(left, most)});
  }

  void begins(const UsableBody&) { given_before_ = given_; }

  // What was given already comes again where everything is read from the beginning: into the same place, to be dropped.
  std::span<std::byte> space(std::uint64_t offset) {
    const std::uint64_t room =
        offset < given_ ? std::min<std::uint64_t>(buffer_.size(), given_ - offset) : buffer_.size();
    return std::span(buffer_).first(room);
  }

  Result<void> arrived(std::uint64_t offset, std::size_t count) {
    if (offset < given_) {
      fetcher_.context().task_progress.bytes().discarded(count);
      return {};
    }
    given_ += count;
    whole_.update(std::span(buffer_).first(count));  // first: the consumer may take its time
    fetcher_.retry().progressed(count);
    auto taken = take_(std::span(buffer_).first(count));
    if (!taken) taken.error().remedy = Remedy::stop;  // what it was given can't be given again
    return taken;
  }

  // What a body brought that contradicts itself is passed on and can't be fetched again.
  Result<void> interrupted(Remedy remedy) {
    if (remedy != Remedy::refetch || given_ == given_before_) return {};
    return fetcher_.problem(Cause::network, Remedy::retry, "what it sent contradicts itself");
  }

  Result<void> body_ended(std::uint64_t offset) {
    complete_ = !known_.total && offset == given_;
    if (offset >= given_) return {};
    return fetcher_.problem(
        Cause::integrity, Remedy::retry,
        fmt::format("the response ended after {} bytes, {} were passed on before under the same validator", offset,
                    given_));
  }

  std::uint64_t given() const { return given_; }
  // After the last: whether all that was given is what the request expects.
  Result<void> check(const std::string& subject) { return whole_.check(subject); }

 private:
  const ContentDecoder::Take take_;
  const Resource& known_;
  Fetcher& fetcher_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kIoBuffer);
  std::uint64_t given_ = 0;
  std::uint64_t given_before_ = 0;  // the present body
  WholeDigest whole_;
  bool complete_ = false;
};

}  // namespace

Result<std::unique_ptr<Stream>> open_stream(TaskContext& task, OpenDirectory& open) {
  if (task.request.output.empty() || open.lacked(task.name)) return std::unique_ptr<Stream>();
  return open.directory().open_stream(task.name, task.until());
}

Result<void> deliver(TaskContext& task, Version& version, Decoding& decoding, Stream* stream) {
  ContentDecoder::Take consumer = task.request.consumer;
  if (stream != nullptr) {
    consumer = [&](std::span<const std::byte> bytes) { return stream->write(bytes, task.until()); };
  }
  task.source.evidence.change_shown([](Shown& shown) { shown.passed_on(); });
  for (;;) {
    auto first = first_response(task);
    if (!first) return std::move(first).error();
    const Resource known = (*first)->body.resource;
    auto decoder = decoding.begin(known.coding, consumer);
    if (!decoder) return std::move(decoder).error();
    version.strong = known.validator.strong();
    task.progress.bytes().plan({std::nullopt, known});
    ConsumerSink sink([&decoder](std::span<const std::byte> coded) { return decoder->feed(coded); }, known,
                      task.fetcher);
    FetchLoop loop(task.fetcher, known);
    auto step = version.strong ? loop.run(sink) : loop.run_once(sink);
    task.fetcher.admission().leave();
    if (step) step = decoder->finish();
    if (step) step = sink.check(task.name);
    if (step) return step;
    Error error = std::move(step).error();
    const bool again = error.remedy == Remedy::restart || error.remedy == Remedy::retry;
    if (!again || sink.given() > 0 || ++task.restarts > kMaxRestarts) {
      if (again || (error.tries > 0 && sink.given() > 0)) {
        error.reason += fmt::format("; {} bytes were passed on and can't be taken back", sink.given());
      }
      if (sink.given() > 0) error.tries = 0;  // the same again would pass them on twice
      error.remedy = Remedy::stop;
      return error;
    }
    if (error.remedy == Remedy::restart) task.progress.bytes().changed(error.reason);
    task.progress.bytes().start_over();
  }
}

}  // namespace segdl::engine
