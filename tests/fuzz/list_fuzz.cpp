// Lists of downloads: what comes out must not depend on how the bytes came in.
#include "batch/list_reader.h"
#include "fuzz/fuzz.h"

#include <string>
#include <vector>

using namespace segdl::batch;

namespace {

std::vector<ListLine> read(std::string_view text, std::size_t piece) {
  ListReader reader;
  std::vector<ListLine> lines;
  const auto drain = [&] {
    while (auto line = reader.next()) lines.push_back(std::move(*line));
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    reader.feed(text.substr(at, piece));
    drain();
  }
  reader.finish();
  drain();
  return lines;
}

bool same(const ListLine& a, const ListLine& b) {
  return a.number == b.number && a.url == b.url && a.name == b.name && a.problem == b.problem;
}

}  // namespace

void fuzz(std::string_view input) {
  const auto whole = read(input, input.size() + 1);
  std::uint64_t last = 0;
  for (const ListLine& line : whole) {
    FUZZ_CHECK(line.number > last);
    last = line.number;
    FUZZ_CHECK(!line.url.empty() || !line.problem.empty());
    FUZZ_CHECK(line.url.size() + line.name.size() <= kMaxLine);
    FUZZ_CHECK(line.url.find('\n') == std::string::npos && line.name.find('\n') == std::string::npos);
  }
  for (const std::size_t piece : {1U, 3U}) {
    const auto cut = read(input, piece);
    FUZZ_CHECK(cut.size() == whole.size());
    for (std::size_t i = 0; i < cut.size(); ++i) FUZZ_CHECK(same(cut[i], whole[i]));
  }
}
