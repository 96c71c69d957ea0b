// Downloads what a list has into a directory, skips what is there, and prints what became of each line.
//
//   mirror LIST [DIRECTORY]
//
// Run again after it was killed, it continues: what is complete is skipped, and what is not is found on disk.
#include <segdl/segdl.h>

#include <cstdio>
#include <utility>

namespace {

struct Printer final : segdl::Listener {
  void on_end(const segdl::Item& item, const segdl::Result<segdl::Report>& result) override {
    const char* const where = item.list_line.empty() ? "mirror" : item.list_line.c_str();
    if (!result) {
      std::fprintf(stderr, "%s: %s\n", where, result.error().message().c_str());
    } else {
      std::printf("%s: %s%s\n", where, result->output.c_str(), result->skipped ? " exists" : "");
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: mirror LIST [DIRECTORY]\n");
    return 2;
  }
  auto list = segdl::open_list(argv[1]);
  if (!list) {
    std::fprintf(stderr, "%s\n", list.error().message().c_str());
    return 1;
  }
  segdl::BatchOptions options;
  options.request.directory = argc > 2 ? argv[2] : ".";
  options.request.existing = segdl::Existing::skip;
  options.more = std::move(*list);

  segdl::Session session;
  Printer printer;
  const auto tally = segdl::Batch(session, std::move(options), {&printer}).run();
  if (!tally) return 1;
  std::printf("%llu done, %llu skipped, %llu failed\n", static_cast<unsigned long long>(tally->done),
              static_cast<unsigned long long>(tally->skipped), static_cast<unsigned long long>(tally->failed));
  return tally->failed == 0 ? 0 : 1;
}
