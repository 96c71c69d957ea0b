// How fast this machine can bring a file from a server on it to a disk of it at all, and what that costs: see
// floor_loops.h. Prints wall and CPU seconds of each loop over each number of connections.
#include "floor_loops.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

namespace segdl::bench {
namespace {

struct Command {
  std::string url;
  std::string file;
  std::vector<unsigned> connections = {1, 2, 4};
  std::vector<std::string> loops = {"recv", "hash", "splice"};
  unsigned rounds = 5;
  std::uint64_t buffer = 256 * kKiB;
  bool json = false;
};

struct Cost {
  double wall = 0;
  double cpu = 0;
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

Cost spent() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration<double>(now).count(), seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

Cost operator-(Cost a, Cost b) { return {a.wall - b.wall, a.cpu - b.cpu}; }

struct Measured {
  Loop loop = Loop::recv;
  unsigned connections = 0;
  Cost allocating = {};
  Cost fetching = {};
};

// One connection and one thread for each of so many equal ranges, cut at multiples of the buffer.
void fetch(const Target& target, const Errand& whole, unsigned connections) {
  const std::uint64_t buffers = (whole.range.size() + whole.buffer - 1) / whole.buffer;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < connections; ++i) {
    Errand errand = whole;
    errand.range.begin = buffers * i / connections * whole.buffer;
    errand.range.end = std::min(whole.range.end, buffers * (i + 1) / connections * whole.buffer);
    if (!errand.range.empty()) threads.emplace_back([&target, errand] { run(target, errand); });
  }
}

// A new file each time: the pages of an old one would already be there.
int create(const std::string& path) {
  ::unlink(path.c_str());
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) give_up("create " + path);
  return file;
}

Measured measure(const Command& command, const Target& target, Measured what, std::uint64_t size) {
  const int file = create(command.file);
  const Cost begun = spent();
  if (::fallocate(file, 0, 0, static_cast<off_t>(size)) != 0) give_up("allocate " + command.file);
  const Cost allocated = spent();
  fetch(target, {what.loop, {0, size}, file, command.buffer}, what.connections);
  what.allocating = allocated - begun;
  what.fetching = spent() - allocated;
  ::close(file);
  return what;
}

void print_line(const Measured& run, std::uint64_t size) {
  fmt::print(R"({{"loop":"{}","connections":{},"bytes":{},"allocating_wall":{:.3f},"allocating_cpu":{:.3f},)"
             R"("wall":{:.3f},"cpu":{:.3f}}})"
             "\n",
             name_of(run.loop), run.connections, size, run.allocating.wall, run.allocating.cpu, run.fetching.wall,
             run.fetching.cpu);
  std::fflush(stdout);
}

// "median (least-most)"
std::string spread(const std::vector<Measured>& runs, double (*value)(const Measured&)) {
  std::vector<double> values;
  values.reserve(runs.size());
  for (const auto& run : runs) values.push_back(value(run));
  std::sort(values.begin(), values.end());
  return fmt::format("{:.2f} ({:.2f}-{:.2f})", values[values.size() / 2], values.front(), values.back());
}

void print_table(const std::vector<std::vector<Measured>>& rows, std::uint64_t size) {
  fmt::print("{} bytes; seconds, median (least-most)\n{:<8}{:>4}  {:<20}{:<20}{:<20}{}\n", size, "loop", "-x", "wall",
             "CPU", "allocating: wall", "CPU");
  for (const auto& runs : rows) {
    fmt::print("{:<8}{:>4}  {:<20}{:<20}{:<20}{}\n", name_of(runs.front().loop), runs.front().connections,
               spread(runs, [](const Measured& run) { return run.fetching.wall; }),
               spread(runs, [](const Measured& run) { return run.fetching.cpu; }),
               spread(runs, [](const Measured& run) { return run.allocating.wall; }),
               spread(runs, [](const Measured& run) { return run.allocating.cpu; }));
  }
}

void run_all(const Command& command) {
  const Target target = parse_target(command.url);
  const std::uint64_t size = size_of(target);
  std::vector<std::vector<Measured>> rows;
  for (const auto& loop : command.loops) {
    for (const unsigned connections : command.connections) rows.push_back({{loop_named(loop), connections, {}, {}}});
  }
  // In turns, so that a busy moment of the machine does not fall on one of them alone.
  for (unsigned round = 0; round < command.rounds; ++round) {
    for (auto& runs : rows) {
      const Measured run = measure(command, target, runs.front(), size);
      if (round == 0) runs.clear();
      runs.push_back(run);
      if (command.json) print_line(run, size);
    }
  }
  if (!command.json) print_table(rows, size);
}

void add_options(CLI::App& app, Command& command) {
  app.add_option("URL", command.url, "http://IPV4:PORT/PATH")->required();
  app.add_option("FILE", command.file, "Where to put it; replaced each time, and left there at the end")->required();
  app.add_option("-x,--connections", command.connections, "How many connections, one after the other (1,2,4)")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  app.add_option("--loops", command.loops, "Which loops (recv,hash,splice)")->delimiter(',');
  app.add_option("--rounds", command.rounds, "How often each (5)")->check(CLI::PositiveNumber);
  app.add_option("--buffer", command.buffer, "Bytes for each recv, and for the pipe (262144)")
      ->check(CLI::PositiveNumber);
  app.add_flag("--json", command.json, "A line of JSON for each run instead of the table");
}

}  // namespace
}  // namespace segdl::bench

int main(int argc, char** argv) {
  try {
    CLI::App app("Measures what bringing a file over loopback costs at least.");
    segdl::bench::Command command;
    segdl::bench::add_options(app, command);
    CLI11_PARSE(app, argc, argv);
    segdl::bench::run_all(command);
    return 0;
  } catch (const std::exception& failure) {
    segdl::bench::give_up("failed", failure.what());
  }
}
