#include "support/answer.h"

#include "core/base/ascii.h"
#include "support/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace segdl::test {
namespace {

constexpr std::uint64_t kChunk = 64 * 1024;

const std::string* first_field(const std::vector<Field>& fields, std::string_view name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return same_text(f.name, name); });
  return found == fields.end() ? nullptr : &found->value;
}

}  // namespace

Answer& Answer::add(const std::string& name, std::string value) {
  head.fields.push_back({name, std::move(value)});
  return *this;
}

Answer& Answer::set(const std::string& name, std::string value) {
  drop(name);
  return add(name, std::move(value));
}

Answer& Answer::drop(const std::string& name) {
  std::erase_if(head.fields, [&](const Field& field) { return same_text(field.name, name); });
  return *this;
}

Answer& Answer::status(int code) { return page(code, 0); }

Answer& Answer::page(int code, std::uint64_t size) {
  head.status = code;
  begin = 0;
  end = size;
  head.fields.clear();
  head.framing = Framing::length;
  head.content_length = size;
  return set("Content-Length", fmt::to_string(size));
}

Answer& Answer::chunked() {
  head.framing = Framing::chunked;
  return drop("Content-Length").set("Transfer-Encoding", "chunked");
}

Answer& Answer::until_close() {
  head.framing = Framing::until_close;
  head.keep_alive = false;
  return drop("Content-Length").set("Connection", "close");
}

Answer& Answer::sends(std::uint64_t first, std::uint64_t past) {
  const std::uint64_t size = said_total();
  begin = first;
  end = past;
  head.content_length = past - first;
  if (head.framing == Framing::length) set("Content-Length", fmt::to_string(past - first));
  return content_range(fmt::format("bytes {}-{}/{}", first, past - 1, size));
}

Answer& Answer::content_range(std::string value) { return set("Content-Range", std::move(value)); }

Answer& Answer::shift_content_range(std::int64_t by) {
  const auto delta = static_cast<std::uint64_t>(by);  // modulo 2^64: a negative shift subtracts
  return content_range(fmt::format("bytes {}-{}/{}", begin + delta, end - 1 + delta, said_total()));
}

Answer& Answer::total(std::uint64_t size) { return content_range(fmt::format("bytes {}-{}/{}", begin, end - 1, size)); }

Answer& Answer::raw(std::string bytes, WireEnd then) {
  raw_bytes = std::move(bytes);
  ending = then;
  return *this;
}

Answer& Answer::silent(WireEnd then) { return raw("", then); }

std::string Answer::head_text() const {
  std::string text = fmt::format("HTTP/1.1 {} X\r\n", head.status);
  for (const Field& field : head.fields) text += fmt::format("{}: {}\r\n", field.name, field.value);
  return text + "\r\n";
}

std::uint64_t Answer::said_total() const {
  const std::string* range = first_field(head.fields, "Content-Range");
  if (range == nullptr) return end;
  return parse_decimal(std::string_view(*range).substr(range->rfind('/') + 1)).value_or(end);
}

AnswerWire::AnswerWire(Answer answer) : answer_(std::move(answer)), at_(answer_.begin) {
  if (answer_.raw_bytes) {
    text_ = *answer_.raw_bytes;
    step_ = Step::done;
    end_ = answer_.ending.value_or(WireEnd::close);
    return;
  }
  text_ = answer_.interim + answer_.head_text();
  stop_ = std::max(answer_.begin, answer_.end);
  find_end();
}

// A connection can only be kept if the client can determine where the body ended: it ends after a head that announces
// more than follows, or that is not valid.
void AnswerWire::find_end() {
  const auto said = parse_head(answer_.head_text());
  const bool enough = said && (said->framing != Framing::length || said->content_length <= stop_ - answer_.begin);
  end_ = answer_.ending.value_or(said && said->keep_alive && enough ? WireEnd::keep : WireEnd::close);
  const auto ends_at = [&](const std::optional<std::uint64_t>& fault, WireEnd how) {
    if (!fault || *fault > stop_ || (*fault == stop_ && !whole_)) return;
    stop_ = std::max(*fault, answer_.begin);
    whole_ = false;
    end_ = how;
  };
  ends_at(answer_.reset_at, WireEnd::reset);
  ends_at(answer_.cut_at, WireEnd::cut);
  ends_at(answer_.stall_at, WireEnd::stall);
}

void AnswerWire::take_body(std::span<std::byte> into) {
  const std::uint64_t begin = at_;
  at_ += into.size();
  const std::uint64_t turn = std::clamp(answer_.change_at.value_or(at_), begin, at_);
  fill_pattern(into.first(static_cast<std::size_t>(turn - begin)), answer_.seed, begin);
  fill_pattern(into.subspan(static_cast<std::size_t>(turn - begin)), answer_.next_seed, turn);
  for (const std::uint64_t flip : answer_.flips) {
    if (begin <= flip && flip < at_) into[static_cast<std::size_t>(flip - begin)] ^= std::byte{1};
  }
}

// The next run of the body. The size of a chunk counts bytes that a fault cuts off, too.
void AnswerWire::begin_run() {
  const bool chunked = answer_.head.framing == Framing::chunked;
  const std::uint64_t size = std::min(answer_.end - at_, chunked ? kChunk : answer_.end - at_);
  if (chunked) text_ = fmt::format("{:x}\r\n", size);
  run_end_ = std::min(at_ + size, stop_);
  step_ = chunked && at_ + size <= stop_ ? Step::chunk_end : Step::body;
}

// Generates what follows the text and the run of body before it; false if nothing does.
bool AnswerWire::produce() {
  text_at_ = 0;
  text_.clear();
  if (step_ == Step::body && at_ < stop_) {
    begin_run();
  } else if (step_ == Step::body) {
    step_ = whole_ ? Step::after : Step::done;
    if (whole_ && answer_.head.framing == Framing::chunked) text_ = "0\r\n\r\n";
  } else if (step_ == Step::chunk_end) {
    text_ = "\r\n";
    step_ = Step::body;
  } else if (step_ == Step::after) {
    text_ = answer_.after;
    step_ = Step::done;
  } else {
    return false;
  }
  return true;
}

std::size_t AnswerWire::next(std::span<std::byte> into) {
  if (answer_.drip > 0) into = into.first(std::min(into.size(), answer_.drip));
  std::size_t given = 0;
  while (given < into.size()) {
    const std::span<std::byte> rest = into.subspan(given);
    if (text_at_ < text_.size()) {
      const std::size_t count = text_.copy(reinterpret_cast<char*>(rest.data()), rest.size(), text_at_);
      text_at_ += count;
      given += count;
    } else if (at_ < run_end_) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(rest.size(), run_end_ - at_));
      take_body(rest.first(count));
      given += count;
    } else if (!produce()) {
      break;
    }
  }
  return given;
}

}  // namespace segdl::test
