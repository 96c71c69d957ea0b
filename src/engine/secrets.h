// What a session knows of hosts that want to know who asks: names and passwords, and cookies.
//
// In memory only; it is in no journal, message or note. Each request gets what belongs to its own host: the names and
// passwords by the host, the cookies by the rules of core/cookie_jar. Thread-safe.
#pragma once

#include <segdl/task.h>

#include "core/cookie_jar.h"
#include "core/http_head.h"
#include "core/netrc.h"
#include "core/url.h"
#include "engine/monitor.h"
#include "seams/clock.h"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace segdl::engine {

// What a session is given of them.
struct GivenSecrets {
  std::vector<NetrcEntry> netrc = {};
  std::vector<Cookie> cookies = {};
  CookieJar::SuffixTest is_public_suffix = nullptr;
  std::vector<std::string> notes = {};  // of what they were read from
};

class Secrets {
 public:
  explicit Secrets(GivenSecrets = {});

  // What the netrc file has for the host; with a login only what it has for that.
  std::optional<Credentials> credentials_for(const Origin&, const std::string& login = "") const;

  // The value of the Cookie field; empty if there is none.
  std::string cookies_for(const Url&, Clock&) const;

  // Keeps the cookies that a response from there sets. True if that URL, asked again, may answer something else.
  bool learn(const ResponseHead&, const Url& from, Clock&);

 private:
  const std::vector<NetrcEntry> netrc_;
  std::atomic<bool> has_cookies_ = false;  // most sessions never have any, and should not wait for each other
  mutable Mutex mutex_;
  CookieJar jar_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace segdl::engine
