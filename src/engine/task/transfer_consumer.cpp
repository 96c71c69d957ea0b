// Transfer's way of giving a resource to Request::consumer, or to an output that is no regular file: in order, over one
// connection, without a place on disk.
#include "core/base/errors.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/progress/planned.h"
#include "engine/task/consumer_sink.h"
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
Result<std::unique_ptr<Stream>> Transfer::open_stream(OpenDirectory& open, const std::stop_token& stop) {
  if (request_.output.empty() || open.lacked(name_)) return std::unique_ptr<Stream>();
  return open.directory().open_stream(name_, until(stop));
}

Until Transfer::until(const std::stop_token& stop) const { return {stop, fetch_context_.deadline}; }

Result<Outcome> Transfer::run_stream(Stream& stream, std::string path, const std::stop_token& stop) {
  task_progress_.remark(path + " is no regular file: it gets the bytes in order, over one connection");
  const Consumer consumer{[&](std::span<const std::byte> bytes) { return stream.write(bytes, until(stop)); },
                          request_.checksum};
  return run_consumer(consumer, std::move(path), stop);
}

// Gives on what it is fed with, decoded, if that is what is wanted.
Result<ContentDecoder> Transfer::start_decoding(const std::string& coding, const Consumer& consumer,
                                                const std::stop_token& stop) {
  auto taken = take_coding(coding);
  if (!taken) return std::move(taken).error();
  if (!undo_.empty()) decoded_ = 0;
  const std::string subject = source_.url.current().shown();
  return ContentDecoder::make(
      undo_, subject,
      [this, &consumer](std::span<const std::byte> content) {
        if (decoded_) *decoded_ += content.size();
        return consumer.take(content);
      },
      [this, subject, stop] { return keep_decoding(subject, stop); });
}

Result<Outcome> Transfer::run_consumer(const Consumer& consumer, std::filesystem::path output, std::stop_token stop) {
  source_.evidence.change_shown([](Shown& shown) { shown.passed_on(); });
  for (;;) {
    auto first = first_reply(stop);
    if (!first) return std::move(first).error();
    const Resource known{first->body.total, first->body.validator, first->body.coding};
    auto decoder = start_decoding(known.coding, consumer, stop);
    if (!decoder) return std::move(decoder).error();
    const Consumer decoding{[&](std::span<const std::byte> coded) { return decoder->feed(coded); }, consumer.expected};
    strong_ = known.validator.strong();
    task_progress_.bytes().plan(planned({std::nullopt, known.total, known.validator, known.coding}));
    ConsumerSink sink(undo_.empty() ? consumer : decoding, known, task_progress_, fetcher_);
    FetchLoop loop(fetcher_, known, stop);
    auto step = strong_ ? loop.run(sink, std::move(*first)) : loop.run_once(sink, std::move(*first));
    fetcher_.admission().leave();
    if (step) step = decoder->finish();
    if (step) step = sink.check(name_);
    if (step) return Outcome{report(std::move(output))};
    Error error = std::move(step).error();
    const bool again = error.remedy == Remedy::restart || error.remedy == Remedy::retry;
    if (!again || sink.given() > 0 || ++restarts_ > kMaxRestarts) {
      if (again || (error.tries > 0 && sink.given() > 0)) {
        error.reason += fmt::format("; {} bytes were passed on and can't be taken back", sink.given());
      }
      if (sink.given() > 0) error.tries = 0;  // the same again would pass them on twice
      error.remedy = Remedy::stop;
      return error;
    }
    if (error.remedy == Remedy::restart) task_progress_.bytes().changed(error.reason);
    task_progress_.bytes().start_over();
  }
}

}  // namespace segdl::engine
