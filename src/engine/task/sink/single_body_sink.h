// A resource without a strong validator, out of one body.
//
// Nothing but their bytes shows that two responses are of one version, so what a run publishes is joined from one body
// alone: a segment that is missing is kept as it passes, and one that is claimed is compared with its proof.
//
//   claimed:   ######......        first body of a resume:   ....>>>>>>>>>    from a few claims before the first hole
//                                   any other body:           >>>>>>>>>>>>>    from the beginning
//
// Nothing is claimed behind the first hole (claims that lay there were dropped, see fetch_missing()), so what is
// claimed is one piece at every moment, and a run that dies leaves no two bodies beside each other that were not
// compared.
//
// A body of which nothing was kept leaves all as it was, and the next may begin as it did. The first body of a resume
// leaves claims uncompared that lie before its beginning: that they are of the same version is an inference from those
// that were compared, and the report states that. Every later body begins at byte 0, and what it has passed is its own,
// byte for byte. A claim that differs is Cause::changed, Remedy::restart. A Sink, used by one thread.
#pragma once

#include "core/store/layout.h"
#include "engine/task/sink/segment_sink.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace segdl::engine {

class SingleBodySink : public SinkDefaults {
 public:
  // `resumes`: the first body begins where what an earlier run claimed ends. REQUIRES: everything referred to outlives
  // the sink; work.output_file.has_journal(); nothing is claimed behind the first hole, and what is claimed is proved.
  SingleBodySink(Work& work, Assignment& assignment, Fetcher& fetcher, bool resumes)
      : work_(work), assignment_(assignment), fetcher_(fetcher), resumes_(resumes) {}
  ~SingleBodySink() { drop_segment(); }
  SingleBodySink(const SingleBodySink&) = delete;
  SingleBodySink& operator=(const SingleBodySink&) = delete;

  Result<std::optional<Range>> next();
  void begins(const UsableBody&);
  std::span<std::byte> space(std::uint64_t offset);
  Result<void> arrived(std::uint64_t offset, std::size_t count);
  Result<void> interrupted(Remedy);

  // Whether there is none to come but from the beginning.
  bool begins_anew() const { return !resumes_; }
  // Bytes that were compared, by this run or the one that kept the last of it, where others were only inferred to be
  // the same; 0 if all were compared.
  std::uint64_t compared_for_others() const { return joined_; }

 private:
  std::uint64_t resume_at() const;
  void drop_segment();
  Result<void> keep(Segment);
  Result<void> note_joined(std::uint64_t compared);
  Result<void> compare(Segment);

  Work& work_;
  Assignment& assignment_;
  Fetcher& fetcher_;
  bool resumes_;                // until the first segment is kept
  std::uint64_t begin_ = 0;     // of the present body
  std::uint64_t compared_ = 0;  // bytes of it
  std::uint64_t joined_ = work_.output_file.journal().metadata().value_or(Metadata{}).joined;  // as the journal has it
  const std::unique_ptr<std::byte[]> buffer_ =  // the segment that is passing
      std::make_unique_for_overwrite<std::byte[]>(std::min(work_.layout.segment_size(), work_.layout.total()));
  std::uint64_t filled_ = 0;
  std::optional<Segment> kept_;  // that segment, if it is to be written
  std::uint64_t furthest_ = 0;   // how far any body has come
};

}  // namespace segdl::engine
