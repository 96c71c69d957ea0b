#include "io/tls/tls_sessions.h"

namespace segdl::io {
namespace {

constexpr std::size_t kMaxOfOrigin = 8;  // a server sends two with a handshake
constexpr std::size_t kMaxOrigins = 1024;

TlsSession copy_of(const ::SSL_SESSION* session) { return TlsSession(::SSL_SESSION_dup(session)); }

}  // namespace

void TlsSessions::attend(::SSL_CTX* context) {
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  ::SSL_CTX_sess_set_new_cb(context, [](::SSL* ssl, ::SSL_SESSION* session) {
    auto* place = static_cast<Place*>(SSL_get_app_data(ssl));
    if (place != nullptr && ::SSL_SESSION_is_resumable(session) == 1) {
      place->sessions.put(place->origin, copy_of(session));
    }
    return 0;  // the session itself stays the connection's
  });
}

void TlsSessions::put(const Origin& origin, TlsSession session) {
  if (!session) return;
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= kMaxOrigins) sessions_.erase(sessions_.begin());
  auto& of_origin = sessions_[{origin.host, origin.port}];
  // Before TLS 1.3 a session serves any number of connections, and a newer one means that the older was refused.
  if (::SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION) of_origin.clear();
  of_origin.push_back(std::move(session));
  if (of_origin.size() > kMaxOfOrigin) of_origin.erase(of_origin.begin());
}

TlsSession TlsSessions::take(const Origin& origin) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find({origin.host, origin.port});
  if (found == sessions_.end()) return nullptr;
  auto& of_origin = found->second;
  if (of_origin.size() == 1) return copy_of(of_origin.front().get());
  TlsSession newest = std::move(of_origin.back());
  of_origin.pop_back();
  return newest;
}

void TlsSessions::forget(const Origin& origin) {
  const std::lock_guard lock(mutex_);
  sessions_.erase({origin.host, origin.port});
}

}  // namespace segdl::io
