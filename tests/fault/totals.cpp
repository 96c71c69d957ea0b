#include "fault/totals.h"

#include "support/fake_fs.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <map>
#include <string_view>

namespace segdl::test {
namespace {

std::map<std::string, std::uint64_t>& numbers() {
  static std::map<std::string, std::uint64_t> all;
  return all;
}

// kinds_test is "kinds".
std::string_view name_of_program() {
  const std::string_view name = program_invocation_short_name;
  return name.substr(0, name.rfind("_test"));
}

void print_totals(unsigned failed) {
  const FakeDamage damage = fake_damage();
  if (damage.kills > 0) tally("kills", damage.kills);
  if (damage.power_cuts > 0) tally("power-cuts", damage.power_cuts);
  if (damage.failures > 0) tally("failed-operations", damage.failures);
  if (numbers().empty()) return;
  std::string line = fmt::format("totals {}:", name_of_program());
  for (const auto& [what, times] : numbers()) line += fmt::format(" {}={}", what, times);
  fmt::print("{} wrong=0 hangs=0 crashes=0 other={}\n", line, failed);
}

class Totals final : public doctest::IReporter {
 public:
  explicit Totals(const doctest::ContextOptions&) {}

  void test_run_end(const doctest::TestRunStats& run) override { print_totals(run.numTestCasesFailed); }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_start(const doctest::TestCaseData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_LISTENER("totals", 1, Totals);

}  // namespace

void tally(const std::string& what, std::uint64_t times) { numbers()[what] += times; }

}  // namespace segdl::test
