// One download from beginning to end: lock, probe, plan, fetch, verify, publish.
//
//   Place::open ──> nothing there ──> first response ──> plan: segments or stream ──> journal ──┐
//        │                                                                                       v
//        ├──> resumable ──> same resource? ──> claims proved beside ──> spans fetched ──> publish
//        └──> finished: report
//
// When the resource changes the loop goes round again, from "nothing there". Runs on the thread that calls run(), with
// one more for proving claims.
#pragma once

#include <segdl/error.h>
#include <segdl/session.h>
#include <segdl/task.h>

#include "core/url.h"
#include "engine/checkpoint.h"
#include "engine/fetcher.h"
#include "engine/meter.h"
#include "engine/place.h"
#include "seams/env.h"

#include <optional>
#include <stop_token>
#include <string>

namespace segdl::engine {

class Transfer {
 public:
  // REQUIRES: everything referred to outlives the Transfer. `name` is one component.
  Transfer(Env, const Request&, const SessionOptions&, Url, std::string name, Meter&);

  Result<Report> run(std::stop_token);

 private:
  Result<void> fetch_until_whole(Place&, std::stop_token);
  Result<void> fetch_version(Place&, std::stop_token);
  Result<void> begin_version(Place&, std::stop_token);
  Result<void> continue_version(Place&, std::stop_token);
  Result<void> check_same(Place&, const Known&, std::stop_token);
  Result<void> compare_samples(Place&, const Known&, std::uint32_t count, std::stop_token);
  Result<void> fetch_segments(Place&, const Known&, std::optional<Reply> first, std::stop_token);
  Result<void> fetch_stream(Place&, const Known&, Reply first, std::stop_token);
  Result<Reply> first_reply(std::stop_token);
  Result<Identity> plan(const Reply&) const;
  Result<void> start_over(Place&, Error);
  Result<void> settle(Place&, Checkpoint&);
  Report report(const Place&) const;
  static Error final_error(Error, Place&);

  Env env_;
  const Request& request_;
  const SessionOptions& options_;
  Url url_;
  std::string name_;
  Meter& meter_;
  Fetcher fetcher_;
  unsigned restarts_ = 0;
  bool strong_ = false;  // what is being published was identified by a strong validator
  Instant begun_;
};

}  // namespace segdl::engine
