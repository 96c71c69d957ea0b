// One download from beginning to end: lock, probe, plan, fetch, verify, publish.
//
//   recover ──────────> nothing there ──> first response ──> plan: segments or stream ──> journal ──┐
//        │                                 │                                                    v
//        │                                 └──> one segment: held in a file without a name ──> publish
//        ├──> resumable ──> same resource? ──> claims proved beside ──> spans fetched ──────────^
//        └──> finished: report
//
// When the resource changes the loop goes round again, from "nothing there". Runs on the thread that calls run(), which
// leads: idle threads of the pool come to help with spans, and a few more prove claims.
#pragma once

#include <segdl/error.h>
#include <segdl/session.h>
#include <segdl/task.h>

#include "engine/fetch/content_decoder.h"
#include "engine/progress/task_progress.h"
#include "engine/schedule/dispatcher.h"
#include "engine/store/adopted_file.h"
#include "engine/store/journal/checkpoint.h"
#include "engine/store/journal/recheck.h"
#include "engine/store/output_file.h"
#include "engine/store/recovery.h"
#include "engine/store/unnamed_file.h"
#include "engine/task/sink/segment_sink.h"
#include "engine/task/task_context.h"

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace segdl::engine {

class PrefixHasher;
struct Present;
struct Consumer;

// A download that has everything. A small one is still to be published, together with others (see publisher.h).
struct Outcome {
  Report report;
  std::unique_ptr<OutputFile> output_file = nullptr;
  std::unique_ptr<UnnamedFile> unpublished = nullptr;  // of it
};

// What is asked for first, of a resource of which nothing is known.
inline constexpr Range kProbe{0, kOpenEnd};

// What vouches for the claims of one version being of one version.
enum class Voucher : std::uint8_t {
  validator,  // a strong one; a weak one for one body, and what it was compared with
  bytes,      // nothing else: one body, compared with all that is claimed
  digest,     // the checksum of the request, in the end
};

class Transfer {
 public:
  // REQUIRES: everything referred to outlives the Transfer.
  Transfer(const SessionContext& session, Target target, TaskProgress& progress, std::stop_token stop)
      : task_(session, std::move(target), progress, std::move(stop)) {}

  // `slot` may be empty. What is left of it afterwards is good for another download.
  Result<Outcome> run(Slot& slot);

 private:
  Result<Outcome> run_place();
  Result<Outcome> skip_if_there(Error) const;
  Result<std::optional<Outcome>> leave_if_unchanged(Directory&);
  Result<bool> is_unchanged(Present&);
  Result<bool> ask_if_unchanged(Present&);
  std::optional<Present> find_present(Directory&);
  bool has_leftover(Directory&) const;
  Result<std::unique_ptr<Stream>> open_stream(OpenDirectory&);
  Result<Outcome> run_stream(Stream&, std::string path);
  Result<Outcome> run_consumer(const Consumer&, std::filesystem::path output);
  Result<Recovered> open_place(std::shared_ptr<OpenDirectory>);
  Result<void> take_coding(const std::string& coding);
  Result<void> take_coding(OutputFile&, const std::string& coding);
  bool gives_up(OutputFile&);
  Result<void> publish(OutputFile&);
  void note_undecodable(OutputFile&, Error&);
  Result<void> keep_decoding(const std::string& subject) const;
  Result<ContentDecoder> start_decoding(const std::string& coding, const Consumer&);
  Result<void> decode(OutputFile&);
  Result<void> check_decoded(OutputFile&, File&, const DecodedOutput&);
  Result<void> read_proved(OutputFile&, const ContentDecoder::Take&);
  Result<bool> continue_stream(OutputFile&);
  Result<bool> is_wanted(Recovered&);
  Result<bool> is_what_was_asked_for(const Published&);
  Result<bool> is_current(const JournalIdentity&);
  Result<bool> is_whole_and_outdated(OutputFile&);
  Result<Outcome> finish(Published&);
  Result<void> fetch_until_whole(OutputFile&);
  Result<void> fetch_version(OutputFile&);
  Result<void> begin_version(OutputFile&);
  void give_access(OutputFile&, File&);
  Result<bool> fetch_small(OutputFile&, Response&);
  Result<void> continue_version(OutputFile&);
  Result<std::optional<Response>> check_same(OutputFile&, const Resource&);
  Result<void> choose_voucher(OutputFile&);
  Result<void> vouch_otherwise(OutputFile&, const Error& change);
  Result<void> mark_mixed(OutputFile&);
  Resource known_of(const JournalIdentity&) const;
  Result<std::optional<Response>> compare_samples(OutputFile&, const Resource&, bool is_fresh_link);
  // Gives the file its length and its space again; whether it had lost its length.
  static Result<bool> mend_length(File& data, std::uint64_t length);
  Result<void> open_adopted(Directory&, bool streams);
  std::uint64_t adoptable(const JournalIdentity&);
  Result<void> adopt_first(OutputFile&, const Resource&, Response first);
  Result<void> adopt(OutputFile&);
  Result<void> settle_adopted(OutputFile&);
  Result<std::uint64_t> copy_adopted(OutputFile&, std::uint64_t end);
  Result<std::vector<Segment>> forget_adopted(OutputFile&);
  Result<std::vector<Segment>> forget_gaps(OutputFile&);
  Result<void> forget_unvouched(OutputFile&);
  Result<bool> give_up_adopted(OutputFile&, const std::vector<bool>& inherited);
  Result<void> fetch_segments(OutputFile&, const Resource&, std::optional<Response> first);
  Result<void> fetch_missing(Pass&, const Resource&, std::optional<Response> first);
  Result<void> revoke_damaged(OutputFile&, std::vector<Segment> damaged, const std::vector<bool>& inherited);
  Result<void> fetch_together(Work&, const Resource&, std::optional<Response> first, Assist&);
  Result<void> fetch_alone(Work&, const Resource&, std::optional<Response> first);
  Result<void> forget_doubted(OutputFile&, const std::vector<Segment>&);
  void tell_joined(std::uint64_t compared);
  Result<void> fetch_stream(OutputFile&, const Resource&, Response first);
  Result<void> keep_stream(OutputFile&, const Resource&, Response first);
  Result<void> receive_stream(Pass&, const Resource&, std::optional<Response> first);
  Result<void> settle_stream(OutputFile&);
  Result<void> drop_stream(OutputFile&, Metadata);
  Result<void> reread_small(OutputFile&, UnnamedFile&, std::span<const std::byte> bytes);
  Result<Response> first_reply(Range = kProbe);
  Result<Response> ask_first(Range, const Resource*);
  Result<JournalIdentity> plan(const Response&) const;
  Result<void> start_over(OutputFile&, Error);
  void remember_begun(const OutputFile&);
  Result<void> check_whole(OutputFile&, PrefixHasher&);
  Result<void> refute(OutputFile&, Error);
  Result<void> forget_refuted(OutputFile&);
  Result<void> check_published(Published&, std::uint64_t size);
  Result<void> check_digest(File&, std::uint64_t size, const std::string& path);
  Result<void> settle(OutputFile&, Checkpoint&);
  Result<void> take_remote_name();
  void fit_name(std::size_t longest);
  void give_remote_time(File&);
  void disclaim_time(File&);
  void keep_receipt(File&, const Validator&, bool claims_vouched = true);
  Report report(std::filesystem::path output) const;
  Error final_error(Error, OutputFile&) const;

  TaskContext task_;
  std::unique_ptr<UnnamedFile> unnamed_;  // a small resource, whole
  std::optional<AdoptedFile> adopted_;
  bool blamed_gaps_ = false;       // of what was adopted
  std::optional<Response> named_;  // the response that named the output, not yet used
  Voucher voucher_ = Voucher::validator;
  bool of_other_url_ = false;                 // what an earlier run left
  bool switched_ = false;                     // to another one, in the middle of a version
  bool strong_ = false;                       // what is being published was identified by a strong validator
  std::optional<JournalIdentity> in_pieces_;  // the version that could not be fetched so, and is to come in one
  bool inherits_ = false;                     // an earlier run has claimed something of it
  bool outdated_ = false;                     // what this run has claimed is of another version than what comes now
  bool contradicted_ = false;  // the latest pass ended with a response that did, and gave up what such ones brought
  bool doubted_ = false;       // the digest of the file is not the expected one, or could not be made
  std::optional<std::uint32_t> continued_from_;  // so many claims of an earlier run
  std::vector<std::string> undo_;                // the codings that are to be undone, the last applied first
  std::optional<std::uint64_t> decoded_;         // so many bytes of content
  bool undecodable_ = false;
  std::string coding_;     // of what is being published
  bool rehashed_ = false;  // all of it was read back, and is what arrived
  bool refuted_ = false;   // all of it arrived, and it is not what the request expects
};

}  // namespace segdl::engine
