// How each proxy of a transport is told who asks (core/credentials/login.h). What one request learns serves the others.
#pragma once

#include "core/credentials/login.h"
#include "core/http/http_head.h"
#include "core/url/proxy.h"

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace segdl::io {

// Thread-safe. Secrets are in memory only.
class ProxyLogins {
 public:
  Proof next(const Proxy&);
  void answered(const Proxy&, const ResponseHead&, const Proof&);

 private:
  std::mutex mutex_;
  std::map<const Proxy*, Login> logins_;
};

// One request's way through a proxy: tried until its answer stands, each time over another connection. Used by one
// thread.
class ProxyLogin {
 public:
  // `proxy` may be null, or be without credentials: then nothing is told. REQUIRES: both outlive it.
  ProxyLogin(ProxyLogins&, const Proxy* proxy);

  // The value of Proxy-Authorization for the next try; empty for none.
  std::string field(std::string_view method, std::string_view target);

  // The proxy's answer to it.
  void answered(const ResponseHead&);

  // Whether the same request is worth another try, with another field; once for each answer.
  bool goes_on() { return std::exchange(goes_on_, false); }

 private:
  ProxyLogins& logins_;
  const Proxy* proxy_;
  Proof proof_;
  unsigned refusals_ = 0;
  bool sent_ = false;  // the proof that answers a refusal
  bool goes_on_ = false;
};

}  // namespace segdl::io
