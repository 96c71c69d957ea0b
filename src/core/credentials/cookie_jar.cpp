#include "core/credentials/cookie_jar.h"

#include "core/url/host.h"

#include <algorithm>
#include <utility>

namespace segdl {
namespace {

// RFC 6265 section 5.1.4.
bool is_below_path(std::string_view requested, std::string_view path) {
  if (!requested.starts_with(path)) return false;
  return requested.size() == path.size() || path.ends_with('/') || requested[path.size()] == '/';
}

std::string_view path_of(const Url& url) { return std::string_view(url.target).substr(0, url.target.find('?')); }

bool has_expired(const Cookie& cookie, std::chrono::sys_seconds now) {
  return cookie.expires && *cookie.expires <= now;
}

std::pair<std::string, std::string> key_of(const Cookie& cookie) { return {cookie.name, cookie.path}; }

// The host, and every domain it is in, innermost first.
template <class Visit>
void for_each_domain(std::string_view host, Visit visit) {
  visit(host);
  if (parse_ip(host)) return;
  for (auto dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
    visit(host.substr(dot + 1));
  }
}

}  // namespace

void CookieJar::give(std::vector<Cookie> cookies) {
  for (Cookie& cookie : cookies) put(std::move(cookie), true);
}

bool CookieJar::learn(std::string_view set_cookie, const Url& from, std::chrono::sys_seconds now) {
  auto cookie = parse_set_cookie(set_cookie, from, now);
  if (!cookie || !may_be_set(*cookie, from)) return false;
  if (has_expired(*cookie, now)) return remove(*cookie);
  const std::string domain = cookie->domain;
  const bool changed = put(std::move(*cookie), false);
  make_room(domain, now);
  return changed;
}

bool CookieJar::may_be_set(Cookie& cookie, const Url& from) const {
  if (!cookie.host_only && is_public_suffix_ != nullptr && is_public_suffix_(cookie.domain)) {
    if (cookie.domain != from.origin.host) return false;
    cookie.host_only = true;
  }
  return from.origin.secure || !hides_secure(cookie, from);
}

// A plain connection, which anyone on the path can write to, must not replace cookies of a secure one
// (draft-ietf-httpbis-rfc6265bis section 5.7).
bool CookieJar::hides_secure(const Cookie& cookie, const Url& from) const {
  bool hides = false;
  for_each_domain(from.origin.host, [&](std::string_view domain) {
    const auto found = domains_.find(domain);
    if (found == domains_.end()) return;
    for (const auto& [key, kept] : found->second) {
      hides = hides || (kept.cookie.secure && key.first == cookie.name && is_below_path(cookie.path, key.second));
    }
  });
  return hides;
}

bool CookieJar::put(Cookie cookie, bool given) {
  Domain& domain = domains_[cookie.domain];
  const auto key = key_of(cookie);
  const auto old = domain.find(key);
  if (old == domain.end()) {
    if (!given) ++learned_;
    domain.emplace(key, Kept{std::move(cookie), next_++, given});
    return true;
  }
  Kept& kept = old->second;
  const bool changed = kept.cookie.value != cookie.value || kept.cookie.secure != cookie.secure ||
                       kept.cookie.host_only != cookie.host_only;
  kept.cookie = std::move(cookie);
  if (given && !std::exchange(kept.given, true)) --learned_;
  return changed;
}

bool CookieJar::remove(const Cookie& cookie) {
  const auto domain = domains_.find(cookie.domain);
  if (domain == domains_.end()) return false;
  const auto gone = domain->second.find(key_of(cookie));
  if (gone == domain->second.end()) return false;
  if (!gone->second.given) --learned_;
  domain->second.erase(gone);
  if (domain->second.empty()) domains_.erase(domain);
  return true;
}

// Drops a cookie that a server set in these domains: an expired one, else the oldest.
void CookieJar::drop_one(Domains::iterator first, Domains::iterator last, std::chrono::sys_seconds now) {
  const Kept* worst = nullptr;
  const auto worth = [&](const Kept& kept) { return std::pair(!has_expired(kept.cookie, now), kept.order); };
  for (auto domain = first; domain != last; ++domain) {
    for (const auto& [key, kept] : domain->second) {
      if (!kept.given && (worst == nullptr || worth(kept) < worth(*worst))) worst = &kept;
    }
  }
  if (worst != nullptr) remove(Cookie(worst->cookie));
}

// REQUIRES: at most one cookie was added since the last call.
void CookieJar::make_room(const std::string& name, std::chrono::sys_seconds now) {
  const auto domain = domains_.find(name);
  const auto of_domain = std::count_if(domain->second.begin(), domain->second.end(),
                                       [](const auto& entry) { return !entry.second.given; });
  if (static_cast<std::size_t>(of_domain) > kMaxCookiesOfDomain) drop_one(domain, std::next(domain), now);
  if (learned_ > kMaxCookies) drop_one(domains_.begin(), domains_.end(), now);
}

std::string CookieJar::field_for(const Url& url, std::chrono::sys_seconds now) const {
  std::vector<const Kept*> sent;
  for_each_domain(url.origin.host, [&](std::string_view name) {
    const auto found = domains_.find(name);
    if (found == domains_.end()) return;
    for (const auto& [key, kept] : found->second) {
      const Cookie& cookie = kept.cookie;
      const bool is_for_host = !cookie.host_only || cookie.domain == url.origin.host;
      const bool is_safe = !cookie.secure || url.origin.secure;
      if (is_for_host && is_safe && !has_expired(cookie, now) && is_below_path(path_of(url), cookie.path)) {
        sent.push_back(&kept);
      }
    }
  });
  std::sort(sent.begin(), sent.end(), [](const Kept* a, const Kept* b) {
    const std::size_t long_a = a->cookie.path.size();
    const std::size_t long_b = b->cookie.path.size();
    return long_a != long_b ? long_a > long_b : a->order < b->order;
  });
  std::string field;
  for (const Kept* kept : sent) {
    if (!field.empty()) field += "; ";
    field += kept->cookie.name + "=" + kept->cookie.value;
  }
  return field;
}

std::size_t CookieJar::size() const {
  std::size_t count = 0;
  for (const auto& [name, domain] : domains_) count += domain.size();
  return count;
}

}  // namespace segdl
