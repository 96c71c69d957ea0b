// What the parts of a Fetcher stand on, for one worker of one download: a pool on virtual time, and a transport that is
// never used.
#pragma once

#include "core/base/errors.h"
#include "engine/fetch/fetch_context.h"
#include "engine/schedule/flow.h"
#include "engine/schedule/pool_scene.h"

#include <stop_token>
#include <utility>

namespace segdl::engine {

// For the other connections of a download, and of others.
inline constexpr unsigned kConnections = 16;

struct NoTransport final : Transport {
  Result<std::unique_ptr<Exchange>> get(const HttpRequest&, const Limits&, std::stop_token) override {
    return cancelled();
  }
};

struct FetchScene : Scene {
  explicit FetchScene(SessionOptions options_ = {})
      : Scene({.connections = kConnections, .jobs = 1}), options(std::move(options_)) {}

  // A stop request ends what waits; renew() of the flow takes it back.
  void stop() { flow.cut().request_stop(); }
  bool is_held_up() { return source.failures.is_held_up(clock.now()); }
  unsigned shown_connections() const { return task_progress.progress().connections; }

  NoTransport transport;
  SessionOptions options;
  Throttle throttle{clock, 0};
  CredentialStore secrets;
  Request request;
  Source source{parse_url("http://a.test/f").value()};
  TaskProgress task_progress{nullptr};
  FetchContext context{transport, clock,  options,       *pool,        throttle, secrets,
                       request,   source, task_progress, std::nullopt, {}};
  Flow flow{clock, {}};
};

inline Error refusal(int status, std::optional<std::chrono::seconds> retry_after = std::nullopt) {
  Error error = with_remedy(make_error(Cause::refused, "get", "", ""), Remedy::retry);
  error.http_status = status;
  error.retry_after = retry_after;
  return error;
}

inline Error no_connection() { return with_remedy(make_error(Cause::network, "connect to", "", ""), Remedy::retry); }

}  // namespace segdl::engine
