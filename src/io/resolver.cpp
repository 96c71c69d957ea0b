#include "io/resolver.h"

#include "io/system_error.h"

#include <netdb.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace segdl::io {
namespace {

constexpr int kMaxLookUps = 64;

// One look-up, owned by its thread and by whoever waits; the last of the two frees it.
struct Running {
  Descriptor done{::eventfd(0, EFD_CLOEXEC)};
  LookUp result;  // written before `done` is
};

std::vector<Address> take_turns(const std::vector<Address>& addresses) {
  std::vector<Address> first;
  std::vector<Address> other;
  for (const Address& address : addresses) {
    const bool same = address.storage.ss_family == addresses.front().storage.ss_family;
    (same ? first : other).push_back(address);
  }
  std::vector<Address> turns;
  for (std::size_t i = 0; i < std::max(first.size(), other.size()); ++i) {
    if (i < first.size()) turns.push_back(first[i]);
    if (i < other.size()) turns.push_back(other[i]);
  }
  return turns;
}

LookUp ask_system(const std::string& host, std::uint16_t port, int flags) {
  ::addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  ::addrinfo* list = nullptr;
  LookUp result;
  result.code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  for (const ::addrinfo* item = list; item != nullptr; item = item->ai_next) {
    Address address;
    std::memcpy(&address.storage, item->ai_addr, item->ai_addrlen);
    address.size = item->ai_addrlen;
    result.addresses.push_back(address);
  }
  if (list != nullptr) ::freeaddrinfo(list);
  return result;
}

Error look_up_error(const std::string& host, int code) {
  const bool unknown = code == EAI_NONAME || code == EAI_NODATA;
  Error error = network_error(unknown ? Remedy::stop : Remedy::retry, "look up", host,
                              unknown ? "unknown host" : ::gai_strerror(code));
  if (unknown) error.way_out = "check the spelling of the host, and that this machine is online";
  return error;
}

}  // namespace

struct Resolver::Shared {
  LookUpFunction look_up;
  std::atomic<int> running{0};
};

LookUp system_look_up(const std::string& host, std::uint16_t port) { return ask_system(host, port, 0); }

Resolver::Resolver(LookUpFunction look_up) : shared_(std::make_shared<Shared>()) {
  shared_->look_up = std::move(look_up);
}

Result<std::vector<Address>> Resolver::resolve(const Origin& origin, const Bound& bound, const Waker& waker) {
  const LookUp literal = ask_system(origin.host, origin.port, AI_NUMERICHOST);
  if (literal.code == 0) return literal.addresses;
  if (shared_->running.load() >= kMaxLookUps) {
    return network_error(Remedy::retry, "look up", origin.host, "too many look-ups are waiting for an answer");
  }
  const auto running = std::make_shared<Running>();
  if (!running->done) return network_error(Remedy::retry, "look up", origin.host, system_words(EMFILE));
  ++shared_->running;
  try {
    std::thread([shared = shared_, running, host = origin.host, port = origin.port] {
      running->result = shared->look_up(host, port);
      --shared->running;
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = ::write(running->done.get(), &one, sizeof one);
    }).detach();
  } catch (const std::system_error& error) {
    --shared_->running;
    return network_error(Remedy::retry, "look up", origin.host, error.what());
  }
  auto waited = waker.wait(running->done.get(), POLLIN, bound);
  if (!waited) {
    Error error = std::move(waited).error();
    if (error.cause == Cause::network) error.operation = "look up";
    if (error.cause == Cause::network) error.subject = origin.host;
    return error;
  }
  std::uint64_t ready = 0;
  [[maybe_unused]] const auto got = ::read(running->done.get(), &ready, sizeof ready);
  if (running->result.code != 0) return look_up_error(origin.host, running->result.code);
  if (running->result.addresses.empty()) return look_up_error(origin.host, EAI_NONAME);
  return take_turns(running->result.addresses);
}

}  // namespace segdl::io
