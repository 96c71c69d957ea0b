// Runs a target over the files of a folder, each whole, cut in half, and with a byte changed. Usage: TARGET FOLDER
#include "fuzz/fuzz.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kMaxFiles = 50;  // a corpus is a sample, not an archive

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void play(const std::string& input) {
  fuzz(input);
  fuzz(std::string_view(input).substr(0, input.size() / 2));
  for (std::size_t i = 0; i < input.size(); i += 1 + input.size() / 64) {
    std::string changed = input;
    changed[i] = static_cast<char>(changed[i] ^ 0x21);
    fuzz(changed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " FOLDER\n";
    return 2;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  if (files.empty() || files.size() > kMaxFiles) {
    std::cerr << argv[1] << " has " << files.size() << " files; 1 to " << kMaxFiles << " are wanted\n";
    return 1;
  }
  fuzz("");
  for (const auto& path : files) play(content(path));
  std::cout << files.size() << " files\n";
  return 0;
}
