// What a user sees of a batch, on standard error: how far it is, what has ended and how, and a summary.
//
// A batch of a single download is shown as that: its line and its map, its end as soon as it is there, no summary.
// Used by one thread.
#pragma once

#include "cli/display/show.h"
#include "cli/display/speed.h"
#include "cli/options/options.h"

#include <segdl/batch.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace segdl::cli {

class Console final : public Listener {
 public:
  // REQUIRES: the command outlives it.
  explicit Console(const FetchCommand&);

  // How far it is, if it is time to show that. To be called every kPollInterval.
  void show(const Batch&);
  // A message about the end of a download, or of what is run then.
  void print(const std::string& text);
  // Before the batch is cancelled because of a signal.
  void interrupt(const Batch&);
  // The lines are taken away; the summary, where there is one.
  void finish(const Batch&);
  // The last line after an interruption that has left something undone. REQUIRES: interrupt() was called.
  std::string interrupted_line(const Batch&) const;

  void on_begin(const Item&) override;
  void on_progress(const Item&, const Progress&) override;
  void on_repeated(const Item&) override;
  void on_end(const Item&, const Result<Report>&) override;

 private:
  // An item that was begun.
  struct Followed {
    std::vector<std::string> notes = {};        // that were printed
    std::optional<Speed> speed = std::nullopt;  // since it was first seen at work
    Display::Moment seen = {};                  // and that was when
  };

  void show_single(const ActiveItem&, const std::optional<Look>&);
  std::vector<FileView> views(const BatchProgress&);
  std::string note_line(const Item&, const std::string& note) const;
  void print_done(const Item&, const Report&, const Followed&);
  void print_failed(const Item&, const Error&);

  const FetchCommand& command_;
  bool single_;
  bool reports_each_;
  std::chrono::steady_clock::time_point begun_;
  std::unordered_map<std::uint64_t, Followed> followed_;  // by number
  std::vector<std::string> first_failures_;
  std::unordered_set<std::uint64_t> kept_;  // at work when it was interrupted, and not done
  std::filesystem::path output_;            // of the single download
  Display display_;
  Speed speed_;
};

}  // namespace segdl::cli
