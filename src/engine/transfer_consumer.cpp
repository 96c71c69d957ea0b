// Transfer's way of giving a resource to Request::consumer: in order, over one connection, without a place on disk.
#include "engine/consumer_sink.h"
#include "engine/errors.h"
#include "engine/fetch_loop.h"
#include "engine/planned.h"
#include "engine/transfer.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace segdl::engine {

Result<Outcome> Transfer::run_consumer(std::stop_token stop) {
  for (;;) {
    auto first = first_reply(stop);
    if (!first) return std::move(first).error();
    if (first->asked && !first->body.total) {  // where it ends tells nothing: it may be a part
      route_.ask(Asking::whole);
      continue;
    }
    const Known known{first->body.total, first->body.validator};
    strong_ = known.validator.strong();
    meter_.plan(planned({std::nullopt, known.total, known.validator}));
    ConsumerSink sink(request_, known, meter_, fetcher_);
    auto step = fetch_into(sink, fetcher_, meter_, known, std::move(*first), !strong_, stop);
    fetcher_.leave();
    if (step) step = sink.check(name_);
    if (step) return Outcome{report({})};
    Error error = std::move(step).error();
    const bool again = error.remedy == Remedy::restart || error.remedy == Remedy::retry;
    if (!again || sink.given() > 0 || ++restarts_ > kMaxRestarts) {
      if (again) error.reason += fmt::format("; {} bytes were passed on and can't be taken back", sink.given());
      error.remedy = Remedy::stop;
      return error;
    }
    if (error.remedy == Remedy::restart) meter_.changed(error.reason);
    meter_.start_over();
  }
}

}  // namespace segdl::engine
