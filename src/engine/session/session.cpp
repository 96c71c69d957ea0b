#include <segdl/session.h>

#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/store/layout.h"
#include "engine/base/threads.h"
#include "engine/session/session_state.h"
#include "engine/session/task_state.h"
#include "engine/store/names.h"
#include "seams/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <string_view>
#include <utility>

namespace segdl {
namespace {

constexpr unsigned kMaxJobs = 1'000'000;  // more are taken for that many

// Fields that belong to the transport, to the way ranges are joined, or to the question whether a file is unchanged.
constexpr std::array<std::string_view, 16> kOwnFields = {"Range",
                                                         "If-Range",
                                                         "If-None-Match",
                                                         "If-Modified-Since",
                                                         "Host",
                                                         "Connection",
                                                         "Keep-Alive",
                                                         "Transfer-Encoding",
                                                         "Content-Length",
                                                         "TE",
                                                         "Trailer",
                                                         "Upgrade",
                                                         "Accept-Encoding",
                                                         "Expect",
                                                         "Proxy-Connection",
                                                         "Proxy-Authorization"};

// A Referer is a header like others, bound to the origin of the request's URL (RFC 9110 section 10.1.3: without
// userinfo and fragment).
Result<void> add_referer(Request& request) {
  if (request.referer.empty()) return {};
  auto url = parse_url(request.referer);
  if (!url) return std::move(url).error();
  const bool unwanted = std::any_of(request.omitted_headers.begin(), request.omitted_headers.end(),
                                    [](const std::string& name) { return same_text(name, "Referer"); });
  const bool has_one = unwanted || std::any_of(request.headers.begin(), request.headers.end(),
                                               [](const Header& header) { return same_text(header.name, "Referer"); });
  if (!has_one) request.headers.push_back({"Referer", url->text()});
  return {};
}

bool has_controls(std::string_view value) {
  return std::any_of(value.begin(), value.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

Result<void> check_headers(const std::vector<Header>& headers) {
  for (const Header& header : headers) {
    if (!is_token(header.name)) {
      return make_error(Cause::usage, "send header", "", "its name is not a valid field name");
    }
    if (has_controls(header.value)) {
      return make_error(Cause::usage, "send header", header.name, "its value has control characters");
    }
    for (const std::string_view own : kOwnFields) {
      if (same_text(header.name, own)) {
        return with_hints(make_error(Cause::usage, "send header", header.name, "segdl sets this field itself"),
                          {{Hint::leave_header_out, header.name}});
      }
    }
  }
  return {};
}

Result<void> check_checksum(const std::optional<Checksum>& checksum) {
  if (!checksum) return {};
  if (checksum->digest.size() != digest_size(checksum->algorithm)) {
    return make_error(
        Cause::usage, "compare with", std::string(algorithm_name(checksum->algorithm)),
        fmt::format("its digest has {} bytes, not {}", digest_size(checksum->algorithm), checksum->digest.size()));
  }
  auto made = make_digest(checksum->algorithm);
  return made ? Result<void>() : std::move(made).error();
}

Result<void> check_adopt(const Request& request) {
  if (request.adopt.empty() || (!request.consumer && request.checksum)) return {};
  const char* missing = request.consumer ? "with a consumer there is no file to copy it to"
                                         : "only a checksum can prove that it is of this file";
  return with_hints(
      make_error(Cause::usage, "adopt", request.adopt.string(), missing),
      request.consumer ? Hints{Hint::leave_adopt_out} : Hints{Hint::give_checksum, Hint::leave_adopt_out});
}

engine::Pool::Options pool_options(const SessionOptions& options, std::size_t most_threads = 1) {
  return {options.connections, std::clamp(options.jobs, 1U, kMaxJobs), most_threads};
}

}  // namespace

Session engine::session_of(std::unique_ptr<SessionState> state) { return Session(std::move(state)); }

Session::Session(std::unique_ptr<engine::SessionState> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Task> Session::download(Request request) {
  if (state_->broken) return *state_->broken;
  auto url = parse_url(request.url);
  if (!url) return std::move(url).error();
  auto headers = check_headers(request.headers);
  if (headers) headers = add_referer(request);
  if (!headers) return std::move(headers).error();
  if (has_controls(state_->options.user_agent)) {
    return make_error(Cause::usage, "send header", "User-Agent", "its value has control characters");
  }
  if (request.segment_size != 0 && !Layout::valid_segment_size(request.segment_size)) {
    return with_hints(make_error(Cause::usage, "use segment size", fmt::to_string(request.segment_size),
                                 "it must be a power of two from 16 KiB to 16 MiB"),
                      {Hint::use_default_size});
  }
  auto checksum = check_checksum(request.checksum);
  if (checksum) checksum = check_adopt(request);
  if (!checksum) return std::move(checksum).error();
  auto name = engine::output_name_of(request, *url);
  if (!name) return std::move(name).error();
  auto state = std::make_unique<engine::TaskState>(*state_, std::move(request), std::move(*url), std::move(*name));
  state->start();
  return Task(std::move(state));
}

std::optional<std::uint64_t> Session::next_ended(std::chrono::milliseconds time) { return state_->ended.next(time); }

const std::vector<std::string>& Session::notes() const { return state_->notes; }

void Session::set_limit_rate(std::uint64_t bytes_per_second) { state_->throttle.set(bytes_per_second); }

namespace engine {

SessionState::SessionState(SessionOptions options_, World world)
    : options(std::move(options_)),
      files(std::move(world.files)),
      clock(std::move(world.clock)),
      notes(std::move(world.given.notes)),
      throttle(*clock, options.limit_rate),
      directories(*files, *clock),
      secrets(std::move(world.given)),
      descriptors(Descriptors::shared_out(files->may_open(), pool_options(options).wanted_threads())),
      publisher(descriptors.held, [this] { return pool.has_tasks(); }),
      pool(*clock, pool_options(options, descriptors.threads)) {
  if (world.transport) {
    transport = std::move(*world.transport);
  } else {
    broken = std::move(world.transport).error();
  }
  if (!broken) broken = publisher.broken();
  if (!broken) broken = pool.broken();
}

}  // namespace engine
}  // namespace segdl
