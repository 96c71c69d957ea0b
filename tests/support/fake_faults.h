// What a FakeFs has been told to do to its user, and what its user has asked for. Guarded by the mutex of its disk.
#pragma once

#include "support/fake_fs.h"

#include <cstdint>
#include <string>
#include <vector>

namespace segdl::test {

class FakeFaults {
 public:
  enum class Verdict : std::uint8_t { proceed, strike, die };
  struct Answer {
    Verdict verdict = Verdict::proceed;
    int number = 0;          // of a strike
    std::uint64_t torn = 0;  // of a death
  };

  // Counts one operation, lists it under `line`, and says what becomes of it.
  Answer next(Op op, std::string line);

  void crash_at(std::uint64_t k, std::uint64_t torn);
  void fail(Op op, std::uint64_t k, int number, Times times);
  void heal();
  void begin_life();  // heals, counts and lists anew
  bool struck() const { return struck_; }

  const std::vector<std::string>& lines() const { return lines_; }
  std::uint64_t count() const { return count_; }

 private:
  struct Fault {
    Op op;
    std::uint64_t left;  // operations of this kind until it strikes
    int number;
    Times times;
  };

  const Fault* strike(Op op);

  std::vector<Fault> faults_;
  std::vector<std::string> lines_;
  std::uint64_t count_ = 0;
  std::uint64_t crash_at_ = 0;  // a value of count_; 0: never
  std::uint64_t torn_ = 0;
  bool struck_ = false;
};

}  // namespace segdl::test
