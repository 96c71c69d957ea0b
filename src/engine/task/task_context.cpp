#include "engine/task/task_context.h"

#include "core/base/errors.h"
#include "engine/base/pieces.h"
#include "engine/store/adopted_file.h"
#include "engine/task/sink/whole_digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace segdl::engine {
namespace {

std::optional<Instant> deadline_of(const SessionOptions& options, Instant begun) {
  return options.max_time.count() > 0 ? std::optional(begun + options.max_time) : std::nullopt;
}

}  // namespace

TaskContext::TaskContext(const SessionContext& context, Target target, TaskProgress& to, std::stop_token token)
    : session(context),
      env(context.env),
      updating(adopting_output(env.files, target.request, target.lasting.name)),
      request(updating ? *updating : target.request),
      url(std::move(target.url)),
      lasting(target.lasting),
      progress(to),
      stop(std::move(token)),
      begun(env.clock.now() - lasting.active),
      source(url),
      fetching{env.transport,
               env.clock,
               session.options,
               session.pool,
               session.throttle,
               session.secrets,
               request,
               source,
               progress,
               deadline_of(session.options, begun),
               stop},
      fetcher(fetching) {
  if (lasting.restarts >= kMaxRestarts - 1) source.forms.use(RequestForm::whole);  // as before its suspension
}

Result<void> TaskContext::keep_going(const Until& last, const char* operation, const std::string& subject,
                                     Hints hints) const {
  if (last.stop.stop_requested()) return cancelled();
  if (!last.deadline || env.clock.now() < *last.deadline) return {};
  return with_hints(out_of_time(operation, subject), std::move(hints));
}

void TaskContext::rename(std::string to) {
  lasting.name = std::move(to);
  progress.set_output(request.directory / name);
}

void TaskContext::remark(std::vector<std::string> notes) {
  for (std::string& note : notes) progress.remark(std::move(note));
  for (const std::string& lack : env.files.take_lacking()) progress.worked_around(lack);
}

void TaskContext::remark_joined(std::uint64_t compared) const {
  if (compared == 0) return;
  progress.remark(fmt::format("no strong validator: joined with what was here after comparing {} bytes", compared));
}

Result<void> TaskContext::check_digest(File& file, std::uint64_t size, const std::string& path) const {
  progress.enter(Phase::verifying);
  WholeDigest digest(request.checksum);
  std::vector<std::byte> piece(std::min<std::uint64_t>(kIoBuffer, size));
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    if (stop.stop_requested()) return cancelled();
    const auto bytes = std::span(piece).first(std::min<std::uint64_t>(piece.size(), size - at));
    auto got = file.read_at(at, bytes);
    if (!got) return std::move(got).error();
    digest.update(bytes.first(*got));
  }
  return digest.check(path);
}

}  // namespace segdl::engine
