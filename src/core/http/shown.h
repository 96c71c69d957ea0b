// What responses, usable or not, and earlier runs have shown of one download's resource.
//
// Any intermediary may answer 200 with a page of its own: a login form, or a refusal for too many requests.
// A response with a strong validator is believed. One without must match what was shown before; else it is doubted: not
// used, neither as the rest of the resource nor as a new version.
//
//   shown                                    response without a strong validator
//   bytes 0-99/500, ETag "a"                 200, length 32                 doubted: versions had names before
//                                            200, length 500                fits: some name them in 206s only
//                                            200, without a length          fits if it is as long in the end
//   bytes 0-99/500, application/zip          200, length 32, no type        doubted: it was of a type
//   bytes 0-99/500                           200, length 32                 doubted, if no range shows it: another size
//   200, length 500                          200, length 600, same type     a new version
//   anything but text, JSON or XML           200, text/html                 doubted, whatever its length
//   text/html                                200, application/zip           not doubted: that may have been the page
//
// S1 An unusable response shows a validator and a type. Its size is evidence only in favour of another response of that
//    size: the size may be what is wrong with it.
// S2 A size is evidence only from Content-Range, or from a response whose body is used.
// S3 What an earlier run kept counts as named if its validator is strong; else nothing is known of it.
//
// A value; used under a lock.
#pragma once

#include "core/http/verdict.h"

#include <cstdint>
#include <optional>
#include <string>

namespace segdl {

class Shown {
 public:
  // A response whose body is used, with its verdict. `begins`: it is the first of its version.
  void used(const ResponseHead&, const UsableBody&, bool begins);
  // Sets the end of a body that has none of its own and no strong validator, if ranges or strong validators have shown
  // a size.
  void hold(const ResponseHead&, UsableBody&) const;
  // A response that contradicts the request, or what is known.
  void of_no_use(const ResponseHead&);
  // The validator of what an earlier run began; and that of a finished file, from which a resource with a later date
  // may differ.
  void begun(const Validator&);
  void finished(Validator::Kind kind) { finished_ = kind; }

  // Bytes are passed on as they arrive: a wrong end of the body is noticed too late.
  void passed_on() { passed_on_ = true; }

  bool has_begun() const { return begun_; }
  bool has_finished() const { return finished_ != Validator::Kind::none; }

  // Why a response with this verdict is doubted; `known` as for judge(). If there is a checksum to verify the result,
  // only pages are doubted.
  std::optional<std::string> doubt(const ResponseHead&, const Verdict&, const Resource* known, bool checksum) const;

 private:
  enum class Came : std::uint8_t { not_yet, as_page, as_file };
  bool was_file() const;
  bool is_of_same_kind(const ResponseHead&) const;  // as an unusable part
  void name(const Validator&);
  std::optional<std::uint64_t> told_size() const { return size_ || !named_ ? size_ : part_end_; }
  bool holds(const UsableBody& body) const {
    return !body.resource.total && told_size() && (named_ || ranged_) && body.resource.coding.empty() && !passed_on_;
  }
  std::optional<std::string> doubt_version(const ResponseHead&, const UsableBody*, bool begins) const;

  Came came_ = Came::not_yet;  // the latest response that was used
  bool named_ = false;         // a strong validator was seen, in any response or from an earlier run
  bool named_by_tag_ = false;  // a strong ETag was seen
  bool begun_ = false;
  bool passed_on_ = false;
  bool ranged_ = false;           // a 206 was used
  bool part_of_no_type_ = false;  // an unusable part had no type
  bool part_was_page_ = false;    // an unusable part was a page
  Validator::Kind finished_ = Validator::Kind::none;
  std::string type_;  // media type; empty if absent, or HTML, the type of pages by intermediaries
  std::optional<std::uint64_t> size_;
  std::optional<std::uint64_t> part_end_;  // end of an unusable part from byte 0 on: perhaps the size
};

}  // namespace segdl
