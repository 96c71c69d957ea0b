// Runs a command and harms it at one of its system calls on files, counted over all its threads: it is killed there, or
// some instructions later, or the call fails. See kUsage.
//
// Counted are the calls from the first open of a directory on (what comes before is the loader's and the libraries'),
// and only those on files: an anonymous mapping, a pipe, a socket or a lock of another kind is none. A seccomp filter
// stops the command at these calls and lets it run at full speed otherwise.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr const char* kUsage =
    "usage: plug_trace REPORT [HARM] -- COMMAND...\n"
    "REPORT is a file for one line for each counted call, and for what was done.\n"
    "  --kill CALL         kill the command at this call, before it is made\n"
    "  --step CALL:M       make the call, and kill M instructions of that thread later\n"
    "  --fail CALL:ERRNO   the call fails with this number, and is not made\n"
    "  --fail-on CALL:ERRNO  and so does every later call of that name\n"
    "CALL is N for the N-th of all, or NAME.N for the N-th of that name.\n"
    "  --skip NAME      every call of this name succeeds and is not made\n"
    "  --watch          the report has the moments of syncs instead: name, begin and end in seconds\n"
    "  --no-tmpfile     as on a file system without O_TMPFILE\n"
    "  --no-rename-flags  as on one where a rename can't be told not to replace\n"
    "  --no-links       as on one without links\n";

struct Call {
  long number;
  const char* name;
};

constexpr std::array kCalls{
    Call{SYS_openat, "openat"},       Call{SYS_newfstatat, "newfstatat"}, Call{SYS_fstat, "fstat"},
    Call{SYS_fstatfs, "fstatfs"},     Call{SYS_fallocate, "fallocate"},   Call{SYS_ftruncate, "ftruncate"},
    Call{SYS_pwrite64, "pwrite64"},   Call{SYS_pread64, "pread64"},       Call{SYS_fdatasync, "fdatasync"},
    Call{SYS_fsync, "fsync"},         Call{SYS_msync, "msync"},           Call{SYS_mmap, "mmap"},
    Call{SYS_renameat2, "renameat2"}, Call{SYS_linkat, "linkat"},         Call{SYS_unlinkat, "unlinkat"},
    Call{SYS_fchmod, "fchmod"},       Call{SYS_fcntl, "fcntl"},           Call{SYS_utimensat, "utimensat"},
    Call{SYS_close, "close"},         Call{SYS_write, "write"},
};

struct Orders {
  long at = 0;   // 0: nothing is harmed
  long of = -1;  // among the calls with this number; -1: among all
  enum class Harm { none, kill, step, fail, fail_on } harm = Harm::none;
  long amount = 0;  // instructions, or the errno
  long skipped = -1;
  bool watch = false, no_tmpfile = false, no_rename_flags = false, no_links = false;
  const char* report = nullptr;
  char** command = nullptr;
};

using Registers = ::user_regs_struct;

const char* name_of(long number) {
  for (const Call& call : kCalls) {
    if (call.number == number) return call.name;
  }
  return "?";
}

double now() {
  ::timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

[[noreturn]] void usage() {
  std::fputs(kUsage, stderr);
  std::exit(2);
}

// The filter: the counted calls stop for the tracer.
void install_filter() {
  std::vector<::sock_filter> program{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(::seccomp_data, nr))};
  for (const Call& call : kCalls) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call.number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const ::sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) ::_exit(126);
}

// Whether the descriptor is of something that has a path.
bool is_file(::pid_t process, std::uint64_t descriptor) {
  const std::string link = "/proc/" + std::to_string(process) + "/fd/" + std::to_string(static_cast<int>(descriptor));
  std::array<char, 256> target{};
  const ::ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
  const std::string_view path(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  return !path.empty() && path.front() == '/' && path.substr(0, 6) != "/proc/" && path.substr(0, 5) != "/dev/";
}

class Tracer {
 public:
  explicit Tracer(const Orders& orders) : orders_(orders), report_(std::fopen(orders.report, "we")) {
    if (report_ == nullptr) usage();
  }
  ~Tracer() { std::fclose(report_); }
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // The exit code of the command, or 128 and the number of the signal that ended it.
  int run() {
    start();
    int result = 125, status = 0;
    for (::pid_t thread = 0; (thread = ::waitpid(-1, &status, __WALL)) > 0;) {
      if (WIFEXITED(status) || WIFSIGNALED(status)) {
        if (thread == process_) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      } else {
        stopped(thread, status);
      }
    }
    std::fprintf(report_, "end %d\n", result);
    return result;
  }

 private:
  void start() {
    process_ = ::fork();
    if (process_ == 0) {
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::raise(SIGSTOP);
      install_filter();
      ::execvp(orders_.command[0], orders_.command);
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(process_, &status, 0);
    constexpr long kOptions = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXEC |
                              PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD;
    ::ptrace(PTRACE_SETOPTIONS, process_, nullptr, kOptions);
    go_on(process_, 0);
  }

  void go_on(::pid_t thread, int signal) {
    auto how = PTRACE_CONT;
    if (thread == stepped_) how = PTRACE_SINGLESTEP;
    if (begun_.count(thread) != 0) how = PTRACE_SYSCALL;
    ::ptrace(how, thread, nullptr, static_cast<long>(signal));
  }

  void stopped(::pid_t thread, int status) {
    const int signal = WSTOPSIG(status), event = status >> 16;
    if (event == PTRACE_EVENT_SECCOMP) return called(thread);
    if (signal == (SIGTRAP | 0x80)) return returned(thread);
    if (event != 0) return go_on(thread, 0);
    if (signal == SIGTRAP && thread == stepped_) {
      if (++steps_ >= orders_.amount) return kill_it("stepped");
      return go_on(thread, 0);
    }
    // A new thread begins with a stop of its own; every other signal is the command's.
    go_on(thread, signal == SIGSTOP || signal == SIGTRAP ? 0 : signal);
  }

  // It counts as a call on a file of the download.
  bool counts(const Registers& call) {
    const auto number = static_cast<long>(call.orig_rax);
    if (number == SYS_openat) {
      started_ = started_ || (call.rdx & O_DIRECTORY) != 0;
      return started_ && (static_cast<int>(call.rdi) != AT_FDCWD || (call.rdx & O_DIRECTORY) != 0);
    }
    if (!started_) return false;
    if (number == SYS_newfstatat || number == SYS_linkat) return true;
    if (number == SYS_mmap) return (call.r10 & MAP_SHARED) != 0 && (call.r10 & MAP_ANONYMOUS) == 0;
    if (number == SYS_msync) return true;
    if (number == SYS_fcntl) return call.rsi >= F_OFD_GETLK && call.rsi <= F_OFD_SETLKW;
    if (number == SYS_write) return call.rdi == STDOUT_FILENO || call.rdi == STDERR_FILENO;
    return is_file(process_, call.rdi);
  }

  void called(::pid_t thread) {
    Registers call{};
    if (::ptrace(PTRACE_GETREGS, thread, nullptr, &call) != 0) return;  // killed meanwhile
    const auto number = static_cast<long>(call.orig_rax);
    if (const int lacking = lacked(call)) return answer(thread, call, -lacking);
    if (!counts(call)) return go_on(thread, 0);
    if (number == orders_.skipped) return answer(thread, call, 0);
    if (orders_.watch) {
      if (number != SYS_fdatasync && number != SYS_fsync && number != SYS_msync) return go_on(thread, 0);
      begun_[thread] = {number, now()};
      return go_on(thread, 0);
    }
    std::fprintf(report_, "%s\n", name_of(number));
    if (orders_.of < 0 || orders_.of == number) ++candidates_;
    if (candidates_ == orders_.at && !done_) return harm(thread, call);
    if (failing_ == number) return answer(thread, call, -orders_.amount);
    go_on(thread, 0);
  }

  // What a poorer file system would answer instead, or 0.
  int lacked(const Registers& call) const {
    const auto number = static_cast<long>(call.orig_rax);
    if (orders_.no_tmpfile && number == SYS_openat && (call.rdx & O_TMPFILE) == O_TMPFILE) return EOPNOTSUPP;
    if (orders_.no_rename_flags && number == SYS_renameat2 && call.r8 != 0) return EINVAL;
    return orders_.no_links && number == SYS_linkat ? EPERM : 0;
  }

  void harm(::pid_t thread, const Registers& call) {
    std::fprintf(report_, "harmed %s\n", name_of(static_cast<long>(call.orig_rax)));
    done_ = true;
    switch (orders_.harm) {
      case Orders::Harm::kill:
        return kill_it("killed");
      case Orders::Harm::step:
        stepped_ = thread;
        return go_on(thread, 0);
      case Orders::Harm::fail_on:
        failing_ = static_cast<long>(call.orig_rax);
        [[fallthrough]];
      case Orders::Harm::fail:
        return answer(thread, call, -orders_.amount);
      case Orders::Harm::none:
        break;
    }
    go_on(thread, 0);
  }

  // The call is not made, and returns this.
  void answer(::pid_t thread, Registers call, long result) {
    call.orig_rax = static_cast<unsigned long long>(-1LL);
    call.rax = static_cast<unsigned long long>(result);
    ::ptrace(PTRACE_SETREGS, thread, nullptr, &call);
    go_on(thread, 0);
  }

  // The end of a call that is watched.
  void returned(::pid_t thread) {
    if (const auto found = begun_.find(thread); found != begun_.end()) {
      Registers call{};
      ::ptrace(PTRACE_GETREGS, thread, nullptr, &call);
      const auto [number, begin] = found->second;
      if (call.rax == 0) std::fprintf(report_, "%s %.6f %.6f\n", name_of(number), begin, now());
      std::fflush(report_);
      begun_.erase(found);
    }
    go_on(thread, 0);
  }

  void kill_it(const char* how) {
    std::fprintf(report_, "%s %ld\n", how, steps_);
    stepped_ = 0;
    ::kill(process_, SIGKILL);
  }

  struct Begun {
    long number;
    double begin;
  };

  const Orders& orders_;
  std::FILE* report_;
  ::pid_t process_ = 0;
  ::pid_t stepped_ = 0;  // 0: none
  std::map<::pid_t, Begun> begun_;
  bool started_ = false, done_ = false;
  long candidates_ = 0, steps_ = 0;
  long failing_ = -1;
};

long number_of(std::string_view name) {
  for (const Call& call : kCalls) {
    if (call.name == name) return call.number;
  }
  usage();
}

void read_harm(Orders& orders, Orders::Harm harm, const char* text) {
  if (const char* dot = std::strchr(text, '.')) {
    orders.of = number_of(std::string_view(text, static_cast<std::size_t>(dot - text)));
    text = dot + 1;
  }
  char* rest = nullptr;
  orders.harm = harm;
  orders.at = std::strtol(text, &rest, 10);
  if (*rest == ':') orders.amount = std::strtol(rest + 1, &rest, 10);
  if (*rest != '\0' || orders.at < 1) usage();
}

Orders read_orders(int argc, char** argv) {
  Orders orders;
  const std::map<std::string_view, Orders::Harm> harms{{"--kill", Orders::Harm::kill},
                                                       {"--step", Orders::Harm::step},
                                                       {"--fail", Orders::Harm::fail},
                                                       {"--fail-on", Orders::Harm::fail_on}};
  const std::map<std::string_view, bool Orders::*> switches{{"--watch", &Orders::watch},
                                                            {"--no-tmpfile", &Orders::no_tmpfile},
                                                            {"--no-rename-flags", &Orders::no_rename_flags},
                                                            {"--no-links", &Orders::no_links}};
  int i = 1;
  for (; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view word = argv[i];
    const auto harm = harms.find(word);
    const auto lack = switches.find(word);
    if (lack != switches.end()) {
      orders.*lack->second = true;
    } else if (i == 1) {
      orders.report = argv[i];
    } else if (i + 1 == argc) {
      usage();
    } else if (harm != harms.end()) {
      read_harm(orders, harm->second, argv[++i]);
    } else if (word == "--skip") {
      orders.skipped = number_of(argv[++i]);
    } else {
      usage();
    }
  }
  if (orders.report == nullptr || i + 1 >= argc) usage();
  orders.command = argv + i + 1;
  return orders;
}

}  // namespace

int main(int argc, char** argv) {
  const Orders orders = read_orders(argc, argv);
  return Tracer(orders).run();
}
