// A resource that can only be had in one response from its beginning: no ranges, or no known size.
//
// Nothing is claimed on the way, so an interruption begins again at byte 0. The end is recorded in the journal's facts,
// with a digest of everything: that is how a download that dies while being published is recognised. A Sink,
// used by one thread.
#pragma once

#include "core/base/xxh3.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/progress/task_progress.h"
#include "engine/store/journal/proof.h"
#include "engine/store/output_file.h"
#include "engine/task/sink/whole_digest.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace segdl::engine {

class StreamSink : public SinkDefaults {
 public:
  // REQUIRES: output_file.has_journal(); the file is empty; everything referred to outlives the sink.
  StreamSink(Pass&, TaskProgress&, Fetcher&, const std::optional<Checksum>& expected);

  Result<std::optional<Range>> next();
  std::span<std::byte> space(std::uint64_t offset);
  Result<void> arrived(std::uint64_t offset, std::size_t count);
  Result<void> body_ended(std::uint64_t offset);
  void only_believes_end() { believed_ = true; }
  // What came is all that the connection brought, and may be less than the whole: recorded as that, durably.
  Result<bool> keep_unvouched();

 private:
  Result<void> begin_again();
  Result<void> flush();
  Metadata metadata_of_all() const;

  OutputFile& output_file_;
  Watch& watch_;
  TaskProgress& task_progress_;
  Fetcher& fetcher_;
  std::vector<std::byte> buffer_;
  std::size_t filled_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t most_ = 0;  // how far any response has come
  StreamDigest digest_;
  WholeDigest whole_;
  bool complete_ = false;
  bool believed_ = false;
};

}  // namespace segdl::engine
