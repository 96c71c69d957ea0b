// Transfer's way of comparing everything with the checksum that the request expects.
#include "core/http/content_coding.h"

#include "core/base/errors.h"
#include "engine/base/pieces.h"
#include "engine/base/url_hash.h"
#include "engine/progress/planned.h"
#include "engine/store/existing_output.h"
#include "engine/store/journal/proof.h"
#include "engine/task/sink/prefix_hasher.h"
#include "engine/task/sink/whole_digest.h"
#include "engine/task/transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace segdl::engine {

// A digest that is wrong, or a file that can't be read, may be somebody else's doing: then what is damaged is fetched
// again, and this is done once more.
Result<void> Transfer::check_whole(OutputFile& output_file, PrefixHasher& front) {
  task_.progress.enter(Phase::verifying);
  auto step = front.finish(output_file.path(), task_.stop);
  doubted_ = !step && (step.error().cause == Cause::integrity || step.error().cause == Cause::local);
  return step;
}

// All of it is what was sent, and it is not what the request expects. Who is wrong is not known: the checksum may be
// mistyped, so the claims stay; the bytes may have been wrong on their way, so the journal names the checksum, and a
// run that expects the same one begins by giving them up.
Result<void> Transfer::refute(OutputFile& output_file, Error error) {
  const bool may_have_changed = switched_ && output_file.journal().identity().validator.strong();
  if (may_have_changed && voucher_ == Voucher::digest) {
    error.remedy = Remedy::restart;
    return error;
  }
  refuted_ = true;
  Journal& journal = output_file.journal();
  Metadata metadata = journal.metadata().value_or(Metadata{task_.url.redacted()});
  metadata.refuted = journal_name_of(*task_.request.checksum);
  auto step = journal.set_metadata(metadata);
  if (step) step = journal.sync();
  if (!step) return step;
  return with_hints(std::move(error), {Hint::check_checksum_first, Hint::fetch_again});
}

// Claims of what did not hash to this very checksum are given up, durably, before anything of it is fetched again (J4),
// and their proofs with them. The note goes after them: a death in between gives up what there is then, which is
// nothing yet.
Result<void> Transfer::forget_refuted(OutputFile& output_file) {
  if (!task_.request.checksum) return {};
  Journal& journal = output_file.journal();
  auto metadata = journal.metadata();
  if (!metadata || metadata->refuted != journal_name_of(*task_.request.checksum)) return {};
  task_.progress.remark("what is here does not have this checksum: fetching all of it again");
  Result<void> step;
  for (std::uint32_t i = 0; step && i < journal.identity().layout->count(); ++i) {
    step = forget(journal, Segment{i});
  }
  if (step) step = journal.sync();
  metadata->refuted = 0;
  if (step) step = journal.set_metadata(*metadata);
  return step ? journal.sync() : step;
}

// A stream that an earlier run has received whole, and not published; or up to an end that nothing vouches for, where
// the request takes that for its own, or has a checksum to tell. Nothing is asked for: no answer of today could say
// more of what came then. What does not prove to be just that is given up.
Result<bool> Transfer::continue_stream(OutputFile& output_file) {
  const JournalIdentity& identity = output_file.journal().identity();
  Metadata metadata = output_file.journal().metadata().value_or(Metadata{});
  const bool believed = metadata.stream_unvouched && (task_.request.accept_unframed || task_.request.checksum);
  if ((!metadata.stream_complete && !believed) || !is_hash_of(metadata.url_hash, task_.url)) return false;
  task_.progress.bytes().plan(planned(identity, metadata.stream_length));
  task_.progress.enter(Phase::verifying);
  auto intact = stream_intact(output_file.data(), metadata, task_.stop);
  if (!intact || !*intact) return intact;
  auto mended = mend_length(output_file.data(), metadata.stream_length);
  if (!mended) return mended;
  auto checked = check_digest(output_file.data(), metadata.stream_length, output_file.path());
  if (!checked && checked.error().cause != Cause::integrity) return std::move(checked).error();
  if (!checked) return false;
  if (believed) {
    task_.progress.remark("it had arrived before up to the end of its connection, which is accepted as its end");
    metadata.stream_complete = task_.request.checksum.has_value();
    metadata.stream_unvouched = !metadata.stream_complete;
    auto step = output_file.journal().set_metadata(metadata);
    if (!step) return std::move(step).error();
  }
  named_.reset();
  task_.progress.bytes().proved(metadata.stream_length);
  strong_ = identity.validator.strong();
  auto taken = take_coding(output_file, identity.coding);
  if (taken) taken = settle_stream(output_file);
  return taken ? Result<bool>(true) : std::move(taken).error();
}

// Whether the request is done with what an earlier run has published. If not, and it may be replaced, the place is
// opened anew, as one with another file in the way: its journal is gone.
Result<bool> Transfer::is_wanted(Recovered& found) {
  auto wanted = is_what_was_asked_for(*found.published);
  if (!wanted || *wanted) return wanted;
  if (!may_replace_output(task_.request)) return found.published->of_another_url();
  found.published.reset();
  auto directory = task_.session.directories.open(task_.request.directory);
  if (!directory) return std::move(directory).error();
  auto opened = open_place(std::move(*directory));
  if (!opened) return std::move(opened).error();
  found = std::move(*opened);
  if (!found.published) return false;
  const std::string journal = found.published->open->directory().path_of(found.published->names.journal);
  return with_hints(make_error(Cause::local, "replace", found.published->path(),
                               fmt::format("{} is beside it, and can't be removed", journal)),
                    {Hint::remove_stuck_journal});
}

// A published file that proves to be what its journal speaks of is that of the journal's URL (J8), and done unless it
// may be replaced. Of a URL that differs in its secrets alone it is if the server says so.
Result<bool> Transfer::is_what_was_asked_for(const Published& published) {
  const auto& metadata = published.metadata;
  const bool decodes = task_.request.decode && !codings_to_undo(task_.name, published.identity.coding).empty();
  if (decodes != published.decoded) return false;
  const bool same_url = metadata && is_hash_of(metadata->url_hash, task_.url);
  if (same_url && !may_replace_output(task_.request)) return true;
  const bool same_but_secrets = metadata && metadata->url == task_.url.redacted();
  const bool may_ask =
      (same_url || same_but_secrets) && metadata->vouched();  // or else its validator says nothing of it
  return may_ask ? is_current(published.identity) : Result<bool>(false);
}

// Whether what an earlier run has fetched whole is what the server has: asked where it would be replaced, may be of
// another URL, or would replace what may be newer.
Result<bool> Transfer::is_current(const JournalIdentity& identity) {
  const auto total = identity.layout ? std::optional(identity.layout->total()) : identity.stream_total;
  const Resource known{total, identity.validator, identity.coding};
  if (!known.validator.strong() || known.total.value_or(0) == 0) return false;
  for (;;) {
    auto response = ask_first({0, 1}, &known);
    if (response) return true;
    if (response.error().remedy == Remedy::restart) return false;
    if (response.error().remedy != Remedy::retry) return std::move(response).error();
    auto paused = task_.fetcher.retry().pause(std::move(response).error(), task_.stop);
    if (!paused) return std::move(paused).error();
  }
}

// A file that an earlier run has given its name.
Result<Outcome> Transfer::finish(Published& published) {
  auto status = published.output->status();
  if (!status) return std::move(status).error();
  const Metadata metadata = published.metadata.value_or(Metadata{});
  strong_ = published.identity.validator.strong() && metadata.vouched();
  auto taken = take_coding(published.identity.coding);
  if (!taken) return std::move(taken).error();
  rehashed_ = true;  // that is how it was recognised
  task_.progress.remark("it had arrived whole before; only the journal was left to remove");
  tell_joined(published.metadata ? published.metadata->joined : 0);
  const std::uint64_t size = published.decoded ? length_of(published.identity, *published.metadata) : status->size;
  if (published.decoded) decoded_ = status->size;
  Planned whole = planned(published.identity, size);
  whole.total = size;
  task_.progress.bytes().plan(std::move(whole));
  auto checked = check_published(published, status->size);
  if (!checked) return std::move(checked).error();
  return Outcome{report(published.path())};
}

// A file that an earlier run has given its name, perhaps without knowing of a checksum.
Result<void> Transfer::check_published(Published& published, std::uint64_t size) {
  if (!task_.request.checksum) return {};
  if (published.decoded) {
    if (published.metadata->decoded->checksum == journal_name_of(*task_.request.checksum)) return {};
    return with_hints(make_error(Cause::integrity, "verify", published.path(),
                                 "it was decoded from what is gone, and which checksum that had is not known"),
                      {Hint::fetch_published_again});
  }
  auto step = check_digest(*published.output, size, published.path());
  if (!step && step.error().cause == Cause::integrity) {
    step.error().hints = {Hint::check_checksum, Hint::fetch_published_again};
  }
  return step;
}

// Whether a file hashes to what the request expects; what can't be read does not.
Result<void> Transfer::check_digest(File& file, std::uint64_t size, const std::string& path) {
  task_.progress.enter(Phase::verifying);
  WholeDigest digest(task_.request.checksum);
  std::vector<std::byte> piece(std::min<std::uint64_t>(kIoBuffer, size));
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    if (task_.stop.stop_requested()) return cancelled();
    const auto bytes = std::span(piece).first(std::min<std::uint64_t>(piece.size(), size - at));
    auto got = file.read_at(at, bytes);
    if (!got) return std::move(got).error();
    digest.update(bytes.first(*got));
  }
  return digest.check(path);
}

}  // namespace segdl::engine
