// What a task keeps while it is suspended. What lies on disk is not among it: that is found again, as by another run.
#pragma once

#include <segdl/request.h>

#include "core/http/http_fields.h"
#include "engine/fetch/content_decoder.h"
#include "engine/task/sink/whole_digest.h"
#include "seams/file_system.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace segdl::engine {

// What a consumer or a pipe has been given, which can't be taken back.
struct Delivered {
  // REQUIRES: the checksum outlives it.
  Delivered(Resource resource, const std::optional<Checksum>& checksum) : known(std::move(resource)), whole(checksum) {}

  const Resource known;
  std::uint64_t given = 0;  // bytes, as sent
  WholeDigest whole;        // of those
  std::optional<ContentDecoder> decoder = std::nullopt;
  std::optional<std::uint64_t> decoded = std::nullopt;  // bytes of content
  bool refused = false;                                 // by whom it was given to: nothing follows
};

struct Lasting {
  std::string name;    // of the output, as the server has named it
  bool named = false;  // it has
  bool begun = false;  // what is on disk is this task's own
  unsigned restarts = 0;
  std::chrono::nanoseconds active{0};        // not suspended
  std::stop_source end = {};                 // asks it to end, not to be suspended
  std::unique_ptr<Stream> stream = nullptr;  // the output, if it is no regular file
  std::unique_ptr<Delivered> delivered = nullptr;
};

}  // namespace segdl::engine
