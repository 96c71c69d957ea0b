#include "io/http/certified_transport.h"

#include <utility>

namespace segdl::io {
namespace {

class CertifiedTransport final : public Transport {
 public:
  CertifiedTransport(std::unique_ptr<Transport> plain, std::unique_ptr<Transport> certified)
      : plain_(std::move(plain)), certified_(std::move(certified)) {}

  Result<std::unique_ptr<Exchange>> get(const HttpRequest& request, const Limits& limits,
                                        std::stop_token stop) override {
    return (request.certified ? certified_ : plain_)->get(request, limits, std::move(stop));
  }

 private:
  const std::unique_ptr<Transport> plain_;
  const std::unique_ptr<Transport> certified_;
};

}  // namespace

std::unique_ptr<Transport> make_certified_transport(std::unique_ptr<Transport> plain,
                                                    std::unique_ptr<Transport> certified) {
  return std::make_unique<CertifiedTransport>(std::move(plain), std::move(certified));
}

}  // namespace segdl::io
