#include "support/origin_script.h"

#include "core/ascii.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace segdl::test {
namespace {

// `bytes=FIRST-LAST` or `bytes=FIRST-` within a resource of this size.
std::optional<Range> asked_range(const std::string& field, std::uint64_t size) {
  std::uint64_t first = 0;
  std::uint64_t last = size == 0 ? 0 : size - 1;
  if (!field.starts_with("bytes=")) return std::nullopt;
  const char* const end = field.data() + field.size();
  const auto [dash, error] = std::from_chars(field.data() + 6, end, first);
  if (error != std::errc() || dash == end || *dash != '-') return std::nullopt;
  if (dash + 1 != end) std::from_chars(dash + 1, end, last);
  return Range{first, std::min(last + 1, size)};
}

}  // namespace

Answer& Answer::set(const std::string& name, std::string value) {
  drop(name);
  head.fields.push_back({name, std::move(value)});
  return *this;
}

Answer& Answer::drop(const std::string& name) {
  std::erase_if(head.fields, [&](const Field& field) { return same_text(field.name, name); });
  return *this;
}

Answer& Answer::status(int code) {
  head.status = code;
  end = begin;
  head.fields.clear();
  head.framing = Framing::length;
  head.content_length = 0;
  return set("Content-Length", "0");
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

const std::string* Asking::find(std::string_view name) const {
  for (const Field& field : fields) {
    if (same_text(field.name, name)) return &field.value;
  }
  return nullptr;
}

OriginScript& OriginScript::size(std::uint64_t bytes) {
  size_ = bytes;
  return *this;
}
OriginScript& OriginScript::seed(std::uint64_t value) {
  seed_ = value;
  return *this;
}
OriginScript& OriginScript::etag(std::string value) {
  etag_ = std::move(value);
  return *this;
}
OriginScript& OriginScript::last_modified(std::string value) {
  last_modified_ = std::move(value);
  return *this;
}
OriginScript& OriginScript::no_ranges() { return no_ranges_after(0); }
OriginScript& OriginScript::no_ranges_after(unsigned request) {
  ranges_until_ = request;
  return *this;
}
OriginScript& OriginScript::ignore_if_range() {
  ignore_if_range_ = true;
  return *this;
}
OriginScript& OriginScript::cut_at(std::uint64_t offset, unsigned times) {
  offsets_.push_back({offset, times, &Answer::cut_at});
  return *this;
}
OriginScript& OriginScript::cut_every(std::uint64_t bytes) {
  cut_every_ = bytes;
  return *this;
}
OriginScript& OriginScript::stall_at(std::uint64_t offset, unsigned times) {
  offsets_.push_back({offset, times, &Answer::stall_at});
  return *this;
}
OriginScript& OriginScript::flip_at(std::uint64_t offset, unsigned times) {
  offsets_.push_back({offset, times, &Answer::flip_at});
  return *this;
}
OriginScript& OriginScript::change_after(unsigned request, std::uint64_t size) {
  change_after_ = request;
  changed_size_ = size;
  return *this;
}
OriginScript& OriginScript::on(unsigned request, std::function<void(Answer&)> hook) {
  return on_every([request, hook = std::move(hook)](Answer& answer, const Asking& asking) {
    if (asking.number == request) hook(answer);
  });
}
OriginScript& OriginScript::on_every(Hook hook) {
  hooks_.push_back(std::move(hook));
  return *this;
}

bool OriginScript::range_applies(const Asking& asking) const {
  if (asking.find("Range") == nullptr || asking.number > ranges_until_) return false;
  const std::string* condition = asking.find("If-Range");
  const bool changed = asking.number > change_after_;
  const std::string etag = changed ? "\"changed\"" : etag_;
  return condition == nullptr || ignore_if_range_ || *condition == etag || *condition == last_modified_;
}

void OriginScript::describe(Answer& answer, const Asking& asking) const {
  const bool changed = asking.number > change_after_;
  const std::uint64_t size = changed ? changed_size_ : size_;
  answer.seed = changed ? seed_ + 1000 : seed_;
  answer.end = size;
  answer.head.status = 200;
  answer.head.keep_alive = true;
  answer.set("Date", "Sun, 06 Nov 2022 08:49:37 GMT");
  if (changed || !etag_.empty()) answer.set("ETag", changed ? "\"changed\"" : etag_);
  if (!last_modified_.empty()) answer.set("Last-Modified", last_modified_);
  if (range_applies(asking)) {
    const auto range = asked_range(*asking.find("Range"), size);
    if (range && range->begin < range->end) {
      answer.head.status = 206;
      answer.begin = range->begin;
      answer.end = range->end;
      answer.set("Content-Range", fmt::format("bytes {}-{}/{}", range->begin, range->end - 1, size));
    } else if (range) {
      answer.status(416).set("Content-Range", fmt::format("bytes */{}", size));
      return;
    }
  }
  answer.head.framing = Framing::length;
  answer.head.content_length = answer.end - answer.begin;
  answer.set("Content-Length", fmt::to_string(answer.head.content_length));
}

Answer OriginScript::answer(const std::string& target, const std::vector<Field>& fields) {
  const std::lock_guard lock(mutex_);
  log_.push_back({static_cast<unsigned>(log_.size()) + 1, target, fields});
  const Asking& asking = log_.back();
  Answer answer;
  describe(answer, asking);
  if (cut_every_ > 0 && answer.end - answer.begin > cut_every_) answer.cut_at = answer.begin + cut_every_;
  for (Offset& offset : offsets_) {
    const bool inside = answer.begin <= offset.at && offset.at < answer.end;
    if (offset.left == 0 || !inside) continue;
    --offset.left;
    answer.*offset.where = offset.at;
  }
  for (const Hook& hook : hooks_) hook(answer, asking);
  return answer;
}

std::vector<Asking> OriginScript::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

}  // namespace segdl::test
