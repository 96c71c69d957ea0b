#include "support/fake_faults.h"

#include <utility>

namespace segdl::test {

FakeFaults::Answer FakeFaults::next(Op op, std::string line) {
  ++count_;
  if (count_ == crash_at_) return {Verdict::die, 0, torn_};
  const Fault* fault = strike(op);
  lines_.push_back(fault == nullptr ? std::move(line) : line + " failed");
  if (fault == nullptr) return {};
  struck_ = true;
  return {Verdict::strike, fault->number, 0};
}

const FakeFaults::Fault* FakeFaults::strike(Op op) {
  const Fault* found = nullptr;
  for (Fault& fault : faults_) {
    if (fault.op != op || fault.left == 0) continue;
    if (fault.left > 1) {
      --fault.left;
    } else if (found == nullptr) {
      found = &fault;
      if (fault.times == Times::once) fault.left = 0;
    }
  }
  return found;
}

void FakeFaults::crash_at(std::uint64_t k, std::uint64_t torn) {
  crash_at_ = count_ + k;
  torn_ = torn;
}

void FakeFaults::fail(Op op, std::uint64_t k, int number, Times times) {
  faults_.push_back({op, k, number, times});
  struck_ = false;
}

void FakeFaults::heal() {
  faults_.clear();
  crash_at_ = 0;
}

void FakeFaults::begin_life() {
  heal();
  lines_.clear();
  count_ = 0;
}

}  // namespace segdl::test
