#include "seams/digest.h"

#include "core/base/errors.h"
#include "core/base/xxh3.h"
#include "io/base/owned.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace segdl {
namespace {

using Context = io::Owned<::EVP_MD_CTX, ::EVP_MD_CTX_free>;

// OpenSSL's digests. After a failure the value is empty, which equals no digest.
class EvpDigest final : public Digest {
 public:
  explicit EvpDigest(Context context) : context_(std::move(context)) {}

  void update(std::span<const std::byte> bytes) override {
    good_ = good_ && ::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
  }

  std::vector<std::byte> value() override {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    good_ = good_ && ::EVP_DigestFinal_ex(context_.get(), bytes.data(), &size) == 1;
    const auto all = std::as_bytes(std::span(bytes)).first(good_ ? size : 0);
    return {all.begin(), all.end()};
  }

 private:
  Context context_;
  bool good_ = true;
};

// The most significant byte first, as xxHash's own programs print it.
std::vector<std::byte> bytes_of(std::initializer_list<std::uint64_t> numbers) {
  std::vector<std::byte> bytes;
  for (const std::uint64_t number : numbers) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::byte>(number >> shift & 0xff));
  }
  return bytes;
}

class XxhDigest final : public Digest {
 public:
  explicit XxhDigest(bool wide) : wide_(wide) {}

  void update(std::span<const std::byte> bytes) override { digest_.update(bytes); }
  std::vector<std::byte> value() override {
    if (!wide_) return bytes_of({digest_.value()});
    const auto [high, low] = digest_.value128();
    return bytes_of({high, low});
  }

 private:
  StreamDigest digest_;
  bool wide_;  // 128 bits, else 64
};

// Whether OpenSSL's last call failed for lack of memory; it then has no memory for an error message either.
bool is_out_of_memory() {
  bool found = ::ERR_peek_error() == 0;
  while (const unsigned long code = ::ERR_get_error()) found = found || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
  return found;
}

Result<std::unique_ptr<Digest>> make_evp(Algorithm algorithm, const char* name) {
  ::ERR_clear_error();
  const io::Owned<::EVP_MD, ::EVP_MD_free> method(::EVP_MD_fetch(nullptr, name, nullptr));
  Context context(::EVP_MD_CTX_new());  // shares the method
  if (!method || !context || ::EVP_DigestInit_ex(context.get(), method.get(), nullptr) != 1) {
    if (is_out_of_memory()) throw std::bad_alloc();
    return with_hints(make_error(Cause::usage, "compute", std::string(algorithm_name(algorithm)),
                                 "this machine's OpenSSL does not offer it"),
                      {Hint::use_other_checksum});
  }
  return std::unique_ptr<Digest>(std::make_unique<EvpDigest>(std::move(context)));
}

std::string hexadecimal(std::span<const unsigned char> bytes) { return fmt::format("{:02x}", fmt::join(bytes, "")); }

std::string hash_text(LoginHash hash, std::string_view text) {
  constexpr const char* kNames[] = {"MD5", "SHA2-256", "SHA2-512/256"};
  const char* name = kNames[static_cast<std::size_t>(hash)];
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  std::size_t size = 0;
  const bool good = ::EVP_Q_digest(nullptr, name, nullptr, text.data(), text.size(), bytes.data(), &size) == 1;
  return good ? hexadecimal(std::span(bytes).first(size)) : "";
}

std::string random_text() {
  std::array<unsigned char, 16> bytes{};
  if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) throw std::bad_alloc();
  return hexadecimal(bytes);
}

}  // namespace

LoginMeans login_means() { return {hash_text, random_text}; }

Result<std::unique_ptr<Digest>> make_digest(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::sha256:
      return make_evp(algorithm, "SHA2-256");
    case Algorithm::sha512:
      return make_evp(algorithm, "SHA2-512");
    case Algorithm::sha1:
      return make_evp(algorithm, "SHA1");
    case Algorithm::md5:
      return make_evp(algorithm, "MD5");
    case Algorithm::xxh3_64:
      return std::unique_ptr<Digest>(std::make_unique<XxhDigest>(false));
    case Algorithm::xxh128:
      return std::unique_ptr<Digest>(std::make_unique<XxhDigest>(true));
  }
  return Error{Cause::internal, Remedy::stop, "compute", "a digest"};
}

}  // namespace segdl
