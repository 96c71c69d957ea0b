// What many downloads share: connections, trust, name look-ups, limits.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

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
  std::chrono::milliseconds timeout{15'000};          // for the head of a response, and between two bytes of a body
  std::chrono::milliseconds max_time{0};              // for a whole download; 0: none
  std::uint64_t min_speed = 1024;  // bytes/s over 30 s, below which a connection is given up; 0: none
  unsigned retries = 5;            // in a row without a byte of progress
};

// Owns what downloads share. Many sessions may live in one process. Destroying a session cancels its tasks; every Task
// must be destroyed before its Session. Thread-safe.
class Session {
 public:
  explicit Session(SessionOptions = {});

  // With a world of its own instead of the system's; for tests.
  explicit Session(std::unique_ptr<engine::SessionState>);

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  // Starts a download. Fails at once, with Cause::usage, only if the request itself is wrong; everything else is told
  // by the task.
  Result<Task> download(Request);

 private:
  std::unique_ptr<engine::SessionState> state_;
};

// One download in a session of its own. Returns when it has ended.
Result<Report> download(Request, SessionOptions = {});

}  // namespace segdl
