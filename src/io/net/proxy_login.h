// Authentication to the proxies of a transport (core/credentials/login.h). What one request learns is shared by the
// others.
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

// The authentication of one request to a proxy, retried until its response is final, each time over another connection.
// Used by one thread.
class ProxyLogin {
 public:
  // `proxy` may be null, or be without credentials: then no credentials are sent. REQUIRES: both outlive it.
  ProxyLogin(ProxyLogins&, const Proxy* proxy);

  // The value of Proxy-Authorization for the next try; empty for none.
  std::string field(std::string_view method, std::string_view target);

  // The proxy's response to that field.
  void answered(const ResponseHead&);

  // Whether the request is worth a retry with another field; true once for each response.
  bool goes_on() { return std::exchange(goes_on_, false); }

 private:
  ProxyLogins& logins_;
  const Proxy* proxy_;
  Proof proof_;
  unsigned refusals_ = 0;
  bool sent_ = false;  // the proof that answers a refusal was sent
  bool goes_on_ = false;
};

}  // namespace segdl::io
