// Commands that are run when a download has ended: --on-done and --on-error.
//
// Each is a program and its arguments, to which the file's path is added; no shell is asked. They run beside the
// downloads, as many in parallel as downloads may, with standard error for both outputs, since standard output carries
// data, and nothing to read. Used by one thread.
#pragma once

#include "cli/options/options.h"

#include <segdl/batch.h>

#include <sys/types.h>

#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace segdl::cli {

class OnEnd final : public Listener {
 public:
  // Errors are printed by `print`. REQUIRES: the command outlives it.
  OnEnd(const FetchCommand&, std::function<void(const std::string&)> print);
  OnEnd(const OnEnd&) = delete;
  OnEnd& operator=(const OnEnd&) = delete;

  // Starts what is to be run, or queues it. Not for files that were there, nor for what was never begun, or has the
  // name of another download.
  void on_end(const Item&, const Result<Report>&) override;

  // Takes note of commands that have ended, and starts those that are queued.
  void look();

  // Waits for all of them, and stops as Ctrl-Z asks. A signal that ends the command ends that, too, and they are left
  // alone. What the command ends with: `code`, or 1 instead of 0 if one of --on-done failed, or the code of the signal.
  int finish(int code);

  // The same after the command was interrupted: nothing is waited for, and it is printed for how many files nothing was
  // started. What the command ends with: as finish() if all have ended, else `interrupted`.
  int abandon(int code, int interrupted);

 private:
  struct Job {
    std::vector<std::string> words;
    std::string code;  // empty: done
  };

  void add(const std::vector<std::string>& words, const std::filesystem::path& output, std::string code);
  void start(Job);
  void went_wrong(const Job&, const std::string& what);

  const FetchCommand& command_;
  const std::function<void(const std::string&)> print_;
  std::deque<Job> waiting_;
  std::map<::pid_t, Job> running_;
  bool failed_ = false;  // one of --on-done
};

}  // namespace segdl::cli
