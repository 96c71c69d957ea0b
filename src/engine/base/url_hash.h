// Which URL a journal is about, without its secrets.
//
// The URL that is kept for display has no secrets, so two that differ in their secrets alone look the same in it. Its
// hash distinguishes them, and its salt keeps a short secret from being found by trying.
#pragma once

#include "core/store/journal_format.h"
#include "core/url/url.h"

#include <array>
#include <cstddef>

namespace segdl::engine {

// With a new salt. All zeros where this machine's OpenSSL refuses SHA-256: then no URL is the same.
UrlHash hash_of(const Url&);

// Whether it is the hash of this URL; userinfo and fragment don't count.
bool is_hash_of(const UrlHash&, const Url&);

// 16 random bytes.
std::array<std::byte, 16> random_token();

}  // namespace segdl::engine
