// The certificates that the system trusts, read when the first secure connection is wanted.
//
// Reading them takes some 22 ms of processor time, far more on a small machine. A session of plain connections avoids
// it; a secure one spends it on a thread of its own while names are resolved and the connection is made.
// A stop request does not wait for it. SSL_CERT_FILE and SSL_CERT_DIR in the environment are obeyed. Thread-safe.
#pragma once

#include <segdl/error.h>

#include "io/base/descriptor.h"
#include "io/base/stoppable_wait.h"

#include <openssl/ssl.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace segdl::io {

class SystemTrust {
 public:
  // REQUIRES: the context outlives this object, and makes no connection before wait() has succeeded.
  explicit SystemTrust(::SSL_CTX* context) : context_(context) {}

  // Begins to read, unless that has begun.
  void begin();
  Result<void> wait(const StoppableWait&);

 private:
  void read();

  ::SSL_CTX* context_;
  std::mutex beginning_;
  bool begun_ = false;
  std::atomic<bool> there_{false};
  Descriptor done_;      // readable for ever once they are read
  std::jthread reader_;  // last: it has ended before what it uses is destroyed
};

}  // namespace segdl::io
