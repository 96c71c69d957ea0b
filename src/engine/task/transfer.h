// One download from beginning to end, as a state after the other.
//
//   naming ──> opening ──> comparing ──> recovering ──> recognising ──> finishing
//                 │                          v               │
//                 └──> delivering         choosing <─────────┘
//                                     ┌──────┴──────┐
//                                     v             v
//                small: ended <── beginning     continuing
//                                 │      └──────┐   │
//                                 v             v   v
//                             streaming       fetching
//                                 └──────┬──────┘
//                                        v
//                                   publishing
//
// An output that is unchanged, or a stream that an earlier run has received whole, takes a shorter way. A resource that
// turns out to have changed leads from any of choosing to streaming to restarting, and back to choosing. Each state has
// one function, which returns the next state or the error that ends the download. What has rules of its own has a file
// of its own; what one state leaves to the next is a member here. Runs on the thread that calls run(), which leads:
// idle threads of the pool come to help with spans, and a few more prove claims.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "core/store/journal_format.h"
#include "engine/fetch/fetcher.h"
#include "engine/schedule/pool.h"
#include "engine/store/output_file.h"
#include "engine/store/recovery.h"
#include "engine/store/unnamed_file.h"
#include "engine/task/adoption.h"
#include "engine/task/decoding.h"
#include "engine/task/task_context.h"
#include "engine/task/version.h"
#include "seams/file_system.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace segdl::engine {

// A download that has everything. A small one is still to be published, together with others (see publisher.h).
struct Outcome {
  Report report;
  std::unique_ptr<OutputFile> output_file = nullptr;
  std::unique_ptr<UnnamedFile> unpublished = nullptr;  // of it
};

class Transfer {
 public:
  // REQUIRES: everything referred to outlives the Transfer.
  Transfer(const SessionContext& session, Target target, TaskProgress& progress, std::stop_token stop)
      : task_(session, std::move(target), progress, std::move(stop)) {}

  // `slot` may be empty. What is left of it afterwards is good for another download. Once.
  Result<Outcome> run(Slot& slot);

 private:
  enum class State : std::uint8_t {
    naming,       // the server is asked for the output's name, if it is to give one
    opening,      // the directory, and what else than a file may be the output
    delivering,   // all of it is given on in order, and nothing stays on disk
    comparing,    // the file that is there with what the server has, for an update
    recovering,   // the lock is taken, and the table of doc/recovery.md applied
    recognising,  // an earlier run has published: is it what is asked for?
    finishing,    // it is
    // From here to streaming a changed resource leads to restarting.
    choosing,    // what is here is continued or given up
    beginning,   // the first response of a version: its plan, and its journal; a small one is fetched whole
    continuing,  // what is here is found to be of the version that comes
    fetching,    // what is missing comes in segments
    streaming,   // all of it comes in one response
    restarting,  // the resource has changed
    publishing,  // all of it is here: it is decoded if that is wanted, and gets its name
    ended,
  };
  Result<State> handle(State);
  Result<State> handle_naming();
  Result<State> handle_opening();
  Result<State> handle_delivering();
  Result<State> handle_comparing();
  Result<State> handle_recovering();
  Result<State> handle_recognising();
  Result<State> handle_finishing();
  Result<State> handle_choosing();
  Result<State> handle_beginning();
  Result<State> handle_continuing();
  Result<State> handle_fetching();
  Result<State> handle_streaming();
  Result<State> handle_restarting();
  Result<State> handle_publishing();

  Result<Outcome> run_states();
  static Result<State> after(Result<void> step, State next);
  State end_with(Report);
  Error give_up(Error);
  Result<Outcome> skip_if_there(Error) const;
  Result<Recovered> recover_files();
  Result<bool> is_what_was_asked_for(const Published&);
  Result<void> check_published(Published&, std::uint64_t size);
  Result<bool> has_whole_stream();
  Result<JournalIdentity> plan(const Response&) const;
  Result<void> begin(const JournalIdentity&);
  Report report(std::filesystem::path output) const;
  // Of a file that it has not made.
  Report report_of_other(std::filesystem::path output) const;
  Error final_error(Error) const;

  TaskContext task_;
  Version version_;
  Decoding decoding_{task_};
  Adoption adoption_{task_};
  std::shared_ptr<OpenDirectory> directory_;  // until its files are recovered
  std::unique_ptr<Published> published_;      // by an earlier run
  std::unique_ptr<OutputFile> output_file_;   // from choosing on
  std::optional<Error> change_;               // why it restarts
  std::optional<Resource> in_pieces_;         // the version that could not be fetched so, and is to come in one
  std::optional<Outcome> outcome_;
};

}  // namespace segdl::engine
