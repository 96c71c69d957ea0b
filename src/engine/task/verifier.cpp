#include "engine/task/verifier.h"

#include "engine/base/errors.h"
#include "engine/base/threads.h"
#include "engine/store/finish.h"

#include <exception>
#include <utility>

namespace segdl::engine {

namespace {

void verify_each(Dispatcher& dispatcher, File& data, Journal& journal, Meter& meter, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto segment = dispatcher.next_to_prove();
    if (!segment) return;
    const Range range = journal.identity().layout->range(*segment);
    auto holds = proof_holds(data, journal, *segment);
    if (!holds) return dispatcher.fail(std::move(holds).error());
    if (*holds) {
      meter.proved(range.size());
      dispatcher.proved(*segment);
      continue;
    }
    // The bit goes first: after a death in between the segment is fetched again, never believed.
    auto revoked = journal.revoke(*segment);
    if (!revoked) return dispatcher.fail(std::move(revoked).error());
    meter.revoked(range);
    dispatcher.revoked(*segment);
  }
}

}  // namespace

void verify_claims(Dispatcher& dispatcher, File& data, Journal& journal, Meter& meter, std::stop_token stop) {
  try {
    verify_each(dispatcher, data, journal, meter, stop);
  } catch (const std::exception& exception) {  // the entry of a thread: out of memory, or a bug
    dispatcher.fail(error_of(exception, "verify"));
  }
}

}  // namespace segdl::engine
