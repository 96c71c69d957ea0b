// What is known of a version, by what vouches for it.
#include "engine/task/version.h"

#include "core/store/layout.h"

#include <doctest/doctest.h>

using namespace segdl;
using namespace segdl::engine;

namespace {

JournalIdentity of_segments() {
  JournalIdentity identity;
  identity.lay_out(Layout(100, 16));
  identity.resource.validator = {Validator::Kind::strong_etag, "\"one\""};
  identity.resource.coding = "gzip";
  return identity;
}

}  // namespace

TEST_CASE("a version is known by the validator that vouches for it") {
  const Resource known = Version{}.known(of_segments());
  CHECK(known.total == 100);
  CHECK(known.validator == of_segments().resource.validator);
  CHECK(known.coding == "gzip");
  CHECK_FALSE(known.any_version);
}

TEST_CASE("a validator that vouches for nothing is neither sent nor compared") {
  for (const Voucher voucher : {Voucher::bytes, Voucher::digest}) {
    Version version;
    version.voucher = voucher;
    const Resource known = version.known(of_segments());
    CHECK(known.total == 100);
    CHECK(known.validator == Validator{});
    CHECK(known.any_version);
  }
}

TEST_CASE("a stream is as long as the server has declared, if it has") {
  JournalIdentity identity;
  CHECK_FALSE(Version{}.known(identity).total);
  identity.resource.total = 7;
  CHECK(Version{}.known(identity).total == 7);
}

TEST_CASE("an earlier run has left something of a version if it has claimed a segment") {
  Version version;
  CHECK_FALSE(version.inherits());
  version.continued_from = 0;
  CHECK_FALSE(version.inherits());
  version.continued_from = 1;
  CHECK(version.inherits());
}
