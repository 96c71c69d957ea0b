#include "engine/task/delivery.h"

#include "core/base/errors.h"
#include "engine/fetch/fetch_loop.h"

#include <fmt/format.h>

#include <optional>
#include <span>
#include <utility>

namespace segdl::engine {

Result<bool> Delivery::open(OpenDirectory& open) {
  if (task_.request.output.empty() || open.lacked(task_.name)) return false;
  auto stream = open.directory().open_stream(task_.name, task_.until());
  if (!stream) return std::move(stream).error();
  stream_ = std::move(*stream);
  return stream_ != nullptr;
}

Result<void> Delivery::to_stream(const std::string& path) {
  task_.progress.remark(path + " is no regular file: it gets the bytes in order, over one connection");
  return to_consumer({[this](std::span<const std::byte> bytes) { return stream_->write(bytes, task_.until()); },
                      task_.request.checksum});
}

Result<void> Delivery::to_consumer(const Consumer& consumer) {
  task_.source.evidence.change_shown([](Shown& shown) { shown.passed_on(); });
  for (;;) {
    auto first = probe_.first();
    if (!first) return std::move(first).error();
    const Resource known = (*first)->body.resource;
    auto decoder = decoding_.begin(known.coding, consumer);
    if (!decoder) return std::move(decoder).error();
    const Consumer decoding{[&](std::span<const std::byte> coded) { return decoder->feed(coded); }, consumer.expected};
    version_.strong = known.validator.strong();
    task_.progress.bytes().plan({std::nullopt, known});
    ConsumerSink sink(decoding_.is_wanted() ? decoding : consumer, known, task_.progress, task_.fetcher);
    FetchLoop loop(task_.fetcher, known);
    auto step = version_.strong ? loop.run(sink) : loop.run_once(sink);
    task_.fetcher.admission().leave();
    if (step) step = decoder->finish();
    if (step) step = sink.check(task_.name);
    if (step) return step;
    Error error = std::move(step).error();
    const bool again = error.remedy == Remedy::restart || error.remedy == Remedy::retry;
    if (!again || sink.given() > 0 || ++task_.restarts > kMaxRestarts) {
      if (again || (error.tries > 0 && sink.given() > 0)) {
        error.reason += fmt::format("; {} bytes were passed on and can't be taken back", sink.given());
      }
      if (sink.given() > 0) error.tries = 0;  // the same again would pass them on twice
      error.remedy = Remedy::stop;
      return error;
    }
    if (error.remedy == Remedy::restart) task_.progress.bytes().changed(error.reason);
    task_.progress.bytes().start_over();
  }
}

}  // namespace segdl::engine
