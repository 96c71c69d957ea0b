// What a server holds and how it misbehaves: one script, played by the fake origin and by the real one.
//
//   OriginScript().size(1_MiB).etag("\"a\"").cut_at(300'000, 2).on(5, [](Answer& answer) { answer.status(503); })
//
// Faults fire on offsets of the resource or on the number of the request (from 1), never on time. Thread-safe once set
// up.
#pragma once

#include <segdl/range.h>

#include "core/http_head.h"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace segdl::test {

// One response: a head, and the resource's bytes [begin, end) as body.
struct Answer {
  ResponseHead head;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t seed = 0;
  std::optional<std::uint64_t> cut_at;    // the connection ends before this offset
  std::optional<std::uint64_t> stall_at;  // nothing more comes from this offset on
  std::optional<std::uint64_t> flip_at;   // a bit of this byte is wrong

  Answer& status(int code);                                 // without a body
  Answer& set(const std::string& name, std::string value);  // replaces
  Answer& drop(const std::string& name);
  Answer& chunked();
  Answer& until_close();
};

struct Asking {
  unsigned number = 0;  // 1: the first request
  std::string target;
  std::vector<Field> fields;
  const std::string* find(std::string_view name) const;
};

class OriginScript {
 public:
  OriginScript& size(std::uint64_t);
  OriginScript& seed(std::uint64_t);
  OriginScript& etag(std::string);           // "" for none
  OriginScript& last_modified(std::string);  // none by default
  OriginScript& no_ranges();
  OriginScript& no_ranges_after(unsigned request);
  OriginScript& ignore_if_range();
  OriginScript& cut_at(std::uint64_t offset, unsigned times = 1);
  OriginScript& cut_every(std::uint64_t bytes);  // of each response's body
  OriginScript& stall_at(std::uint64_t offset, unsigned times = 1);
  OriginScript& flip_at(std::uint64_t offset, unsigned times = 1);
  // From the request after this one on: other content, another ETag, and this size.
  OriginScript& change_after(unsigned request, std::uint64_t size);

  using Hook = std::function<void(Answer&, const Asking&)>;
  OriginScript& on(unsigned request, std::function<void(Answer&)>);
  OriginScript& on_every(Hook);

  // Decides one response and counts the request.
  Answer answer(const std::string& target, const std::vector<Field>& fields);

  // What has been asked so far.
  std::vector<Asking> log() const;

 private:
  struct Offset {
    std::uint64_t at;
    unsigned left;
    std::optional<std::uint64_t> Answer::*where;
  };

  void describe(Answer&, const Asking&) const;
  bool range_applies(const Asking&) const;

  mutable std::mutex mutex_;
  std::uint64_t size_ = 0;
  std::uint64_t seed_ = 1;
  std::string etag_ = "\"v1\"";
  std::string last_modified_;
  unsigned ranges_until_ = ~0U;
  bool ignore_if_range_ = false;
  std::uint64_t cut_every_ = 0;
  unsigned change_after_ = ~0U;
  std::uint64_t changed_size_ = 0;
  std::vector<Offset> offsets_;
  std::vector<Hook> hooks_;
  std::vector<Asking> log_;

 public:
  OriginScript() = default;
  OriginScript(const OriginScript&) = delete;
  OriginScript& operator=(const OriginScript&) = delete;
};

}  // namespace segdl::test
