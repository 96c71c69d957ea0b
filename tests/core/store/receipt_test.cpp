// What a published file carries of the resource that it is.
#include "core/store/receipt.h"

#include <doctest/doctest.h>

using namespace segdl;

namespace {

Receipt receipt() {
  Receipt made{5'000'000'000, FileTime(std::chrono::nanoseconds(1'700'000'000'123'456'789)), 77, 88, 99};
  made.kind = Validator::Kind::strong_etag;
  made.validator = "\"6123abcd-12a05f200\"";
  return made;
}

}  // namespace

TEST_CASE("a receipt is read as it was written") {
  CHECK(decode_receipt(encode_receipt(receipt())) == receipt());
  Receipt old = receipt();
  old.modified = FileTime(std::chrono::nanoseconds(-1));
  old.kind = Validator::Kind::strong_date;
  CHECK(decode_receipt(encode_receipt(old)) == old);
  Receipt none = receipt();
  none.kind = Validator::Kind::none;
  CHECK_FALSE(decode_receipt(encode_receipt(none)).has_value());
  none.validator.clear();
  CHECK(decode_receipt(encode_receipt(none)) == none);
}

TEST_CASE("a usual receipt fits into an inode of ext4") { CHECK(encode_receipt(receipt()).size() <= 64); }

TEST_CASE("what is cut, of another version, weak, or can't stand in a request is no receipt") {
  const auto bytes = encode_receipt(receipt());
  for (std::size_t size = 0; size <= bytes.size() - receipt().validator.size(); ++size) {
    CHECK_FALSE(decode_receipt(std::span(bytes).first(size)).has_value());
  }
  auto other = bytes;
  other[0] = std::byte{1};
  CHECK_FALSE(decode_receipt(other).has_value());
  for (const int kind : {0, 1, 2, 5, 255}) {
    auto weak = bytes;
    weak[1] = static_cast<std::byte>(kind);
    CHECK_FALSE(decode_receipt(weak).has_value());
  }
  for (const char odd : {'\r', '\n', '\0', '\x7f'}) {
    auto control = bytes;
    control.back() = static_cast<std::byte>(odd);
    CHECK_FALSE(decode_receipt(control).has_value());
  }
  auto longer = receipt();
  longer.validator = "\"" + std::string(kMaxValidator, 'x') + "\"";
  CHECK_FALSE(decode_receipt(encode_receipt(longer)).has_value());
}

TEST_CASE("a tag tells URLs apart, and another salt makes another tag") {
  CHECK(url_tag_of(1, "http://h/f") == url_tag_of(1, "http://h/f"));
  CHECK(url_tag_of(1, "http://h/f") != url_tag_of(1, "http://h/g"));
  CHECK(url_tag_of(1, "http://h/f") != url_tag_of(2, "http://h/f"));
}
