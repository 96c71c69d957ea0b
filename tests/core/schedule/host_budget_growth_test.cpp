// How far a budget grows by itself, between simulated hosts and workers that want all they can get.
#include "core/schedule/host_budget.h"

#include "host_model.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace segdl;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr bool kAdaptive = true;

}  // namespace

TEST_CASE("a number left to us: 64 connections with a cap each are all used within 5 s") {
  for (const milliseconds latency : {milliseconds(1), milliseconds(20), milliseconds(80)}) {
    CAPTURE(latency.count());
    HostModel host({.latency = latency, .workers = 100, .step = milliseconds(1)});
    HostBudget budget(64, kAdaptive);
    host.run(budget, milliseconds(4900));
    CHECK(budget.allowed() == 64);
    CHECK(budget.in_use() == 64);
  }
}

TEST_CASE("a number left to us: irregular measuring does not hinder growing") {
  for (const milliseconds every : {milliseconds(3), milliseconds(37), milliseconds(410)}) {
    CAPTURE(every.count());
    HostModel host({.latency = milliseconds(5), .step = milliseconds(1), .measure_every = every});
    HostBudget budget(64, kAdaptive);
    host.run(budget, seconds(5));
    CHECK(budget.allowed() == 64);
  }
}

TEST_CASE("a number left to us: a total that a few connections fill is not shared by many") {
  for (const double total : {4.0, 16.0, 40.0, 90.0}) {
    CAPTURE(total);
    HostModel host({.total = [total](unsigned) { return total * kMiBps; }, .body = 4 * kMiBps});
    HostBudget budget(64, kAdaptive);
    const double needed = std::max(2.0, std::exp2(std::ceil(std::log2(total / 8))));
    double beyond = 0;  // seconds
    unsigned highest = 0;
    for (int i = 0; i < 600; ++i) {
      host.run(budget, milliseconds(100));
      highest = std::max(highest, budget.allowed());
      if (budget.allowed() > needed) beyond += 0.1;
    }
    CHECK(highest <= 2 * needed);
    CHECK(beyond < 8);
    CHECK(host.received >= 0.9 * 60 * total * kMiBps);
  }
}

TEST_CASE("a number left to us: noise in the speed does not drive the number up") {
  std::uint64_t random = 1;
  double noise = 1;
  double until = 0;
  HostModel host({.body = 4 * kMiBps});
  // Within 10 % of the mean, another every 70 ms.
  host.total = [&](unsigned) {
    if (host.seconds() >= until) {
      random = random * 6364136223846793005U + 1442695040888963407U;
      noise = 0.9 + 0.2 * static_cast<double>(random >> 40) / static_cast<double>(1U << 24);
      until = host.seconds() + 0.07;
    }
    return 30 * kMiBps * noise;
  };
  HostBudget budget(64, kAdaptive);
  host.run(budget, seconds(300));
  CHECK(budget.allowed() <= 16);
}

TEST_CASE("a number left to us: a burst that is over in no time delays nothing") {
  for (const double body : {12 * kMiBps, 64 * kMiBps, 1e12}) {
    CAPTURE(body);
    HostModel host({.latency = milliseconds(1), .burst = 1, .body = body, .step = milliseconds(1)});
    HostBudget budget(64, kAdaptive);
    host.run(budget, milliseconds(1500));
    CHECK(budget.allowed() == 64);
  }
}

TEST_CASE("a number left to us: a burst for each new request misleads for a few seconds at the most") {
  for (const double link : {100.0, 1000.0, 1e6}) {
    CAPTURE(link);
    HostModel host({.burst = 1, .total = [link](unsigned) { return link * kMiBps; }, .body = 16 * kMiBps});
    HostBudget budget(64, kAdaptive);
    host.run(budget, seconds(12));
    CHECK(budget.allowed() >= (link > 512 ? 64 : 8));
  }
}

TEST_CASE("a number left to us: a host that slows down when more are used is left at what it does best") {
  for (const unsigned best : {2U, 4U, 16U}) {
    CAPTURE(best);
    const auto total = [best](unsigned many) { return 8 * kMiBps * (many <= best ? many : 0.6 * best); };
    HostModel host({.total = total, .body = 4 * kMiBps});
    HostBudget budget(64, kAdaptive);
    host.run(budget, seconds(60));
    CHECK(budget.allowed() == best);
    CHECK(host.received >= 0.85 * 60 * best * 8 * kMiBps);
  }
}

TEST_CASE("a number left to us: thousands of short answers reach a good number within a third of a second") {
  HostModel host(
      {.latency = microseconds(200), .connection = 1e12, .body = 16 * 1024, .bodies = 5000, .step = microseconds(50)});
  HostBudget budget(64, kAdaptive);
  host.run(budget, milliseconds(301));
  CHECK(budget.allowed() >= 8);
  host.run(budget, seconds(1));
  CHECK(host.done == 5000);
  CHECK(host.seconds() <= 0.3);
}

TEST_CASE("a number left to us: nothing is learned while fewer are wanted than allowed") {
  HostModel host({.workers = 3});
  HostBudget budget(64, kAdaptive);
  host.run(budget, seconds(5));
  CHECK(budget.allowed() <= 4);
  host.workers = 64;
  host.run(budget, seconds(5));
  CHECK(budget.allowed() == 64);
}

TEST_CASE("a number left to us: misled by bursts on a slower link, it grows when those beyond the level have left") {
  HostModel host({.burst = 1, .total = [](unsigned) { return 200 * kMiBps; }, .body = 40 * kMiBps});
  HostBudget budget(64, kAdaptive);
  host.run(budget, seconds(4));
  CHECK(budget.allowed() < budget.in_use());
  host.run(budget, seconds(16));
  CHECK(budget.allowed() >= 16);
}

TEST_CASE("a number left to us: a limit of the host that was lifted is noticed though bodies are long") {
  HostModel host({.serves = 7, .body = 400 * kMiBps});
  HostBudget budget(64, kAdaptive);
  host.run(budget, seconds(20));
  CHECK(budget.allowed() <= 7);
  host.serves = 100;
  host.run(budget, seconds(60));
  CHECK(budget.allowed() == 64);
}
