// Many downloads of one session, from a list of any length.
//
//   segdl::Session session;
//   segdl::BatchOptions options;
//   options.request.directory = "/srv/mirror";
//   options.items = {{.url = "https://example.org/a"}, {.url = "https://example.org/get?id=7", .name = "seven.pdf"}};
//   segdl::Batch batch(session, std::move(options), {&listener});
//   while (batch.step(std::chrono::milliseconds(100))) {
//     if (stop) batch.cancel();
//   }
//
// Rules for the items of one batch:
// - An item whose URL and name an earlier one has is not downloaded again: Listener::on_repeated().
// - Two items never write to one name, nor one to a file that goes with the other (x and x.part): the second fails with
//   Cause::exists, as does one that the server gives the name of another.
// - With Existing::skip, a regular file that exists without a journal is skipped without a request.
// - What would fail for every item, such as a directory that does not exist, is reported once and ends the batch.
// A batch of a single item, without a source of more, is a download like any other: these rules do not apply to it.
//
// Memory is that of the window, and 11 to 22 bytes for each item; as many again unless the request has
// Existing::refuse. URLs and names are compared by 64 bits of hash: of a million items two different ones are taken
// for one with a chance of one in thirty million, and then one of them is not downloaded, which is reported.
#pragma once

#include <segdl/checksum_list.h>
#include <segdl/error.h>
#include <segdl/event.h>
#include <segdl/progress.h>
#include <segdl/request.h>
#include <segdl/session.h>
#include <segdl/task.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace segdl {

// One download of a batch. A plain value.
struct Item {
  std::string url = {};
  std::string name = {};       // of the file, inside Request::directory; empty: made from the URL
  std::string list_line = {};  // where it is written, for messages: "list.txt:17"; empty: in no list
  std::string problem = {};    // why it can't be used: it fails with Cause::usage; empty: it can

  // Set by the batch.
  std::uint64_t number = 0;           // from 1 on, in the order in which they were taken; 0: the batch as a whole
  std::filesystem::path output = {};  // where the file goes; empty: not known, or there is a consumer
  bool owns_output = false;           // it was begun, and no other item has the name
};

// Where items come from. Used by one thread, that of its batch.
class ItemSource {
 public:
  virtual ~ItemSource() = default;
  // The next item, if there is one already. nullopt: none yet, or none any more. Does not wait.
  // Errors: it can't be read any further, and has ended.
  virtual Result<std::optional<Item>> next() = 0;
  // True once next() has returned nullopt or an error, and no item will follow.
  virtual bool ended() const = 0;
  // Waits until there may be another item, up to `timeout`.
  virtual void wait(std::chrono::milliseconds timeout) = 0;
};

// Opens a list, which is read while the downloads run, as it is written: a file, a pipe, or "-" for standard input.
//
//   # comment
//   https://example.org/movie.mkv
//   https://example.org/get?id=7<TAB>seven.pdf
//
// One URL a line, without blanks in it, and after a TAB, where it is wanted, the name of the file: one component.
// Blanks around both are ignored, as are empty lines, lines that begin with '#', a carriage return before the end of a
// line, and a byte order mark before the first. The last line may lack its end. A line that can't be used is an item
// with its `problem`.
// Errors: Cause::local. The path "-" never fails here.
Result<std::unique_ptr<ItemSource>> open_list(const std::filesystem::path& path);

struct BatchOptions {
  Request request = {};                     // for every item, with the item's URL, name and checksum
  std::vector<Item> items = {};             // taken first
  std::unique_ptr<ItemSource> more = {};    // then those of this; null: no more
  const ChecksumList* checksums = nullptr;  // which must have one for each file; null: Request::checksum. Outlives it
  std::size_t window = 512;                 // the maximum number of downloads in the session at a time, queued ones too
  std::chrono::milliseconds progress_interval{0};  // between calls of on_progress() for one item; 0: no calls
};

// What became of the items.
struct BatchTally {
  std::uint64_t seen = 0;       // taken so far
  std::uint64_t done = 0;       // published in this run
  std::uint64_t skipped = 0;    // existed already (Existing::skip)
  std::uint64_t unchanged = 0;  // existed, and are what the server has (Existing::update)
  std::uint64_t repeated = 0;   // have the URL and name of an earlier one
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;                        // by Batch::cancel()
  std::uint64_t bytes = 0;                            // of the files done
  std::uint64_t fetched = 0;                          // of those, received in this run
  std::optional<Cause> first_failure = std::nullopt;  // of the first to fail
};

// A download that was begun and has not ended. Its pointers are valid until the next call of Batch::step().
struct ActiveItem {
  const Item* item;
  const Task* task;
  Progress progress;
};

// A moment of a batch.
struct BatchProgress {
  std::uint64_t fetched = 0;                          // body bytes received in this run, by all
  std::optional<std::uint64_t> items = std::nullopt;  // how many there are; unknown until the source has ended
  std::vector<ActiveItem> active = {};                // those at work, not those queued; in the order of their numbers
};

// What a batch reports, as it happens: by the thread that calls Batch::step(), during the call.
// A function must not call the batch, except for tally() and progress(), nor throw.
class Listener {
 public:
  virtual ~Listener() = default;
  // It was handed to the session. An item that can't be used only ends.
  virtual void on_begin(const Item&) {}
  // With Request::events.
  virtual void on_event(const Item&, const Event&) {}
  // While it is at work, as often as BatchOptions::progress_interval, and at most every 40 ms.
  virtual void on_progress(const Item&, const Progress&) {}
  // It is a repetition, and ends with that: the result is reported for the first.
  virtual void on_repeated(const Item&) {}
  // Its end, after all of its events. With a number of 0: of the batch, if Batch::error() is set, or of its source.
  // Existed already: Report::skipped, with `output`. After cancel(): Cause::cancelled.
  virtual void on_end(const Item&, const Result<Report>&) {}
};

// Not thread-safe, except that its session may be used elsewhere, but for Session::next_ended(): that is the batch's.
class Batch {
 public:
  // REQUIRES: the session, the listeners and the list of checksums outlive it.
  Batch(Session& session, BatchOptions options, std::vector<Listener*> listeners = {});
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  // Cancels what is running, and waits for its end, as ~Task() does. Reports nothing.
  ~Batch();

  // Begins downloads, waits up to `timeout` for one to end, and reports what has happened. Returns earlier if one ends.
  // Returns false once all have ended and no item is left, or error() is set.
  bool step(std::chrono::milliseconds timeout);

  // Requests all downloads to end, and begins no more. step() reports their ends.
  void cancel();

  // Calls step() until it returns false; cancel() once a stop is requested. Returns tally(), or error().
  Result<BatchTally> run(const std::stop_token& stop = {});

  // Reports all that have not ended as cancelled, without waiting: for a process that exits next.
  // Afterwards the batch may only be destroyed.
  void abandon();

  const BatchTally& tally() const;
  BatchProgress progress() const;
  // How many downloads are in the session: begun or queued, and not ended.
  std::size_t unfinished() const;

  // What ended the batch, because every item would fail with it.
  const std::optional<Error>& error() const;

 private:
  struct [[gnu::visibility("hidden")]] State;
  std::unique_ptr<State> state_;
};

}  // namespace segdl
#pragma GCC visibility pop
