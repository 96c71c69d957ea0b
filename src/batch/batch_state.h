// A batch: its items, the downloads that it has in the session, and what became of the others.
//
//   entries ──> begin ──> session ──> conclude ──> listeners
//                 │ names: refused, repeated         │ two of one name, seen only at the end
//                 └────────────> end, fail <─────────┘
//
// The session is handed a window of downloads, wider than the number it runs, so that small files follow each other
// without gaps. One thread, which waits for no single download, nor for the source of items while there are any.
#pragma once

#include "batch/entries.h"
#include "batch/names.h"

#include <segdl/batch.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace segdl {

struct Batch::State {
  using Moment = std::chrono::steady_clock::time_point;

  struct Download {
    Task task;
    Item item;
    std::string name;
    bool named;  // before the server was asked
    Moment due;  // of on_progress()
  };

  State(Session&, BatchOptions, std::vector<Listener*>);

  // True if there may be more to begin without a wait.
  bool begin_some();
  // Waits up to `timeout` for what has ended, or for something to begin.
  void conclude_some(std::chrono::milliseconds timeout);
  // Events and progress, if it is time.
  void report();
  void report_events(Download&);
  // The end of an item that did not fail.
  void end(const Item&, const Result<Report>&);

  Session& session;
  BatchOptions options;
  std::vector<Listener*> listeners;
  batch::Entries entries;
  batch::Names names;
  ::timespec begun_at{};                                    // by the clock of the files' times
  std::unordered_map<std::uint64_t, Download> downloads{};  // begun and not concluded, by id
  std::uint64_t received = 0;                               // by those concluded
  Moment report_due{};
  BatchTally tally{};
  std::optional<Error> error = std::nullopt;
  bool looked = false;  // at the directory
  bool cancelled = false;

 private:
  void begin(Item);
  void conclude(std::uint64_t id);
  void conclude_done(Download&, const Report&);
  void conclude_failed(Download&, const Error&);
  bool is_running(const std::string& name) const;
  bool appeared_in_this_run(const std::filesystem::path& output) const;
  void report_progress(Download&, Moment now);
  void fail(const Item&, const Error&);
  void fail_shared(Item&, const std::string& name, std::string reason);
  void end_all(const Error&);
};

}  // namespace segdl
