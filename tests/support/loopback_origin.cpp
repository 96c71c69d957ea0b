#include "support/loopback_origin.h"

#include "core/base/ascii.h"
#include "support/server_channel.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace segdl::test {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kPiece = 256 * 1024;
constexpr std::size_t kMaxRequest = 4 * 1024 * 1024;
constexpr std::uint64_t kPiecesPerSecond = 50;  // of a limited rate
constexpr milliseconds kForever{-1};

struct ServerRequest {
  std::string method;
  std::string target;
  std::vector<Field> fields;
  bool last = false;  // the client wants the connection closed after the answer
};

// METHOD SP target SP HTTP/1.1 (RFC 9112 section 3), then fields without folding; nothing if it is anything else.
std::optional<ServerRequest> parse_request(std::string_view text) {
  ServerRequest request;
  const auto line_end = text.find("\r\n");
  const std::string_view line = text.substr(0, line_end);
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || line.substr(last) != " HTTP/1.1") return std::nullopt;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  if (!request.target.starts_with('/') || request.target.find(' ') != std::string::npos) return std::nullopt;
  for (std::size_t at = line_end + 2; at + 2 < text.size();) {
    const auto end = text.find("\r\n", at);
    const std::string_view field = text.substr(at, end - at);
    const auto colon = field.find(':');
    if (colon == std::string_view::npos || !is_token(field.substr(0, colon))) return std::nullopt;
    request.fields.push_back({std::string(field.substr(0, colon)), std::string(trim(field.substr(colon + 1)))});
    at = end + 2;
  }
  const auto has = [&](std::string_view name) {
    return std::any_of(request.fields.begin(), request.fields.end(),
                       [&](const Field& field) { return same_text(field.name, name); });
  };
  const bool body = has("Content-Length") || has("Transfer-Encoding");
  const bool known = request.method == "GET" || request.method == "HEAD";
  if (!known || body || !has("Host")) return std::nullopt;
  request.last = std::any_of(request.fields.begin(), request.fields.end(), [](const Field& field) {
    return same_text(field.name, "Connection") && same_text(field.value, "close");
  });
  return request;
}

std::uint64_t number_of(const std::map<unsigned, std::uint64_t>& numbers, unsigned connection, std::uint64_t other) {
  const auto own = numbers.find(connection);
  return own == numbers.end() ? other : own->second;
}

// Plays answers on one connection.
class Player {
 public:
  Player(OriginScript& script, const LoopbackOrigin::Options& options, int socket, unsigned connection)
      : script_(script),
        options_(options),
        connection_(connection),
        channel_(socket, options.tls.get()),
        rate_(number_of(options.connection_rates, connection, options.limit_rate)),
        left_(number_of(options.connection_stalls, connection, std::numeric_limits<std::uint64_t>::max())),
        piece_(rate_ > 0 ? std::clamp<std::size_t>(rate_ / kPiecesPerSecond, 1, kPiece) : kPiece) {}

  void run() {
    while (channel_.ready()) {
      const std::string text = read_head();
      if (text.empty()) return;
      const auto request = parse_request(text);
      if (!request) return refuse();
      if (!play(*request)) return;
    }
  }

 private:
  std::string read_head() {
    for (std::size_t searched = 0; pending_.size() <= kMaxRequest;) {
      const auto end = pending_.find("\r\n\r\n", searched);
      if (end != std::string::npos) {
        std::string head = pending_.substr(0, end + 4);
        pending_.erase(0, end + 4);
        return head;
      }
      searched = pending_.size() < 3 ? 0 : pending_.size() - 3;
      char bytes[4096];
      const std::size_t got = channel_.receive(bytes);
      if (got == 0) return "";
      pending_.append(bytes, got);
    }
    return "";
  }

  void refuse() {
    constexpr std::string_view kBad = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    channel_.send(std::as_bytes(std::span(kBad)));
    channel_.finish();
  }

  // Whether the connection may carry another request.
  bool play(const ServerRequest& request) {
    Answer answer = script_.answer(request.target, request.fields, connection_);
    const unsigned number = answer.number;
    if (options_.on_asked) options_.on_asked(script_.entry(number));
    if (request.method == "HEAD") answer = head_only(std::move(answer));
    AnswerWire wire(std::move(answer));
    const bool sent = send(wire);
    script_.note_sent(number, wire.body_given());
    if (options_.on_answered) options_.on_answered(script_.entry(number));
    const bool kept = sent && end(ending(request, wire));
    script_.note_end();
    return kept;
  }

  WireEnd ending(const ServerRequest& request, const AnswerWire& wire) const {
    if (left_ == 0) return WireEnd::stall;
    return request.last && wire.end() == WireEnd::keep ? WireEnd::close : wire.end();
  }

  // The head as it is, and no body (RFC 9110 section 9.3.2).
  static Answer head_only(Answer answer) {
    answer.raw_bytes = answer.interim + answer.head_text();
    if (!answer.ending) answer.ending = WireEnd::close;
    return answer;
  }

  // False if the peer is gone. What is left of the answer where the connection stalls is not sent.
  bool send(AnswerWire& wire) {
    const auto begun = std::chrono::steady_clock::now();
    std::uint64_t sent = 0;
    while (left_ > 0) {
      const std::span<std::byte> piece = std::span(piece_).first(std::min<std::uint64_t>(piece_.size(), left_));
      const std::size_t got = wire.next(piece);
      if (got == 0) return true;
      if (!channel_.send(piece.first(got))) return false;
      sent += got;
      left_ -= got;
      if (wire.pause() > milliseconds(0) && !channel_.wait(wire.pause())) return false;
      if (rate_ > 0 && !pace(begun, sent)) return false;
    }
    return true;
  }

  // Waits until so much may have been sent.
  bool pace(std::chrono::steady_clock::time_point begun, std::uint64_t sent) {
    const std::chrono::duration<double> due(static_cast<double>(sent) / static_cast<double>(rate_));
    const auto left = begun + due - std::chrono::steady_clock::now();
    return left <= milliseconds(1) || channel_.wait(std::chrono::duration_cast<milliseconds>(left));
  }

  bool end(WireEnd how) {
    if (how == WireEnd::keep) return true;
    if (how == WireEnd::close) channel_.finish();
    if (how == WireEnd::reset) channel_.reset();
    if (how == WireEnd::stall) channel_.wait(kForever);
    return false;
  }

  OriginScript& script_;
  const LoopbackOrigin::Options& options_;
  unsigned connection_;
  ServerChannel channel_;
  std::uint64_t rate_;  // bytes a second; 0: no limit
  std::uint64_t left_;  // bytes until the connection stalls
  std::vector<std::byte> piece_;
  std::string pending_;
};

}  // namespace

LoopbackOrigin::LoopbackOrigin(OriginScript& script, Options options)
    : script_(script),
      options_(std::move(options)),
      server_([this](int socket) { serve(socket); }, options_.port, options_.family) {}

void LoopbackOrigin::serve(int socket) { Player(script_, options_, socket, ++connection_).run(); }

std::string LoopbackOrigin::url(const std::string& target) const {
  return fmt::format("{}://{}:{}{}", options_.tls ? "https" : "http",
                     options_.family == Loopback::v6 ? "[::1]" : "127.0.0.1", port(), target);
}

void serve_script(OriginScript& script, int socket) {
  const LoopbackOrigin::Options plain;
  Player(script, plain, socket, 0).run();
}

}  // namespace segdl::test
