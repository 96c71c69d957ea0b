#include "engine/task/delivery.h"

#include "engine/base/pieces.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/task/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
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
  ConsumerSink(Delivered& delivered, Fetcher& fetcher) : delivered_(delivered), fetcher_(fetcher) {}

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
    const auto bytes = std::span(buffer_).first(count);
    delivered_.whole.update(bytes);  // first: the consumer may take its time
    fetcher_.retry().progressed(count);
    auto taken = delivered_.decoder->feed(bytes);
    delivered_.refused = !taken;
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

 private:
  Delivered& delivered_;
  const Resource& known_ = delivered_.known;
  std::uint64_t& given_ = delivered_.given;
  Fetcher& fetcher_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kIoBuffer);
  std::uint64_t given_before_ = 0;  // the present body
  bool complete_ = false;
};

// The first response, and what becomes of its content.
Result<void> begin(TaskContext& task, Decoding& decoding, const ContentDecoder::Take& consumer) {
  auto first = first_response(task);
  if (!first) return std::move(first).error();
  auto delivered = std::make_unique<Delivered>((*first)->body.resource, task.request.checksum);
  auto decoder = decoding.begin(delivered->known.coding, consumer);
  if (!decoder) return std::move(decoder).error();
  delivered->decoder = std::move(*decoder);
  task.lasting.delivered = std::move(delivered);
  return {};
}

Result<void> go_on(const TaskContext& task, Decoding& decoding, const ContentDecoder::Take& consumer) {
  Delivered& delivered = *task.lasting.delivered;
  if (!delivered.known.validator.strong() && delivered.known.total != delivered.given) {
    return task.fetcher.problem(
        Cause::integrity, Remedy::stop,
        fmt::format("it was suspended after {} bytes were passed on, and without a strong validator nothing shows that "
                    "what follows belongs to them",
                    delivered.given));
  }
  return decoding.go_on(*delivered.decoder, delivered.known.coding, delivered.decoded, consumer);
}

// What comes until it ends, or can't go on.
Result<void> pass_on(TaskContext& task, Decoding& decoding) {
  Delivered& delivered = *task.lasting.delivered;
  const bool strong = delivered.known.validator.strong();
  task.progress.bytes().plan({std::nullopt, delivered.known}, delivered.given);
  ConsumerSink sink(delivered, task.fetcher);
  FetchLoop loop(task.fetcher, delivered.known);
  auto step = strong ? loop.run(sink) : loop.run_once(sink);
  task.fetcher.admission().leave();
  if (step) step = delivered.decoder->finish();
  if (step) step = delivered.whole.check(task.name);
  delivered.decoded = decoding.decoded();
  return step;
}

}  // namespace

Result<std::unique_ptr<Stream>> open_stream(TaskContext& task, OpenDirectory& open) {
  if (task.request.output.empty() || open.lacked(task.name)) return std::unique_ptr<Stream>();
  return open.directory().open_stream(task.name, task.until());
}

Result<void> deliver(TaskContext& task, Version& version, Decoding& decoding) {
  ContentDecoder::Take consumer = task.request.consumer;
  if (Stream* const stream = task.lasting.stream.get()) {
    consumer = [&task, stream](std::span<const std::byte> bytes) { return stream->write(bytes, task.until_end()); };
  }
  const auto& delivered = task.lasting.delivered;
  task.source.evidence.change_shown([](Shown& shown) { shown.passed_on(); });
  for (;;) {
    const bool began = delivered && delivered->given > 0;
    auto ready = began ? go_on(task, decoding, consumer) : begin(task, decoding, consumer);
    if (!ready) return ready;
    version.strong = delivered->known.validator.strong();
    auto step = pass_on(task, decoding);
    if (step) return step;
    Error error = std::move(step).error();
    const std::uint64_t given = delivered->given;
    const bool again = error.remedy == Remedy::restart || error.remedy == Remedy::retry;
    if (!again || given > 0 || ++task.lasting.restarts > kMaxRestarts) {
      if (again || (error.tries > 0 && given > 0)) {
        error.reason += fmt::format("; {} bytes were passed on and can't be taken back", given);
      }
      if (given > 0) error.tries = 0;  // the same again would pass them on twice
      error.remedy = Remedy::stop;
      return error;
    }
    if (error.remedy == Remedy::restart) task.progress.bytes().changed(error.reason);
    task.progress.bytes().start_over();
  }
}

}  // namespace segdl::engine
