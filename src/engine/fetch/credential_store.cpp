#include "engine/fetch/credential_store.h"

#include "core/base/ascii.h"

#include <utility>

namespace segdl::engine {
namespace {

constexpr std::size_t kMaxLogins = 1000;  // what is forgotten costs a request

std::chrono::sys_seconds today(Clock& clock) { return std::chrono::floor<std::chrono::seconds>(clock.wall()); }

}  // namespace

CredentialStore::CredentialStore(GivenCredentials given)
    : netrc_(std::move(given.netrc)), has_cookies_(!given.cookies.empty()), jar_(given.is_public_suffix) {
  jar_.give(std::move(given.cookies));
}

std::optional<Credentials> CredentialStore::credentials_for(const Origin& origin, const std::string& login) const {
  const NetrcEntry* entry = find_netrc(netrc_, origin.host, login);
  if (entry == nullptr || (entry->login.empty() && entry->password.empty())) return std::nullopt;
  return Credentials{entry->login.empty() ? login : entry->login, entry->password};
}

Login& CredentialStore::login_of(const Account& account) {
  const auto& [origin, who] = account;
  if (logins_.size() >= kMaxLogins) logins_.clear();
  return logins_.try_emplace({origin.host, origin.port, origin.secure, who.user, who.password}, origin.secure)
      .first->second;
}

bool CredentialStore::answered(const Account& account, const ResponseHead& head, const Proof& proof) {
  const MutexLock lock(mutex_);
  Login& login = login_of(account);
  login.answered(head, kServerLogin, proof);
  return login.is_proven();
}

std::string CredentialStore::cookies_for(const Url& url, Clock& clock) const {
  if (!has_cookies_) return "";
  const auto now = today(clock);
  const MutexLock lock(mutex_);
  return jar_.field_for(url, now);
}

void CredentialStore::learn(const ResponseHead& head, const Url& from, Clock& clock) {
  for (const Field& field : head.fields) {
    if (!same_text(field.name, "Set-Cookie")) continue;
    const auto now = today(clock);
    const MutexLock lock(mutex_);
    if (jar_.learn(field.value, from, now)) has_cookies_ = true;
  }
}

}  // namespace segdl::engine
