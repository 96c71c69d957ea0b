// Transfer's way of giving a resource to Request::consumer, or to an output that is no regular file: in order, over one
// connection, without a place on disk.
#include "core/base/errors.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/progress/planned.h"
#include "engine/task/sink/consumer_sink.h"
#include "engine/task/transfer.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace segdl::engine {

// What the request names as its output may be a pipe, a terminal or a device. What only the URL or the server names
// never is: nobody has asked for that to be written to.
Result<std::unique_ptr<Stream>> Transfer::open_stream(OpenDirectory& open) {
  if (task_.request.output.empty() || open.lacked(task_.name)) return std::unique_ptr<Stream>();
  return open.directory().open_stream(task_.name, task_.until());
}

Result<Outcome> Transfer::run_stream(Stream& stream, std::string path) {
  task_.progress.remark(path + " is no regular file: it gets the bytes in order, over one connection");
  const Consumer consumer{[&](std::span<const std::byte> bytes) { return stream.write(bytes, task_.until()); },
                          task_.request.checksum};
  return run_consumer(consumer, std::move(path));
}

// Gives on what it is fed with, decoded, if that is what is wanted.
Result<ContentDecoder> Transfer::start_decoding(const std::string& coding, const Consumer& consumer) {
  auto taken = take_coding(coding);
  if (!taken) return std::move(taken).error();
  if (!undo_.empty()) decoded_ = 0;
  const std::string subject = task_.source.url.current().shown();
  return ContentDecoder::make(
      undo_, subject,
      [this, &consumer](std::span<const std::byte> content) {
        if (decoded_) *decoded_ += content.size();
        return consumer.take(content);
      },
      [this, subject] { return keep_decoding(subject); });
}

Result<Outcome> Transfer::run_consumer(const Consumer& consumer, std::filesystem::path output) {
  task_.source.evidence.change_shown([](Shown& shown) { shown.passed_on(); });
  for (;;) {
    auto first = first_reply();
    if (!first) return std::move(first).error();
    const Resource known{first->body.total, first->body.validator, first->body.coding};
    auto decoder = start_decoding(known.coding, consumer);
    if (!decoder) return std::move(decoder).error();
    const Consumer decoding{[&](std::span<const std::byte> coded) { return decoder->feed(coded); }, consumer.expected};
    strong_ = known.validator.strong();
    task_.progress.bytes().plan(planned({std::nullopt, known.total, known.validator, known.coding}));
    ConsumerSink sink(undo_.empty() ? consumer : decoding, known, task_.progress, task_.fetcher);
    FetchLoop loop(task_.fetcher, known, task_.stop);
    auto step = strong_ ? loop.run(sink, std::move(*first)) : loop.run_once(sink, std::move(*first));
    task_.fetcher.admission().leave();
    if (step) step = decoder->finish();
    if (step) step = sink.check(task_.name);
    if (step) return Outcome{report(std::move(output))};
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
