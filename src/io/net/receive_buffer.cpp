#include "io/net/receive_buffer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace segdl::io {
namespace {

constexpr std::size_t kFirstSize = 32 * 1024;
constexpr std::size_t kMinRoom = 4 * 1024;

}  // namespace

std::span<std::byte> ReceiveBuffer::room() {
  if (size_ - end_ < kMinRoom) grow();
  return std::as_writable_bytes(std::span(bytes_.get() + end_, size_ - end_));
}

void ReceiveBuffer::take(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) *this = ReceiveBuffer();
}

void ReceiveBuffer::grow() {
  const std::string_view kept = view();
  const std::size_t size = std::max(kFirstSize, 2 * kept.size());
  std::unique_ptr<char[]> bytes(new char[size]);  // not cleared: it is received into
  if (!kept.empty()) std::memcpy(bytes.get(), kept.data(), kept.size());
  end_ = kept.size();
  begin_ = 0;
  bytes_ = std::move(bytes);
  size_ = size;
}

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
