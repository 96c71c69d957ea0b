// Reports a batch to a program, with --json: one object a line on standard output, as it happens (doc/json.md).
//
// Each line is written as soon as it is there. A reader that is slow is waited for, but for progress, which is left
// out; once a signal has come, not even that. If standard output can't be written at all, the command ends as if it had
// been interrupted, with exit code 7: its reader is gone. Used by one thread.
#pragma once

#include "cli/display/speed.h"
#include "cli/options/options.h"
#include "wire/objects.h"

#include <segdl/batch.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace segdl::cli {

inline constexpr std::chrono::seconds kJsonProgressInterval{1};

class JsonReport final : public Listener {
 public:
  // Writes the first line. REQUIRES: the command outlives it.
  explicit JsonReport(const FetchCommand&);

  // What is to be known of the whole command.
  void note(const std::string& text);

  void on_event(const Item&, const Event&) override;
  void on_progress(const Item&, const Progress&) override;
  void on_repeated(const Item&) override;
  // One that was cancelled while it was queued is not reported.
  void on_end(const Item&, const Result<Report>&) override;

  // From here on what is cancelled ends with this exit code, and a reader is not waited for.
  void interrupt(int exit_code);

  // The last line, once. The code the command ends with: this one, or if not all could be written, kLocal for 0.
  int end(int exit_code);

  // Standard output can't be written; that has been reported.
  bool broken() const { return broken_; }

 private:
  void done(const Item&, const Report&);
  void failed(const Item&, const Error&, bool started);
  void write(const std::string& line);

  const FetchCommand& command_;
  std::unordered_map<std::uint64_t, Speed> speeds_;  // of those that have started, by number
  wire::Summary summary_;
  std::chrono::steady_clock::time_point begun_;
  int interrupted_code_ = 0;
  bool broken_ = false;
  bool given_up_ = false;  // nothing is read, and it is time to end
  bool ended_ = false;
};

}  // namespace segdl::cli
