#include "wire/objects.h"

#include <segdl/checksum.h>
#include <segdl/text.h>
#include <segdl/version.h>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <utility>

namespace segdl::wire {
namespace {

using Json = nlohmann::ordered_json;

// RFC 3339, in UTC, to the millisecond.
std::string time_text(WallTime moment) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(moment);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(moment - whole);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(whole)),
                     rest.count());
}

template <class Duration>
double seconds(Duration time) {
  return std::round(std::chrono::duration<double>(time).count() * 1000) / 1000;
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

Json text_or_null(const std::string& untrusted) { return untrusted.empty() ? Json() : Json(printable(untrusted)); }
Json status_or_null(int status) { return status == 0 ? Json() : Json(status); }
Json name_or_null(const std::filesystem::path& name) {
  return name.empty() ? Json() : Json(json_name(name.lexically_normal()));
}
Json url_or_null(const std::string& url) { return url.empty() ? Json() : Json(redacted_url(url)); }

Json object(const char* event, WallTime moment) { return {{"event", event}, {"time", time_text(moment)}}; }

Json object(const char* event, WallTime moment, const Item& item) {
  Json made = object(event, moment);
  made["id"] = item.number == 0 ? Json() : Json(item.number);
  return made;
}

std::string line_of(const Json& made) {
  return made.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

const char* phase_word(Phase phase) {
  switch (phase) {
    case Phase::queued:
      return "queued";
    case Phase::starting:
      return "starting";
    case Phase::adopting:
      return "adopting";
    case Phase::fetching:
      return "fetching";
    case Phase::waiting:
      return "waiting";
    case Phase::verifying:
      return "verifying";
    case Phase::decoding:
      return "decoding";
    case Phase::publishing:
      return "publishing";
    case Phase::suspended:
      return "suspended";
    case Phase::ended:
      return "ended";
  }
  return "ended";
}

const char* cause_word(Cause cause) {
  switch (cause) {
    case Cause::internal:
      return "internal";
    case Cause::usage:
      return "usage";
    case Cause::network:
      return "network";
    case Cause::refused:
      return "refused";
    case Cause::tls:
      return "tls";
    case Cause::integrity:
      return "integrity";
    case Cause::local:
      return "local";
    case Cause::changed:
      return "changed";
    case Cause::busy:
      return "busy";
    case Cause::exists:
      return "exists";
    case Cause::cancelled:
      return "cancelled";
  }
  return "internal";
}

const char* level_word(VerifiedTo level) {
  switch (level) {
    case VerifiedTo::length:
      return "length";
    case VerifiedTo::strong_validator:
      return "strong_validator";
    case VerifiedTo::digest:
      return "digest";
  }
  return "length";
}

std::string checksum_text(const Checksum& checksum) {
  return fmt::format("{}={}", algorithm_name(checksum.algorithm), hex(checksum));
}

// Puts the fields of an event into its object.
struct EventObject {
  const Item& item;
  WallTime moment;

  Json operator()(const Started&) const {
    Json made = object("start", moment, item);
    made["url"] = url_or_null(item.url);
    made["list_line"] = text_or_null(item.list_line);
    made["output"] = name_or_null(item.output);
    return made;
  }
  Json operator()(const Redirected& redirect) const {
    Json made = object("redirect", moment, item);
    made["from"] = redacted_url(redirect.from);
    made["to"] = redacted_url(redirect.to);
    made["http_status"] = redirect.http_status;
    return made;
  }
  Json operator()(const Planned& plan) const {
    Json made = object("plan", moment, item);
    made["total"] = or_null(plan.total);
    made["reused"] = plan.reused;
    made["segment_size"] = plan.segment_size == 0 ? Json() : Json(plan.segment_size);
    made["segments"] = plan.segment_size == 0 ? Json() : Json(plan.segments);
    made["validator"] = text_or_null(plan.validator);
    made["validator_strong"] = plan.validator_strong;
    return made;
  }
  Json operator()(const Retried& retry) const {
    Json made = object("retry", moment, item);
    made["cause"] = cause_word(retry.error.cause);
    made["message"] = printable(retry.error.message());
    made["http_status"] = status_or_null(retry.error.http_status);
    made["wait"] = seconds(retry.wait);
    made["reassigned"] = retry.reassigned;
    return made;
  }
  Json operator()(const Revoked& revoked) const {
    Json made = object("revoked", moment, item);
    made["begin"] = revoked.range.begin;
    made["end"] = revoked.range.end;
    return made;
  }
  Json operator()(const Changed& changed) const {
    Json made = object("changed", moment, item);
    made["reason"] = printable(changed.reason);
    made["lost"] = changed.lost;
    return made;
  }
  Json operator()(const Noted& note) const {
    Json made = object("note", moment, item);
    made["text"] = printable(note.text);
    return made;
  }
  Json operator()(const Suspended&) const { return object("suspended", moment, item); }
};

// In whole seconds; null if unknown.
Json eta(const Progress& progress, double speed) {
  if (!progress.total || progress.done > *progress.total || speed < 1) return {};
  return std::llround(static_cast<double>(*progress.total - progress.done) / speed);
}

Json codes_of(const Hints& hints) {
  Json codes = Json::array();
  for (const Advice& advice : hints) codes.push_back(hint_name(advice.hint));
  return codes;
}

}  // namespace

std::string json_name(const std::filesystem::path& path) {
  try {
    static_cast<void>(Json(path.string()).dump());
    return path.string();
  } catch (const nlohmann::json::exception&) {
    return printable(path.string());
  }
}

std::string hello_line(WallTime moment) {
  Json made = object("hello", moment);
  made["format"] = kFormat;
  made["version"] = kVersion;
  return line_of(made);
}

std::string event_line(const Item& item, const Event& event) {
  return line_of(std::visit(EventObject{item, event.moment}, event.what));
}

std::string progress_line(WallTime moment, const Item& item, const Progress& progress, double bytes_per_second) {
  Json made = object("progress", moment, item);
  made["phase"] = phase_word(progress.phase);
  made["total"] = or_null(progress.total);
  made["done"] = progress.done;
  made["fetched"] = progress.fetched;
  made["reused"] = progress.reused;
  made["verified"] = progress.verified;
  made["speed"] = std::llround(bytes_per_second);
  made["eta"] = eta(progress, bytes_per_second);
  made["connections"] = progress.connections;
  made["retries"] = progress.retries;
  return line_of(made);
}

std::string done_line(WallTime moment, const Item& item, const Report& report, const std::string& hint) {
  Json made = object("done", moment, item);
  made["url"] = url_or_null(item.url);
  made["output"] = name_or_null(report.output);
  made["total"] = report.total;
  made["fetched"] = report.fetched;
  made["reused"] = report.reused;
  made["revoked"] = report.revoked;
  made["wasted"] = report.wasted;
  made["retries"] = report.retries;
  made["restarts"] = report.restarts;
  made["connections"] = report.connections;
  made["verified_to"] = level_word(report.verified_to);
  made["checksum"] = report.checksum ? Json(checksum_text(*report.checksum)) : Json();
  made["coding"] = text_or_null(report.coding);
  made["decoded"] = or_null(report.decoded);
  made["rehashed"] = report.rehashed;
  made["unchanged"] = report.unchanged;
  made["insecure"] = report.insecure;
  Json notes = Json::array();
  for (const std::string& note : report.notes) notes.push_back(printable(note));
  made["notes"] = std::move(notes);
  made["hint"] = text_or_null(hint);
  made["hint_codes"] = codes_of(report.hints);
  made["elapsed"] = seconds(report.elapsed);
  return line_of(made);
}

std::string skipped_line(WallTime moment, const Item& item, bool repeated) {
  Json made = object("skipped", moment, item);
  made["url"] = url_or_null(item.url);
  made["output"] = name_or_null(item.output);
  made["repeated"] = repeated;
  return line_of(made);
}

std::string error_line(WallTime moment, const Item& item, const Failure& failure) {
  const Error& error = failure.error;
  Json made = object("error", moment, item);
  made["url"] = url_or_null(item.url);
  made["list_line"] = text_or_null(item.list_line);
  made["output"] = name_or_null(item.output);
  made["cause"] = cause_word(error.cause);
  made["exit_code"] = failure.exit_code;
  made["message"] = printable(error.message());
  made["operation"] = text_or_null(error.operation);
  made["subject"] = text_or_null(error.subject);
  made["reason"] = text_or_null(error.reason);
  made["offset"] = or_null(error.offset);
  made["http_status"] = status_or_null(error.http_status);
  made["hint"] = text_or_null(failure.hint);
  made["hint_codes"] = codes_of(error.hints);
  made["tries"] = error.tries;
  made["passing"] = error.remedy == Remedy::retry;
  made["retry_after"] = error.retry_after ? Json(error.retry_after->count()) : Json();
  made["resumable"] = error.resumable;
  return line_of(made);
}

std::string summary_line(WallTime moment, const Summary& summary) {
  Json made = object("summary", moment);
  made["done"] = summary.tally.done;
  made["skipped"] = summary.tally.skipped;
  made["unchanged"] = summary.tally.unchanged;
  made["repeated"] = summary.tally.repeated;
  made["failed"] = summary.tally.failed;
  made["interrupted"] = summary.tally.cancelled;
  made["bytes"] = summary.tally.bytes;
  made["fetched"] = summary.tally.fetched;
  made["elapsed"] = seconds(summary.elapsed);
  made["exit_code"] = summary.exit_code;
  return line_of(made);
}

}  // namespace segdl::wire
