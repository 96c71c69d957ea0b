#include "io/net/proxy_login.h"

#include "seams/digest.h"

namespace segdl::io {

Proof ProxyLogins::next(const Proxy& proxy) {
  const std::lock_guard lock(mutex_);
  return logins_.try_emplace(&proxy, proxy.origin.secure).first->second.next();
}

void ProxyLogins::answered(const Proxy& proxy, const ResponseHead& head, const Proof& proof) {
  const std::lock_guard lock(mutex_);
  logins_.try_emplace(&proxy, proxy.origin.secure).first->second.answered(head, kProxyLogin, proof);
}

ProxyLogin::ProxyLogin(ProxyLogins& logins, const Proxy* proxy)
    : logins_(logins), proxy_(proxy != nullptr && proxy->has_credentials ? proxy : nullptr) {}

std::string ProxyLogin::field(std::string_view method, std::string_view target) {
  if (proxy_ == nullptr) return "";
  if (refusals_ == 0) {
    proof_ = logins_.next(*proxy_);
  } else if (std::exchange(sent_, true)) {
    ++proof_.count;  // the connection broke, and the proxy may have seen the proof
  }
  return login_field(proof_, {proxy_->user, proxy_->password}, {method, target}, login_means().hash);
}

void ProxyLogin::answered(const ResponseHead& head) {
  if (proxy_ == nullptr) return;
  sent_ = false;
  auto again = proof_after({head, proof_, ++refusals_}, kProxyLogin, login_means());
  goes_on_ = again.has_value();
  if (goes_on_) {
    proof_ = *std::move(again);
  } else {
    logins_.answered(*proxy_, head, proof_);
  }
}

}  // namespace segdl::io
