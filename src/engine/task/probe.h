// The requests of a task that are made before anything is planned: of a resource of which nothing is known yet, or
// whether it still is what it was.
//
// The first response may wait to be used, for the output is named by it, or compared with it.
#pragma once

#include <segdl/error.h>
#include <segdl/range.h>

#include "core/store/journal_format.h"
#include "engine/fetch/response.h"
#include "engine/store/output_file.h"
#include "engine/task/task_context.h"

#include <optional>

namespace segdl::engine {

// What is asked for first, of a resource of which nothing is known.
inline constexpr Range kProbe{0, kOpenEnd};

inline constexpr std::uint64_t kWorthMore = 4 * kMiB;  // than this is worth more connections than one

class Probe {
 public:
  // REQUIRES: it outlives the Probe.
  explicit Probe(TaskContext& task) : task_(task) {}

  // One request. Its response may be cut off by who reads it without the download's being over.
  Result<Response> ask(Range, const Resource* known);
  // The first usable response. Without a strong validator it is made to carry all of the resource.
  Result<Response> ask_first(Range = kProbe);
  // The one at hand, or else that.
  Result<Response> first();

  // The server's word for the output's name (doc/disks.md, names): taken from the first response, which stays at hand.
  Result<void> name_output();
  const std::optional<Response>& at_hand() const { return at_hand_; }
  void keep(Response response) { at_hand_ = std::move(response); }
  void drop() { at_hand_.reset(); }
  void drop_if_doubtful();

  // That a version of this was begun is taken into account from here on, unless it was of another URL, which may have
  // another resource.
  void remember_begun(const OutputFile&);

  // Whether what an earlier run has fetched whole is what the server has: asked where it would be replaced, may be of
  // another URL, or would replace what may be newer.
  Result<bool> is_current(const JournalIdentity&);

 private:
  TaskContext& task_;
  std::optional<Response> at_hand_;
};

}  // namespace segdl::engine
