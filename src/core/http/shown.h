// What has been shown of the resource of one download: by its answers, of use or not, and by what earlier runs have
// kept.
//
// Anybody on the way may answer 200 with a page of his own: to log in by, or to say that it is too much. An answer with
// a strong validator is what it says. One without has to fit what was shown before, or it is doubted: not used, neither
// as the rest of the resource nor as a new version of it.
//
//   shown                                    comes, without a strong validator
//   bytes 0-99/500, ETag "a"                 200, length 32                 doubted: versions had names before
//                                            200, length 500                fits: some name them in 206s only
//                                            200, without a length          fits if it is as long in the end
//   bytes 0-99/500, application/zip          200, length 32, no type        doubted: it was of a type
//   bytes 0-99/500                           200, length 32                 doubted, if no range shows it: another size
//   200, length 500                          200, length 600, same type     a new version
//   anything but text, JSON or XML           200, text/html                 doubted, whatever its length
//   text/html                                200, application/zip           not doubted: that may have been the page
//
// (S1) What can't be used shows a name and a type, and a size that may only speak for others: its size may be what is
// wrong with it. (S2) A size counts only as Content-Range tells it, or where a body of it is used. (S3) What an earlier
// run has kept counts as named by its validator; of what has none nothing is known. A value; used under a lock.
#pragma once

#include "core/http/verdict.h"

#include <cstdint>
#include <optional>
#include <string>

namespace segdl {

class Shown {
 public:
  // An answer whose body is used, judged as this: it `begins` a version, of which nothing was known.
  void used(const ResponseHead&, const UsableBody&, bool begins);
  // Gives a body its end, where it has none of its own, names no version, and ranges or named versions have shown a
  // size.
  void hold(const ResponseHead&, UsableBody&) const;
  // One that contradicts what was asked, or what is known.
  void of_no_use(const ResponseHead&);
  // What an earlier run has begun; and a finished file, from which a resource with a younger date may well differ.
  void begun(const Validator&);
  void finished(Validator::Kind kind) { finished_ = kind; }

  // The bytes are passed on as they come: it is too late then where a body ends otherwise than it should.
  void passed_on() { passed_on_ = true; }

  bool has_begun() const { return begun_; }
  bool has_finished() const { return finished_ != Validator::Kind::none; }

  // Why an answer is doubted that was judged like this; `known` as for judge(). Where a checksum will tell only pages
  // are.
  std::optional<std::string> doubt(const ResponseHead&, const Verdict&, const Resource* known, bool checksum) const;

 private:
  enum class Came : std::uint8_t { not_yet, as_page, as_file };
  bool was_file() const;
  bool is_of_same_kind(const ResponseHead&) const;  // as a part that could not be used
  void name(const Validator&);
  std::optional<std::uint64_t> told_size() const { return size_ || !named_ ? size_ : part_end_; }
  bool holds(const UsableBody& body) const {
    return !body.total && told_size() && (named_ || ranged_) && body.coding.empty() && !passed_on_;
  }
  std::optional<std::string> doubt_version(const ResponseHead&, const UsableBody*, bool begins) const;

  Came came_ = Came::not_yet;  // the latest answer that was used
  bool named_ = false;         // by a strong validator, in any answer or by what was begun
  bool named_by_tag_ = false;  // and not by dates alone
  bool begun_ = false;
  bool passed_on_ = false;
  bool ranged_ = false;           // ranges were of use
  bool part_of_no_type_ = false;  // one that was of no use had none
  bool part_was_page_ = false;    // and one was a page
  Validator::Kind finished_ = Validator::Kind::none;
  std::string type_;  // its media type; empty if there was none, or HTML, which is what pages of others are
  std::optional<std::uint64_t> size_;
  std::optional<std::uint64_t> part_end_;  // of a part of no use from byte 0 on: perhaps the size
};

}  // namespace segdl
