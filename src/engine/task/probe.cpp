#include "engine/task/probe.h"

#include "core/http/content_disposition.h"

#include "engine/store/names.h"

#include <string>
#include <utility>

namespace segdl::engine {

Result<Response> Probe::ask_first(Range range) {
  std::optional<Resource> known;
  for (;;) {
    auto response = task_.fetcher.fetch(range, known ? &*known : nullptr);
    if (response && response->unchanged) return response;
    if (response) {
      const UsableBody& body = response->body;
      if (!body.partial || body.resource.validator.strong()) return response;
      if (task_.request.checksum && !task_.request.consumer && body.resource.coding.empty()) return response;
      if (*body.resource.total > kWorthMore)
        task_.progress.remark("the server names no strong validator: fetching in one piece");
      if (body.end == body.resource.total) return response;
      if (known) task_.source.forms.use(RequestForm::whole);  // not even this was given in one piece
      range = {0, *body.resource.total};
      known = body.resource;
      continue;
    }
    if (response.error().remedy != Remedy::retry) return response;
    auto paused = task_.fetcher.retry().pause(std::move(response).error());
    if (!paused) return std::move(paused).error();
  }
}

Result<const Response*> Probe::first() {
  std::optional<Response>& at_hand = task_.fetcher.at_hand();
  if (!at_hand) {
    auto first = ask_first();
    if (!first) return std::move(first).error();
    at_hand = std::move(*first);
  }
  return &*at_hand;
}

Result<void> Probe::name_output() {
  auto first = this->first();
  if (!first) return std::move(first).error();
  const std::string* disposition = (*first)->exchange->head().find("Content-Disposition");
  if (const auto name = disposition != nullptr ? disposition_name(*disposition) : std::nullopt) {
    task_.rename(name_from_server(*name));
  }
  return {};
}

void Probe::drop_if_doubtful() {
  std::optional<Response>& at_hand = task_.fetcher.at_hand();
  if (at_hand && task_.fetcher.doubt(at_hand->exchange->head(), at_hand->body, nullptr)) at_hand.reset();
}

void Probe::remember_begun(const OutputFile& output_file) {
  if (!output_file.has_journal()) return;
  const auto metadata = output_file.journal().metadata();
  const bool is_other = metadata && !metadata->url.empty() && metadata->url != task_.url.redacted();
  if (is_other) return;
  task_.source.evidence.change_shown(
      [&output_file](Shown& shown) { shown.begun(output_file.journal().identity().resource.validator); });
  drop_if_doubtful();
}

Result<bool> Probe::is_current(const JournalIdentity& identity) {
  const Resource& known = identity.resource;
  if (!known.validator.strong() || known.total.value_or(0) == 0) return false;
  for (;;) {
    auto response = task_.fetcher.fetch({0, 1}, &known);
    if (response) return true;
    if (response.error().remedy == Remedy::restart) return false;
    if (response.error().remedy != Remedy::retry) return std::move(response).error();
    auto paused = task_.fetcher.retry().pause(std::move(response).error());
    if (!paused) return std::move(paused).error();
  }
}

}  // namespace segdl::engine
