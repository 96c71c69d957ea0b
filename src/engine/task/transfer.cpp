#include "engine/task/transfer.h"

#include "core/base/ascii.h"

#include "core/base/errors.h"
#include "engine/base/url_hash.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/progress/planned.h"
#include "engine/schedule/dispatcher.h"
#include "engine/store/journal/checkpoint.h"
#include "engine/task/sink/consumer_sink.h"
#include "engine/task/sink/stream_sink.h"

#include <fmt/format.h>

#include <limits>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

constexpr std::uint64_t kWorthMore = 4 * kMiB;  // connections than one

// Some servers answer a range that asks for everything with 200, though they serve others.
bool may_serve_ranges(const Response& response) {
  const UsableBody& body = response.body;
  if (body.partial || !body.total) return body.partial && *body.total > 0;
  const ResponseHead& head = response.exchange->head();
  const std::string* accepts = head.find("Accept-Ranges");
  return *body.total > kWorthMore && response.asked && accepts != nullptr && same_text(*accepts, "bytes") &&
         body.validator.strong() && head.framing == Framing::length;
}

}  // namespace

Result<Outcome> Transfer::run(Slot& slot) {
  task_.fetcher.admission().take(std::move(slot));
  auto outcome =
      task_.request.consumer ? run_consumer({task_.request.consumer, task_.request.checksum}, {}) : run_place();
  if (!outcome && outcome.error().cause == Cause::exists && task_.request.existing == Existing::skip) {
    outcome = skip_if_there(std::move(outcome).error());
  }
  if (!outcome && outcome.error().tries > 0) outcome.error().remedy = Remedy::retry;
  if (!outcome && outcome.error().operation == "verify" && !coding_.empty()) {
    outcome.error().reason += fmt::format(", of all as it was sent, coded with {}", coding_);
  }
  slot = task_.fetcher.admission().give();
  return outcome;
}

Result<Outcome> Transfer::run_place() {
  if (task_.request.remote_name && task_.request.output.empty()) {
    auto named = take_remote_name();
    if (!named) return std::move(named).error();
  }
  auto directory = task_.session.directories.open(task_.request.directory, task_.request.create_directories);
  if (!directory) return std::move(directory).error();
  fit_name((*directory)->longest_name());
  auto stream = open_stream(**directory);
  if (!stream) return std::move(stream).error();
  auto adopted = open_adopted((*directory)->directory(), *stream != nullptr);
  if (!adopted) return std::move(adopted).error();
  if (*stream) return run_stream(**stream, (*directory)->directory().path_of(task_.name));
  if (task_.request.existing == Existing::update) {
    auto unchanged = leave_if_unchanged((*directory)->directory());
    if (!unchanged) return std::move(unchanged).error();
    if (*unchanged) return std::move(**unchanged);
  }
  auto opened = open_place(std::move(*directory));
  if (!opened) return std::move(opened).error();
  if (opened->published) {
    auto wanted = is_wanted(*opened);
    if (!wanted) return std::move(wanted).error();
    if (*wanted) return finish(*opened->published);
  }
  auto output_file = std::move(opened->output_file);
  auto step = fetch_until_whole(*output_file);
  if (step && unnamed_) {
    Report done = report(output_file->path());
    return Outcome{std::move(done), std::move(output_file), std::move(unnamed_)};
  }
  if (step) task_.fetcher.admission().leave();
  if (step) step = publish(*output_file);
  if (!step) {
    Error error = final_error(std::move(step).error(), *output_file);
    output_file->leave();
    return error;
  }
  task_.remark(output_file->take_notes());
  return Outcome{report(output_file->path())};
}

// A file that is in the way of its download counts as done.
Result<Outcome> Transfer::skip_if_there(Error error) const {
  auto directory = task_.session.directories.open(task_.request.directory);
  auto found =
      directory ? (*directory)->directory().status(task_.name) : Result<std::optional<FileStatus>>(std::nullopt);
  if (!found || !found->has_value() || (*found)->kind != FileKind::regular) return error;
  Report done = report((*directory)->directory().path_of(task_.name));
  done.skipped = true;
  return Outcome{std::move(done)};
}

Result<Recovered> Transfer::open_place(std::shared_ptr<OpenDirectory> directory) {
  auto opened = recover(std::move(directory), task_.name, task_.request, task_.stop);
  if (!opened) return opened;
  task_.remark(opened->published ? std::move(opened->published->notes) : opened->output_file->take_notes());
  return opened;
}

Result<void> Transfer::fetch_until_whole(OutputFile& output_file) {
  for (;;) {
    auto step = fetch_version(output_file);
    if (step || step.error().remedy != Remedy::restart) return step;
    step = start_over(output_file, std::move(step).error());
    if (!step) return step;
  }
}

Result<void> Transfer::fetch_version(OutputFile& output_file) {
  const bool resumable = output_file.state() == OutputFile::State::resumable;
  if (gives_up(output_file)) return begin_version(output_file);
  auto outdated = resumable && !switched_ ? is_whole_and_outdated(output_file) : Result<bool>(false);
  if (outdated && *outdated) {
    auto aside = output_file.start_over();
    if (!aside) return aside;
  }
  if (!outdated) return std::move(outdated).error();
  if (output_file.has_journal() && (resumable || switched_) && output_file.journal().identity().layout) {
    named_.reset();
    return continue_version(output_file);
  }
  if (output_file.has_journal() && task_.request.resume) {
    auto continued = continue_stream(output_file);
    if (!continued) return std::move(continued).error();
    if (*continued) return {};
    remember_begun(output_file);
  }
  return begin_version(output_file);
}

// A resource of which nothing is known yet, or nothing any more.
Result<void> Transfer::begin_version(OutputFile& output_file) {
  task_.source.forms.set_joined(false);
  auto first = named_ ? Result<Response>(*std::exchange(named_, std::nullopt)) : first_reply();
  if (!first) return std::move(first).error();
  auto taken = take_coding(output_file, first->body.coding);
  if (!taken) return taken;
  auto small = fetch_small(output_file, *first);
  if (!small) return std::move(small).error();
  if (*small) return {};
  auto identity = plan(*first);
  if (!identity) return std::move(identity).error();
  if (output_file.state() == OutputFile::State::unusable || output_file.has_journal()) {
    auto aside = output_file.start_over();
    if (!aside) return aside;
  }
  // The checksum tells in the end what no validator does.
  const bool by_digest = identity->layout && !identity->validator.strong() && identity->coding.empty();
  voucher_ = by_digest && task_.request.checksum ? Voucher::digest : Voucher::validator;
  switched_ = of_other_url_ = false;
  Metadata metadata;
  metadata.url = task_.url.redacted();
  metadata.url_hash = hash_of(task_.url);
  metadata.owner_token = random_token();
  metadata.mixed = voucher_ == Voucher::digest;
  metadata.adopted = adoptable(*identity);
  auto begun = output_file.begin(*identity, metadata);
  if (!begun) return begun;
  const Resource known = known_of(*identity);
  strong_ = identity->validator.strong();
  inherits_ = false;
  continued_from_.reset();
  task_.progress.bytes().plan(planned(*identity));
  if (metadata.adopted > 0) return adopt_first(output_file, known, std::move(*first));
  if (identity->layout) return fetch_segments(output_file, known, std::move(*first));
  return fetch_stream(output_file, known, std::move(*first));
}

// Asks with a token of its own: who comes to read the response may be told to drop it, as any other, without the
// download's being over.
Result<Response> Transfer::ask_first(Range range, const Resource* known) {
  std::stop_source cut;
  const std::stop_callback over(task_.stop, [&cut] { cut.request_stop(); });
  auto response = task_.fetcher.fetch(range, known, cut.get_token());
  if (response) response->cut = cut;
  return response;
}

// The first usable response. Without a strong validator it is made to carry all of the resource.
Result<Response> Transfer::first_reply(Range range) {
  std::optional<Resource> known;
  for (;;) {
    auto response = ask_first(range, known ? &*known : nullptr);
    if (response && response->unchanged) return response;
    if (response) {
      const UsableBody& body = response->body;
      if (!body.partial || body.validator.strong()) return response;
      if (task_.request.checksum && !task_.request.consumer && body.coding.empty()) return response;
      if (*body.total > kWorthMore)
        task_.progress.remark("the server names no strong validator: fetching in one piece");
      if (body.end == body.total) return response;
      if (known) task_.source.forms.use(RequestForm::whole);  // not even this was given in one piece
      range = {0, *body.total};
      known = Resource{body.total, body.validator, body.coding};
      continue;
    }
    if (response.error().remedy != Remedy::retry) return response;
    auto paused = task_.fetcher.retry().pause(std::move(response).error(), task_.stop);
    if (!paused) return std::move(paused).error();
  }
}

Result<JournalIdentity> Transfer::plan(const Response& response) const {
  const UsableBody& body = response.body;
  JournalIdentity identity;
  identity.validator = body.validator;
  identity.coding = body.coding;
  if (!may_serve_ranges(response)) {
    identity.stream_total = body.total;
    const bool same = in_pieces_ && body.validator.strong() && body.validator == in_pieces_->validator;
    if (same && !body.total && body.coding == in_pieces_->coding) identity.stream_total = in_pieces_->layout->total();
    return identity;
  }
  const std::uint64_t size =
      task_.request.segment_size != 0 ? task_.request.segment_size : Layout::default_segment_size(*body.total);
  if (*body.total / size >= std::numeric_limits<std::uint32_t>::max()) {
    const bool chosen = task_.request.segment_size != 0;
    return make_error(chosen ? Cause::local : Cause::integrity, "lay out", task_.name,
                      chosen ? fmt::format("segments of {} bytes are too small for {} bytes", size, *body.total)
                             : fmt::format("the server declares a size of {} bytes, which is impossible", *body.total));
  }
  identity.layout = Layout(*body.total, size);
  return identity;
}

Result<void> Transfer::fetch_stream(OutputFile& output_file, const Resource& known, Response first) {
  if (first.body.total != std::uint64_t{0})
    task_.progress.remark(first.body.total
                              ? "the server does not serve ranges: an interruption restarts from the beginning"
                              : "the server sends no size: an interruption restarts from the beginning");
  task_.source.forms.use(RequestForm::whole);
  return keep_stream(output_file, known, std::move(first));
}

Result<void> Transfer::receive_stream(Pass& pass, const Resource& known, std::optional<Response> first) {
  StreamSink sink(pass, task_.progress, task_.fetcher, task_.request.checksum);
  auto step = FetchLoop(task_.fetcher, known, task_.stop).run(sink, std::move(first));
  task_.fetcher.admission().leave();  // the last sync needs no connection
  return step ? settle_stream(pass.output_file) : step;
}

Result<void> Transfer::settle_stream(OutputFile& output_file) {
  Checkpoint checkpoint(task_.env.clock, {output_file.data(), output_file.journal()}, task_.request.sync, {});
  auto settled = settle(output_file, checkpoint);
  if (settled) return settled;
  // As with segments: after a failed sync the kernel calls pages clean that never reached the disk (J4).
  Metadata metadata = output_file.journal().metadata().value_or(Metadata{});
  metadata.stream_complete = false;
  const auto forgotten = output_file.journal().set_metadata(metadata);
  return forgotten ? settled : forgotten;
}

// Everything is there: the file gets its final mode, and all of it goes to disk. The journal has the last word on what
// is there: who counted was somebody else.
Result<void> Transfer::settle(OutputFile& output_file, Checkpoint& checkpoint) {
  task_.progress.enter(Phase::publishing);
  const auto& layout = output_file.journal().identity().layout;
  if (layout && output_file.journal().claimed() != layout->count()) {
    return make_error(Cause::internal, "publish", output_file.path(), "not every segment is there");
  }
  give_remote_time(output_file.data());
  const Metadata metadata = output_file.journal().metadata().value_or(Metadata{});
  keep_receipt(output_file.data(), output_file.journal().identity().validator, metadata.vouched());
  give_access(output_file, output_file.data());
  return checkpoint.force();
}

// The resource changed. Whether that is safe to believe is decided here (doc/http.md, validators).
Result<void> Transfer::start_over(OutputFile& output_file, Error error) {
  const bool loses_claims = output_file.has_journal() && output_file.journal().claimed() > 0;
  const bool in_name_only =
      error.cause == Cause::changed && !error.offset && task_.source.evidence.changed_in_name_only();
  const bool in_segments = output_file.has_journal() && output_file.journal().identity().layout;
  if (in_segments && in_name_only && voucher_ == Voucher::validator) {
    return vouch_otherwise(output_file, error);
  }
  if (loses_claims && of_other_url_) {
    error.remedy = Remedy::stop;
    error.hints = {Hint::choose_other_name, Hint::start_over};
    return error;
  }
  const bool outdated = std::exchange(outdated_, false);
  const bool in_one_piece = error.cause != Cause::changed;
  if (loses_claims && !outdated && !output_file.journal().identity().validator.strong()) {
    error.remedy = Remedy::stop;
    error.hints = in_one_piece ? Hints{Hint::start_over, Hint::choose_other_name} : Hints{Hint::accept_new_version};
    return error;
  }
  if (++task_.restarts > kMaxRestarts) {
    error.remedy = Remedy::stop;
    error.reason += fmt::format(" (it changed {} times)", task_.restarts);
    return error;
  }
  in_one_piece ? task_.progress.remark(error.reason + ": starting over, in one piece")
               : task_.progress.bytes().changed(error.reason);
  task_.progress.bytes().start_over();
  remember_begun(output_file);
  in_pieces_ = in_one_piece && in_segments ? std::optional(output_file.journal().identity()) : std::nullopt;
  task_.source.forms.use(in_one_piece || task_.restarts >= kMaxRestarts - 1 ? RequestForm::whole
                                                                            : RequestForm::conditional);
  return output_file.has_journal() ? output_file.start_over() : Result<void>();
}

// Unless it was of another URL, which may have another resource.
void Transfer::remember_begun(const OutputFile& output_file) {
  if (!output_file.has_journal()) return;
  const auto metadata = output_file.journal().metadata();
  const bool is_other = metadata && !metadata->url.empty() && metadata->url != task_.url.redacted();
  if (is_other) return;
  task_.source.evidence.change_shown(
      [&output_file](Shown& shown) { shown.begun(output_file.journal().identity().validator); });
  const bool doubted = named_ && task_.fetcher.doubt(named_->exchange->head(), named_->body, nullptr);
  if (doubted) named_.reset();
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
  report.restarts = task_.restarts;
  report.connections = tallies.most_connections;
  report.verified_to = task_.request.checksum ? VerifiedTo::digest
                       : strong_              ? VerifiedTo::strong_validator
                                              : VerifiedTo::length;
  report.checksum = task_.request.checksum;
  report.coding = coding_;
  report.decoded = decoded_;
  report.rehashed = rehashed_;
  report.insecure = task_.url.origin.secure && task_.session.options.insecure;
  report.notes = std::move(tallies.remarks);
  report.hints = std::move(tallies.hints);
  report.workarounds = std::move(tallies.workarounds);
  report.elapsed = task_.env.clock.now() - task_.begun;
  return report;
}

// A server that contradicts what an earlier run has kept may go on with that for ever. Whose mistake it is is not
// known, so what is kept stays; but that the same command would get on is no more than a hope.
Error Transfer::final_error(Error error, OutputFile& output_file) const {
  error.remedy = Remedy::stop;
  error.resumable = !refuted_ && !undecodable_ && output_file.has_journal() && can_continue(output_file.journal());
  const bool is_stuck = error.resumable && continued_from_ && output_file.journal().claimed() <= *continued_from_;
  if (!is_stuck || error.cause != Cause::integrity || !error.hints.empty()) return error;
  error.resumable = false;
  return with_hints(std::move(error), {Hint::start_over_if_stuck, Hint::choose_other_name});
}

}  // namespace segdl::engine
