#include "engine/task/decoding.h"

#include "core/base/xxh3.h"
#include "core/http/content_coding.h"

#include "core/base/errors.h"
#include "engine/base/pieces.h"
#include "engine/store/journal/proof.h"
#include "engine/task/settling.h"
#include "engine/task/sink/whole_digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace segdl::engine {

Result<void> Decoding::take(const std::string& coding) {
  const bool told = std::exchange(coding_, coding) == coding || coding.empty();
  undo_ = task_.request.decode ? codings_to_undo(task_.request.consumer ? "" : task_.name, coding)
                               : std::vector<std::string>();
  auto can = ContentDecoder::make(undo_, task_.source.url.current().shown(), {});
  undecodable_ = !can;
  if (!can) return std::move(can).error();
  if (told) return {};
  const bool named = names_coding(last_component(task_.url), coding);
  const std::string came = named ? "the server calls it compressed, as its name does"
                                 : fmt::format("it came with the content coding {}, which was not asked for", coding);
  const bool could =
      !task_.request.decode && !named && ContentDecoder::make(codings_to_undo(task_.name, coding), "", {}).ok();
  task_.progress.remark(came + (undo_.empty() ? ": it is kept as it came" : ": it is decoded"),
                        could ? Hints{Hint::decode} : Hints());
  return {};
}

Result<void> Decoding::take(OutputFile& output_file, const std::string& coding) {
  auto taken = take(coding);
  return taken && !undo_.empty() ? output_file.decoded().may_begin() : taken;
}

bool Decoding::would_undo(const std::string& coding) const {
  return task_.request.decode && !codings_to_undo(task_.name, coding).empty();
}

bool Decoding::gives_up(OutputFile& output_file) {
  if (!task_.request.decode || output_file.state() != OutputFile::State::resumable) return false;
  const auto metadata = output_file.journal().metadata();
  if (!metadata || !metadata->undecodable || metadata->url != task_.url.redacted()) return false;
  if (!would_undo(output_file.journal().identity().resource.coding)) return false;
  task_.progress.remark("what is here could not be decoded: fetching all of it again");
  return true;
}

Result<ContentDecoder> Decoding::begin(const std::string& coding, const ContentDecoder::Take& consumer) {
  auto taken = take(coding);
  if (!taken) return std::move(taken).error();
  if (!undo_.empty()) decoded_ = 0;
  auto decoder = ContentDecoder::make(undo_, task_.source.url.current().shown(), {});
  if (decoder) direct(*decoder, consumer);
  return decoder;
}

Result<void> Decoding::go_on(ContentDecoder& decoder, const std::string& coding, std::optional<std::uint64_t> decoded,
                             const ContentDecoder::Take& consumer) {
  decoded_ = decoded;
  direct(decoder, consumer);
  return take(coding);
}

void Decoding::direct(ContentDecoder& decoder, const ContentDecoder::Take& consumer) {
  decoder.give_to(
      [this, &consumer](std::span<const std::byte> content) {
        if (decoded_) *decoded_ += content.size();
        return consumer(content);
      },
      [this, subject = task_.source.url.current().shown()] { return keep_decoding(subject, task_.until_end()); });
}

Result<void> Decoding::finish(OutputFile& output_file) {
  auto step = undo_.empty() ? Result<void>() : decode(output_file);
  if (step) return step;
  const auto dropped = output_file.decoded().drop();  // if it can't be: the next run does
  static_cast<void>(dropped.ok());
  undecodable_ = step.error().cause == Cause::integrity;
  if (undecodable_ && !task_.request.checksum) note_undecodable(output_file, step.error());
  return step;
}

// The server may mend what it sends, unless a checksum has shown that it is what was meant. The journal records it for
// the next run, which then fetches again.
void Decoding::note_undecodable(OutputFile& output_file, Error& error) {
  Metadata metadata = output_file.journal().metadata().value_or(Metadata{task_.url.redacted()});
  metadata.undecodable = true;
  auto step = output_file.journal().set_metadata(metadata);
  if (step) step = output_file.journal().sync();
  if (step) error.hints.push_back(Hint::fetch_again);
}

// How long decoding takes depends on what was sent, and no wait for the network ends it.
Result<void> Decoding::keep_decoding(const std::string& subject, const Until& last) const {
  return task_.keep_going(last, "decode", subject, {Hint::allow_more_time, Hint::keep_encoded});
}

Result<void> Decoding::decode(OutputFile& output_file) {
  task_.progress.enter(Phase::decoding);
  auto file = output_file.decoded().begin();
  if (!file) return std::move(file).error();
  DecodedOutput made;
  StreamDigest digest;
  Watch watch(**file);
  const auto take = [&](std::span<const std::byte> content) -> Result<void> {
    watch.look(made.length);  // each write gives a file that was cut its length again
    auto step = (*file)->write_at(made.length, content);
    digest.update(content);
    made.length += content.size();
    return step;
  };
  auto decoder = ContentDecoder::make(undo_, output_file.path(), take, [this, &output_file] {
    return keep_decoding(output_file.path(), task_.until());
  });
  if (!decoder) return std::move(decoder).error();
  auto step = read_proved(output_file, [&](std::span<const std::byte> coded) { return decoder->feed(coded); });
  if (step) step = decoder->finish();
  made.digest = digest.value();
  watch.look_at_whole(made.length);
  if (step && (task_.request.verify || watch.found_traces())) step = check_decoded(output_file, **file, made);
  if (!step) return step;
  task_.progress.enter(Phase::publishing);
  if (task_.request.checksum) made.checksum = journal_name_of(*task_.request.checksum);
  decoded_ = made.length;
  give_access(task_, output_file, **file);
  give_remote_time(task_, **file);
  disclaim_time(task_, **file);  // of what was sent
  return output_file.decoded().finish(made, task_.request.sync);
}

// Where there is a trace of another program, or it is asked for: all of it is read back.
Result<void> Decoding::check_decoded(OutputFile& output_file, File& file, const DecodedOutput& made) {
  task_.progress.enter(Phase::verifying);
  auto status = file.status();
  if (!status) return std::move(status).error();
  auto digest = status->size == made.length ? digest_of_range(file, {0, made.length}, task_.stop)
                                            : Result<std::optional<std::uint64_t>>(std::nullopt);
  if (!digest) return std::move(digest).error();
  if (*digest == made.digest) return {};
  return with_hints(make_error(Cause::local, "verify", output_file.directory().path_of(output_file.names().decoded),
                               "another program or the disk changed it after it was written"),
                    {Hint::find_interference});
}

// All that has arrived, in order. A page that the disk or another program has changed since it was proved would become
// content that was never sent.
Result<void> Decoding::read_proved(OutputFile& output_file, const ContentDecoder::Take& take) {
  const Journal& journal = output_file.journal();
  const JournalIdentity& identity = journal.identity();
  const Metadata metadata = journal.metadata().value_or(Metadata{});
  const std::uint64_t length = length_of(identity, metadata);
  std::vector<std::byte> piece(std::min<std::uint64_t>(kIoBuffer, length));
  for (std::uint64_t at = 0; at < length;) {
    const Range range = identity.layout ? identity.layout->range(identity.layout->at(at)) : Range{0, length};
    StreamDigest digest;
    Result<void> decoded;  // if it can't be, the proof shows whether the data was changed
    while (at < range.end) {
      auto going = keep_decoding(output_file.path(), task_.until());
      if (!going) return going;
      const auto want = std::span(piece).first(std::min<std::uint64_t>(piece.size(), range.end - at));
      auto got = output_file.data().read_at(at, want);
      if (!got) return std::move(got).error();
      digest.update(want.first(*got));
      if (*got < want.size()) break;
      if (decoded) decoded = take(want);
      if (!decoded && decoded.error().cause != Cause::integrity) return decoded;
      at += want.size();
    }
    auto proof = identity.layout ? journal.proof(identity.layout->at(range.begin))
                                 : Result<std::uint64_t>(metadata.stream_digest);
    if (!proof) return std::move(proof).error();
    const bool proved = at == range.end && digest.value() == *proof;
    if (proved && !decoded) return decoded;
    if (proved) continue;
    Error error = make_error(Cause::local, "decode", output_file.directory().path_of(output_file.names().part),
                             "another program or the disk changed it after it had arrived");
    error.offset = range.begin;
    return with_hints(std::move(error), {Hint::find_interference});
  }
  return {};
}

}  // namespace segdl::engine
