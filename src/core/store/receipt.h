// The metadata of a published file's resource: a later run asks the server whether the file is still current.
//
// A receipt describes the file as it was when complete. If the file's size or time differ, the file was changed since,
// and the receipt is void.
// It is kept in an attribute of the file. With an ETag of 30 bytes it takes at most 64 bytes, which is the room in an
// inode of ext4.
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
  std::uint32_t salt = 0;           // random, so that tags of two files don't reveal equal URLs
  std::uint32_t url_tag = 0;        // url_tag_of() the URL without its secrets
  std::uint32_t whole_url_tag = 0;  // and with them: they may select another file
  // strong_etag or strong_date. none: the validator is unknown, and the file's time is not evidence although it is the
  // server's.
  Validator::Kind kind = Validator::Kind::none;
  std::string validator = {};  // of that kind, as the server sent it
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

// Identifies a URL without containing it: too short to find a secret by trying.
std::uint32_t url_tag_of(std::uint32_t salt, std::string_view url);

std::vector<std::byte> encode_receipt(const Receipt&);
// Nothing if it is no receipt, or has a weak validator.
std::optional<Receipt> decode_receipt(std::span<const std::byte>);

}  // namespace segdl
