#include "support/origin_script.h"

#include "core/base/ascii.h"

#include <fmt/format.h>

#include <segdl/range.h>

#include <algorithm>
#include <utility>

namespace segdl::test {
namespace {

constexpr std::uint64_t kSeedStep = 1000;  // from a resource's content to what it is changed to

// `bytes=FIRST-LAST` or `bytes=FIRST-` within a resource of this size; anything else is as if it were not there
// (RFC 9110 section 14.2).
std::optional<Range> asked_range(std::string_view field, std::uint64_t size) {
  if (!field.starts_with("bytes=")) return std::nullopt;
  field.remove_prefix(6);
  const auto dash = field.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_decimal(field.substr(0, dash));
  const auto last = dash + 1 == field.size() ? first : parse_decimal(field.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  const std::uint64_t past = dash + 1 == field.size() ? size : std::min(*last + 1, size);
  return Range{std::min(*first, past), past};
}

struct NamedPattern {
  std::uint64_t seed = 0;
  std::uint64_t size = 0;
};

// /pattern/SEED/SIZE/NAME
std::optional<NamedPattern> named_pattern(std::string_view target) {
  constexpr std::string_view kPrefix = "/pattern/";
  if (!target.starts_with(kPrefix)) return std::nullopt;
  target.remove_prefix(kPrefix.size());
  const auto first = target.find('/');
  const auto second = first == std::string_view::npos ? first : target.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto seed = parse_decimal(target.substr(0, first));
  const auto size = parse_decimal(target.substr(first + 1, second - first - 1));
  if (!seed || !size) return std::nullopt;
  return NamedPattern{*seed, *size};
}

bool is_weak(std::string_view etag) { return etag.starts_with("W/"); }

}  // namespace

const std::string* Asking::find(std::string_view name) const {
  for (const Field& field : fields) {
    if (same_text(field.name, name)) return &field.value;
  }
  return nullptr;
}

OriginScript& OriginScript::size(std::uint64_t bytes) {
  resource_.size = bytes;
  return *this;
}
OriginScript& OriginScript::seed(std::uint64_t value) {
  resource_.seed = value;
  return *this;
}
OriginScript& OriginScript::etag(std::string value) {
  resource_.etag = std::move(value);
  return *this;
}
OriginScript& OriginScript::last_modified(std::string value) {
  last_modified_ = std::move(value);
  return *this;
}
OriginScript& OriginScript::no_validator() {
  last_modified_.clear();
  return etag("").changed_etag("");
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
OriginScript& OriginScript::drop_range_if_etag_if_range() {
  etag_if_range_drops_range_ = true;
  return *this;
}

OriginScript& OriginScript::fault(std::uint64_t at, unsigned times, std::optional<std::uint64_t> Answer::*where) {
  const auto later = std::upper_bound(faults_.begin(), faults_.end(), at,
                                      [](std::uint64_t offset, const Fault& fault) { return offset < fault.at; });
  faults_.insert(later, {at, times, where});
  return *this;
}
OriginScript& OriginScript::cut_at(std::uint64_t offset, unsigned times) {
  return fault(offset, times, &Answer::cut_at);
}
OriginScript& OriginScript::reset_at(std::uint64_t offset, unsigned times) {
  return fault(offset, times, &Answer::reset_at);
}
OriginScript& OriginScript::stall_at(std::uint64_t offset, unsigned times) {
  return fault(offset, times, &Answer::stall_at);
}
OriginScript& OriginScript::flip_at(std::uint64_t offset, unsigned times) { return fault(offset, times, nullptr); }
OriginScript& OriginScript::cut_every(std::uint64_t bytes) {
  cut_every_ = bytes;
  return *this;
}
OriginScript& OriginScript::drip(std::size_t bytes, std::chrono::milliseconds pause) {
  drip_ = bytes;
  drip_pause_ = pause;
  return *this;
}

OriginScript& OriginScript::change_after(unsigned request, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  change_after_ = request;
  changed_.size = size;
  return *this;
}
OriginScript& OriginScript::change_at(std::uint64_t offset, std::uint64_t size) {
  changed_.size = size;
  return fault(offset, 1, &Answer::change_at);
}
OriginScript& OriginScript::changed_etag(std::string value) {
  changed_.etag = std::move(value);
  return *this;
}

OriginScript& OriginScript::on(unsigned request, std::function<void(Answer&)> hook) {
  return on_every([request, hook = std::move(hook)](Answer& answer, const Asking& asking) {
    if (asking.number == request) hook(answer);
  });
}
OriginScript& OriginScript::on_from(unsigned request, std::function<void(Answer&)> hook) {
  return on_every([request, hook = std::move(hook)](Answer& answer, const Asking& asking) {
    if (asking.number >= request) hook(answer);
  });
}
OriginScript& OriginScript::on_every(Hook hook) {
  hooks_.push_back(std::move(hook));
  return *this;
}

OriginScript& OriginScript::most_active(unsigned answers, int status, std::string retry_after) {
  return on_every([answers, status, retry_after = std::move(retry_after)](Answer& answer, const Asking& asking) {
    if (asking.active <= answers) return;
    answer.status(status);
    if (!retry_after.empty()) answer.set("Retry-After", retry_after);
  });
}

OriginScript& OriginScript::path(const std::string& target) {
  auto& script = paths_[target];
  if (!script) script = std::make_unique<OriginScript>();
  return *script;
}
OriginScript& OriginScript::redirect(const std::string& from, std::string to, int status) {
  path(from).on_every(
      [to = std::move(to), status](Answer& answer, const Asking&) { answer.status(status).set("Location", to); });
  return *this;
}
OriginScript& OriginScript::pattern_paths() {
  pattern_paths_ = true;
  return *this;
}

// The condition of If-Range is compared strongly: a weak tag never holds (RFC 9110 section 13.1.5).
bool OriginScript::range_applies(const Asking& asking, const Resource& resource) const {
  if (asking.find("Range") == nullptr || asking.number > ranges_until_) return false;
  const std::string* condition = asking.find("If-Range");
  if (condition == nullptr) return true;
  const bool tag = condition->find('"') != std::string::npos;
  if (tag && etag_if_range_drops_range_) return false;
  if (ignore_if_range_) return true;
  return tag ? *condition == resource.etag && !is_weak(*condition) : *condition == last_modified_;
}

OriginScript::Resource OriginScript::resource_for(const Asking& asking) const {
  const auto named = pattern_paths_ ? named_pattern(asking.target) : std::nullopt;
  Resource resource = resource_;
  if (named) resource = {named->size, named->seed, fmt::format("\"pattern-{}-{}\"", named->seed, named->size)};
  if (asking.number <= change_after_) return resource;
  return {named ? named->size : changed_.size, resource.seed + kSeedStep, changed_.etag};
}

void OriginScript::describe(Answer& answer, const Asking& asking, const Resource& resource) const {
  answer.seed = resource.seed;
  answer.next_seed = resource.seed + kSeedStep;
  answer.drip = drip_;
  answer.drip_pause = drip_pause_;
  answer.page(200, resource.size).drop("Content-Length");
  answer.head.keep_alive = true;
  answer.set("Date", "Sun, 06 Nov 2022 08:49:37 GMT");
  if (!resource.etag.empty()) answer.set("ETag", resource.etag);
  if (!last_modified_.empty()) answer.set("Last-Modified", last_modified_);
  if (range_applies(asking, resource)) {
    const auto range = asked_range(*asking.find("Range"), resource.size);
    if (range && !range->empty()) {
      answer.head.status = 206;
      answer.begin = range->begin;
      answer.end = range->end;
      answer.content_range(fmt::format("bytes {}-{}/{}", range->begin, range->end - 1, resource.size));
    } else if (range) {
      answer.status(416).content_range(fmt::format("bytes */{}", resource.size));
      return;
    }
  }
  answer.head.content_length = answer.end - answer.begin;
  answer.set("Content-Length", fmt::to_string(answer.head.content_length));
}

void OriginScript::put_faults(Answer& answer) {
  if (answer.raw_bytes || (answer.head.status != 200 && answer.head.status != 206)) return;
  const Range body{answer.begin, std::max(answer.begin, answer.end)};
  std::uint64_t end = std::min({body.end, answer.cut_at.value_or(body.end), answer.reset_at.value_or(body.end),
                                answer.stall_at.value_or(body.end)});
  if (cut_every_ > 0 && body.begin + cut_every_ < end) end = *(answer.cut_at = body.begin + cut_every_);
  for (Fault& fault : faults_) {
    if (fault.left == 0 || fault.at < body.begin || fault.at >= end) continue;
    if (fault.left != kAlways) --fault.left;
    if (fault.where == nullptr) {
      answer.flips.push_back(fault.at);
      continue;
    }
    answer.*fault.where = fault.at;
    if (fault.where == &Answer::change_at) {
      change_after_ = std::min(change_after_, asked_);
      continue;
    }
    return;
  }
}

Answer OriginScript::decide(const Asking& asking) {
  Answer answer;
  describe(answer, asking, resource_for(asking));
  for (const Hook& hook : hooks_) hook(answer, asking);
  put_faults(answer);
  return answer;
}

Answer OriginScript::answer(const std::string& target, const std::vector<Field>& fields, unsigned connection) {
  const std::lock_guard lock(mutex_);
  const auto number = static_cast<unsigned>(log_.size()) + 1;
  const auto own = paths_.find(target);
  OriginScript& script = own == paths_.end() ? *this : *own->second;
  Asking asking{++script.asked_, target, fields, connection, ++active_};
  Answer answer = script.decide(asking);
  answer.number = number;
  asking.number = number;
  asking.status = answer.raw_bytes ? 0 : answer.head.status;
  log_.push_back(std::move(asking));
  return answer;
}

void OriginScript::note_sent(unsigned number, std::uint64_t body_bytes) {
  const std::lock_guard lock(mutex_);
  if (number > 0 && number <= log_.size()) log_[number - 1].sent = body_bytes;
}

void OriginScript::note_end() {
  const std::lock_guard lock(mutex_);
  --active_;
}

std::vector<Asking> OriginScript::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

Asking OriginScript::entry(unsigned number) const {
  const std::lock_guard lock(mutex_);
  return log_.at(number - 1);
}

}  // namespace segdl::test
