#include "seams/decoder.h"

#include "io/base/owned.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace segdl {
namespace {

constexpr int kGzip = 15 + 16;
constexpr int kRawDeflate = -15;

// The remaining input and output of one call.
struct Sides {
  std::span<const std::byte> in;
  std::span<std::byte> out;

  void moved(std::size_t taken, std::size_t given) {
    in = in.subspan(taken);
    out = out.subspan(given);
  }
};

// gzip (RFC 1952), members one after the other, and deflate: with the frame of RFC 1950 as RFC 9110 section 8.4.1.2
// requires, or without, as some servers send it.
class ZlibDecoder final : public Decoder {
 public:
  explicit ZlibDecoder(bool gzip) : gzip_(gzip) {}
  ~ZlibDecoder() override { ::inflateEnd(&stream_); }  // does nothing if the stream has not begun
  ZlibDecoder(const ZlibDecoder&) = delete;
  ZlibDecoder& operator=(const ZlibDecoder&) = delete;

  Step decode(std::span<const std::byte> in, std::span<std::byte> out) override {
    Sides left{in, out};
    std::string fault;
    while (fault.empty() && !left.out.empty() && (!left.in.empty() || may_hold_more_)) {
      fault = at_ == At::inside ? inflate(left) : between(left);
    }
    return {in.size() - left.in.size(), out.size() - left.out.size(), std::move(fault)};
  }

  bool is_whole() const override { return at_ != At::inside; }

 private:
  enum class At : std::uint8_t { beginning, inside, behind, padding };

  // Zeros may follow the last member of a file from a tape; gzip skips them too.
  std::string between(Sides& left) {
    const std::byte next = left.in.front();
    if (at_ != At::beginning && next == std::byte{0} && gzip_) {
      at_ = At::padding;
      const auto end = std::ranges::find_if(left.in, [](std::byte byte) { return byte != std::byte{0}; });
      left.moved(static_cast<std::size_t>(end - left.in.begin()), 0);
      return {};
    }
    if (at_ == At::padding || (at_ == At::behind && !gzip_)) return "bytes follow its end";
    if (at_ == At::behind) ::inflateReset(&stream_);
    if (at_ == At::beginning) begin(next);
    at_ = At::inside;
    return {};
  }

  // The low half of a zlib header is 8. Raw data of the same first byte has a stored block with padding that is not
  // zero.
  void begin(std::byte first) {
    const bool framed = (first & std::byte{0x8f}) == std::byte{0x08};
    const int window = gzip_ ? kGzip : framed ? MAX_WBITS : kRawDeflate;
    if (::inflateInit2(&stream_, window) != Z_OK) throw std::bad_alloc();
  }

  std::string inflate(Sides& left) {
    constexpr std::size_t kMax = std::numeric_limits<uInt>::max();
    const auto in = left.in.first(std::min(left.in.size(), kMax));
    const auto out = left.out.first(std::min(left.out.size(), kMax));
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));  // zlib does not write there
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    left.moved(in.size() - stream_.avail_in, out.size() - stream_.avail_out);
    may_hold_more_ = result == Z_OK && stream_.avail_out == 0;
    if (result == Z_STREAM_END) at_ = At::behind;
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR) return {};
    return stream_.msg != nullptr ? stream_.msg : "it is not what it is called";
  }

  const bool gzip_;
  bool may_hold_more_ = false;  // more output than there was room for
  At at_ = At::beginning;
  ::z_stream stream_{};
};

// RFC 7932.
class BrotliDecoder final : public Decoder {
 public:
  BrotliDecoder() : state_(::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_) throw std::bad_alloc();
  }

  Step decode(std::span<const std::byte> in, std::span<std::byte> out) override {
    if (in.empty() && !begun_) return {};
    if (ended_) return {0, 0, in.empty() ? "" : "bytes follow its end"};
    begun_ = true;
    std::size_t in_left = in.size();
    std::size_t out_left = out.size();
    auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(out.data());
    const auto result =
        ::BrotliDecoderDecompressStream(state_.get(), &in_left, &next_in, &out_left, &next_out, nullptr);
    Step step{in.size() - in_left, out.size() - out_left};
    ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
    if (ended_ && in_left > 0) step.fault = "bytes follow its end";
    if (result == BROTLI_DECODER_RESULT_ERROR) {
      step.fault = ::BrotliDecoderErrorString(::BrotliDecoderGetErrorCode(state_.get()));
    }
    return step;
  }

  bool is_whole() const override { return !begun_ || ended_; }

 private:
  io::Owned<::BrotliDecoderState, ::BrotliDecoderDestroyInstance> state_;
  bool begun_ = false;
  bool ended_ = false;
};

// RFC 8878, frames one after the other.
class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : state_(::ZSTD_createDStream()) {
    if (!state_) throw std::bad_alloc();
    ::ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, static_cast<int>(kMaxWindowBits));
  }

  Step decode(std::span<const std::byte> in, std::span<std::byte> out) override {
    ::ZSTD_inBuffer from{in.data(), in.size(), 0};
    ::ZSTD_outBuffer to{out.data(), out.size(), 0};
    std::string fault;
    while (fault.empty() && to.pos < to.size && (from.pos < from.size || may_hold_more_)) {
      const std::size_t result = ::ZSTD_decompressStream(state_.get(), &to, &from);
      if (::ZSTD_isError(result) != 0) fault = ::ZSTD_getErrorName(result);
      whole_ = result == 0;
      may_hold_more_ = !whole_ && to.pos == to.size;
    }
    return {from.pos, to.pos, std::move(fault)};
  }

  bool is_whole() const override { return whole_; }

 private:
  io::Owned<::ZSTD_DStream, ::ZSTD_freeDStream> state_;
  bool whole_ = true;
  bool may_hold_more_ = false;  // more output than there was room for
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(std::string_view coding) {
  if (coding == "gzip") return std::make_unique<ZlibDecoder>(true);
  if (coding == "deflate") return std::make_unique<ZlibDecoder>(false);
  if (coding == "br") return std::make_unique<BrotliDecoder>();
  if (coding == "zstd") return std::make_unique<ZstdDecoder>();
  return nullptr;
}

}  // namespace segdl
