#include "io/net/tunnel.h"

#include "core/base/errors.h"
#include "core/credentials/login.h"
#include "core/http/http_fields.h"
#include "core/http/http_status.h"
#include "io/net/receive_buffer.h"
#include "seams/digest.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

namespace segdl::io {
namespace {

std::string connect_request(const Way& way, ProxyLogin& login) {
  const std::string target = host_and_port(way.origin);
  std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", target);
  const std::string field = login.field("CONNECT", target);
  if (!field.empty()) request += fmt::format("{}: {}\r\n", kProxyLogin.answer, field);
  return request + "\r\n";
}

Hints hints_of(const Proxy& proxy, const ResponseHead& head) {
  if (head.status == 403) return {Hint::ask_proxy_operator, Hint::bypass_proxy};
  if (head.status != 407) return {};
  const LoginOffer offer = offer_of(head, kProxyLogin, login_means().hash);
  if (!offer.unknown.empty()) return {{Hint::answer_proxy_challenge, offer.unknown}};
  if (proxy.has_credentials) return {Hint::check_proxy_credentials};
  return {{Hint::give_proxy_credentials,
           fmt::format("{}://NAME:PASS@{}", proxy.origin.secure ? "https" : "http", host_and_port(proxy.origin))}};
}

Result<ResponseHead> read_answer(Connection& connection, ReceiveBuffer& buffer, const StoppableWait& wait) {
  bool heard = false;
  auto head = read_final_head(buffer, RequestMethod::connect, [&](int) -> Result<void> {
    auto got = connection.receive(buffer.room(), wait);
    if (!got) return std::move(got).error();
    if (*got == 0) {
      return broken_by_proxy(*connection.way().proxy, heard ? "closed the connection inside its answer"
                                                            : "closed the connection without an answer");
    }
    buffer.put(*got);
    heard = true;
    return {};
  });
  if (head) return head;
  head = proxy_gave(*connection.way().proxy, std::move(head).error(), buffer.view());
  if (head.error().remedy != Remedy::refetch) return head;
  return broken_by_proxy(*connection.way().proxy, "gave an answer that is no valid response: " + head.error().reason);
}

}  // namespace

Error about_origin(const Way& way, Error error) {
  if (error.cause == Cause::cancelled) return error;
  error.operation = "connect to";
  error.subject = host_and_port(way.origin);
  return error;
}

Error broken_by_proxy(const Proxy& proxy, std::string_view what) {
  return network_error("", "", fmt::format("the proxy {} {}", host_and_port(proxy.origin), what));
}

Error proxy_refusal(const Proxy& proxy, const ResponseHead& head) {
  Error error = broken_by_proxy(proxy, fmt::format("answered {} ({})", head.status, status_words(head.status)));
  error.cause = Cause::refused;
  error.remedy = may_pass(head.status) ? Remedy::retry : Remedy::stop;
  error.http_status = head.status;
  if (may_pass(head.status)) error.retry_after = retry_after(head, std::chrono::system_clock::now());
  error.hints = hints_of(proxy, head);
  return error;
}

Error on_way_to_proxy(const Proxy& proxy, Error error) {
  if (error.cause == Cause::cancelled) return error;
  error.operation += " the proxy";
  if (error.cause != Cause::network || !error.hints.empty()) return error;
  error.hints = {{Hint::check_proxy, proxy.names_port ? "" : fmt::to_string(proxy.origin.port)}};
  return error;
}

Error proxy_gave(const Proxy& proxy, Error error, std::string_view came) {
  if (looks_like_tls(came)) return speaks_tls(std::move(error), "the proxy", Hint::use_https_proxy);
  if (came.empty()) return unanswered_by_proxy(std::move(error));
  if (!looks_like_socks(came)) return error;
  error = with_remedy(broken_by_proxy(proxy, "speaks SOCKS, not HTTP"), Remedy::stop);
  return with_hints(std::move(error), {Hint::use_socks_proxy});
}

Error unanswered_by_proxy(Error error) {
  if (error.cause == Cause::network && error.hints.empty()) error.hints = {Hint::check_silent_proxy};
  return error;
}

Result<void> open_tunnel(Connection& connection, ProxyLogin& login, const StoppableWait& wait) {
  const Way& way = connection.way();
  auto sent = connection.send(connect_request(way, login), wait);
  if (!sent) return about_origin(way, std::move(sent).error());
  ReceiveBuffer buffer;
  auto head = read_answer(connection, buffer, wait);
  if (!head) return about_origin(way, std::move(head).error());
  login.answered(*head);
  if (head->status >= 300) return about_origin(way, proxy_refusal(*way.proxy, *head));
  if (buffer.view().empty()) return {};
  return about_origin(way, broken_by_proxy(*way.proxy, "sent more than an answer before the tunnel was used"));
}

}  // namespace segdl::io
