// The fake believes what the real file system does: any sequence of operations gets the same answers from both.
#include "contract/file_worlds.h"

#include <array>
#include <map>
#include <random>

namespace segdl::test {
namespace {

constexpr std::array<const char*, 4> kNames = {"a", "b", "c", "d"};

// One step, drawn once and taken by both.
struct Step {
  unsigned action = 0;
  std::string name;
  std::string other;
  OpenMode mode = OpenMode::create;
  bool replace = false;
  std::uint64_t offset = 0;
  std::string text;
};

Step draw(std::mt19937_64& random) {
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  Step step;
  step.action = static_cast<unsigned>(below(11));
  step.name = kNames.at(below(kNames.size()));
  step.other = kNames.at(below(kNames.size()));
  step.mode = static_cast<OpenMode>(below(4));
  step.replace = below(2) == 0;
  step.offset = below(3) == 0 ? below(200'000) : below(100);
  step.text = std::string(below(2) == 0 ? below(20'000) : below(30), static_cast<char>('A' + below(26)));
  return step;
}

template <class T>
std::string told(const Result<T>& result, const std::string& value = "done") {
  if (result) return value;
  const Error& error = result.error();
  // Of what exists, the words are free; of a system error they are the system's.
  return error.cause == Cause::exists ? "exists" : "local: " + error.reason;
}

// A directory, and at most one open file per name drawn for it.
class Player {
 public:
  explicit Player(Directory& directory) : directory_(directory) {}

  std::string take(const Step& step) {
    switch (step.action) {
      case 0:
      case 1:
        return open(step);
      case 2:
        return told(directory_.rename(step.name, step.other, step.replace));
      case 3:
        return told(directory_.exchange(step.name, step.other));
      case 4:
        return told(directory_.remove(step.name));
      case 5:
        files_.erase(step.name);
        return "closed";
      case 6:
        return status(step);
      default:
        return files_.contains(step.name) ? use(*files_[step.name], step) : "not open";
    }
  }

 private:
  std::string open(const Step& step) {
    auto file = directory_.open(step.name, step.mode);
    const std::string answer = told(file);
    if (file) files_[step.name] = std::move(*file);
    return answer;
  }

  std::string status(const Step& step) {
    const auto status = directory_.status(step.name);
    if (!status) return told(status);
    return *status ? std::to_string((*status)->size) : "nothing";
  }

  static std::string use(File& file, const Step& step) {
    switch (step.action) {
      case 7:
        return told(file.write_at(step.offset, bytes_of(step.text)));
      case 8: {
        std::string text(step.text.size(), '?');
        const auto got = file.read_at(step.offset, std::as_writable_bytes(std::span(text)));
        return told(got, got ? text.substr(0, *got) : "");
      }
      case 9:
        return told(file.resize(step.offset));
      default: {
        const auto locked = file.try_lock();
        return told(locked, locked && *locked ? "locked" : "held");
      }
    }
  }

  Directory& directory_;
  std::map<std::string, std::unique_ptr<File>> files_;
};

TEST_CASE("random operations have the same answers on the fake and on the real file system") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    PosixWorld real;
    FakeWorld fake;
    Player on_real(real.directory());
    Player on_fake(fake.directory());
    std::mt19937_64 random(seed);
    for (int i = 0; i < 400; ++i) {
      const Step step = draw(random);
      CAPTURE(i);
      CAPTURE(step.action);
      CAPTURE(step.name);
      CAPTURE(step.other);
      REQUIRE(on_fake.take(step) == on_real.take(step));
    }
  }
}

}  // namespace
}  // namespace segdl::test
