// Which cookies go with which request (RFC 6265 sections 5.3 and 5.4).
//
// A jar lives as long as a session and is never written to disk.
// Cookies that the user gave are kept whatever their size. Cookies of servers are limited in number: the oldest are
// dropped.
// SameSite is ignored: it protects against pages that make requests in a user's name, and there are none here.
#pragma once

#include "core/credentials/cookie.h"
#include "core/url/url.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace segdl {

inline constexpr std::size_t kMaxCookiesOfDomain = 50;
inline constexpr std::size_t kMaxCookies = 3000;

class CookieJar {
 public:
  // Whether the domain is a public suffix such as co.uk, below which domains have different owners. Null: only domains
  // of one label are.
  using SuffixTest = bool (*)(const std::string& domain);

  explicit CookieJar(SuffixTest is_public_suffix = nullptr) : is_public_suffix_(is_public_suffix) {}

  // Cookies that the user gave. A later one replaces an earlier one of the same name, domain and path.
  void give(std::vector<Cookie>);

  // Stores the cookie of a Set-Cookie field. True if requests are sent with other cookies than before.
  bool learn(std::string_view set_cookie, const Url& from, std::chrono::sys_seconds now);

  // The value of the Cookie field for a request; empty if there is none to be sent.
  std::string field_for(const Url&, std::chrono::sys_seconds now) const;

 private:
  // RFC 6265 section 5.3: a cookie replaces the one of its name, domain and path.
  struct Kept {
    Cookie cookie;
    std::uint64_t order;  // of arrival
    bool given;           // by the user
  };
  using Domain = std::map<std::pair<std::string, std::string>, Kept>;  // by name and path
  using Domains = std::map<std::string, Domain, std::less<>>;

  bool may_be_set(Cookie&, const Url& from) const;
  // The cookies of the host and of every domain that it is in.
  std::vector<const Kept*> around(std::string_view host) const;
  bool put(Cookie, bool given);
  bool remove(const Cookie&);
  void drop_one(Domains::iterator first, Domains::iterator last, std::chrono::sys_seconds now);

  SuffixTest is_public_suffix_;
  Domains domains_;
  std::size_t learned_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace segdl
