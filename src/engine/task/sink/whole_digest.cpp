#include "engine/task/sink/whole_digest.h"

#include "core/base/errors.h"
#include "core/base/xxh3.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace segdl::engine {

std::uint64_t journal_name_of(const Checksum& checksum) {
  const std::string text = fmt::format("{}={}", algorithm_name(checksum.algorithm), hex(checksum));
  return std::max<std::uint64_t>(1, digest_of(std::as_bytes(std::span(text))));
}

WholeDigest::WholeDigest(const std::optional<Checksum>& expected) : expected_(expected) { begin_again(); }

void WholeDigest::begin_again() {
  if (!expected_) return;
  auto made = make_digest(expected_->algorithm);
  digest_ = made ? std::move(*made) : nullptr;
}

Result<void> WholeDigest::check(const std::string& subject) {
  if (!expected_) return {};
  const Checksum got{expected_->algorithm, digest_ ? digest_->value() : std::vector<std::byte>()};
  if (!got.digest.empty() && got == *expected_) return {};
  const std::string_view name = algorithm_name(got.algorithm);
  return with_hints(make_error(Cause::integrity, "verify", subject,
                               fmt::format("its {} is {}, and {} was expected", name, hex(got), hex(*expected_))),
                    {Hint::check_checksum, Hint::fetch_again});
}

}  // namespace segdl::engine
