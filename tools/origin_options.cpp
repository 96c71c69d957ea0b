#include "origin_options.h"

#include "cli/options/values.h"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace segdl::test {
namespace {

using Texts = std::vector<std::string>;

// 'A:B:C' in its parts. Throws CLI::ValidationError unless there are at least `least` and at most `most` of them.
Texts split_colons(const std::string& text, std::size_t least, std::size_t most) {
  Texts parts;
  for (std::size_t at = 0; at <= text.size();) {
    const auto colon = std::min(text.find(':', at), text.size());
    parts.push_back(text.substr(at, colon - at));
    at = colon + 1;
  }
  if (parts.size() < least || parts.size() > most)
    throw CLI::ValidationError("'" + text + "' has parts too few or too many");
  return parts;
}

int parse_status(const std::string& text) { return static_cast<int>(cli::parse_count(text)); }

// An option that may be given again, each text of which is read by the function.
template <class Read>
CLI::Option* add_each(CLI::App& app, const char* name, Read read, const char* what) {
  return app.add_option_function<Texts>(
      name,
      [read](const Texts& all) {
        for (const std::string& text : all) read(text);
      },
      what);
}

void refuse(Answer& answer, int status, const std::string& retry_after) {
  answer.status(status);
  if (!retry_after.empty()) answer.set("Retry-After", retry_after);
}

void read_resource(CLI::App& app, OriginCommand& command) {
  OriginScript& script = command.script;
  const auto size = [&](const std::string& text) { script.size(command.size = cli::parse_size(text)); };
  app.add_option_function<std::string>("--size", size, "Size of the resource (default 1M)")->type_name("SIZE");
  app.add_option_function<std::uint64_t>(
      "--seed", [&](std::uint64_t seed) { script.seed(seed); }, "Seed of its content (default 1)");
  app.add_option_function<std::string>(
      "--etag", [&](const std::string& tag) { script.etag(tag); },
      "Its ETag with the quotes; '' for none (default '\"v1\"')");
  app.add_option_function<std::string>(
      "--last-modified", [&](const std::string& date) { script.last_modified(date); }, "Its date (default none)");
  app.add_option_function<std::string>(
         "--change-after",
         [&](const std::string& text) {
           const Texts parts = split_colons(text, 1, 2);
           script.change_after(cli::parse_count(parts[0]), parts.size() > 1 ? cli::parse_size(parts[1]) : command.size);
         },
         "After N requests other content and another ETag, perhaps another size")
      ->type_name("N[:SIZE]");
}

void read_manners(CLI::App& app, OriginCommand& command) {
  OriginScript& script = command.script;
  app.add_flag_callback(
      "--no-ranges", [&] { script.no_ranges(); }, "Ignore Range");
  app.add_option_function<std::string>(
         "--no-ranges-after", [&](const std::string& n) { script.no_ranges_after(cli::parse_count(n)); },
         "Ignore Range after N requests")
      ->type_name("N");
  app.add_flag_callback(
      "--ignore-if-range", [&] { script.ignore_if_range(); }, "Answer 206 whatever If-Range says");
  app.add_flag("--chunked", command.chunked, "Send bodies in chunks");
  app.add_flag("--until-close", command.until_close, "Send bodies without a length, ended by the connection");
  const auto redirect = [&](const std::string& text) {
    const auto equal = text.find('=');
    if (equal == std::string::npos) throw CLI::ValidationError("a redirect is written FROM=TO");
    script.redirect(text.substr(0, equal), text.substr(equal + 1));
  };
  add_each(app, "--redirect", redirect, "Answer 302 to this path")->type_name("FROM=TO");
}

void read_refusals(CLI::App& app, OriginCommand& command) {
  OriginScript& script = command.script;
  const auto first = [&](const std::string& text) {
    const Texts parts = split_colons(text, 2, 2);
    script.on_every(
        [count = cli::parse_count(parts[0]), status = parse_status(parts[1])](Answer& answer, const Asking& asking) {
          if (asking.number <= count) answer.status(status);
        });
  };
  add_each(app, "--status-first", first, "Answer the first N requests with this status")->type_name("N:CODE");
  const auto later = [&](const std::string& text) {
    const Texts parts = split_colons(text, 2, 2);
    script.on_from(static_cast<unsigned>(cli::parse_count(parts[0])) + 1,
                   [status = parse_status(parts[1])](Answer& answer) { answer.status(status); });
  };
  add_each(app, "--status-after", later, "Answer all but the first N requests with this status")->type_name("N:CODE");
  const auto while_many = [&](const std::string& text) {
    const Texts parts = split_colons(text, 1, 3);
    script.most_active(cli::parse_count(parts[0]), parts.size() > 1 ? parse_status(parts[1]) : 503,
                       parts.size() > 2 ? parts[2] : "");
  };
  app.add_option_function<std::string>("--most-active", while_many,
                                       "While N answers are under way, give others this status (503)")
      ->type_name("N[:CODE[:RETRY-AFTER]]");
  const auto at_first = [&](const std::string& text) {
    const Texts parts = split_colons(text, 2, 3);
    using Clock = std::chrono::steady_clock;
    script.on_every([time = cli::parse_duration(parts[0]), status = parse_status(parts[1]),
                     retry_after = parts.size() > 2 ? parts[2] : "",
                     first_asked = std::optional<Clock::time_point>()](Answer& answer, const Asking&) mutable {
      const auto now = Clock::now();
      if (!first_asked) first_asked = now;
      if (now - *first_asked < time) refuse(answer, status, retry_after);
    });
  };
  app.add_option_function<std::string>("--refuse-for", at_first,
                                       "For so long since the first request give everything this status")
      ->type_name("TIME:CODE[:RETRY-AFTER]");
}

void read_faults(CLI::App& app, OriginCommand& command) {
  OriginScript& script = command.script;
  const auto add = [&](const char* name, OriginScript& (OriginScript::*put)(std::uint64_t, unsigned),
                       const char* what) {
    const auto read = [&script, put](const std::string& text) {
      const Texts parts = split_colons(text, 1, 2);
      const bool always = parts.size() > 1 && parts[1] == "always";
      const unsigned times = always ? OriginScript::kAlways : parts.size() > 1 ? cli::parse_count(parts[1]) : 1;
      (script.*put)(cli::parse_size(parts[0]), times);
    };
    add_each(app, name, read, what)->type_name("OFFSET[:TIMES]");
  };
  add("--cut-at", &OriginScript::cut_at, "Close the connection before this byte, once or so many times, or 'always'");
  add("--reset-at", &OriginScript::reset_at, "The same with a reset");
  add("--stall-at", &OriginScript::stall_at, "Send nothing more from this byte on, and keep the connection");
  add("--flip-at", &OriginScript::flip_at, "One wrong bit in this byte");
  app.add_option_function<std::string>(
         "--cut-every", [&](const std::string& text) { script.cut_every(cli::parse_size(text)); },
         "Close the connection after so many bytes of each body")
      ->type_name("SIZE");
  app.add_option_function<std::string>(
         "--drip",
         [&](const std::string& text) {
           const Texts parts = split_colons(text, 1, 2);
           script.drip(static_cast<std::size_t>(cli::parse_size(parts[0])),
                       parts.size() > 1 ? cli::parse_duration(parts[1]) : std::chrono::milliseconds(0));
         },
         "At most so many bytes at once, with a pause after each, for example 1K:50ms")
      ->type_name("SIZE[:TIME]");
}

void read_connections(CLI::App& app, OriginCommand& command) {
  LoopbackOrigin::Options& options = command.options;
  app.add_option_function<std::string>(
         "--limit-rate", [&](const std::string& text) { options.limit_rate = cli::parse_size(text); },
         "Bytes a second of each connection")
      ->type_name("RATE");
  const auto of_each = [](std::map<unsigned, std::uint64_t>& numbers) {
    return [&numbers](const std::string& text) {
      const Texts parts = split_colons(text, 2, 2);
      numbers[cli::parse_count(parts[0])] = cli::parse_size(parts[1]);
    };
  };
  add_each(app, "--connection-rate", of_each(options.connection_rates),
           "Bytes a second of the N-th connection, whatever the others may")
      ->type_name("N:RATE");
  add_each(app, "--connection-stall", of_each(options.connection_stalls),
           "After so many bytes the N-th connection sends nothing more, and is kept")
      ->type_name("N:BYTES");
}

void read_server(CLI::App& app, OriginCommand& command) {
  app.add_option("--port", command.options.port, "Port on 127.0.0.1 (default any free one)");
  app.add_flag_callback(
      "--ipv6", [&] { command.options.family = Loopback::v6; }, "Listen on [::1] instead");
  app.add_option("--tls", command.tls_directory, "Speak TLS, and write the authority's certificate here as ca.pem")
      ->type_name("DIR");
  app.add_option("--log", command.log_file, "Append a line of JSON for each request when its answer has ended")
      ->type_name("FILE");
}

}  // namespace

void add_origin_options(CLI::App& app, OriginCommand& command) {
  read_resource(app, command);
  read_manners(app, command);
  read_refusals(app, command);
  read_faults(app, command);
  read_connections(app, command);
  read_server(app, command);
}

}  // namespace segdl::test
