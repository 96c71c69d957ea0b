// How far a download is, and its result.
//
// Thread-safety: plain values.
#pragma once

#include <segdl/checksum.h>
#include <segdl/hint.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace segdl {

// What proves that the output is one version of the resource.
enum class VerifiedTo : std::uint8_t {
  length,            // no strong validator: the response was complete, as far as its framing shows
  strong_validator,  // every response had the same strong ETag or Last-Modified (RFC 9110 section 8.8)
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
  suspended,  // until Task::resume()
  ended
};

// A moment of a running download. Sizes in bytes.
struct Progress {
  Phase phase = Phase::queued;
  std::filesystem::path output = {};                  // where the file will be
  std::optional<std::uint64_t> total = std::nullopt;  // unknown until the first response, and for some servers always
  std::uint64_t done = 0;      // written, or in a segment being filled; inherited claims included
  std::uint64_t fetched = 0;   // body bytes received by this task
  std::uint64_t reused = 0;    // claims inherited from an earlier task, or adopted, less what was revoked
  std::uint64_t verified = 0;  // of `reused`, how much has been proved again since it was begun or resumed
  unsigned retries = 0;
  unsigned connections = 0;  // that it may use at the moment, whether they are open or not
  std::string note = {};     // what it is waiting for or has decided; untrusted text in it is escaped
};

// What a finished download did. Sizes in bytes. For a resource of known size: total == fetched + reused - wasted.
struct Report {
  std::filesystem::path output = {};
  std::uint64_t total = 0;
  std::uint64_t fetched = 0;  // body bytes received by this task, suspended or not in between
  std::uint64_t reused = 0;   // bytes of earlier tasks, or of Request::adopt, that were proved and kept
  std::uint64_t revoked = 0;  // those whose proof failed, or that were discarded; they were fetched again
  std::uint64_t wasted = 0;   // body bytes received and discarded: of hedges, suspensions, replaced versions
  unsigned retries = 0;
  unsigned restarts = 0;     // how often the resource changed and was fetched again from its beginning
  unsigned connections = 0;  // the most that it could use simultaneously
  VerifiedTo verified_to = VerifiedTo::length;
  std::optional<Checksum> checksum = std::nullopt;  // the request's, which it hashes to

  // The Content-Encoding that the server applied unasked, in the order of application ("gzip", "gzip, br"); empty:
  // none. The output is as sent, unless `decoded` has the size of the content in it.
  std::string coding = {};
  std::optional<std::uint64_t> decoded = std::nullopt;

  bool rehashed = false;                // all of it was read back before publishing, and is what arrived
  bool unchanged = false;               // the output existed and is what the server has: only `total` is set
  bool skipped = false;                 // the output existed, with Existing::skip: nothing else is set
  bool insecure = false;                // certificates were not verified
  std::vector<std::string> notes = {};  // what the user should know: "the server does not serve ranges", ...
  Hints hints = {};                     // what would have a different result, where a note is about that

  // What the file system was found to lack (locks, links, ...), and what was done instead.
  // Each is in the report of one download of a session: the one that found it.
  std::vector<std::string> workarounds = {};

  std::chrono::nanoseconds elapsed{0};  // since it left the queue, without suspended time
};

}  // namespace segdl
#pragma GCC visibility pop
