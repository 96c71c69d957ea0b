#include "cli/options/foreign_word.h"
#include "cli/options/habits.h"
#include "shared/system_calls.h"

#include <segdl/text.h>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace segdl::cli {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool has_scheme(std::string_view text) { return text.find("://") != std::string_view::npos; }

// 8, 1M, 1.5M, 20KB: values of other programs for a letter that is a switch here. 10.0.0.1 is a host.
bool is_number(std::string_view text) {
  constexpr std::string_view kUnits = " k m g t b kb mb gb tb kib mib gib tib ";
  const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
  std::string unit(text.substr(end));
  std::transform(unit.begin(), unit.end(), unit.begin(), [](unsigned char c) { return std::tolower(c); });
  return !text.empty() && is_digit(text.front()) && std::count(text.begin(), text.end(), '.') < 2 &&
         (unit.empty() || kUnits.find(fmt::format(" {} ", unit)) != std::string_view::npos);
}

// A body for POST in curl's form, or a file with one.
bool is_json(std::string_view text) {
  return !text.empty() && std::string_view("{[@").find(text.front()) != std::string_view::npos;
}

bool is_form(std::string_view text) {
  const bool is_object = is_json(text) && text.find('"') != std::string_view::npos;
  const auto joined = text.find('&');
  const bool is_list = joined != std::string_view::npos && text.find('=') < joined;
  return is_object || is_list || text.starts_with('@');
}

// A form field in curl's form, unless there is a directory of that name.
bool is_field(std::string_view text) {
  if (text.find('=') == std::string_view::npos || text.find('/') != std::string_view::npos) return false;
  const auto found = look_at(std::string(text));
  return !found || !S_ISDIR(found->st_mode);
}

bool is_web_url(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

// jpg,png or *.html: file patterns of wget's -A and -R.
bool is_pattern(std::string_view text) {
  const bool chooses = text.find_first_of("*,") != std::string_view::npos || text.starts_with('.');
  return chooses && text.find_first_of(" /:") == std::string_view::npos;
}

bool asks_for_auto(std::string_view text) { return text.ends_with(";auto"); }

bool is_command_of_wget(std::string_view text) { return text.find('=') < text.find_first_of(":/"); }

bool is_not_dash(std::string_view text) { return text != "-"; }

bool is_of_bar(std::string_view text) { return text.starts_with("dot") || text.starts_with("bar:"); }

bool is_false(std::string_view text) { return text == "false"; }

std::string_view name_in(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  return url.substr(url.rfind('/') + 1);
}

// Whether the name in a URL may be that of a log, compressed or not.
bool is_of_log(std::string_view word) { return name_in(word).find("log") != std::string_view::npos; }

// Whether the name in a URL can't be that of a text.
bool is_of_no_text(std::string_view word) {
  constexpr std::string_view kNoTexts =
      " 7z bz2 deb dmg exe gz img iso jar jpg mkv mp3 mp4 msi pdf png rpm tar tgz whl xz zip zst ";
  const std::string_view name = name_in(word);
  const auto dot = name.rfind('.');
  return is_web_url(word) && dot != std::string_view::npos &&
         kNoTexts.find(fmt::format(" {} ", name.substr(dot + 1))) != std::string_view::npos;
}

// A value of another program that is none here.
struct Value {
  std::string_view option;
  bool (*is_meant)(std::string_view);
  std::string_view problem;
  std::string_view hint;
};

// After switches that have a value elsewhere: attached, or as the next word.
constexpr Value kBehindSwitches[] = {
    {"--insecure", is_number, "is not a value of -k, which accepts any certificate here",
     "omit aria2c's -k: segdl divides the file itself; or use --segment-size SIZE"},
    {"--netrc", is_number, "is not a value of -n, which reads a netrc file here", "for that many connections use -x N"},
    {"--silent", is_number, "is not a value of -s, which is curl's --silent",
     "for that many connections use -x N, for a limit --limit-rate RATE"},
    {"--continue", is_false, "is not a value of -c: resuming is the default", "use --no-resume to restart"},
    {"--json", is_json, "is not a value of --json, which prints events here", "segdl sends no data"},
    {"--remote-time", is_pattern, "is not a value of -R, which sets the file's time here",
     "omit wget's -R: segdl does not crawl"},
    {"--version", is_web_url, "is not a value of -V, which prints the version and fetches nothing",
     "for aria2c's -V use --checksum ALGO=HEX, or --verify"},
};

// For options that have a value here, too.
constexpr Value kValues[] = {
    {"--continue-at", is_not_dash, "is not a value of -C here", "omit it: the same command continues"},
    {"--header", is_web_url, "is a URL, not a header", "omit wget's -H: segdl does not crawl"},
    {"--user-agent", is_pattern, "is a pattern of files as for wget's -A, not a user agent",
     "omit wget's -A: segdl does not crawl"},
    {"--referer", asks_for_auto, "is curl's syntax for a Referer after each redirect",
     "remove ;auto: the URL of -e is sent to the URL's own server only"},
    {"--referer", is_command_of_wget, "is a setting of wget, not a Referer",
     "omit it: segdl reads no robots.txt, for example"},
    {"--input-file", is_web_url, "is a URL, but -i takes a file of URLs",
     "omit curl's -i: -v and --json report redirects and retries"},
    {"--directory", is_form, "looks like data for curl's -d, not a directory", "segdl sends only GET, without data"},
    {"--directory", is_field, "looks like data for curl's -d, and no such directory exists",
     "segdl sends only GET, without data; for a directory of that name use -d ./KEY=VALUE"},
    {"--directory", is_web_url, "is a URL, not a directory", "use -d DIR, or omit wget's -d"},
    {"--max-time", is_web_url, "is a URL, not a time", "omit wget's -m: segdl does not crawl"},
    {"--cert", is_web_url, "is a URL, not a certificate", "omit wget's -E"},
    {"--connections", is_web_url, "is a URL, not a number of connections",
     "omit wget's -x; for a proxy use --proxy URL"},
    {"--jobs", is_web_url, "is a URL, not a number of files", "omit curl's -j"},
    {"--progress", is_of_bar, "is a progress display of wget", "use --progress bar or plain"},
    {"--output", is_web_url, "is a URL, not a file's name", "use -o FILE before the URL"},
};

// wget's options of two letters, by the second letter; the first is an option here.
constexpr std::pair<char, std::string_view> kOfWget[] = {
    {'c', "use --skip-existing"},           {'v', "use -q"},
    {'d', "omit it: files go to -d DIR"},   {'H', "omit it: files go to -d DIR"},
    {'p', "omit it: segdl does not crawl"},
};

class Call {
 public:
  Call(const CLI::App& app, std::span<const char* const> words) : app_(app), words_(words) {}

  std::optional<Mistake> first_mistake() {
    for (at_ = 0; at_ < words_.size() && !unknown_; ++at_) {
      const std::string word = words_[at_];
      if (word == "--" || word == "-h" || word == "--help") break;  // with -h only the help is printed
      auto wrong = word.starts_with("--")                     ? of_long(word)
                   : word.starts_with('-') && word.size() > 1 ? of_short(word)
                                                              : of_operand(word);
      if (wrong) return wrong;
    }
    for (++at_; at_ < words_.size() && !unknown_; ++at_) operands_.emplace_back(words_[at_]);  // words after --
    return unknown_ ? std::nullopt : of_log();
  }

 private:
  std::optional<std::string> next() const {
    return at_ + 1 < words_.size() ? std::optional<std::string>(words_[at_ + 1]) : std::nullopt;
  }

  const CLI::Option* option(const std::string& name) {
    const CLI::Option* const found = app_.get_option_no_throw(name);
    unknown_ = found == nullptr;
    return found;
  }

  static std::string shown_value(const std::string& text) {
    return text.starts_with('@') ? printable(text) : redacted_url(text);  // the name of a file has no userinfo
  }

  template <std::size_t kCount>
  static std::optional<Mistake> of_value(const Value (&values)[kCount], const CLI::Option& option,
                                         const std::string& text) {
    for (const Value& value : values) {
      if (!option.check_lname(std::string(value.option.substr(2))) || !value.is_meant(text)) continue;
      return Mistake{fmt::format("'{}' {}", shown_value(text), value.problem), std::string(value.hint)};
    }
    return std::nullopt;
  }

  // The value is attached, or else the next word.
  std::optional<Mistake> of_option(const CLI::Option& option, const std::optional<std::string>& attached) {
    const auto text = attached ? attached : next();
    const bool is_switch = option.get_items_expected_max() == 0;
    if (!is_switch && !attached) ++at_;
    if (!text) return std::nullopt;
    if (option.check_lname("output")) output_ = *text;
    return is_switch ? of_value(kBehindSwitches, option, *text) : of_value(kValues, option, *text);
  }

  std::optional<Mistake> of_long(const std::string& word) {
    const auto equals = word.find('=');
    const CLI::Option* const found = option(word.substr(0, equals));
    if (found == nullptr) return std::nullopt;
    const bool attached = equals != std::string::npos;
    return of_option(*found, attached ? std::optional(word.substr(equals + 1)) : std::nullopt);
  }

  std::optional<Mistake> of_short(const std::string& word) {
    for (std::size_t letter = 1; letter < word.size(); ++letter) {
      const std::string rest = word.substr(letter + 1);
      if (word[letter] == '=' && letter > 1) return with_value(word.substr(0, letter));
      const CLI::Option* const found = option({'-', word[letter]});
      if (found == nullptr) return of_no_letter(word[letter]);
      auto wrong = word[letter] == 'O'   ? of_remote_name(rest)
                   : word[letter] == 'c' ? of_continue(rest)
                   : word[letter] == 'n' ? of_wget(rest)
                                         : std::nullopt;
      if (!wrong) wrong = of_option(*found, rest.empty() ? std::nullopt : std::optional(rest));
      if (wrong || found->get_items_expected_max() != 0) return wrong;
    }
    return std::nullopt;
  }

  // -c=false: only switches precede the '='.
  static Mistake with_value(const std::string& switches) {
    return {fmt::format("{} takes no value", switches), "remove the value, or the whole option to turn it off"};
  }

  // An option that is none here and no letter, which parsing would read as a URL (-0, -1) or ignore (-:).
  static std::optional<Mistake> of_no_letter(char sign) {
    if (std::isalpha(static_cast<unsigned char>(sign)) != 0) return std::nullopt;
    const std::string name = printable(std::string{'-', sign});
    return Mistake{fmt::format("unknown option '{}'", name), std::string(habit(name))};
  }

  // curl's -O, followed by more letters, options or a URL only, is what segdl does anyway. wget's is followed by the
  // name of a file, which must not be read as a URL.
  std::optional<Mistake> of_remote_name(const std::string& rest) {
    const auto takes = [this](char letter) {
      const CLI::Option* const found = app_.get_option_no_throw({'-', letter});
      return found == nullptr ? -1 : found->get_items_expected_max();
    };
    const bool are_letters = std::all_of(rest.begin(), rest.end(),
                                         [&](char c) { return takes(c) == 0 || (c == rest.back() && takes(c) > 0); });
    const std::string text = rest.empty() ? next().value_or("") : rest;
    const bool is_option = text.size() > 1 && text.front() == '-';
    if (rest.empty() ? text.empty() || is_option || has_scheme(text) : are_letters) return std::nullopt;
    if (text == "-") return Mistake{"-O - is an option of wget", "use -o -, and -q to print errors and warnings only"};
    return Mistake{"-O, as in curl, is the default",
                   fmt::format("omit it; for wget's -O {0} use -o {0}", redacted_url(text))};
  }

  static std::optional<Mistake> of_wget(const std::string& rest) {
    for (const auto& [letter, hint] : kOfWget) {
      if (!rest.starts_with(letter)) continue;
      return Mistake{fmt::format("-n{} is an option of wget", letter),
                     fmt::format("{}; for -n and -{} separate them", hint, letter)};
    }
    return std::nullopt;
  }

  static std::string place_for(const std::string& output) {
    const auto slash = output.rfind('/');
    if (slash == std::string::npos) return "-o ./" + printable(output);
    return fmt::format("-d {} -o ./{}", printable(output.substr(0, slash + 1)), printable(output.substr(slash + 1)));
  }

  // wget's -o. REQUIRES: the kind of every word is known, of the options' values too.
  std::optional<Mistake> of_log() const {
    const std::string_view name = name_in(output_);
    const bool is_text =
        name.ends_with("log.txt") &&
        (name.size() == 7 || std::string_view("-_. ").find(name[name.size() - 8]) != std::string_view::npos);
    const bool is_log = (name == "log" || name.ends_with(".log") || is_text) && !output_.starts_with("./");
    if (!is_log || std::none_of(operands_.begin(), operands_.end(), is_of_no_text) ||
        std::any_of(operands_.begin(), operands_.end(), is_of_log)) {
      return std::nullopt;
    }
    return Mistake{fmt::format("'{}' is a name for a log, but the URL's file is not one", printable(output_)),
                   fmt::format("omit wget's -o, and redirect stderr: 2> FILE; for a file of that name use {}",
                               place_for(output_))};
  }

  // curl's -c, followed by a file to write cookies to.
  std::optional<Mistake> of_continue(const std::string& rest) const {
    const auto text = next();
    if (!rest.empty() || !text || text->starts_with('-') || text->find_first_of("/:") != std::string::npos) {
      return std::nullopt;
    }
    const bool has_url = std::any_of(words_.begin(), words_.end(), [](const char* word) { return is_web_url(word); });
    if (!has_url) return std::nullopt;
    return Mistake{fmt::format("'{}' is not a value of -c, which takes none here", redacted_url(*text)),
                   "omit curl's -c: cookies that servers set are kept in memory"};
  }

  std::optional<Mistake> of_operand(const std::string& word) {
    operands_.push_back(word);
    return foreign_word(word);
  }

  const CLI::App& app_;
  const std::span<const char* const> words_;
  std::size_t at_ = 0;
  bool unknown_ = false;
  std::string output_;
  std::vector<std::string> operands_;
};

}  // namespace

void add_harmless_switches(CLI::App& app, Unsettled& rest) {
  app.option_defaults()->group("");  // hides them
  app.add_flag("-s,--silent", rest.silent)->configurable(false);
  for (const char* names :
       {"-f,--fail", "-S,--show-error", "-g,--globoff", "-#,--progress-bar", "-O,--remote-name", "--remote-name-all"}) {
    app.add_flag_callback(names, [] {})->configurable(false);
  }
  app.add_option_function<std::string>("-C,--continue-at", [&rest](const std::string&) { rest.continues = true; })
      ->configurable(false);
}

std::optional<Mistake> foreign_call(const CLI::App& app, int argc, const char* const* argv) {
  const std::span words(argv, static_cast<std::size_t>(argc));
  return Call(app, words.subspan(std::min<std::size_t>(1, words.size()))).first_mistake();
}

}  // namespace segdl::cli
