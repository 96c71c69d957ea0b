#include "io/net/resolver.h"

#include "core/base/errors.h"
#include "io/base/descriptor.h"
#include "io/base/system_error.h"

#include <fmt/format.h>

#include <netdb.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace segdl::io {
namespace {

constexpr std::size_t kMaxLookUps = 64;
constexpr std::size_t kMaxKnown = 1024;
constexpr std::chrono::seconds kFresh{60};

using Name = std::pair<std::string, std::uint16_t>;

Name name_of(const Origin& origin) { return {origin.host, origin.port}; }

std::vector<Address> take_turns(const std::vector<Address>& addresses) {
  std::vector<Address> first;
  std::vector<Address> other;
  for (const Address& address : addresses) {
    const bool same = address.storage.ss_family == addresses.front().storage.ss_family;
    (same ? first : other).push_back(address);
  }
  std::vector<Address> turns;
  for (std::size_t i = 0; turns.size() < addresses.size(); ++i) {
    if (i < first.size()) turns.push_back(first[i]);
    if (i < other.size()) turns.push_back(other[i]);
  }
  return turns;
}

// The errno value behind a failure. glibc reports an unknown host if it has no descriptor left to ask with.
int number_behind(int code, int number) {
  if (code == EAI_SYSTEM) return number;
  const Descriptor spare(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return !spare && is_shortage(errno) ? errno : 0;
}

int number_of(AddressFamily family) {
  if (family == AddressFamily::any) return AF_UNSPEC;
  return family == AddressFamily::v4 ? AF_INET : AF_INET6;
}

void keep_only(AddressFamily family, std::vector<Address>& addresses) {
  if (family == AddressFamily::any) return;
  std::erase_if(addresses, [&](const Address& a) { return a.storage.ss_family != number_of(family); });
}

LookUp ask_system(const std::string& host, std::uint16_t port, int flags, AddressFamily family = AddressFamily::any) {
  ::addrinfo hints{};
  hints.ai_family = number_of(family);
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

Error other_family_error(const std::string& host, AddressFamily family, std::string_view reason) {
  const char* version = family == AddressFamily::v4 ? "4" : "6";
  return with_hints(make_error(Cause::network, "look up", host, fmt::format("{} IPv{} address", reason, version)),
                    {{Hint::allow_both_families, version}});
}

Error look_up_error(const std::string& host, AddressFamily family, int code, int number) {
  if (code == EAI_SYSTEM) return socket_error(number, "look up", host);
  const bool unknown = code == EAI_NONAME || code == EAI_NODATA || code == EAI_ADDRFAMILY;
  if (unknown && family != AddressFamily::any) {
    return other_family_error(host, family, "unknown host, or one that has no");
  }
  if (!unknown) return network_error("look up", host, ::gai_strerror(code));
  return with_hints(make_error(Cause::network, "look up", host, "unknown host"), {Hint::check_host});
}

}  // namespace

// One lookup, shared by its thread and all who wait; the last of them frees it.
struct Resolver::Running {
  explicit Running(Instant when) : asked(when) {}

  Descriptor done{::eventfd(0, EFD_CLOEXEC)};  // readable for ever once `result` is there
  const Instant asked;
  LookUp result;  // guarded by Shared::mutex
};

struct Resolver::Shared {
  struct Known {
    std::vector<Address> addresses;
    Instant until;
  };

  const LookUpFunction look_up;
  const AddressFamily family;
  std::mutex mutex;
  std::map<Name, std::shared_ptr<Running>> running;
  std::map<Name, Known> known;

  Shared(LookUpFunction function, AddressFamily wanted) : look_up(std::move(function)), family(wanted) {}

  // The lookup on its thread. Whatever the result, all waiting threads are woken.
  void look(const Name& name, Running& asked) noexcept {
    LookUp result;
    try {
      result = look_up(name.first, name.second);
      keep_only(family, result.addresses);
      if (result.code == 0 && !result.addresses.empty()) remember(name, result, asked.asked);
    } catch (const std::exception&) {
      result.code = EAI_MEMORY;
    }
    const std::lock_guard lock(mutex);
    running.erase(name);
    asked.result = std::move(result);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(asked.done.get(), &one, sizeof one);
  }

  void remember(const Name& name, const LookUp& result, Instant asked) {
    Known fresh{take_turns(result.addresses), asked + kFresh};
    const std::lock_guard lock(mutex);
    if (known.size() >= kMaxKnown) std::erase_if(known, [&](const auto& item) { return item.second.until <= asked; });
    if (known.size() >= kMaxKnown) known.clear();
    known.insert_or_assign(name, std::move(fresh));
  }
};

LookUpFunction system_look_up(AddressFamily family) {
  return [family](const std::string& host, std::uint16_t port) {
    LookUp result = ask_system(host, port, 0, family);
    if (result.code == 0) return result;
    result.number = number_behind(result.code, errno);
    if (result.number != 0) result.code = EAI_SYSTEM;
    return result;
  };
}

Resolver::Resolver(LookUpFunction look_up, Clock& clock, AddressFamily family)
    : shared_(std::make_shared<Shared>(std::move(look_up), family)), clock_(clock) {}

Result<std::shared_ptr<Resolver::Running>> Resolver::join_or_start(const Origin& origin, Instant now) {
  const auto found = shared_->running.find(name_of(origin));
  if (found != shared_->running.end()) return found->second;
  if (shared_->running.size() >= kMaxLookUps) {
    return network_error("look up", origin.host, "too many name lookups are waiting for an answer");
  }
  const auto running = std::make_shared<Running>(now);
  if (!running->done) return socket_error(EMFILE, "look up", origin.host);
  try {
    std::thread([shared = shared_, running, name = name_of(origin)] { shared->look(name, *running); }).detach();
  } catch (const std::system_error& error) {
    return network_error("look up", origin.host, error.what());
  }
  shared_->running.emplace(name_of(origin), running);
  return running;
}

Result<std::vector<Address>> Resolver::resolve(const Origin& origin, const StoppableWait& wait) {
  const AddressFamily family = shared_->family;
  LookUp literal = ask_system(origin.host, origin.port, AI_NUMERICHOST);
  keep_only(family, literal.addresses);
  if (!literal.addresses.empty()) return literal.addresses;
  if (literal.code == 0) return other_family_error(origin.host, family, "it is no");
  std::unique_lock lock(shared_->mutex);
  const Instant now = clock_.now();
  const auto known = shared_->known.find(name_of(origin));
  if (known != shared_->known.end() && now < known->second.until) return known->second.addresses;
  auto running = join_or_start(origin, now);
  lock.unlock();
  if (!running) return std::move(running).error();
  auto waited = wait.for_ready((*running)->done.get(), POLLIN);
  if (!waited) return of_wait(std::move(waited).error(), "look up", origin.host);
  lock.lock();
  const LookUp& result = (*running)->result;
  const int code = result.code == 0 && result.addresses.empty() ? EAI_NONAME : result.code;
  if (code != 0) return look_up_error(origin.host, family, code, result.number);
  return take_turns(result.addresses);
}

void Resolver::put_last(const Origin& origin, const Address& address) {
  const std::lock_guard lock(shared_->mutex);
  const auto found = shared_->known.find(name_of(origin));
  if (found == shared_->known.end()) return;
  auto& addresses = found->second.addresses;
  const auto last = std::find_if(addresses.begin(), addresses.end(), [&](const Address& known) {
    return known.size == address.size && std::memcmp(&known.storage, &address.storage, known.size) == 0;
  });
  if (last != addresses.end()) std::rotate(last, last + 1, addresses.end());
}

void Resolver::forget(const Origin& origin) {
  const std::lock_guard lock(shared_->mutex);
  shared_->known.erase(name_of(origin));
}

}  // namespace segdl::io
