#include "core/credentials/cookie_jar.h"

#include "core/url/host.h"

#include <algorithm>

namespace segdl {
namespace {

// RFC 6265 section 5.1.4.
bool is_below_path(std::string_view requested, std::string_view path) {
  if (!requested.starts_with(path)) return false;
  return requested.size() == path.size() || path.ends_with('/') || requested[path.size()] == '/';
}

bool has_expired(const Cookie& cookie, std::chrono::sys_seconds now) {
  return cookie.expires && *cookie.expires <= now;
}

std::pair<std::string, std::string> key_of(const Cookie& cookie) { return {cookie.name, cookie.path}; }

}  // namespace

void CookieJar::give(std::vector<Cookie> cookies) {
  for (Cookie& cookie : cookies) put(std::move(cookie), true);
}

bool CookieJar::learn(std::string_view set_cookie, const Url& from, std::chrono::sys_seconds now) {
  auto cookie = parse_set_cookie(set_cookie, from, now);
  if (!cookie || !may_be_set(*cookie, from)) return false;
  if (has_expired(*cookie, now)) return remove(*cookie);
  const bool changed = put(*cookie, false);
  const auto domain = domains_.find(cookie->domain);
  const auto of_domain = std::ranges::count_if(domain->second, [](const auto& entry) { return !entry.second.given; });
  if (static_cast<std::size_t>(of_domain) > kMaxCookiesOfDomain) drop_one(domain, std::next(domain), now);
  if (learned_ > kMaxCookies) drop_one(domains_.begin(), domains_.end(), now);
  return changed;
}

bool CookieJar::may_be_set(Cookie& cookie, const Url& from) const {
  if (!cookie.host_only && is_public_suffix_ != nullptr && is_public_suffix_(cookie.domain)) {
    if (cookie.domain != from.origin.host) return false;
    cookie.host_only = true;
  }
  // A plain connection, which anyone on the path can write to, must not replace cookies of a secure one
  // (draft-ietf-httpbis-rfc6265bis section 5.7).
  if (from.origin.secure) return true;
  return std::ranges::none_of(around(from.origin.host), [&](const Kept* kept) {
    return kept->cookie.secure && kept->cookie.name == cookie.name && is_below_path(cookie.path, kept->cookie.path);
  });
}

std::vector<const CookieJar::Kept*> CookieJar::around(std::string_view host) const {
  std::vector<const Kept*> all;
  const bool is_address = parse_ip(host).has_value();
  for (;;) {
    const auto domain = domains_.find(host);
    if (domain != domains_.end()) {
      for (const auto& [key, kept] : domain->second) all.push_back(&kept);
    }
    const auto dot = host.find('.');
    if (is_address || dot == std::string_view::npos) return all;
    host.remove_prefix(dot + 1);
  }
}

bool CookieJar::put(Cookie cookie, bool given) {
  const auto [place, added] = domains_[cookie.domain].try_emplace(key_of(cookie), Kept{{}, next_++, given});
  Kept& kept = place->second;
  const bool changed = added || kept.cookie.value != cookie.value || kept.cookie.secure != cookie.secure ||
                       kept.cookie.host_only != cookie.host_only;
  kept.cookie = std::move(cookie);
  if (added && !given) ++learned_;
  if (given && !std::exchange(kept.given, true)) --learned_;
  return changed;
}

bool CookieJar::remove(const Cookie& cookie) {
  const auto domain = domains_.find(cookie.domain);
  if (domain == domains_.end()) return false;
  const auto gone = domain->second.extract(key_of(cookie));
  if (gone.empty()) return false;
  if (!gone.mapped().given) --learned_;
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
  if (worst != nullptr) remove(worst->cookie);
}

std::string CookieJar::field_for(const Url& url, std::chrono::sys_seconds now) const {
  const std::string_view path = std::string_view(url.target).substr(0, url.target.find('?'));
  auto sent = around(url.origin.host);
  std::erase_if(sent, [&](const Kept* kept) {
    const Cookie& cookie = kept->cookie;
    const bool is_for_host = !cookie.host_only || cookie.domain == url.origin.host;
    const bool is_safe = !cookie.secure || url.origin.secure;
    return !is_for_host || !is_safe || has_expired(cookie, now) || !is_below_path(path, cookie.path);
  });
  // The longest path first, and of the same length the cookie that came first.
  std::ranges::sort(sent, [](const Kept* a, const Kept* b) {
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

}  // namespace segdl
