// Content codings that were not requested: noted, and undone if the request wants that.
//
// What is fetched, joined, continued, counted and hashed to the request's checksum is the resource as it was sent. Its
// content is made of it once all of it is here and proved, in one pass and in bounded memory, and is published in its
// place; a death on the way costs that pass.
#pragma once

#include <segdl/error.h>

#include "engine/fetch/content_decoder.h"
#include "engine/store/output_file.h"
#include "engine/task/task_context.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace segdl::engine {

class Decoding {
 public:
  // REQUIRES: it outlives the Decoding.
  explicit Decoding(TaskContext& task) : task_(task) {}

  // The version that comes has this coding. None was requested, so that is how it is stored, or an intermediary has
  // applied it. Whether it can be undone is known before anything is fetched.
  Result<void> take(const std::string& coding);
  Result<void> take(OutputFile&, const std::string& coding);

  // Whether something is to be undone.
  bool is_wanted() const { return !undo_.empty(); }
  // Whether it would be, of this coding.
  bool would_undo(const std::string& coding) const;
  // What an earlier run has fetched and could not decode is fetched again where it is to be decoded. It stays until
  // something of that has come, and a request without decoding publishes it as it was sent.
  bool gives_up(OutputFile&);

  // Gives on what it is fed with, decoded, if that is what is wanted. REQUIRES: what takes it outlives the decoder.
  Result<ContentDecoder> begin(const std::string& coding, const ContentDecoder::Take&);
  // The same with one that has made so many bytes of content before a suspension.
  Result<void> go_on(ContentDecoder&, const std::string& coding, std::optional<std::uint64_t> decoded,
                     const ContentDecoder::Take&);
  // Of all that is here the content, to be published in its place, if that is what is wanted.
  Result<void> finish(OutputFile&);
  // An earlier run has done it.
  void found_decoded(std::uint64_t length) { decoded_ = length; }

  const std::string& coding() const { return coding_; }
  const std::optional<std::uint64_t>& decoded() const { return decoded_; }
  bool is_impossible() const { return undecodable_; }

 private:
  void note_undecodable(OutputFile&, Error&);
  Result<void> keep_decoding(const std::string& subject, const Until&) const;
  void direct(ContentDecoder&, const ContentDecoder::Take&);
  Result<void> decode(OutputFile&);
  Result<void> check_decoded(OutputFile&, File&, const DecodedOutput&);
  Result<void> read_proved(OutputFile&, const ContentDecoder::Take&);

  TaskContext& task_;
  std::string coding_;                    // of what is being published
  std::vector<std::string> undo_;         // the codings that are to be undone, the last applied first
  std::optional<std::uint64_t> decoded_;  // so many bytes of content
  bool undecodable_ = false;
};

}  // namespace segdl::engine
