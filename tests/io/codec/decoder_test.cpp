// The decoders, fed with what the encoders of the same libraries make, cut in every way, damaged and followed.
#include "seams/decoder.h"
#include "engine/fetch/content_decoder.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace segdl;

namespace {

std::string with_zlib(const std::string& data, int window) {
  ::z_stream stream{};
  REQUIRE(::deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string made(data.size() + data.size() / 100 + 1000, '\0');
  std::string in = data;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(made.data());
  stream.avail_out = static_cast<uInt>(made.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  made.resize(made.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return made;
}

std::string with_brotli(const std::string& data) {
  std::string made(::BrotliEncoderMaxCompressedSize(data.size()) + 16, '\0');
  std::size_t size = made.size();
  REQUIRE(::BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, data.size(),
                                  reinterpret_cast<const std::uint8_t*>(data.data()), &size,
                                  reinterpret_cast<std::uint8_t*>(made.data())) == BROTLI_TRUE);
  made.resize(size);
  return made;
}

std::string with_zstd(const std::string& data) {
  ::ZSTD_CCtx* context = ::ZSTD_createCCtx();
  ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string made(::ZSTD_compressBound(data.size()), '\0');
  made.resize(::ZSTD_compress2(context, made.data(), made.size(), data.data(), data.size()));
  ::ZSTD_freeCCtx(context);
  return made;
}

struct Coding {
  const char* name;
  const char* form;
  std::function<std::string(const std::string&)> encode;
  bool checked = true;  // it has a checksum of its content
};
const Coding kCodings[] = {
    {"gzip", "one member", [](const std::string& data) { return with_zlib(data, 31); }},
    {"gzip", "two members",
     [](const std::string& data) {
       return with_zlib(data.substr(0, data.size() / 3), 31) + with_zlib(data.substr(data.size() / 3), 31);
     }},
    {"deflate", "framed", [](const std::string& data) { return with_zlib(data, 15); }},
    {"deflate", "raw", [](const std::string& data) { return with_zlib(data, -15); }, false},
    {"br", "", with_brotli, false},
    {"zstd", "one frame", with_zstd},
    {"zstd", "two frames",
     [](const std::string& data) {
       return with_zstd(data.substr(0, data.size() / 3)) + with_zstd(data.substr(data.size() / 3));
     }},
};

std::string words(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string text;
  while (text.size() < size) text += std::to_string(random() % 5000) + (random() % 9 == 0 ? "\n" : " and ");
  return text.substr(0, size);
}

struct Decoded {
  std::string text;
  bool whole = false;
  std::string fault;
};

// Fed in pieces of `in` bytes, and given in pieces of `out`.
Decoded decode(const char* coding, const std::string& coded, std::size_t in, std::size_t out) {
  auto decoder = make_decoder(coding);
  REQUIRE(decoder != nullptr);
  Decoded result;
  std::vector<std::byte> room(out);
  const auto bytes = std::as_bytes(std::span(coded));
  for (std::size_t at = 0; at < bytes.size(); at += in) {
    auto piece = bytes.subspan(at, std::min(in, bytes.size() - at));
    for (bool more = true; more;) {
      auto step = decoder->decode(piece, room);
      REQUIRE(step.given <= room.size());
      for (std::size_t i = 0; i < step.given; ++i) result.text += std::to_integer<char>(room[i]);
      result.fault = std::move(step.fault);
      if (!result.fault.empty()) return result;
      piece = piece.subspan(step.taken);
      more = step.given == room.size();
      if (!more) REQUIRE(piece.empty());
    }
  }
  result.whole = decoder->is_whole();
  return result;
}

bool is_right(const Decoded& decoded) { return decoded.whole && decoded.fault.empty(); }

}  // namespace

TEST_CASE("what was encoded comes back, however it is cut") {
  for (const Coding& coding : kCodings) {
    for (const std::size_t size : {0U, 1U, 1000U, 300'000U}) {
      const std::string content = words(size);
      const std::string coded = coding.encode(content);
      for (const auto& [in, out] : {std::pair(1U, 1U), {1U, 70'000U}, {70'000U, 1U}, {7U, 13U}, {400'000U, 400'000U}}) {
        if (size > 1000 && std::min(in, out) < 7) continue;
        CAPTURE(coding.name);
        CAPTURE(coding.form);
        CAPTURE(size);
        const auto decoded = decode(coding.name, coded, in, out);
        CHECK(is_right(decoded));
        CHECK(decoded.text == content);
      }
    }
  }
}

TEST_CASE("nothing at all is whole, and no other beginning is") {
  for (const Coding& coding : kCodings) {
    if (std::string_view(coding.form).starts_with("two")) continue;
    const std::string coded = coding.encode(words(500));
    CHECK(is_right(decode(coding.name, "", 1, 1)));
    for (std::size_t size = 1; size < coded.size(); ++size) {
      CAPTURE(coding.name);
      CAPTURE(size);
      CHECK_FALSE(is_right(decode(coding.name, coded.substr(0, size), 1000, 1000)));
    }
  }
}

TEST_CASE("what follows the end is a fault, but for more of the same and the zeros of a tape") {
  for (const Coding& coding : kCodings) {
    CAPTURE(coding.name);
    const std::string coded = coding.encode(words(500));
    for (const std::string& more :
         {std::string("x"), std::string(4, 'x'), coded.substr(0, 1), std::string("\0\0\0x", 4)}) {
      for (const std::size_t piece : {std::size_t{1}, std::size_t{10'000}}) {
        CHECK_FALSE(is_right(decode(coding.name, coded + more, piece, 100)));
      }
    }
    const bool members = is_right(decode(coding.name, coded + coded, 10'000, 100));
    CHECK(members == (std::string_view(coding.name) == "gzip" || std::string_view(coding.name) == "zstd"));
    CHECK_FALSE(is_right(decode(coding.name, coded + std::string(9, '\0') + coded, 10'000, 100)));
    const bool zeros = is_right(decode(coding.name, coded + std::string(100, '\0'), 10'000, 100));
    CHECK(zeros == (std::string_view(coding.name) == "gzip"));
  }
}

TEST_CASE("damage is found where there is a checksum, and ends nothing elsewhere") {
  std::mt19937 random(1);
  for (const Coding& coding : kCodings) {
    const std::string content = words(3000);
    const std::string coded = coding.encode(content);
    for (std::size_t round = 0; round < 2000; ++round) {
      std::string damaged = coded;
      damaged[random() % damaged.size()] ^= static_cast<char>(1U << random() % 8);
      const auto decoded = decode(coding.name, damaged, 1000, 1000);
      CAPTURE(coding.name);
      // Some bits of a header are of no consequence.
      if (coding.checked && is_right(decoded)) CHECK(decoded.text == content);
    }
  }
}

TEST_CASE("other codings are not known") {
  for (const char* coding : {"", "identity", "compress", "x-gzip", "GZIP", "gzip, br", "bzip2", "xz"}) {
    CHECK(make_decoder(coding) == nullptr);
  }
}

TEST_CASE(
    "what takes another coding's zeros for ever without giving anything is refused, and the padding of a tape is not") {
  struct Case {
    std::size_t zeros;
    bool good;
  };
  for (const Case& one : {Case{1U << 20U, true}, {engine::ContentDecoder::kMaxForNothing + (1U << 20U), false}}) {
    std::string text;
    auto decoder = engine::ContentDecoder::make({"zstd", "gzip"}, "f", [&](std::span<const std::byte> content) {
      for (const std::byte byte : content) text += std::to_integer<char>(byte);
      return Result<void>();
    });
    REQUIRE(decoder);
    const std::string coded = with_zstd(with_zlib("content", 31) + std::string(one.zeros, '\0'));
    const auto fed = decoder->feed(std::as_bytes(std::span(coded)));
    CHECK(text == "content");
    CHECK(fed.ok() == one.good);
    if (!fed) CHECK(fed.error().cause == Cause::integrity);
    if (fed) CHECK(decoder->finish());
  }
}

TEST_CASE("decoding is given up between two pieces of what a few bytes become") {
  unsigned asked = 0;
  std::uint64_t given = 0;
  auto decoder = engine::ContentDecoder::make(
      {"zstd"}, "f",
      [&](std::span<const std::byte> content) {
        given += content.size();
        return Result<void>();
      },
      [&]() -> Result<void> {
        if (++asked < 4) return {};
        return Error{.cause = Cause::cancelled, .remedy = Remedy::stop};
      });
  REQUIRE(decoder);
  const std::string coded = with_zstd(std::string(8U << 20U, 'x'));
  const auto fed = decoder->feed(std::as_bytes(std::span(coded)));
  REQUIRE_FALSE(fed);
  CHECK(fed.error().cause == Cause::cancelled);
  CHECK(given < 1U << 20U);
}
