#include "io/net/head_reader.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::io {

Result<ResponseHead> read_final_head(ReceiveBuffer& buffer, RequestMethod method,
                                     const std::function<Result<void>(int still_at_work)>& more) {
  HeadEnd head_end;
  for (int still_at_work = 0;;) {
    auto end = head_end.find(buffer.view());
    if (!end) return std::move(end).error();
    if (*end == 0) {
      auto left = head_end.shorten(buffer.bytes());
      if (!left) return std::move(left).error();
      buffer.leave(*left);
      auto arrived = more(still_at_work);
      if (!arrived) return std::move(arrived).error();
      continue;
    }
    auto head = parse_head(buffer.view().substr(0, *end), method);
    if (!head) return head;
    buffer.take(*end);
    if (head->status >= 200) return head;
    if (head->status == 102 && still_at_work < kMaxStillAtWork) ++still_at_work;
    head_end = HeadEnd();
  }
}

bool looks_like_tls(std::string_view bytes) { return !bytes.empty() && (bytes[0] == 0x15 || bytes[0] == 0x16); }

Error speaks_tls(Error error, std::string_view peer, Hint hint) {
  error.cause = Cause::tls;
  error.remedy = Remedy::stop;
  error.reason = fmt::format("{} speaks TLS on this port", peer);
  error.hints = {hint};
  return error;
}

bool looks_like_socks(std::string_view bytes) {
  if (bytes.starts_with('\5')) return true;
  return bytes.size() > 1 && bytes[0] == 0 && bytes[1] >= 0x5a && bytes[1] <= 0x5d;
}

}  // namespace segdl::io
