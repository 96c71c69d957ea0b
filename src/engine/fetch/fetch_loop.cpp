#include "engine/fetch/fetch_loop.h"

#include <fmt/format.h>

#include <array>

namespace segdl::engine {

// Where the end of a body is not what it was to be. Of a whole resource without a strong validator another length is
// another version's, all else a contradiction: then the bytes of a part may be those of another place.
Error FetchLoop::unfit(const Response& response, std::string reason) {
  fetcher_.body_ended(false);
  if (response.body.partial) fetcher_.context().source.forms.distrust_unmeasured();
  const bool changed = !response.body.partial && !response.body.resource.validator.strong();
  const Remedy remedy = changed ? Remedy::restart : response.body.partial ? Remedy::refetch : Remedy::retry;
  return fetcher_.problem(changed ? Cause::changed : Cause::integrity, remedy, std::move(reason));
}

// The end of the body's framing, where all bytes that were promised have come. Unless it is framed by a length, they
// were promised by another field or by another response, so the last of them are not used before the end has been seen.
Result<void> FetchLoop::read_end(const Response& response) {
  std::array<std::byte, 512> beyond;
  const auto more = response.exchange->read(beyond);
  const bool is_believed = is_cut(response) && is_end_trusted(*response.exchange);
  if (!more) return response.body.partial || is_believed ? Result<void>() : more.error();
  if (*more > 0) return unfit(response, fmt::format("the response goes on after byte {}, its end", *response.body.end));
  fetcher_.body_ended(true);
  return {};
}

// Why the response ended before its end. REQUIRES: it has one.
Error FetchLoop::early_end(const Response& response, std::uint64_t at) {
  const UsableBody& body = response.body;
  std::string reason = fmt::format("the response ended after {} of {} bytes", at - body.begin, *body.end - body.begin);
  if (!body.partial && response.exchange->head().framing == Framing::chunked) return unfit(response, std::move(reason));
  return fetcher_.problem(Cause::network, Remedy::retry, std::move(reason));
}

Error FetchLoop::unvouched_end(const Response& response, std::uint64_t at) const {
  const char* missing =
      response.exchange->is_cut() ? "neither a length nor the end of TLS shows" : "the server sent no length to show";
  return fetcher_.problem(Cause::integrity, Remedy::stop,
                          fmt::format("the connection ended after {} bytes, and {} whether that is all", at, missing));
}

}  // namespace segdl::engine
