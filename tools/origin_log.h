// What the origin was asked and answered, a line of JSON each.
#pragma once

#include "support/origin_script.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace segdl::test {

// Appends a line when an answer has ended, with the moments at which it was begun and ended: seconds of the monotonic
// clock, so that they can be compared with what another process saw. Thread-safe.
class RequestLog {
 public:
  explicit RequestLog(const std::string& path) : file_(path, std::ios::app) {
    if (!file_) throw std::runtime_error("cannot write " + path);
  }

  void begin(const Asking& asking) {
    const double now = seconds();
    const std::lock_guard lock(mutex_);
    begun_[asking.number] = now;
  }

  void end(const Asking& asking) {
    const double now = seconds();
    nlohmann::ordered_json line = {{"number", asking.number},
                                   {"connection", asking.connection},
                                   {"target", asking.target},
                                   {"status", asking.status},
                                   {"sent", asking.sent},
                                   {"active", asking.active},
                                   {"begun", 0.0},
                                   {"ended", now},
                                   {"fields", nlohmann::ordered_json::object()}};
    for (const Field& field : asking.fields) line["fields"][field.name] = field.value;
    const std::lock_guard lock(mutex_);
    const auto begun = begun_.find(asking.number);
    line["begun"] = begun->second;
    begun_.erase(begun);
    file_ << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n' << std::flush;
  }

 private:
  static double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  std::mutex mutex_;
  std::ofstream file_;
  std::unordered_map<unsigned, double> begun_;  // by number, of the answers under way
};

}  // namespace segdl::test
