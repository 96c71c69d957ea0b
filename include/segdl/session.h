// What many downloads share: threads, connections, trust, name look-ups, limits, and what was learned of each host.
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

namespace engine {
struct SessionState;
}

struct SessionOptions {
  std::string user_agent = {};                        // empty: "segdl/VERSION"
  std::filesystem::path ca_file = {};                 // PEM; empty with ca_path empty: the system's store
  std::filesystem::path ca_path = {};                 // a directory of hashed certificates
  bool insecure = false;                              // accept any certificate; the report says so
  std::chrono::milliseconds connect_timeout{15'000};  // names, all addresses, TLS handshake together
  // For the head of a response, and between two bytes of a body. Left out: 60 s for the first response of a download,
  // which may have to be brought from cold storage, and 30 s from then on.
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
  std::chrono::milliseconds max_time{0};  // for a whole download once it has begun; 0: none
  // bytes/s over 30 s, below which a connection is given up; 0: none. A slow line is no dead one: a connection that is
  // far slower than the others of its download is given up whatever this says.
  std::uint64_t min_speed = 16;
  // When a download gives up: after so many failures in a row without progress (4 KiB that are new, and an eighth of
  // what came, or a segment), or before the first try that would begin so long after the first of them. Requests that
  // were under way together and all failed are one. Both left out: a server that has never answered is given up after
  // 5, which are some 7 s; one that has, after 2 minutes of trying. kRetriesWithoutEnd, and a time of 0: no such limit.
  std::optional<unsigned> retries = std::nullopt;
  std::optional<std::chrono::milliseconds> retry_max_time = std::nullopt;

  // Read once, when the session is made, and never written. A name and password of the netrc file go to its host, on
  // whatever port, and so do those for the host that a redirect leads to; what a Request brings counts more. Others
  // than its owner must not be able to write it. Cookies (in the form called cookies.txt) join those that servers set
  // in this session: all live in memory, and each goes to the hosts that it belongs to.
  std::filesystem::path netrc_file = {};
  std::filesystem::path cookie_file = {};

  // In PEM; the key may be in the certificate's file, and must need no passphrase. Shown to the origin of a Request's
  // URL when it asks, and to no other that a redirect leads to.
  std::filesystem::path client_certificate = {};
  std::filesystem::path client_key = {};

  // In use at once to one host, by all downloads together, at most; 0: as many as make it faster, up to
  // kMostAutomaticConnections. Reached by and by, and left when the host refuses. To all hosts together no more than
  // this or twice `jobs`, whichever is greater.
  unsigned connections = 0;

  // Downloads under way at once; what was started beyond that waits its turn. Those that wait for a host that does not
  // answer let as many of other hosts pass. 1 to 1,000,000; what is beyond counts as that.
  unsigned jobs = 8;
  std::uint64_t limit_rate = 0;  // bytes/s of body, all downloads together; 0: none

  NetworkOptions network = {};  // proxies, and which addresses
};

// As SessionOptions::retries: what may pass is tried again until it has passed, or something ends the download.
inline constexpr unsigned kRetriesWithoutEnd = std::numeric_limits<unsigned>::max();

// The most that SessionOptions::connections should be (no more are kept between requests), and what it is at most when
// left at 0.
inline constexpr unsigned kMostConnections = 1024;
inline constexpr unsigned kMostAutomaticConnections = 64;

// Owns what downloads share: the threads and connections, the limits, trust. Many sessions may live in one process; on
// one output only one of their tasks works, and the others get Cause::busy. Every Task must be destroyed before its
// Session. A Session that was moved from may only be destroyed or assigned to.
//
// Thread-safe, but for moving and destroying it. Its threads come as they are needed, stay until it is destroyed, and
// inherit the signal mask of whoever makes the session or starts a download.
class Session {
 public:
  explicit Session(SessionOptions = {});

  // With a world of its own instead of the system's; for tests.
  explicit Session(std::unique_ptr<engine::SessionState>);

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  // Starts a download, or lets it wait its turn, and returns. Fails at once, with Cause::usage, only if the request
  // itself is wrong, or what the session was made with (files that can't be used, a user agent that can't be
  // sent): then every call does. Everything else is told by the task.
  Result<Task> download(Request);

  // The id of a task that has ended and was not told of by an earlier call; waits for one, at most this long. Nothing
  // if the time is over, or at once if every task there is has been told of. Ids come in the order in which tasks
  // ended, each once, whoever asks; the task's wait() returns at once then. A task whose handle is gone is not told of.
  std::optional<std::uint64_t> next_ended(std::chrono::milliseconds);

  // What a person should know of what the session was made with, although it can be used: lines of the cookie file that
  // are skipped, a netrc file that others may read. Found when it was made, and never changed.
  const std::vector<std::string>& notes() const;

  // Changes SessionOptions::limit_rate for what is read from here on; 0: none. A connection that is waiting because of
  // the limit before waits that out: some milliseconds, or longer the fewer bytes/s that limit was.
  void set_limit_rate(std::uint64_t bytes_per_second);

 private:
  std::unique_ptr<engine::SessionState> state_;
};

// One download in a session of its own. Returns when it has ended; errors as Session::download() and Task::wait().
Result<Report> download(Request, SessionOptions = {});

}  // namespace segdl
