// One download: what to fetch and where to, how far it is, and what came of it.
#pragma once

#include <segdl/checksum.h>
#include <segdl/error.h>
#include <segdl/event.h>
#include <segdl/range.h>
#include <segdl/segment_map.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace segdl {

// One header field sent with every request to the origin it was given for, and to no other (RFC 9110 section 15.4: a
// client that follows redirects must not leak credentials). Names and values with CR, LF or NUL are refused.
struct Header {
  std::string name;
  std::string value;
};

// A name and password, bound to the origin of the request's URL. A server that asks for Digest (RFC 7616) is answered
// with that, another one with Basic (RFC 7617). Over https Basic is sent without being asked for; over http only if a
// server asks for it, or answers without asking.
struct Credentials {
  std::string user;
  std::string password;
};

// When data is forced to disk, and so what the death of the machine costs. The death of the process costs the same
// under each: nothing that was committed.
enum class Sync : std::uint8_t {
  interval,  // a checkpoint every second or 64 MiB, less often where that took more than 5 % of the time, and before
             // the output appears (the default): a power cut costs what was written since
  end,       // only before the output appears: a power cut costs the whole transfer of this run
  none,      // never: after a power cut the output may be wrong or missing
};

// What becomes of a file that has the output's name already. A foreign one under another of our names always stays.
enum class Existing : std::uint8_t {
  refuse,   // the download fails with Cause::exists, and the file stays as it is (the default). An empty one gives way
            // as with `replace`, unless another user may have planted it, or this session has published it
  skip,     // a regular file counts as done, whatever is in it, unless its journal says otherwise: Report::skipped
  replace,  // it stays until the new one is complete, which takes its name, its mode and its owner
  // It is compared, and replaced only if it is not what the server has: Report::unchanged. With a checksum by that,
  // without a request. Else by what an earlier download has kept with the file, if that still has the size and the time
  // that it had then, and comes from the same URL, its secrets included: a strong ETag, which the server is asked about
  // (If-None-Match), or a strong date. Else, of any other file, the size and the time, which must be just those that
  // the server tells: all others are fetched again. So is what was changed here, which is lost, and everything with
  // Request::decode. The file gets the time that the server says it has, if that is one that tells versions apart, as
  // with `remote_time`.
  update,
};

// A download to make. Copied by Session::download(); nothing in it is kept on disk but the URL without secrets.
//
// Until the output appears, whole, its bytes are in NAME.part, and NAME.segdl says which of them are there. The death
// of the process at any instant costs at most the segment being received on each connection and what the sockets held;
// that of the machine also what `sync` allows. The same request continues. A resource of at most one segment has no
// NAME.segdl: it is there whole or not at all. One without ranges, or of unknown size, is begun again.
struct Request {
  std::string url = {};                   // http or https; may carry userinfo
  std::filesystem::path directory = ".";  // where the output goes
  // A name inside `directory`; empty: the URL's last component, as it is but for what can't be in a name. If a name
  // given here leads to a pipe, a terminal or another character device, that gets the bytes in order, as `consumer`
  // does, and stays what it is, whatever `existing` says; a pipe's reader is waited for. Nothing but a regular file,
  // or a link to one or to nothing, is ever replaced.
  std::string output = {};
  bool create_directories = true;  // what is missing of `directory` is made, as the umask says, and synced
  std::vector<Header> headers = {};
  // Of those that segdl sends by itself: User-Agent, Accept, Cookie, Referer, Authorization. No host gets them.
  std::vector<std::string> omitted_headers = {};
  std::optional<Credentials> credentials = std::nullopt;
  std::string referer = {};        // a URL to be sent as Referer, without userinfo and fragment, unless a header is
  std::uint64_t segment_size = 0;  // a power of two, 16 KiB to 16 MiB; 0: chosen from the size, from 64 KiB on
  Sync sync = Sync::interval;
  Existing existing = Existing::refuse;
  bool resume = true;  // false: what an earlier run left is set aside and fetched again
  // Believe the end of a connection to be the end of the resource, where neither a length nor TLS tells. What a
  // download of the same URL without it has kept is published then, without a request.
  bool accept_unframed = false;
  bool events = false;  // keep what happens for Task::take_events()

  // Let the server name the file: by the first response's Content-Disposition (RFC 6266), made safe; without one as if
  // this were not set. Then the output's lock is taken behind that response, not before it. `output` goes before it.
  bool remote_name = false;

  // Give the output the time of the resource's Last-Modified, if that is a date since 1970 that is not in the future.
  // It is not forced to disk, and not set where everything was there already and nothing had to be asked for. A file
  // system that can't is a note in the report.
  bool remote_time = false;

  // Undo a content coding (Content-Encoding: gzip, deflate, br, zstd, at most three of them) that comes though none was
  // asked for, and publish the content. All else is of the resource as it was sent: sizes, progress, what is continued
  // after a death, and `checksum`. The codings that the output's name has as well stay: "f.tar.gz" gets what gzip made,
  // and "f.tar" the content. Decoding is done once everything is here, in one pass, in at most 128 MiB of memory for
  // each coding; for a consumer and a pipe on the way. What can't be decoded, is cut, or has something behind its end
  // is Cause::integrity: nothing is published, and what was sent stays for the same request without this. A coding that
  // is not known is that as well, before anything is fetched. Without a coding this does nothing.
  bool decode = false;

  // What all of it must hash to, as it was sent. If it does not, the download fails with Cause::integrity and nothing
  // is published. The same request then fetches all of it again; one that expects something else, or nothing, continues
  // from it. The digest is computed while the download runs, by a thread beside the others.
  std::optional<Checksum> checksum = std::nullopt;

  // A file that another tool has left of the same resource, whole or in part: what it has of it, in whole segments, is
  // copied and not fetched, if the server serves ranges. Only `checksum`, which must be given, tells whether those
  // bytes are the resource's: if all of it does not hash to that, they are given up and fetched, in the same run. The
  // file itself is only read, and stays, unless it is the output: with Existing::refuse that counts as `update`. A
  // download that was begun without it goes on without it. A path as seen from the working directory; empty: none.
  std::filesystem::path adopt = {};

  // Before the output appears, read all of it back and compare it with what arrived: segments with the hashes that were
  // made of them, at the speed of the page cache, a thread for each processor. What was changed meanwhile, by another
  // program or the disk, is fetched again; if it changes time and again the download fails with Cause::integrity.
  // Without this, that is done only if there is a trace of it: the file was shorter or longer than it should be, has
  // holes or a second name. Bytes replaced in place leave none.
  bool verify = false;

  // If set, gets the bytes of the resource in order, each once, over one connection, and nothing of the download
  // touches a disk: `directory`, `segment_size`, `sync`, `existing`, `resume` and `verify` do not count, and
  // Report::output is empty. Called by one thread at a time, never by the one that started the download, with bytes
  // that are valid during the call; while it takes its time nothing more is read. An error that it returns ends the
  // download with that error. After an interruption the download goes on behind what was given, if a strong validator
  // tells that it is still the same resource; else it fails, unless nothing was given yet. It must not destroy its own
  // Task, nor wait for it. That the checksum is wrong shows when it has been given everything.
  std::function<Result<void>(std::span<const std::byte>)> consumer = {};
};

// The name that the request's file is going to have inside `directory`: `output`, or what is made from the URL,
// whatever the server says later under `remote_name`. Fails as Session::download() does, for a URL or a name that can't
// be used. Starts nothing and looks at no disk.
Result<std::string> output_name(const Request&);

// How sure it is that the output is one version of the resource.
enum class VerifiedTo : std::uint8_t {
  length,            // the server named no strong validator: what it sent is whole, as far as its framing tells
  strong_validator,  // every response carried the same strong ETag or Last-Modified (RFC 9110 section 8.8)
  digest,            // all of it hashes to the request's checksum
};

enum class Phase : std::uint8_t {
  queued,
  starting,
  adopting,
  fetching,
  waiting,
  verifying,
  decoding,
  publishing,
  ended
};

// A moment of a running download. Sizes in bytes.
struct Progress {
  Phase phase = Phase::queued;
  std::filesystem::path output = {};                  // where the file will be
  std::optional<std::uint64_t> total = std::nullopt;  // unknown until the first response, and for some servers always
  std::uint64_t done = 0;      // written, or in a segment being filled; inherited claims included
  std::uint64_t fetched = 0;   // body bytes received in this run
  std::uint64_t reused = 0;    // claims inherited from an earlier run, or adopted, less what was revoked
  std::uint64_t verified = 0;  // of `reused`, how much has been proved again in this run
  unsigned retries = 0;
  unsigned connections = 0;  // that it may use at the moment, whether they are open or not
  std::string note = {};     // what is being waited for or was decided; foreign text in it is escaped
};

// What a finished download did. Sizes in bytes. For a resource of known size: total == fetched + reused - wasted.
struct Report {
  std::filesystem::path output = {};
  std::uint64_t total = 0;
  std::uint64_t fetched = 0;  // body bytes received in this run
  std::uint64_t reused = 0;   // bytes of earlier runs, or of Request::adopt, that were proved and kept
  std::uint64_t revoked = 0;  // the same whose proof failed, or that were given up; they were fetched again
  std::uint64_t wasted = 0;  // body bytes received and thrown away: of hedges, comparisons, versions that were replaced
  unsigned retries = 0;
  unsigned restarts = 0;     // how often the resource changed and was begun again
  unsigned connections = 0;  // the most that it could use at once
  VerifiedTo verified_to = VerifiedTo::length;
  std::optional<Checksum> checksum = std::nullopt;  // the request's, which it hashes to
  // The Content-Encoding of what came, in the order of its application ("gzip", "gzip, br"), though none was asked for;
  // empty: none. The output is as it was sent, unless `decoded` says how many bytes of content were made of it.
  std::string coding = {};
  std::optional<std::uint64_t> decoded = std::nullopt;
  bool rehashed = false;                // before it got its name all of it was read back, and is what arrived
  bool unchanged = false;               // it was there already, and is what the server has: only `total` is told
  bool skipped = false;                 // it was there already, and Existing::skip: nothing else is told of it
  bool insecure = false;                // certificates were not checked
  std::vector<std::string> notes = {};  // what a person should know: "the server does not serve ranges", ...
  // What the file system was found to lack (locks, links, ...), and what was done instead: each once in a session, in
  // the report of whichever download found it.
  std::vector<std::string> workarounds = {};
  std::chrono::nanoseconds elapsed{0};
};

namespace engine {
struct TaskState;
}

// A handle to one download. Move-only; the download belongs to its Session, so dropping the handle cancels it and
// waits for it to end: within 200 ms, unless the output is being published, or a disk or the consumer takes longer.
// Thread-safe, but for moving and destroying it; a handle that was moved from may only be destroyed or assigned to.
class Task {
 public:
  Task(Task&&) noexcept;
  Task& operator=(Task&&) noexcept;
  ~Task();

  // Tells this task from the others of its session.
  std::uint64_t id() const;

  // Waits for the end. Every call gives the same result, which lives as long as the task, wherever its handle is moved.
  const Result<Report>& wait();

  // Waits for the end, at most this long. True when it has ended.
  bool wait_for(std::chrono::milliseconds);

  // Asks the download to end. What is on disk stays and is continued by the same request. Returns at once; wait()
  // then gives Cause::cancelled, or how it ended if that was sooner: an output that is being published is published.
  void cancel();

  // A copy of what is known at this moment; cheap enough to be asked for many times a second.
  Progress progress() const;

  // What happened since the last call, oldest first; each event is given once, whoever asks. Nothing unless
  // Request::events asked for it. After the end one more call gives the rest. At most kMostEvents are kept in between.
  std::vector<Event> take_events();

  // Where its segments are at this moment, in at most this many cells, and no more than there are segments. Empty while
  // it is not fetching in segments: before the first response, once it is being published, and for resources that are
  // small or come as a stream. Costs some microseconds, O(cells * log(segments) + connections), and the download waits
  // no longer than that; where a cell has more than a few runs of missing segments its counts are estimated.
  SegmentMap map(std::size_t cells) const;

 private:
  friend class Session;
  explicit Task(std::unique_ptr<engine::TaskState>);
  std::unique_ptr<engine::TaskState> state_;
};

}  // namespace segdl
