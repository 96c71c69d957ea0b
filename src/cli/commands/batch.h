// Several downloads through one session: the URLs of the command line, then those of a list, begun as they come.
//
// The session is handed a window of them at a time, wider than the number of jobs, so that small files follow each
// other without gaps; so a list of any length takes as much memory as the window and 11 to 22 bytes a line, and as many
// again where --overwrite, --skip-existing or --update would hide that two lines have one name. A URL that is listed
// twice, and whose file would have the same name, is one download. One thread: it begins, concludes, shows, and
// takes the signals, at none of which it waits for a download, for the list, or longer than kLook.
#pragma once

#include "cli/commands/list_file.h"
#include "cli/commands/name_set.h"
#include "cli/display/draw.h"
#include "cli/display/json_report.h"
#include "cli/display/show.h"
#include "cli/display/speed.h"
#include "cli/display/tally.h"
#include "cli/options/on_end.h"
#include "cli/options/options.h"

#include <segdl/session.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace segdl::cli {

class Batch final {
 public:
  // REQUIRES: all outlive it. `list` and `json` may be null.
  Batch(Session&, const FetchCommand&, ListFile* list, JsonReport* json = nullptr);

  // Until all have ended or a signal came; the exit code.
  int run();

 private:
  // What is to be downloaded, and where that is written.
  struct Entry {
    std::string list_line = {};  // FILE:LINE; empty: on the command line
    std::string url = {};
    std::string name = {};
    std::string problem = {};
    std::uint64_t number = 0;  // among all that were taken, from 1 on
  };
  struct Download {
    Task task;
    Entry entry;
    std::string output;
    bool named;                                 // before the server was asked
    std::string told = {};                      // the latest note that was shown
    bool under_way = false;                     // when the interruption came
    std::optional<Speed> speed = std::nullopt;  // since it was first seen under way
    Display::Moment seen = {};                  // and that was when
  };

  struct UnderWay {
    std::uint64_t id;
    Progress progress;
  };

  std::optional<Entry> next_entry();
  bool sources_ended() const;

  bool begin_some();
  void begin(Entry);
  void repeated(const Entry&, const std::string& output);
  std::optional<Error> name_refused(const std::string& output);
  bool is_in_use(const std::string& output) const;
  std::string other_of(const std::string& output) const;
  Error two_of_one_name(const std::string& output, std::string reason) const;

  void conclude_some(std::chrono::milliseconds);
  void conclude(std::uint64_t id);
  void conclude_done(const Download&, const Report&);
  void conclude_failed(const Download&, const Error&);
  bool is_under_way_here(const std::string& output) const;
  bool came_in_this_run(const std::string& output) const;
  void fail(const Entry&, const Error&, const std::string& output = {});

  void show();
  std::vector<FileView> views(std::vector<UnderWay>);
  void tell_notes();
  wire::Subject subject(const Entry&, const std::string& output) const;
  wire::Subject subject(const Download&) const;
  void tell_events();
  void tell_abandoned();
  void tell_note(const Download&, const std::string& note);
  BatchProgress progress(std::vector<UnderWay>&) const;

  int interrupt(int code);
  void cancel_all();
  void wait_for_the_cancelled();
  bool publishing() const;
  std::string interrupted_line() const;
  void sum_up();

  using Moment = std::chrono::steady_clock::time_point;

  Session& session_;
  const FetchCommand& command_;
  ListFile* list_;
  JsonReport* json_;
  std::size_t window_;
  bool tells_each_;
  Moment begun_;
  ::timespec begun_at_{};  // by the clock of the files' times

  std::size_t next_url_ = 0;
  std::unordered_map<std::uint64_t, Download> downloads_;  // begun and not concluded, by id
  std::unordered_map<std::string, std::uint64_t> active_;  // their names
  NameSet begun_urls_ = {};                                // all so far, each with the name of its file
  std::optional<NameSet> names_ = std::nullopt;            // all names so far, if they are needed
  std::optional<Error> fatal_ = std::nullopt;              // what every download would fail of
  std::uint64_t received_ = 0;                             // by those concluded
  bool interrupted_ = false;
  std::uint64_t kept_ = 0;  // under way when interrupted, and not done
  bool cut_short_ = false;  // something was left undone by the interruption
  Moment notes_due_;
  Moment events_due_;
  Tally tally_;
  OnEnd on_end_;
  Display display_;
  Speed speed_;
};

}  // namespace segdl::cli
