#include "engine/task/sink/verifier.h"

#include "core/base/errors.h"
#include "engine/base/threads.h"
#include "engine/store/journal/proof.h"

#include <exception>
#include <utility>

namespace segdl::engine {

namespace {

void verify_each(Work& work, const std::stop_token& stop) {
  Dispatcher& dispatcher = work.dispatcher;
  Journal& journal = work.output_file.journal();
  while (!stop.stop_requested()) {
    const auto segment = dispatcher.next_to_prove();
    if (!segment) return;
    const Range range = work.layout.range(*segment);
    auto holds = proof_holds(work.output_file.data(), journal, *segment);
    if (!holds) return dispatcher.fail(std::move(holds).error());
    if (*holds) {
      work.task_progress.bytes().proved(range.size());
      dispatcher.proved(*segment);
      continue;
    }
    // The bit goes first: after a death in between the segment is fetched again, never believed.
    auto revoked = journal.revoke(*segment);
    if (!revoked) return dispatcher.fail(std::move(revoked).error());
    work.task_progress.bytes().revoked(range);
    dispatcher.revoked(*segment);
  }
}

}  // namespace

void verify_claims(Work& work, const std::stop_token& stop) {
  try {
    verify_each(work, stop);
  } catch (const std::exception& exception) {  // the entry of a thread: out of memory, or a bug
    work.dispatcher.fail(error_of(exception, "verify"));
  }
}

}  // namespace segdl::engine
