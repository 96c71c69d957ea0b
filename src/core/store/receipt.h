// What a published file carries of the resource that it is: so that a later run can ask whether it still is.
//
// It speaks of the file as it was when it was complete. A file of another size or time has been changed since, by
// whomever, and then it says nothing. It is kept in an attribute of the file, in at most 64 bytes for an ETag of 30,
// which is what an inode of ext4 has room for.
#pragma once

#include "core/http/http_fields.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace segdl {

using FileTime = std::chrono::sys_time<std::chrono::nanoseconds>;

struct Receipt {
  std::uint64_t size = 0;           // of the file
  FileTime modified{};              // likewise
  std::uint32_t salt = 0;           // random, so that equal URLs of two files can't be told by their tags
  std::uint32_t url_tag = 0;        // url_tag_of() the URL without its secrets
  std::uint32_t whole_url_tag = 0;  // and with them: they may choose another file
  // strong_etag or strong_date; none: nothing is known of it, and that its time is the server's proves nothing.
  Validator::Kind kind = Validator::Kind::none;
  std::string validator = {};  // of that kind, as the server sent it
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

// Which URL, without saying it: too short to find one of the length of a secret by trying.
std::uint32_t url_tag_of(std::uint32_t salt, std::string_view url);

std::vector<std::byte> encode_receipt(const Receipt&);
// Nothing if it is no receipt, or one of a weak validator.
std::optional<Receipt> decode_receipt(std::span<const std::byte>);

}  // namespace segdl
