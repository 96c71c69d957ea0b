#include "io/net/socks.h"

#include "core/base/errors.h"
#include "core/url/host.h"
#include "io/net/receive_buffer.h"
#include "io/net/tunnel.h"

#include <fmt/format.h>

#include <netinet/in.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace segdl::io {
namespace {

constexpr char kVersion = 5;
constexpr char kNoCredentials = 0;
constexpr char kByPassword = 2;
constexpr char kByNothing = '\xff';
constexpr char kFour = 1, kName = 3, kSix = 4;  // kinds of addresses

// A reply that refuses the connection (RFC 1928 section 6).
struct Refusal {
  const char* words;
  Cause cause;
  Remedy remedy;
};
constexpr Refusal kRefusals[] = {
    {"general failure", Cause::network, Remedy::retry},
    {"not allowed by its rules", Cause::refused, Remedy::stop},
    {"network unreachable", Cause::network, Remedy::retry},
    {"host unreachable", Cause::network, Remedy::retry},
    {"connection refused", Cause::network, Remedy::retry},
    {"time to live expired", Cause::network, Remedy::retry},
    {"command not supported", Cause::network, Remedy::stop},
    {"address type not supported", Cause::network, Remedy::stop},
};
constexpr unsigned kNotAllowed = 2, kNoSuchAddress = 8;

// One conversation with the proxy.
class Dialogue {
 public:
  Dialogue(Connection& connection, const StoppableWait& wait)
      : connection_(connection), proxy_(*connection.way().proxy), wait_(wait) {}

  Result<void> greet() {
    std::string greeting{kVersion, 1, kNoCredentials};
    if (proxy_.has_credentials) greeting = {kVersion, 2, kNoCredentials, kByPassword};
    const auto method = ask(greeting);
    if (!method) return method.error();
    if (*method == kByNothing) return credentials_refused("wants credentials of another kind");
    if (*method == kNoCredentials) return {};
    if (*method == kByPassword && proxy_.has_credentials) return log_in();
    return no_socks("chose credentials that were not offered");
  }

  Result<void> ask_for(const std::string& address) {
    const std::uint16_t port = connection_.way().origin.port;
    std::string request{kVersion, 1, 0};
    request += address;
    request += {static_cast<char>(port >> 8), static_cast<char>(port & 0xff)};
    const auto result = ask(request);
    if (!result) return result.error();
    if (const auto code = static_cast<unsigned char>(*result); code != 0) return refusal(code);
    auto bound = receive(2);
    if (!bound) return std::move(bound).error();
    auto read = skip_address((*bound)[1]);
    if (!read) return read;
    if (!buffer_.view().empty()) return broken_by_proxy(proxy_, "sent more than an answer before it was asked further");
    return {};
  }

 private:
  // Sends a request, and returns the second byte of the reply. The first is the version.
  Result<char> ask(std::string_view request) {
    auto sent = connection_.send(request, wait_);
    auto answer = sent ? receive(2) : Result<std::string>(std::move(sent).error());
    if (!answer) return std::move(answer).error();
    if ((*answer)[0] == kVersion) return (*answer)[1];
    return no_socks(*answer == "HT" ? "speaks HTTP, not SOCKS5" : "does not speak SOCKS5");
  }

  // RFC 1929. The version in the reply is not checked: some proxies get it wrong.
  Result<void> log_in() {
    std::string words{1, static_cast<char>(proxy_.user.size())};
    words += proxy_.user;
    words += static_cast<char>(proxy_.password.size());
    words += proxy_.password;
    auto sent = connection_.send(words, wait_);
    auto answer = sent ? receive(2) : Result<std::string>(std::move(sent).error());
    if (!answer) return std::move(answer).error();
    return (*answer)[1] == 0 ? Result<void>() : credentials_refused("did not accept the name and password");
  }

  // Skips the address that the proxy connected from, and its port.
  Result<void> skip_address(char kind) {
    std::size_t size = kind == kFour ? 4 : 16;
    if (kind == kName) {
      auto length = receive(1);
      if (!length) return std::move(length).error();
      size = static_cast<unsigned char>((*length)[0]);
    } else if (kind != kFour && kind != kSix) {
      return no_socks("gave an address of an unknown kind");
    }
    auto rest = receive(size + 2);
    return rest ? Result<void>() : Result<void>(std::move(rest).error());
  }

  // Receives `count` bytes.
  Result<std::string> receive(std::size_t count) {
    while (buffer_.view().size() < count) {
      auto got = connection_.receive(buffer_.room(), wait_);
      if (!got) return heard_ ? std::move(got).error() : unanswered_by_proxy(std::move(got).error());
      if (*got == 0 && heard_) return broken_by_proxy(proxy_, "closed the connection inside its answer");
      if (*got == 0) return unanswered_by_proxy(broken_by_proxy(proxy_, "closed the connection without an answer"));
      buffer_.put(*got);
      heard_ = true;
    }
    std::string bytes(buffer_.view().substr(0, count));
    buffer_.take(count);
    return bytes;
  }

  Error no_socks(std::string_view what) const {
    return with_hints(broken_by_proxy(proxy_, what), {Hint::check_proxy_scheme});
  }

  Error credentials_refused(std::string_view what) const {
    Error error = broken_by_proxy(proxy_, what);
    error.cause = Cause::refused;
    error.remedy = Remedy::stop;
    error.hints = {proxy_.has_credentials
                       ? Advice(Hint::check_proxy_credentials)
                       : Advice(Hint::give_proxy_credentials, "socks5h://NAME:PASS@" + host_and_port(proxy_.origin))};
    return error;
  }

  Error refusal(unsigned code) const {
    if (code > std::size(kRefusals)) return no_socks(fmt::format("answered {}, which is no answer", code));
    const Refusal& meaning = kRefusals[code - 1];
    Error error = broken_by_proxy(proxy_, fmt::format("could not connect: {}", meaning.words));
    error.cause = meaning.cause;
    error.remedy = meaning.remedy;
    if (code == kNotAllowed) error.hints = {Hint::ask_proxy_operator};
    if (code == kNoSuchAddress) error.hints = {Hint::resolve_at_proxy};
    return error;
  }

  Connection& connection_;
  const Proxy& proxy_;
  const StoppableWait& wait_;
  ReceiveBuffer buffer_;
  bool heard_ = false;
};

// The bytes of an address field: its kind and value.
std::string address_field(const Origin& origin, const Address* address) {
  if (address != nullptr && address->storage.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const ::sockaddr_in&>(address->storage);
    return kFour + std::string(reinterpret_cast<const char*>(&four.sin_addr), sizeof four.sin_addr);
  }
  if (address != nullptr) {
    const auto& six = reinterpret_cast<const ::sockaddr_in6&>(address->storage);
    return kSix + std::string(reinterpret_cast<const char*>(&six.sin6_addr), sizeof six.sin6_addr);
  }
  if (const auto literal = parse_ip(origin.host)) {
    const auto* bytes = reinterpret_cast<const char*>(literal->bytes.data());
    return (literal->size == 4 ? kFour : kSix) + std::string(bytes, literal->size);
  }
  return std::string{kName, static_cast<char>(origin.host.size())} + origin.host;
}

}  // namespace

Result<void> open_socks(Connection& connection, const Address* address, const StoppableWait& wait) {
  const Way& way = connection.way();
  Dialogue dialogue(connection, wait);
  auto step = dialogue.greet();
  if (step) step = dialogue.ask_for(address_field(way.origin, address));
  return step ? step : Result<void>(about_origin(way, std::move(step).error()));
}

}  // namespace segdl::io
