// Gives the bytes of a resource in order to a function, each once, and keeps nothing. A Sink, used by
// one thread.
#pragma once

#include <segdl/task.h>

#include "core/http/verdict.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/progress/task_progress.h"
#include "engine/task/sink/whole_digest.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace segdl::engine {

// Who gets the bytes, and what all of them must hash to.
struct Consumer {
  std::function<Result<void>(std::span<const std::byte>)> take;
  std::optional<Checksum> expected = std::nullopt;
};

class ConsumerSink : public SinkDefaults {
 public:
  // REQUIRES: everything referred to outlives the sink.
  ConsumerSink(const Consumer&, const Resource&, TaskProgress&, Fetcher&);

  Result<std::optional<Range>> next();
  void begins(const UsableBody&) { given_before_ = given_; }
  std::span<std::byte> space(std::uint64_t offset);
  Result<void> arrived(std::uint64_t offset, std::size_t count);
  Result<void> body_ended(std::uint64_t offset);
  Result<void> interrupted(Remedy);

  std::uint64_t given() const { return given_; }
  // After the last: whether all that was given is what the request expects.
  Result<void> check(const std::string& subject) { return whole_.check(subject); }

 private:
  const Consumer& consumer_;
  const Resource& known_;
  TaskProgress& task_progress_;
  Fetcher& fetcher_;
  std::vector<std::byte> buffer_;
  std::uint64_t given_ = 0;
  std::uint64_t given_before_ = 0;  // the present body
  WholeDigest whole_;
  bool complete_ = false;
};

}  // namespace segdl::engine
