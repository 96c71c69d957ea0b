#include "engine/task/transfer.h"

#include "core/base/ascii.h"
#include "core/store/file_name.h"

#include "core/base/errors.h"
#include "engine/base/url_hash.h"
#include "engine/store/existing_output.h"
#include "engine/task/continuation.h"
#include "engine/task/damage.h"
#include "engine/task/delivery.h"
#include "engine/task/probe.h"
#include "engine/task/segmented_fetch.h"
#include "engine/task/small_fetch.h"
#include "engine/task/stream_fetch.h"
#include "engine/task/update_check.h"

#include <fmt/format.h>

#include <cstddef>
#include <limits>
#include <string>

namespace segdl::engine {
namespace {

// Some servers answer a range that asks for everything with 200, though they serve others.
bool may_serve_ranges(const Response& response) {
  const UsableBody& body = response.body;
  if (body.partial || !body.resource.total) return body.partial && *body.resource.total > 0;
  const ResponseHead& head = response.exchange->head();
  const std::string* accepts = head.find("Accept-Ranges");
  return *body.resource.total > kWorthMore && response.asked && accepts != nullptr && same_text(*accepts, "bytes") &&
         body.resource.validator.strong() && head.framing == Framing::length;
}

}  // namespace

Result<Outcome> Transfer::run(Slot& slot) {
  task_.fetcher.admission().take(std::move(slot));
  auto outcome = run_states();
  if (!outcome && outcome.error().cause == Cause::exists && task_.request.existing == Existing::skip) {
    outcome = skip_if_there(std::move(outcome).error());
  }
  if (!outcome && outcome.error().tries > 0) outcome.error().remedy = Remedy::retry;
  if (!outcome && outcome.error().operation == "verify" && !decoding_.coding().empty()) {
    outcome.error().reason += fmt::format(", of all as it was sent, coded with {}", decoding_.coding());
  }
  slot = task_.fetcher.admission().give();
  return outcome;
}

Result<Outcome> Transfer::run_states() {
  State state = task_.request.consumer ? State::delivering : State::naming;
  while (state != State::ended) {
    auto next = handle(state);
    const bool has_changed = !next && next.error().remedy == Remedy::restart;
    if (has_changed && state >= State::choosing && state <= State::streaming) {
      change_ = std::move(next).error();
      task_.fetcher.at_hand().reset();
      next = State::restarting;
    }
    if (!next) return give_up(std::move(next).error());
    state = *next;
  }
  return *std::move(outcome_);
}

Result<Transfer::State> Transfer::handle(State state) {
  switch (state) {
    case State::naming:
      return handle_naming();
    case State::opening:
      return handle_opening();
    case State::delivering:
      return handle_delivering();
    case State::comparing:
      return handle_comparing();
    case State::recovering:
      return handle_recovering();
    case State::recognising:
      return handle_recognising();
    case State::finishing:
      return handle_finishing();
    case State::choosing:
      return handle_choosing();
    case State::beginning:
      return handle_beginning();
    case State::continuing:
      return handle_continuing();
    case State::fetching:
      return handle_fetching();
    case State::streaming:
      return handle_streaming();
    case State::restarting:
      return handle_restarting();
    case State::publishing:
      return handle_publishing();
    case State::ended:
      break;
  }
  return State::ended;
}

Result<Transfer::State> Transfer::after(Result<void> step, State next) {
  if (!step) return std::move(step).error();
  return next;
}

Transfer::State Transfer::end_with(Report report) {
  outcome_ = Outcome{std::move(report)};
  return State::ended;
}

Error Transfer::give_up(Error error) {
  task_.fetcher.at_hand().reset();
  if (!output_file_) return error;
  error = final_error(std::move(error));
  output_file_->leave();
  output_file_.reset();
  return error;
}

// A file that is in the way of its download counts as done.
Result<Outcome> Transfer::skip_if_there(Error error) const {
  auto directory = task_.session.directories.open(task_.request.directory);
  auto found =
      directory ? (*directory)->directory().status(task_.name) : Result<std::optional<FileStatus>>(std::nullopt);
  if (!found || !found->has_value() || (*found)->kind != FileKind::regular) return error;
  Report done = report_of_other((*directory)->directory().path_of(task_.name));
  done.skipped = true;
  return Outcome{std::move(done)};
}

Result<Transfer::State> Transfer::handle_naming() {
  const bool by_server = task_.request.remote_name && task_.request.output.empty() && !task_.lasting.named;
  auto step = by_server ? name_output(task_) : Result<void>();
  task_.lasting.named = step.ok();
  return after(std::move(step), State::opening);
}

Result<Transfer::State> Transfer::handle_opening() {
  auto opened = task_.session.directories.open(task_.request.directory, task_.request.create_directories);
  if (!opened) return std::move(opened).error();
  directory_ = std::move(*opened);
  // Encrypted file systems take 143 bytes. A name that was asked for is not made another: OutputFile refuses it.
  const std::size_t longest = directory_->longest_name();
  if (task_.request.output.empty() && task_.name.size() > longest) task_.rename(fitting_name(task_.name, longest));
  std::unique_ptr<Stream>& stream = task_.lasting.stream;
  if (!stream) {
    auto opened_stream = open_stream(task_, *directory_);
    if (!opened_stream) return std::move(opened_stream).error();
    stream = std::move(*opened_stream);
  }
  const bool updates = task_.request.existing == Existing::update;
  const State next = stream ? State::delivering : updates ? State::comparing : State::recovering;
  return after(adoption_.open(directory_->directory(), stream != nullptr), next);
}

Result<Transfer::State> Transfer::handle_delivering() {
  const std::string path = task_.request.consumer ? std::string() : directory_->directory().path_of(task_.name);
  if (task_.lasting.stream) {
    task_.progress.remark(path + " is no regular file: it gets the bytes in order, over one connection");
  }
  auto step = deliver(task_, version_, decoding_);
  if (!step) return std::move(step).error();
  return end_with(report(path));
}

Result<Transfer::State> Transfer::handle_comparing() {
  auto unchanged = find_unchanged(task_, directory_->directory());
  if (!unchanged) return std::move(unchanged).error();
  if (!*unchanged) return State::recovering;
  version_.strong = (*unchanged)->strong;
  Report done = report_of_other(directory_->directory().path_of(task_.name));
  done.total = (*unchanged)->size;
  done.unchanged = true;
  return end_with(std::move(done));
}

Result<Transfer::State> Transfer::handle_choosing() {
  const bool resumable = output_file_->state() == OutputFile::State::resumable;
  if (decoding_.gives_up(*output_file_)) return State::beginning;
  auto outdated = resumable && !version_.switched ? is_whole_and_outdated(task_, *output_file_) : Result<bool>(false);
  if (!outdated) return std::move(outdated).error();
  auto aside = *outdated ? output_file_->start_over() : Result<void>();
  if (!aside) return std::move(aside).error();
  if (!output_file_->has_journal()) return State::beginning;
  if ((resumable || version_.switched) && output_file_->journal().identity().layout) {
    task_.fetcher.at_hand().reset();
    return State::continuing;
  }
  if (!task_.request.resume) return State::beginning;
  auto whole = has_whole_stream();
  if (!whole) return std::move(whole).error();
  if (*whole) return State::publishing;
  remember_begun(task_, *output_file_);
  return State::beginning;
}

Result<bool> Transfer::has_whole_stream() {
  auto here = is_stream_here(task_, version_, *output_file_);
  if (!here || !*here) return here;
  task_.fetcher.at_hand().reset();
  auto step = decoding_.take(*output_file_, output_file_->journal().identity().resource.coding);
  if (step) step = settle_stream(task_, version_, *output_file_);
  return step ? here : std::move(step).error();
}

Result<Transfer::State> Transfer::handle_beginning() {
  task_.source.forms.set_joined(false);
  auto first = first_response(task_);
  if (!first) return std::move(first).error();
  auto taken = decoding_.take(*output_file_, (*first)->body.resource.coding);
  if (!taken) return std::move(taken).error();
  auto small = decoding_.is_wanted() ? std::unique_ptr<UnnamedFile>() : fetch_small(task_, version_, *output_file_);
  if (!small) return std::move(small).error();
  if (*small) {
    Report done = report(output_file_->path());
    outcome_ = Outcome{std::move(done), std::move(output_file_), std::move(*small)};
    return State::ended;
  }
  auto identity = plan(**first);
  if (!identity) return std::move(identity).error();
  return after(begin(*identity), identity->layout ? State::fetching : State::streaming);
}

// Gives up what is here for a new version.
Result<void> Transfer::begin(const JournalIdentity& identity) {
  if (output_file_->state() == OutputFile::State::unusable || output_file_->has_journal()) {
    auto aside = output_file_->start_over();
    if (!aside) return aside;
  }
  Version version;
  // The checksum shows in the end what no validator does.
  const bool by_digest = identity.layout && !identity.resource.validator.strong() && identity.resource.coding.empty();
  version.voucher = by_digest && task_.request.checksum ? Voucher::digest : Voucher::validator;
  version.strong = identity.resource.validator.strong();
  Metadata metadata;
  metadata.url = task_.url.redacted();
  metadata.url_hash = hash_of(task_.url);
  metadata.owner_token = random_token();
  metadata.mixed = version.voucher == Voucher::digest;
  metadata.adopted = adoption_.adoptable(identity);
  auto begun = output_file_->begin(identity, metadata);
  if (!begun) return begun;
  version_ = version;
  task_.lasting.begun = true;
  task_.progress.bytes().plan(identity);
  return metadata.adopted > 0 ? adoption_.adopt(*output_file_) : Result<void>();
}

Result<JournalIdentity> Transfer::plan(const Response& response) const {
  JournalIdentity identity{std::nullopt, response.body.resource};
  Resource& resource = identity.resource;
  if (!may_serve_ranges(response)) {
    const bool same = in_pieces_ && resource.validator.strong() && resource.validator == in_pieces_->validator;
    if (same && !resource.total && resource.coding == in_pieces_->coding) resource.total = in_pieces_->total;
    return identity;
  }
  const std::uint64_t size =
      task_.request.segment_size != 0 ? task_.request.segment_size : Layout::default_segment_size(*resource.total);
  if (*resource.total / size >= std::numeric_limits<std::uint32_t>::max()) {
    const bool chosen = task_.request.segment_size != 0;
    return make_error(
        chosen ? Cause::local : Cause::integrity, "lay out", task_.name,
        chosen ? fmt::format("segments of {} bytes are too small for {} bytes", size, *resource.total)
               : fmt::format("the server declares a size of {} bytes, which is impossible", *resource.total));
  }
  identity.lay_out(Layout(*resource.total, size));
  return identity;
}

Result<Transfer::State> Transfer::handle_continuing() {
  Journal& journal = output_file_->journal();
  const JournalIdentity& identity = journal.identity();
  auto step = forget_refuted(task_, journal);
  if (step) step = adoption_.forget_unvouched(*output_file_);
  if (step) step = decoding_.take(*output_file_, identity.resource.coding);
  if (step && !version_.switched) step = check_continuation(task_, version_, journal);
  if (!step) return std::move(step).error();
  version_.strong = version_.voucher == Voucher::validator && identity.resource.validator.strong();
  // The earlier run died between naming the journal and setting the length, or another program cut the file: the proofs
  // will show which.
  auto mended = mend_length(output_file_->data(), identity.layout->total());
  if (!mended) return std::move(mended).error();
  return after(adoption_.adopt(*output_file_), State::fetching);
}

Result<Transfer::State> Transfer::handle_fetching() {
  return after(fetch_segments(task_, version_, adoption_, *output_file_), State::publishing);
}

Result<Transfer::State> Transfer::handle_streaming() {
  return after(fetch_stream(task_, version_, *output_file_), State::publishing);
}

// The resource changed. Whether that is safe to believe is decided here (doc/http.md, validators).
Result<Transfer::State> Transfer::handle_restarting() {
  Error error = *std::exchange(change_, std::nullopt);
  const bool loses_claims = output_file_->has_journal() && output_file_->journal().claimed() > 0;
  const bool in_name_only =
      error.cause == Cause::changed && !error.offset && task_.source.evidence.changed_in_name_only();
  const bool in_segments = output_file_->has_journal() && output_file_->journal().identity().layout;
  if (in_segments && in_name_only && version_.voucher == Voucher::validator) {
    return after(vouch_otherwise(task_, version_, output_file_->journal(), error), State::choosing);
  }
  if (loses_claims && version_.of_other_url) {
    error.remedy = Remedy::stop;
    error.hints = {Hint::choose_other_name, Hint::start_over};
    return error;
  }
  const bool outdated = std::exchange(version_.outdated, false);
  const bool in_one_piece = error.cause != Cause::changed;
  if (loses_claims && !outdated && !output_file_->journal().identity().resource.validator.strong()) {
    error.remedy = Remedy::stop;
    error.hints = in_one_piece ? Hints{Hint::start_over, Hint::choose_other_name} : Hints{Hint::accept_new_version};
    return error;
  }
  if (++task_.lasting.restarts > kMaxRestarts) {
    error.remedy = Remedy::stop;
    error.reason += fmt::format(" (it changed {} times)", task_.lasting.restarts);
    return error;
  }
  in_one_piece ? task_.progress.remark(error.reason + ": starting over, in one piece")
               : task_.progress.bytes().changed(error.reason);
  task_.progress.bytes().start_over();
  remember_begun(task_, *output_file_);
  in_pieces_ = in_one_piece && in_segments ? std::optional(output_file_->journal().identity().resource) : std::nullopt;
  task_.source.forms.use(in_one_piece || task_.lasting.restarts >= kMaxRestarts - 1 ? RequestForm::whole
                                                                                    : RequestForm::conditional);
  return after(output_file_->has_journal() ? output_file_->start_over() : Result<void>(), State::choosing);
}

Result<Transfer::State> Transfer::handle_publishing() {
  task_.fetcher.admission().leave();
  auto step = decoding_.finish(*output_file_);
  if (step) step = output_file_->publish(may_replace_output(task_.request), task_.request.sync);
  if (!step) return std::move(step).error();
  task_.remark(output_file_->take_notes());
  return end_with(report(output_file_->path()));
}

Report Transfer::report_of_other(std::filesystem::path output) const {
  if (task_.lasting.active.count() > 0) task_.progress.bytes().start_over();  // what it had fetched before a suspension
  return report(std::move(output));
}

Report Transfer::report(std::filesystem::path output) const {
  const Progress progress = task_.progress.progress();
  Tallies tallies = task_.progress.tallies();
  Report report;
  report.output = std::move(output);
  report.total = progress.done;
  report.fetched = progress.fetched;
  report.reused = progress.reused;
  report.revoked = tallies.revoked;
  report.wasted = tallies.wasted;
  report.retries = progress.retries;
  report.restarts = task_.lasting.restarts;
  report.connections = tallies.most_connections;
  report.verified_to = task_.request.checksum ? VerifiedTo::digest
                       : version_.strong      ? VerifiedTo::strong_validator
                                              : VerifiedTo::length;
  report.checksum = task_.request.checksum;
  report.coding = decoding_.coding();
  report.decoded = decoding_.decoded();
  report.rehashed = version_.rehashed;
  report.insecure = task_.url.origin.secure && task_.session.options.insecure;
  report.notes = std::move(tallies.remarks);
  report.hints = std::move(tallies.hints);
  report.workarounds = std::move(tallies.workarounds);
  report.elapsed = task_.env.clock.now() - task_.begun;
  return report;
}

// A server that contradicts what an earlier run has kept may go on with that for ever. Whose mistake it is is not
// known, so what is kept stays; but that the same command would get on is no more than a hope.
Error Transfer::final_error(Error error) const {
  error.remedy = Remedy::stop;
  error.resumable = !version_.refuted && !decoding_.is_impossible() && output_file_->has_journal() &&
                    can_continue(output_file_->journal());
  const bool is_stuck =
      error.resumable && version_.continued_from && output_file_->journal().claimed() <= *version_.continued_from;
  if (!is_stuck || error.cause != Cause::integrity || !error.hints.empty()) return error;
  error.resumable = false;
  return with_hints(std::move(error), {Hint::start_over_if_stuck, Hint::choose_other_name});
}

}  // namespace segdl::engine
