// Downloads a URL into a directory, shows how far it is, and continues after failures that pass.
//
//   embed URL [DIRECTORY]
//
// Run again after it was killed, it continues too: what is on disk is found by the request's output name.
#include <segdl/segdl.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

namespace {

constexpr int kTries = 5;

void show(const segdl::Progress& progress) {
  std::fprintf(stderr, "%llu of %llu bytes over %u connections\n", static_cast<unsigned long long>(progress.done),
               static_cast<unsigned long long>(progress.total.value_or(0)), progress.connections);
}

segdl::Result<segdl::Report> fetch(segdl::Session& session, const segdl::Request& request) {
  auto task = session.download(request);
  if (!task) return task.error();
  while (!task->wait_for(std::chrono::seconds(1))) show(task->progress());
  return task->wait();
}

// Whether the same request may do better in a while: then it goes on from what is on disk.
bool passes(const segdl::Error& error) { return error.remedy == segdl::Remedy::retry; }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: embed URL [DIRECTORY]\n");
    return 2;
  }
  segdl::Session session({.connections = 8});
  const segdl::Request request{.url = argv[1], .directory = argc > 2 ? argv[2] : "."};
  auto report = fetch(session, request);
  for (int tries = 1; !report && passes(report.error()) && tries < kTries; ++tries) {
    std::fprintf(stderr, "%s; again in a while\n", report.error().message().c_str());
    std::this_thread::sleep_for(report.error().retry_after.value_or(std::chrono::seconds(tries)));
    report = fetch(session, request);
  }
  if (!report) {
    std::fprintf(stderr, "%s\n%s\n", report.error().message().c_str(), segdl::describe(report.error().hints).c_str());
    return 1;
  }
  std::printf("%s: %llu bytes fetched, %llu reused\n", report->output.c_str(),
              static_cast<unsigned long long>(report->fetched), static_cast<unsigned long long>(report->reused));
  return 0;
}
