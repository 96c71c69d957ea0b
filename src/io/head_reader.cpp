#include "io/head_reader.h"

#include "io/waker.h"

#include <utility>

namespace segdl::io {

Result<ResponseHead> read_final_head(Inbox& inbox, const std::function<Result<void>()>& more) {
  for (int interim = 0; interim <= kMaxInterimResponses;) {
    auto end = find_head_end(inbox.view());
    if (!end) return std::move(end).error();
    if (*end == 0) {
      auto arrived = more();
      if (!arrived) return std::move(arrived).error();
      continue;
    }
    auto head = parse_head(inbox.view().substr(0, *end));
    if (!head) return head;
    inbox.take(*end);
    if (head->status >= 200) return head;
    ++interim;
  }
  return network_error(Remedy::refetch, "read the response", "", "more than 16 interim responses");
}

bool looks_like_tls(std::string_view bytes) { return !bytes.empty() && (bytes[0] == 0x15 || bytes[0] == 0x16); }

}  // namespace segdl::io
