// What a session knows of hosts that require a login: names and passwords, how they are sent, and cookies.
//
// In memory only; it is in no journal, message or note. Each request gets what belongs to its own host: the names and
// passwords by the host, the cookies by the rules of core/cookie_jar. Thread-safe.
#pragma once

#include <segdl/task.h>

#include "core/credentials/cookie_jar.h"
#include "core/credentials/login.h"
#include "core/credentials/netrc.h"
#include "core/http/http_head.h"
#include "core/url/url.h"
#include "engine/base/monitor.h"
#include "seams/clock.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace segdl::engine {

// What a session is given of them.
struct GivenCredentials {
  std::vector<NetrcEntry> netrc = {};
  std::vector<Cookie> cookies = {};
  CookieJar::SuffixTest is_public_suffix = nullptr;
  std::vector<std::string> notes = {};  // of what they were read from
};

// Who asks where.
struct Account {
  Origin origin;
  Credentials who;
};

class CredentialStore {
 public:
  explicit CredentialStore(GivenCredentials = {});

  // What the netrc file has for the host; with a login only what it has for that.
  std::optional<Credentials> credentials_for(const Origin&, const std::string& login = "") const;

  // The proof for the next request there, and the final answer to it (core/credentials/login.h): whether a server has
  // taken these for right by then.
  Proof next_proof(const Account& account) {
    const MutexLock lock(mutex_);
    return login_of(account).next();
  }
  bool answered(const Account&, const ResponseHead&, const Proof&);

  // The value of the Cookie field; empty if there is none.
  std::string cookies_for(const Url&, Clock&) const;

  // Keeps the cookies that a response from there sets.
  void learn(const ResponseHead&, const Url& from, Clock&);

 private:
  using Key = std::tuple<std::string, std::uint16_t, bool, std::string, std::string>;
  Login& login_of(const Account&) SEGDL_REQUIRES(mutex_);

  const std::vector<NetrcEntry> netrc_;
  std::atomic<bool> has_cookies_ = false;  // most sessions never have any, and should not wait for each other
  mutable Mutex mutex_;
  CookieJar jar_ SEGDL_GUARDED_BY(mutex_);
  std::map<Key, Login> logins_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
