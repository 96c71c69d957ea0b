#include "engine/base/url_hash.h"

#include "seams/digest.h"

#include <algorithm>
#include <random>
#include <span>
#include <string>

namespace segdl::engine {
namespace {

std::array<std::byte, 32> salted(const std::array<std::byte, 16>& salt, const Url& url) {
  std::array<std::byte, 32> result{};
  auto digest = make_digest(Algorithm::sha256);
  if (!digest) return result;
  (*digest)->update(salt);
  const std::string text = url.text();
  (*digest)->update(std::as_bytes(std::span(text)));
  const auto value = (*digest)->value();
  std::copy_n(value.begin(), std::min(value.size(), result.size()), result.begin());
  return result;
}

}  // namespace

std::array<std::byte, 16> random_token() {
  std::random_device random;
  std::array<std::byte, 16> token{};
  for (std::byte& byte : token) byte = static_cast<std::byte>(random() & 0xff);
  return token;
}

UrlHash hash_of(const Url& url) {
  const auto salt = random_token();
  return {salt, salted(salt, url)};
}

bool is_hash_of(const UrlHash& hash, const Url& url) {
  return hash.digest != std::array<std::byte, 32>{} && hash.digest == salted(hash.salt, url);
}

}  // namespace segdl::engine
