// What many downloads share: threads, connections, trust, name lookups, limits, and what was learned about each host.
#pragma once

#include <segdl/error.h>
#include <segdl/network.h>
#include <segdl/task.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace segdl {

class Session;

namespace engine {
struct SessionState;
Session session_of(std::unique_ptr<SessionState> state);
}  // namespace engine

}  // namespace segdl

#pragma GCC visibility push(default)
namespace segdl {

struct SessionOptions {
  std::string user_agent = {};                        // empty: "segdl/VERSION"
  std::filesystem::path ca_file = {};                 // PEM; empty with ca_path empty: the system's store
  std::filesystem::path ca_path = {};                 // a directory of hashed certificates
  bool insecure = false;                              // accept any certificate: Report::insecure
  std::chrono::milliseconds connect_timeout{15'000};  // name lookup, all addresses and TLS handshake together
  // For the head of a response, and between two bytes of a body.
  // nullopt: 60 s for the first response of a download, which may come from cold storage, and 30 s afterwards.
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
  std::chrono::milliseconds max_time{0};  // for a whole download from its start; 0: none
  // A connection slower than this over 30 s, in bytes/s, is closed and its request retried; 0: no limit.
  // One that is far slower than the others of its download is closed regardless.
  std::uint64_t min_speed = 16;
  // Consecutive failures before giving up, and the time from the first of them after which no retry begins.
  // Progress resets both: a segment, or 4 KiB of new data that are an eighth of what was received.
  // Concurrent requests that all fail count as one failure.
  // Both nullopt: a server that has never answered is given up after 5 failures, some 7 s; another one after 2 minutes.
  // kUnlimitedRetries, and a time of 0: no such limit.
  std::optional<unsigned> retries = std::nullopt;
  std::optional<std::chrono::milliseconds> retry_max_time = std::nullopt;

  // Both files are read once, when the session is created, and never written.
  // The netrc file: a name and password are sent to their host, on any port, also after a redirect to it.
  // Request::credentials take precedence. The file must be writable by its owner only.
  // The cookie file, in the format called cookies.txt: its cookies join those that servers set in this session. All are
  // kept in memory, and each is sent to the hosts it belongs to.
  std::filesystem::path netrc_file = {};
  std::filesystem::path cookie_file = {};

  // In PEM. The key may be in the certificate's file, and must not need a passphrase.
  // Sent to the origin of a Request's URL if it asks, and to no other origin that a redirect leads to.
  std::filesystem::path client_certificate = {};
  std::filesystem::path client_key = {};

  // The maximum number of simultaneous connections to one host, by all downloads together.
  // 0: as many as make it faster, up to kMaxAutoConnections.
  // Ramped up gradually and reduced when the host refuses.
  // The limit for all hosts together is this or twice `jobs`, whichever is greater.
  unsigned connections = 0;

  // The maximum number of downloads running simultaneously; the rest are queued. 1 to 1,000,000, else the nearest.
  // A download that waits for a host that does not answer lets one of another host run.
  unsigned jobs = 8;
  std::uint64_t limit_rate = 0;  // bytes/s of body, all downloads together; 0: none

  NetworkOptions network = {};  // proxies, and which addresses
};

// For SessionOptions::retries: a transient fault is retried until it has passed, or something else ends the download.
inline constexpr unsigned kUnlimitedRetries = std::numeric_limits<unsigned>::max();

// The largest useful SessionOptions::connections: no more are kept alive between requests. And the limit if it is 0.
inline constexpr unsigned kMaxConnections = 1024;
inline constexpr unsigned kMaxAutoConnections = 64;

// Owns what downloads share: the threads and connections, the limits, trust.
//
// A process may have many sessions. Only one task works on an output at a time; others fail with Cause::busy.
// Every Task must be destroyed before its Session.
// A Session that was moved from may only be destroyed or assigned to.
//
// Thread-safe, except for moving and destroying it.
// Its threads are created on demand, run until it is destroyed, and inherit the signal mask of the thread that creates
// the session or starts a download.
class Session {
 public:
  explicit Session(SessionOptions options = {});

  Session(Session&& other) noexcept;
  Session& operator=(Session&& other) noexcept;
  ~Session();

  // Starts or queues a download and returns without waiting.
  // Errors: Cause::usage, if the request is invalid, or the session's options are (a file that can't be used, a user
  // agent that can't be sent), in which case every call fails. Every other error is the task's: Task::wait().
  Result<Task> download(Request request);

  // Waits up to `timeout` for a task to end and returns its id.
  // Each ended task is returned exactly once, by one of the threads that call this, in completion order. Its wait()
  // then returns immediately. Returns nullopt on timeout, or immediately if no task is left to report: a suspended
  // one is left. A task whose handle was destroyed is not reported.
  std::optional<std::uint64_t> next_ended(std::chrono::milliseconds timeout);

  // Warnings about the options the session was created with: skipped lines of the cookie file, a netrc file that others
  // may read. Never changes.
  const std::vector<std::string>& notes() const;

  // Changes SessionOptions::limit_rate for all further reads; 0: none.
  // A connection that is waiting because of the old limit completes that wait: some milliseconds, longer for a low
  // limit.
  void set_limit_rate(std::uint64_t bytes_per_second);

 private:
  friend Session engine::session_of(std::unique_ptr<engine::SessionState> state);
  explicit Session(std::unique_ptr<engine::SessionState> state);

  std::unique_ptr<engine::SessionState> state_;
};

// Runs one download in a session of its own, and returns when it has ended.
// Errors: those of Session::download() and Task::wait().
Result<Report> download(Request request, SessionOptions options = {});

}  // namespace segdl
#pragma GCC visibility pop
