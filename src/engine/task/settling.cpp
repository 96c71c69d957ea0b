#include "engine/task/settling.h"

#include "core/store/receipt.h"

#include "core/base/errors.h"
#include "engine/base/url_hash.h"
#include "engine/store/existing_output.h"

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>

namespace segdl::engine {

constexpr std::chrono::hours kClockError{24};  // that a server's clock may be ahead of ours

Result<void> settle(TaskContext& task, const Version& version, OutputFile& output_file, Checkpoint& checkpoint) {
  task.progress.enter(Phase::publishing);
  const auto& layout = output_file.journal().identity().layout;
  if (layout && output_file.journal().claimed() != layout->count()) {
    return make_error(Cause::internal, "publish", output_file.path(), "not every segment is there");
  }
  give_remote_time(task, output_file.data());
  const Metadata metadata = output_file.journal().metadata().value_or(Metadata{});
  // If not, the file may be of a version that is called otherwise.
  const bool vouched = version.voucher == Voucher::validator && metadata.vouched();
  keep_receipt(task, output_file.data(), output_file.journal().identity().resource.validator, vouched);
  give_access(task, output_file, output_file.data());
  return checkpoint.force();
}

void give_access(TaskContext& task, OutputFile& output_file, File& file) {
  auto old = output_file.existing().file();
  if (old && old->may_be_planted) {
    task.progress.remark(
        "what it replaces belongs to another user, in a directory that any user may write to: its owner and mode are "
        "those of a new file");
    old.reset();
  }
  const unsigned mode = old ? old->mode : task.env.files.default_mode();
  for (std::string& remark : set_access(file, mode, old ? &*old : nullptr)) task.progress.remark(std::move(remark));
}

void give_remote_time(TaskContext& task, File& file) {
  const auto time = task.source.evidence.modified();
  const auto now = std::chrono::floor<std::chrono::seconds>(task.env.clock.wall());
  if (!time || time->time_since_epoch().count() <= 0 || *time > now + kClockError) {
    constexpr std::string_view kWrong = "the server's time for it can't be right: it has that of its arrival";
    constexpr std::string_view kNone = "the server sends no time for it: it has that of its arrival";
    if (task.request.remote_time && task.request.existing != Existing::update)
      task.progress.tolerated({time ? kWrong : kNone});
    return;
  }
  const auto set = file.change({.modified = *time});
  if (!set) task.progress.remark("its time could not be set: " + set.error().message());
}

void disclaim_time(TaskContext& task, File& file) {
  const auto time = task.source.evidence.modified();
  for (const std::chrono::milliseconds off : {std::chrono::milliseconds(500), std::chrono::milliseconds(-2000)}) {
    const auto status = file.status();
    if (!time || !status || status->modified != *time) return;
    const auto set = file.change({.modified = *time + off});
    if (!set) return task.progress.remark("its time can't be changed, and is no proof: " + set.error().message());
    if (off.count() < -1000)
      task.progress.remark("its time is two seconds before the server's, which would be no proof");
  }
}

void keep_receipt(TaskContext& task, File& file, const Validator& validator, bool vouched) {
  const bool synced = task.request.sync != Sync::none;
  const bool date_proves = vouched && synced && task.source.evidence.modified_is_strong();
  const bool proves = vouched && validator.strong();
  const bool misleads = !vouched || (!validator.strong() && task.source.evidence.modified() &&
                                     !task.source.evidence.modified_is_strong());
  const auto status = file.status();
  if (!status) return;
  Receipt receipt{status->size, status->modified};
  std::memcpy(&receipt.salt, random_token().data(), sizeof receipt.salt);
  receipt.url_tag = url_tag_of(receipt.salt, task.url.redacted());
  receipt.whole_url_tag = url_tag_of(receipt.salt, task.url.text());
  if (proves) receipt.kind = validator.kind;
  if (proves) receipt.validator = validator.value();
  const bool kept = synced && (proves || misleads) && file.set_attribute(kReceipt, encode_receipt(receipt)).ok();
  if (!kept && !date_proves) disclaim_time(task, file);
}

}  // namespace segdl::engine
