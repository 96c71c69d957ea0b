// Transfer's states that end with what an earlier run has left: recovered, or published already.
#include "core/base/errors.h"
#include "engine/base/url_hash.h"
#include "engine/store/existing_output.h"
#include "engine/task/probe.h"
#include "engine/task/sink/whole_digest.h"
#include "engine/task/transfer.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace segdl::engine {

Result<Recovered> Transfer::recover_files() {
  auto recovered = recover(std::exchange(directory_, nullptr), task_.name, task_.request, task_.stop);
  if (!recovered) return recovered;
  task_.remark(recovered->published ? std::move(recovered->published->notes) : recovered->output_file->take_notes());
  return recovered;
}

Result<Transfer::State> Transfer::handle_recovering() {
  auto recovered = recover_files();
  if (!recovered) return std::move(recovered).error();
  published_ = std::move(recovered->published);
  output_file_ = std::move(recovered->output_file);
  return published_ ? State::recognising : State::choosing;
}

// If the request is not done with it, and it may be replaced, the files are opened anew, as those of one with another
// file in the way: its journal is gone.
Result<Transfer::State> Transfer::handle_recognising() {
  auto wanted = is_what_was_asked_for(*published_);
  if (!wanted) return std::move(wanted).error();
  if (*wanted) return State::finishing;
  if (!may_replace_output(task_.request)) return published_->of_another_url();
  published_.reset();
  auto opened = task_.session.directories.open(task_.request.directory);
  if (!opened) return std::move(opened).error();
  directory_ = std::move(*opened);
  auto recovered = recover_files();
  if (!recovered) return std::move(recovered).error();
  output_file_ = std::move(recovered->output_file);
  if (!recovered->published) return State::choosing;
  const Published& stuck = *recovered->published;
  const std::string journal = stuck.open->directory().path_of(stuck.names.journal);
  return with_hints(
      make_error(Cause::local, "replace", stuck.path(), fmt::format("{} is beside it, and can't be removed", journal)),
      {Hint::remove_stuck_journal});
}

// A published file that proves to be what its journal speaks of is that of the journal's URL (J8), and done unless it
// may be replaced. With a URL that differs in its secrets alone it is if the server confirms it.
Result<bool> Transfer::is_what_was_asked_for(const Published& published) {
  const auto& metadata = published.metadata;
  if (decoding_.would_undo(published.identity.resource.coding) != published.decoded) return false;
  const bool same_url = metadata && is_hash_of(metadata->url_hash, task_.url);
  if (same_url && !may_replace_output(task_.request)) return true;
  const bool same_but_secrets = metadata && metadata->url == task_.url.redacted();
  const bool may_ask =
      (same_url || same_but_secrets) && metadata->vouched();  // or else its validator proves nothing about it
  return may_ask ? is_current(task_, published.identity) : Result<bool>(false);
}

Result<Transfer::State> Transfer::handle_finishing() {
  auto status = published_->output->status();
  if (!status) return std::move(status).error();
  const Metadata metadata = published_->metadata.value_or(Metadata{});
  version_.strong = published_->identity.resource.validator.strong() && metadata.vouched();
  auto taken = decoding_.take(published_->identity.resource.coding);
  if (!taken) return std::move(taken).error();
  version_.rehashed = true;  // that is how it was recognised
  task_.progress.remark("it had arrived whole before; only the journal was left to remove");
  task_.remark_joined(published_->metadata ? published_->metadata->joined : 0);
  const std::uint64_t size =
      published_->decoded ? length_of(published_->identity, *published_->metadata) : status->size;
  if (published_->decoded) decoding_.found_decoded(status->size);
  JournalIdentity whole = published_->identity;
  whole.resource.total = size;
  task_.progress.bytes().plan(whole, size);
  auto checked = check_published(*published_, status->size);
  if (!checked) return std::move(checked).error();
  return end_with(report(published_->path()));
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
  auto step = task_.check_digest(*published.output, size, published.path());
  if (!step && step.error().cause == Cause::integrity) {
    step.error().hints = {Hint::check_checksum, Hint::fetch_published_again};
  }
  return step;
}

}  // namespace segdl::engine
