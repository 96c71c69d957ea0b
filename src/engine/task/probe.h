// The requests of a task that are made before anything is planned: of a resource of which nothing is known yet, or
// whether it still is what it was.
//
// The first response may stay at hand (see Fetcher::at_hand()) while the output is named by it, or compared with it,
// until what reads it is ready.
#pragma once

#include <segdl/error.h>
#include <segdl/range.h>

#include "core/store/journal_format.h"
#include "engine/fetch/fetcher.h"
#include "engine/store/output_file.h"
#include "engine/task/task_context.h"

namespace segdl::engine {

// What is asked for first, of a resource of which nothing is known.
inline constexpr Range kProbe{0, kOpenEnd};

inline constexpr std::uint64_t kWorthMore = 4 * kMiB;  // than this is worth more connections than one

// The first usable response. Without a strong validator it is made to carry all of the resource.
Result<Response> ask_first(TaskContext&, Range = kProbe);
// The one at hand, or else that, which is at hand then.
Result<const Response*> first_response(TaskContext&);

// The server's word for the output's name (doc/disks.md, names): taken from the first response, which stays at hand.
Result<void> name_output(TaskContext&);
void drop_if_doubtful(TaskContext&);

// That a version of this was begun is taken into account from here on, unless it was of another URL, which may have
// another resource.
void remember_begun(TaskContext&, const OutputFile&);

// Whether what an earlier run has fetched whole is what the server has: asked where it would be replaced, may be of
// another URL, or would replace what may be newer.
Result<bool> is_current(TaskContext&, const JournalIdentity&);

}  // namespace segdl::engine
