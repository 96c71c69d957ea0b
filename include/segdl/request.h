// What to download and where to.
//
// Thread-safety: plain values; output_name() is thread-safe.
#pragma once

#include <segdl/checksum.h>
#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace segdl {

// A header field sent with every request to the origin of Request::url, and to no other origin that a redirect leads to
// (RFC 9110 section 15.4: a client that follows redirects must not leak credentials).
// Names and values with CR, LF or NUL are refused.
struct Header {
  std::string name;
  std::string value;
};

// A name and password, bound to the origin of the request's URL.
//
// A server that asks for Digest (RFC 7616) gets that, any other Basic (RFC 7617).
// Over https Basic is sent unasked; over http only if a server asks for it, or responds without asking.
struct Credentials {
  std::string user;
  std::string password;
};

// When data is forced to disk, which decides what a power cut costs. The death of the process loses nothing that was
// committed, whatever the value.
enum class Sync : std::uint8_t {
  interval,  // a checkpoint every second or 64 MiB, less often if that took more than 5 % of the time, and before the
             // output appears (the default): a power cut loses what was written since
  end,       // only before the output appears: a power cut loses the whole transfer of this run
  none,      // never: after a power cut the output may be wrong or missing
};

// What to do with a file that already has the output's name. Files of other programs that have another of the names
// that go with an output are never touched.
enum class Existing : std::uint8_t {
  refuse,   // fail with Cause::exists and keep the file (the default). An empty file is replaced, unless another user
            // may have planted it, or this session has published it
  skip,     // a regular file counts as done, whatever its content, unless its journal contradicts: Report::skipped
  replace,  // the file stays until the new one is complete, which takes its name, its mode and its owner

  // Compare, and replace the file only if it differs from what the server has: Report::unchanged.
  //
  // With a checksum, the file is compared with that, without a request.
  // Without one, with what an earlier download stored with the file, if the file still has the size and time of then
  // and its URL is the same, secrets included: a strong ETag, by If-None-Match, or a strong date. Any other file is
  // unchanged if its size and time equal those that the server sends. All others are fetched again: files changed
  // locally, whose changes are lost, and everything with Request::decode. The file gets the time that the server sends,
  // as with `remote_time`, if that time distinguishes versions.
  update,
};

// A download to make. Session::download() copies it. Only the URL is stored on disk, without its secrets.
//
// Until the output is complete its bytes are in NAME.part, and NAME.segdl records which of them.
// The death of the process loses at most the segment being received on each connection and the contents of the socket
// buffers; that of the machine also what `sync` allows. The same request continues.
// A resource of at most one segment has no NAME.segdl: all of it is there, or nothing.
// A resource without ranges, or of unknown size, is fetched again from its beginning.
struct Request {
  std::string url = {};                   // http or https; may contain userinfo
  std::filesystem::path directory = ".";  // of the output

  // A name inside `directory`. Empty: the last component of the URL, without what a name must not contain.
  // If a name given here leads to a pipe, a terminal or another character device, that gets the bytes in order, as
  // `consumer` does, and is never replaced, regardless of `existing`. The download waits for a pipe's reader.
  // Only a regular file, or a link to one or to nothing, is ever replaced.
  std::string output = {};

  bool create_directories = true;  // create what is missing of `directory`, with the umask, and sync it
  std::vector<Header> headers = {};
  // Fields not to send to any host: User-Agent, Accept, Cookie, Referer, Authorization.
  std::vector<std::string> omitted_headers = {};
  std::optional<Credentials> credentials = std::nullopt;
  std::string referer = {};        // a URL for Referer, sent without userinfo and fragment. `headers` take precedence
  std::uint64_t segment_size = 0;  // a power of two, 16 KiB to 16 MiB; 0: depends on the size, 64 KiB or more
  Sync sync = Sync::interval;
  Existing existing = Existing::refuse;
  bool resume = true;  // false: what an earlier run left is set aside and fetched again

  // Accept the end of a connection as the end of the resource, where neither a length nor TLS proves it.
  // What a download of the same URL without this has kept is then published, without a request.
  bool accept_unframed = false;

  bool events = false;           // keep events for Task::take_events()
  bool start_suspended = false;  // begin with Task::resume()
  int priority = 0;              // of the queued tasks the greatest begins first, of equals the oldest

  // Let the server name the file, by Content-Disposition of the first response (RFC 6266), with unsafe parts removed.
  // The output's lock is then taken after that response.
  // `output` takes precedence. Ignored if the response has no such field.
  bool remote_name = false;

  // Give the output the time of the resource's Last-Modified, if that is a date since 1970 and not in the future.
  // The time is not forced to disk, and not set if everything was there already and no request was needed.
  // A file system that can't store it is a note in the report.
  bool remote_time = false;

  // Undo a content coding that the server applied unasked, and publish the content.
  //
  // Content-Encoding: gzip, deflate, br, zstd, at most three of them. Ignored without a coding.
  // Codings that the output's name has too stay: "f.tar.gz" gets the gzip data, "f.tar" the content.
  // Sizes, progress, resuming and `checksum` refer to the resource as sent.
  // Decoding happens once everything has arrived, in one pass, with at most 128 MiB of memory for each coding; for a
  // consumer and a pipe while receiving.
  // Data that is corrupt, truncated or followed by something else is Cause::integrity: nothing is published, and the
  // data is kept for the same request without this. An unknown coding is the same error before anything is fetched.
  bool decode = false;

  // The expected digest of all of it, as sent.
  // On a mismatch the download fails with Cause::integrity and nothing is published. The same request then fetches all
  // of it again; one with another checksum, or none, continues.
  // The digest is computed while the download runs, by a thread of its own.
  std::optional<Checksum> checksum = std::nullopt;

  // A file of the same resource, complete or partial, that another tool has left; empty: none.
  //
  // Its whole segments are copied instead of fetched, if the server serves ranges.
  // Requires `checksum`, the only proof that they belong to the resource. On a mismatch they are discarded and fetched
  // in the same run.
  // The file is only read, unless it is the output, for which Existing::refuse then means Existing::update.
  // Ignored if the download was started without it. A relative path starts at the working directory.
  std::filesystem::path adopt = {};

  // Read everything back before the output appears, and compare it with what arrived.
  //
  // Segments are compared by their digests, at the speed of the page cache, with a thread for each processor.
  // What another program or the disk has changed is fetched again. If it keeps changing the download fails with
  // Cause::integrity.
  // Without this, it is only done if the file shows a trace of a change: another length, holes or a second name. Bytes
  // replaced in place show none.
  bool verify = false;

  // Receives the bytes of the resource in order, each once, instead of a file; the download then touches no disk.
  //
  // `directory`, `segment_size`, `sync`, `existing`, `resume` and `verify` are ignored; Report::output is empty. There
  // is one connection.
  // Called by one thread at a time, never by the one that started the download. The bytes are valid during the call.
  // Nothing more is read until it returns. An error it returns ends the download with that error.
  // After an interruption or a suspension the next byte is the one after the last delivered, if a strong validator
  // proves that the resource is the same; otherwise the download fails, unless nothing was delivered.
  //
  // A wrong checksum is detected after everything was delivered.
  //
  // It must not destroy its own Task, nor wait for it.
  std::function<Result<void>(std::span<const std::byte>)> consumer = {};
};

// The name that the output of this request will have inside `directory`: `output`, or the one made from the URL,
// regardless of `remote_name`. Starts nothing and reads no disk.
// Errors: as Session::download(), for a URL or a name that can't be used.
Result<std::string> output_name(const Request& request);

}  // namespace segdl
#pragma GCC visibility pop
