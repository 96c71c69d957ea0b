#include "engine/task/probe.h"

#include "core/http/content_disposition.h"

#include "engine/store/names.h"

#include <string>
#include <utility>

namespace segdl::engine {

Result<Response> ask_first(TaskContext& task, Range range) {
  std::optional<Resource> known;
  for (;;) {
    auto response = task.fetcher.fetch(range, known ? &*known : nullptr);
    if (response && response->unchanged) return response;
    if (response) {
      const UsableBody& body = response->body;
      if (!body.partial || body.resource.validator.strong()) return response;
      if (task.request.checksum && !task.request.consumer && body.resource.coding.empty()) return response;
      if (*body.resource.total > kWorthMore)
        task.progress.remark("the server names no strong validator: fetching in one piece");
      if (body.end == body.resource.total) return response;
      if (known) task.source.forms.use(RequestForm::whole);  // not even this was given in one piece
      range = {0, *body.resource.total};
      known = body.resource;
      continue;
    }
    if (response.error().remedy != Remedy::retry) return response;
    auto paused = task.fetcher.retry().pause(std::move(response).error());
    if (!paused) return std::move(paused).error();
  }
}

Result<const Response*> first_response(TaskContext& task) {
  std::optional<Response>& at_hand = task.fetcher.at_hand();
  if (!at_hand) {
    auto first = ask_first(task);
    if (!first) return std::move(first).error();
    at_hand = std::move(*first);
  }
  return &*at_hand;
}

Result<void> name_output(TaskContext& task) {
  auto first = first_response(task);
  if (!first) return std::move(first).error();
  const std::string* disposition = (*first)->exchange->head().find("Content-Disposition");
  if (const auto name = disposition != nullptr ? disposition_name(*disposition) : std::nullopt) {
    task.rename(name_from_server(*name));
  }
  return {};
}

void drop_if_doubtful(TaskContext& task) {
  std::optional<Response>& at_hand = task.fetcher.at_hand();
  if (at_hand && task.fetcher.doubt(at_hand->exchange->head(), at_hand->body, nullptr)) at_hand.reset();
}

void remember_begun(TaskContext& task, const OutputFile& output_file) {
  if (!output_file.has_journal()) return;
  const auto metadata = output_file.journal().metadata();
  const bool is_other = metadata && !metadata->url.empty() && metadata->url != task.url.redacted();
  if (is_other) return;
  task.source.evidence.change_shown(
      [&output_file](Shown& shown) { shown.begun(output_file.journal().identity().resource.validator); });
  drop_if_doubtful(task);
}

Result<bool> is_current(TaskContext& task, const JournalIdentity& identity) {
  const Resource& known = identity.resource;
  if (!known.validator.strong() || known.total.value_or(0) == 0) return false;
  for (;;) {
    auto response = task.fetcher.fetch({0, 1}, &known);
    if (response) return true;
    if (response.error().remedy == Remedy::restart) return false;
    if (response.error().remedy != Remedy::retry) return std::move(response).error();
    auto paused = task.fetcher.retry().pause(std::move(response).error());
    if (!paused) return std::move(paused).error();
  }
}

}  // namespace segdl::engine
