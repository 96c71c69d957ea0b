#include "engine/task/segmented_fetch.h"

#include "core/base/errors.h"
#include "engine/base/threads.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/schedule/dispatcher.h"
#include "engine/store/journal/checkpoint.h"
#include "engine/store/journal/proof.h"
#include "engine/task/settling.h"
#include "engine/task/sink/prefix_hasher.h"
#include "engine/task/sink/single_body_sink.h"
#include "engine/task/sink/span_worker.h"
#include "engine/task/sink/verifier.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

namespace segdl::engine {
namespace {

// The dispatcher's map is what is shown, for as long as there is a dispatcher.
struct ShownMap {
  ShownMap(TaskProgress& m, const Dispatcher& dispatcher) : task_progress(m) {
    task_progress.segments().set([&dispatcher](std::size_t cells) { return dispatcher.map(cells); });
  }
  ~ShownMap() { task_progress.segments().set({}); }
  ShownMap(const ShownMap&) = delete;
  ShownMap& operator=(const ShownMap&) = delete;

  TaskProgress& task_progress;
};

// The claims of a pass that follows a re-hashing of all of them.
void take_for_proved(Dispatcher& dispatcher) {
  while (const auto segment = dispatcher.next_to_prove()) dispatcher.proved(*segment);
}

// Runs what a thread does for a download; nothing it throws gets out.
template <class Function>
void guarded(Dispatcher& dispatcher, Function&& function) {
  try {
    function();
  } catch (const std::exception& exception) {  // out of memory, or a bug
    dispatcher.fail(error_of(exception, "download"));
  }
}

// Without a strong validator what is claimed has to be one piece that begins at byte 0, and proved before anything is
// asked for: a body is compared with its end. Claims behind the first hole came with another body than what will fill
// the hole, and would stand beside it uncompared if the run ended before that one has passed them. True: some were
// dropped.
Result<bool> drop_behind_hole(Pass& pass, TaskProgress& task_progress, const std::stop_token& stop) {
  Journal& journal = pass.output_file.journal();
  const Layout& layout = *journal.identity().layout;
  bool whole = true;
  bool dropped = false;
  for (std::uint32_t i = 0; i < layout.count(); ++i) {
    if (stop.stop_requested()) return cancelled();
    const Segment segment{i};
    const bool claimed = journal.claims(segment);
    whole = whole && claimed;
    auto holds = whole && !pass.proved ? proof_holds(pass.output_file.data(), journal, segment) : Result<bool>(whole);
    if (!holds) return std::move(holds).error();
    whole = *holds;
    const Range range = layout.range(segment);
    if (whole && !pass.proved) task_progress.bytes().proved(range.size());
    if (whole || !claimed) continue;
    auto forgotten = forget(journal, segment);
    if (!forgotten) return std::move(forgotten).error();
    task_progress.bytes().revoked(range);
    dropped = true;
  }
  pass.proved = true;
  return dropped;
}

}  // namespace

SegmentedFetch::SegmentedFetch(TaskContext& task, Version& version, Adoption& adoption, OutputFile& output_file)
    : task_(task),
      version_(version),
      adoption_(adoption),
      output_file_(output_file),
      journal_(output_file.journal()),
      layout_(*journal_.identity().layout),
      known_(version.known(journal_.identity())) {}

// What is not claimed, while the claims are proved beside it; then all of it goes to disk.
Result<void> SegmentedFetch::fetch_missing(Pass& pass) {
  task_.progress.enter(Phase::fetching);
  const bool together = version_.voucher == Voucher::digest || known_.validator.strong();
  auto dropped = together ? Result<bool>(false) : drop_behind_hole(pass, task_.progress, task_.stop);
  if (!dropped) return std::move(dropped).error();
  std::vector<Segment> inherited = claimed_segments(journal_);
  std::vector<bool> claims(layout_.count());
  for (const Segment segment : inherited) claims[index(segment)] = true;
  Assist assist;
  Dispatcher dispatcher(layout_, claims, task_.env.clock, [&] { task_.session.pool.request_workers(assist); });
  std::optional<PrefixHasher> front;
  if (task_.request.checksum) {
    front.emplace(task_.request.checksum, output_file_.data(), layout_);
    auto started = front->start();
    if (!started) return started;
    dispatcher.on_settled([&front](Segment segment) { front->settled(segment); });
  }
  const ShownMap shown(task_.progress, dispatcher);
  if (pass.proved) take_for_proved(dispatcher);
  const std::size_t proofs = pass.proved ? 0 : inherited.size();
  Checkpoint checkpoint(task_.env.clock, {output_file_.data(), journal_}, task_.request.sync, std::move(inherited));
  checkpoint.before_each([this, &pass] { pass.watch.look(layout_.total()); });
  if (*dropped) {  // the disk must not have what fills the hole and what lay behind it at the same time
    auto forced = checkpoint.force();
    if (!forced) return forced;
  }
  Work work{output_file_, dispatcher, checkpoint, pass.watch, task_.progress, layout_, output_file_.backup().exists()};
  const std::stop_callback give_up(task_.stop, [&dispatcher] { dispatcher.fail(cancelled()); });
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  Result<std::vector<std::jthread>> verifiers =
      start_threads(std::min(proofs, cores), [&](const std::stop_token& own) { verify_claims(work, own); });
  if (!verifiers) return std::move(verifiers).error();
  auto step = together ? fetch_together(work, assist) : fetch_alone(work);
  task_.fetcher.flow().renew();  // no worker has it any more, and the end of the pass stopped it
  if (!step) dispatcher.fail(step.error());
  verifiers->clear();  // asked to stop, and waited for
  auto refuted = forget_doubted(dispatcher.doubted());
  if (!refuted) return refuted;
  doubted_ = false;
  if (step && front) step = check_whole(*front);
  if (doubted_) {  // what is sound is kept, whatever comes of it
    auto forced = checkpoint.force();
    if (!forced) return forced;
  }
  if (step) step = adoption_.settle(output_file_);
  return step ? settle(task_, version_, output_file_, checkpoint) : step;
}

// Leads while others help. Ends when everything is committed and proved, or with the first error.
Result<void> SegmentedFetch::fetch_together(Work& work, Assist& assist) {
  Dispatcher& dispatcher = work.dispatcher;
  task_.source.forms.set_joined(true);
  Worker worker(dispatcher, task_.fetcher.flow());
  // What a URL without secrets gives it mostly gives for ever, and then nothing that is here is asked for.
  const bool is_link = task_.url.redacted() != task_.url.text();
  bool all = task_.fetcher.at_hand() || is_link || dispatcher.all_missing_behind_front();
  if (all) worker.goes_first();
  assist.help = [&](Slot slot) {
    guarded(dispatcher, [&] {
      Fetcher fetcher(task_.fetching, std::move(slot));
      Worker helper(dispatcher, fetcher.flow());
      SpanWorker(work, helper, fetcher, known_).run(false);
    });
  };
  // Before there is an answer nothing but that is asked for, also where the first request was led to another host.
  assist.is_held_up = [this](Instant now) {
    return !task_.source.evidence.has_answered() || task_.source.failures.is_held_up(now);
  };
  assist.tick = [&dispatcher](Instant now) { guarded(dispatcher, [&] { dispatcher.tick(now); }); };
  task_.source.url.on_move([this, &assist](const Origin& origin) { task_.session.pool.moved(assist, origin); });
  {
    const OpenAssist open(task_.session.pool, assist, task_.source.url.current().origin);
    guarded(dispatcher, [&] {
      do {
        SpanWorker(work, worker, task_.fetcher, known_).run(std::exchange(all, is_link));
        task_.fetcher.admission().leave();
      } while (worker.wait());
    });
  }
  task_.source.url.on_move({});
  const auto error = dispatcher.error();
  return error ? Result<void>(*error) : Result<void>();
}

// Without a strong validator a run joins nothing but one body with what an earlier run left (see single_body_sink.h).
Result<void> SegmentedFetch::fetch_alone(Work& work) {
  Flow uncut(task_.env.clock, task_.stop);  // reads its response to the end, where the last segment is here before
  Worker worker(work.dispatcher, uncut);
  task_.source.forms.set_joined(true);
  SingleBodySink sink(work, worker.assignment(), task_.fetcher,
                      !task_.fetcher.at_hand() && version_.voucher == Voucher::validator);
  FetchLoop loop(task_.fetcher, known_);
  for (;;) {
    auto step = loop.run_once(sink);
    // Everything is here, or claims that are being proved: other downloads may have the connection.
    if (step) task_.fetcher.admission().leave();
    if (step && !worker.wait()) break;
    if (step) step = sink.interrupted(Remedy::retry);
    if (!step && step.error().remedy != Remedy::retry) {
      version_.outdated = !version_.inherits();
      return step;
    }
    if (sink.begins_anew()) task_.source.forms.use(RequestForm::whole);
  }
  if (const auto error = work.dispatcher.error()) return *error;
  task_.remark_joined(sink.compared_for_others());
  return {};
}

}  // namespace segdl::engine
