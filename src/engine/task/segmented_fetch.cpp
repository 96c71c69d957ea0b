#include "engine/task/segmented_fetch.h"

#include "core/base/errors.h"
#include "core/store/layout.h"
#include "engine/base/threads.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/schedule/dispatcher.h"
#include "engine/schedule/pool.h"
#include "engine/store/journal/checkpoint.h"
#include "engine/store/journal/proof.h"
#include "engine/task/damage.h"
#include "engine/task/settling.h"
#include "engine/task/sink/prefix_hasher.h"
#include "engine/task/sink/segment_sink.h"
#include "engine/task/sink/single_body_sink.h"
#include "engine/task/sink/span_worker.h"
#include "engine/task/sink/whole_digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

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

// Runs what a thread does for a download; nothing it throws gets out.
template <class Function>
void guarded(Dispatcher& dispatcher, std::string_view operation, Function&& function) {
  try {
    function();
  } catch (const std::exception& exception) {  // out of memory, or a bug
    dispatcher.fail(error_of(exception, operation));
  }
}

// Re-hashes every claim the dispatcher has not proved yet (J2, J9), while what is missing is already being fetched;
// those that fail are revoked and fetched again. Returns when none is left, on a stop request, or after it has reported
// an error to the dispatcher.
void verify_claims(Work& work, const std::stop_token& stop) {
  Journal& journal = work.output_file.journal();
  while (!stop.stop_requested()) {
    const auto segment = work.dispatcher.next_to_prove();
    if (!segment) return;
    const Range range = work.layout.range(*segment);
    auto holds = proof_holds(work.output_file.data(), journal, *segment);
    if (!holds) return work.dispatcher.fail(std::move(holds).error());
    if (*holds) {
      work.task_progress.bytes().proved(range.size());
      work.dispatcher.proved(*segment);
      continue;
    }
    // The bit goes first: after a death in between the segment is fetched again, never believed.
    auto revoked = journal.revoke(*segment);
    if (!revoked) return work.dispatcher.fail(std::move(revoked).error());
    work.task_progress.bytes().revoked(range);
    work.dispatcher.revoked(*segment);
  }
}

class SegmentedFetch {
 public:
  SegmentedFetch(TaskContext& task, Version& version, Adoption& adoption, OutputFile& output_file)
      : task_(task), version_(version), adoption_(adoption), output_file_(output_file) {}

  Result<void> fetch() {
    inherited_.assign(layout_.count(), false);
    std::uint64_t claimed = 0;
    for (const Segment segment : claimed_segments(journal_)) {
      inherited_[index(segment)] = true;
      claimed += layout_.range(segment).size();
    }
    task_.progress.bytes().plan(journal_.identity(), claimed);
    for (unsigned repairs = 0;; ++repairs) {
      Watch watch(output_file_.data());
      auto step = fetch_missing(watch, repairs > 0);
      const bool gave_up = !step && contradicted_ && repairs < kMaxRepairs;
      if (!step && !doubted_ && !gave_up) return step;
      if (gave_up) task_.progress.remark(step.error().reason + ": what came without a length is fetched again");
      watch.look_at_whole(layout_.total());
      const bool must = !step || task_.request.verify || repairs > 0;
      if (!must && !watch.found_traces()) return step;
      task_.progress.enter(Phase::verifying);
      auto damaged = find_damaged(output_file_.data(), journal_, task_.stop);
      if (!damaged) return std::move(damaged).error();
      auto mended = mend_length(output_file_.data(), layout_.total());
      if (!mended) return std::move(mended).error();
      const bool clean = damaged->empty() && !*mended;
      version_.rehashed = clean && step;
      if (version_.rehashed) return step;
      if (clean && gave_up) continue;
      if (clean && step.error().cause == Cause::integrity) {
        auto blamed = adoption_.give_up(output_file_, inherited_);
        if (!blamed) return std::move(blamed).error();
        if (!*blamed) return refute(std::move(step).error());
        continue;
      }
      if (repairs >= kMaxRepairs && clean) return step;
      if (repairs >= kMaxRepairs) {
        return does_not_stay(output_file_, damaged->empty() ? 0 : layout_.range(damaged->front()).begin);
      }
      auto revoked = revoke_damaged(std::move(*damaged));
      if (!revoked) return revoked;
    }
  }

 private:
  // Without a strong validator what is claimed has to be one piece that begins at byte 0, and proved before anything is
  // asked for: a body is compared with its end. Claims behind the first hole came with another body than what will fill
  // the hole, and would stand beside it uncompared if the run ended before that one has passed them. True: some were
  // dropped.
  Result<bool> drop_behind_hole(bool proved) {
    bool whole = true;
    bool dropped = false;
    for (std::uint32_t i = 0; i < layout_.count(); ++i) {
      if (task_.stop.stop_requested()) return cancelled();
      const Segment segment{i};
      const bool claimed = journal_.claims(segment);
      whole = whole && claimed;
      auto holds = whole && !proved ? proof_holds(output_file_.data(), journal_, segment) : Result<bool>(whole);
      if (!holds) return std::move(holds).error();
      whole = *holds;
      const Range range = layout_.range(segment);
      if (whole && !proved) task_.progress.bytes().proved(range.size());
      if (whole || !claimed) continue;
      auto forgotten = forget(journal_, segment);
      if (!forgotten) return std::move(forgotten).error();
      task_.progress.bytes().revoked(range);
      dropped = true;
    }
    return dropped;
  }

  // What is not claimed, while the claims are proved beside it; then all of it goes to disk. `proved`: every claim was
  // re-hashed just before.
  Result<void> fetch_missing(Watch& watch, bool proved) {
    task_.progress.enter(Phase::fetching);
    const bool together = version_.voucher == Voucher::digest || known_.validator.strong();
    auto dropped = together ? Result<bool>(false) : drop_behind_hole(proved);
    if (!dropped) return std::move(dropped).error();
    proved = proved || !together;
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
    const std::size_t proofs = proved ? 0 : inherited.size();
    if (proved) {
      while (const auto segment = dispatcher.next_to_prove()) dispatcher.proved(*segment);
    }
    Checkpoint checkpoint(task_.env.clock, {output_file_.data(), journal_}, task_.request.sync, std::move(inherited));
    checkpoint.before_each([this, &watch] { watch.look(layout_.total()); });
    // The disk must not have what fills the hole and what lay behind it at the same time.
    auto forced = *dropped ? checkpoint.force() : Result<void>();
    if (!forced) return forced;
    Work work{output_file_,   dispatcher, checkpoint, watch,
              task_.progress, known_,     layout_,    output_file_.backup().exists()};
    const std::stop_callback give_up(task_.stop, [&dispatcher] { dispatcher.fail(cancelled()); });
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    Result<std::vector<std::jthread>> verifiers = start_threads(
        std::min(proofs, cores),
        [&](const std::stop_token& own) { guarded(dispatcher, "verify", [&] { verify_claims(work, own); }); });
    if (!verifiers) return std::move(verifiers).error();
    auto step = together ? fetch_together(work, assist) : fetch_alone(work);
    task_.fetcher.flow().renew();  // no worker has it any more, and the end of the pass stopped it
    if (!step) dispatcher.fail(step.error());
    verifiers->clear();  // asked to stop, and waited for
    auto refuted = forget_doubted(dispatcher.doubted());
    if (!refuted) return refuted;
    doubted_ = false;
    if (step && front) {
      task_.progress.enter(Phase::verifying);
      step = front->finish(output_file_.path(), task_.stop);
      // A digest that is wrong, or a file that can't be read, may be due to another program or the disk: then what is
      // damaged is fetched again, and this is done once more.
      doubted_ = !step && (step.error().cause == Cause::integrity || step.error().cause == Cause::local);
    }
    forced = doubted_ ? checkpoint.force() : Result<void>();  // what is sound is kept, whatever comes of it
    if (!forced) return forced;
    if (step) step = adoption_.settle(output_file_);
    return step ? settle(task_, version_, output_file_, checkpoint) : step;
  }

  // Leads while others help. Ends when everything is committed and proved, or with the first error.
  Result<void> fetch_together(Work& work, Assist& assist) {
    Dispatcher& dispatcher = work.dispatcher;
    task_.source.forms.set_joined(true);
    Worker worker(dispatcher, task_.fetcher.flow());
    // What a URL without secrets gives it mostly gives for ever, and then nothing that is here is asked for.
    const bool is_link = task_.url.redacted() != task_.url.text();
    bool all = task_.fetcher.at_hand() || is_link || dispatcher.all_missing_behind_front();
    if (all) worker.goes_first();
    assist.help = [&](Slot slot) {
      guarded(dispatcher, "download", [&] {
        Fetcher fetcher(task_.fetching, std::move(slot));
        Worker helper(dispatcher, fetcher.flow());
        fetch_spans(work, helper, fetcher, false);
      });
    };
    // Before there is an answer nothing but that is asked for, also where the first request was led to another host.
    assist.is_held_up = [this](Instant now) {
      return !task_.source.evidence.has_answered() || task_.source.failures.is_held_up(now);
    };
    assist.tick = [&dispatcher](Instant now) { guarded(dispatcher, "download", [&] { dispatcher.tick(now); }); };
    task_.source.url.on_move([this, &assist](const Origin& origin) { task_.session.pool.moved(assist, origin); });
    {
      const OpenAssist open(task_.session.pool, assist, task_.source.url.current().origin);
      guarded(dispatcher, "download", [&] {
        do {
          fetch_spans(work, worker, task_.fetcher, std::exchange(all, is_link));
          task_.fetcher.admission().leave();
        } while (worker.wait());
      });
    }
    task_.source.url.on_move({});
    const auto error = dispatcher.error();
    return error ? Result<void>(*error) : Result<void>();
  }

  // Without a strong validator a run joins nothing but one body with what an earlier run left (see single_body_sink.h).
  Result<void> fetch_alone(Work& work) {
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

  // Without a strong validator the other response may be of another version: the disk must not have claims of both.
  Result<void> revoke_damaged(std::vector<Segment> damaged) {
    if (damaged.empty()) return {};
    const bool together = version_.voucher == Voucher::digest || journal_.identity().resource.validator.strong();
    if (!together) {
      // Two responses can't be joined unseen: all of it comes in one once more.
      damaged.clear();
      for (std::uint32_t i = 0; i < layout_.count(); ++i) damaged.push_back(Segment{i});
    }
    std::uint64_t bytes = 0;
    for (const Segment segment : damaged) {
      auto revoked = together ? journal_.revoke(segment) : forget(journal_, segment);
      if (!revoked) return revoked;
      task_.progress.bytes().damaged(layout_.range(segment), inherited_[index(segment)]);
      bytes += layout_.range(segment).size();
    }
    task_.progress.remark(
        fmt::format("{} was changed after it was written, by another program or the disk: {} bytes are fetched "
                    "again",
                    part_of(output_file_), bytes));
    return together ? Result<void>() : journal_.sync();
  }

  // What came in responses that may be of another place of the resource; durably, as all that is no failed proof (J4).
  Result<void> forget_doubted(const std::vector<Segment>& segments) {
    contradicted_ = !segments.empty();
    if (segments.empty()) return {};
    for (const Segment segment : segments) {
      auto step = forget(journal_, segment);
      if (!step) return step;
      task_.progress.bytes().damaged(layout_.range(segment), false);
    }
    return journal_.sync();
  }

  // All of it is what was sent, and it is not what the request expects. Who is wrong is not known: the checksum may be
  // mistyped, so the claims stay; the bytes may have been wrong on their way, so the journal names the checksum, and a
  // run that expects the same one begins by giving them up.
  Result<void> refute(Error error) {
    const bool may_have_changed = version_.switched && journal_.identity().resource.validator.strong();
    if (may_have_changed && version_.voucher == Voucher::digest) {
      error.remedy = Remedy::restart;
      return error;
    }
    version_.refuted = true;
    Metadata metadata = journal_.metadata().value_or(Metadata{task_.url.redacted()});
    metadata.refuted = journal_name_of(*task_.request.checksum);
    auto step = journal_.set_metadata(metadata);
    if (step) step = journal_.sync();
    if (!step) return step;
    return with_hints(std::move(error), {Hint::check_checksum_first, Hint::fetch_again});
  }

  TaskContext& task_;
  Version& version_;
  Adoption& adoption_;
  OutputFile& output_file_;
  Journal& journal_ = output_file_.journal();
  const Layout layout_ = *journal_.identity().layout;
  const Resource known_ = version_.known(journal_.identity());
  std::vector<bool> inherited_;  // what was claimed when it began
  bool contradicted_ = false;    // the latest pass ended with a response that did, and gave up what such ones brought
  bool doubted_ = false;         // the digest of the file is not the expected one, or could not be made
};

}  // namespace

Result<void> fetch_segments(TaskContext& task, Version& version, Adoption& adoption, OutputFile& output_file) {
  return SegmentedFetch(task, version, adoption, output_file).fetch();
}

}  // namespace segdl::engine
