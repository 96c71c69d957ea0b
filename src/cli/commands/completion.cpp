#include "cli/commands/completion.h"

#include "cli/help/help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <string_view>

namespace segdl::cli {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// In single quotes, for bash and zsh.
std::string shell_quoted(const std::string& text) { return fmt::format("'{}'", replaced(text, "'", "'\\''")); }

std::string fish_quoted(const std::string& text) {
  return fmt::format("'{}'", replaced(replaced(text, "\\", "\\\\"), "'", "\\'"));
}

std::string each_option(const std::vector<OptionGroup>& groups,
                        const std::function<std::string(const OptionWords&)>& line) {
  std::string lines;
  for (const OptionGroup& group : groups) {
    for (const OptionWords& option : group.options) lines += line(option);
  }
  return lines;
}

std::string names_of(const std::vector<OptionGroup>& groups) {
  const std::string names =
      each_option(groups, [](const OptionWords& option) { return fmt::format("{} ", fmt::join(option.names, " ")); });
  return names.substr(0, names.size() - 1);
}

// How a value is completed, as words for the scripts' own function: /f for files, /d for directories, @ for a file
// whose name follows an @, and literal words.
std::vector<std::string> completers(const OptionWords& option) {
  std::vector<std::string> words;
  for (const std::string& alternative : option.values) {
    const char kind = disk_kind(alternative);
    const std::string word = offered(alternative);
    if (word.empty() && kind != 0) words.push_back(fmt::format("/{}", kind));
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

std::string command_names() {
  std::string names;
  for (const CommandWords& command : command_words()) names += (names.empty() ? "" : " ") + std::string(command.name);
  return names;
}

constexpr const char* kBash = R"(
_segdl_at_files() {
  local name
  while IFS= read -r name; do
    [[ -d $name ]] && name+=/ && compopt -o nospace
    printf -v name @%q "$name"
    COMPREPLY+=("$name")
  done < <(compgen -f -- "$current")
}

_segdl_values() {
  local kind words=()
  for kind in "$@"; do
    case $kind in
      /f) compopt -o default ;;
      /d) compopt -o dirnames ;;
      @) [[ $between == *@ ]] && _segdl_at_files ;;
      *=) words+=("$kind") && compopt -o nospace ;;
      *) words+=("$kind") ;;
    esac
  done
  [[ $between == *@ ]] || COMPREPLY=($(compgen -W "${words[*]}" -- "$current"))
}

_segdl_journals() {
  local name
  for name in "$current"*.segdl; do
    [[ -e $name ]] && COMPREPLY+=("${name%.segdl}")
  done
  compopt -o filenames -o default
}

_segdl_offer() {
  case $current in
    -*) COMPREPLY=($(compgen -W "$1" -- "$current")) ;;
    *) false ;;
  esac
}

_segdl() {
  local current=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} between=
  COMPREPLY=()
  # What stands between blanks comes in pieces: --option = value, --option =@ file, -o @ file. An answer has the @, not the =.
  case $current in
    = | @ | =@) between=$current current= ;;
    *) case $option in = | @ | =@) between=$option option=${COMP_WORDS[COMP_CWORD - 2]} ;; esac ;;
  esac
  case ${COMP_WORDS[1]}:$COMP_CWORD in
)";

}  // namespace

std::string bash_completion(const CommandTable& table) {
  std::string text = "# Completes segdl in bash. Made by: segdl completion bash\n";
  text += kBash;
  text += fmt::format("    status:[!1]*) _segdl_offer {} || _segdl_journals; return ;;\n",
                      shell_quoted(names_of(table.status)));
  text += "    completion:[!1]*) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$current\")); return ;;\n";
  text += "    man:[!1]*) return ;;\n  esac\n  case $option in\n";
  text += each_option(table.fetch, [](const OptionWords& option) {
    if (option.shown.empty()) return std::string();
    std::string values;
    for (const std::string& word : completers(option)) values += " " + shell_quoted(word);
    return fmt::format("    {}) _segdl_values{}; return ;;\n", fmt::join(option.names, " | "), values);
  });
  text += fmt::format("  esac\n  _segdl_offer {} && return\n", shell_quoted(names_of(table.fetch)));
  text += fmt::format("  [[ $COMP_CWORD == 1 ]] && COMPREPLY=($(compgen -W '{}' -- \"$current\"))\n}}\n\n",
                      command_names());
  return text + "complete -F _segdl segdl\n";
}

namespace {

constexpr const char* kZsh = R"(
_segdl_values() {
  local kind
  for kind; do
    case $kind in
      /f) _files ;;
      /d) _files -/ ;;
      @) compset -P @ && _files ;;
      *=) compadd -S '' -- $kind ;;
      *) compadd -- $kind ;;
    esac
  done
}

_segdl_journals() {
  compadd -f -- *.segdl(N:r)
  _files
}
)";

// '(-o --output)'{-o+,--output=}'[Name of the file]:FILE: _segdl_values /f'
std::string zsh_option(const OptionWords& option) {
  std::string forms;
  for (const std::string& name : option.names) {
    const char* const value = option.shown.empty() ? "" : name.starts_with("--") ? "=" : "+";
    forms += (forms.empty() ? "" : ",") + name + value;
  }
  if (option.names.size() > 1) forms = fmt::format("{{{}}}", forms);
  const std::string exclusive = option.again ? "*" : fmt::format("({})", fmt::join(option.names, " "));
  std::string rest = fmt::format("[{}]", replaced(replaced(option.description, "[", "\\["), "]", "\\]"));
  if (!option.shown.empty()) {
    rest += fmt::format(":{}: ", replaced(option.shown, ":", "\\:"));
    const auto values = completers(option);
    if (!values.empty()) rest += fmt::format("_segdl_values {}", fmt::join(values, " "));
  }
  return fmt::format("    {}{}{} \\\n", shell_quoted(exclusive), forms, shell_quoted(rest));
}

}  // namespace

std::string zsh_completion(const CommandTable& table) {
  std::string text = "#compdef segdl\n# Completes segdl in zsh. Made by: segdl completion zsh\n";
  text += kZsh;
  text += "\n_segdl_operand() {\n  local -a commands=(\n";
  for (const CommandWords& command : command_words()) {
    text += fmt::format("    {}\n", shell_quoted(fmt::format("{}:{}", command.name, command.purpose)));
  }
  text += "  )\n  (( CURRENT == 2 )) && _describe -t commands command commands\n  _message URL\n}\n";
  text += "\n_segdl_status() {\n  _arguments -s -S : \\\n" + each_option(table.status, zsh_option);
  text += "    '*:FILE: _segdl_journals'\n}\n";
  text += "\n_segdl_fetch() {\n  _arguments -s -S : \\\n" + each_option(table.fetch, zsh_option);
  text += "    '*: : _segdl_operand'\n}\n";
  return text + R"(
_segdl() {
  if (( CURRENT > 2 )); then
    case $words[2] in
      status) shift words; (( CURRENT-- )); _segdl_status; return ;;
      completion) compadd -- bash zsh fish; return ;;
      man) return 1 ;;
    esac
  fi
  _segdl_fetch
}

if [ "$funcstack[1]" = _segdl ]; then
  _segdl "$@"
else
  compdef _segdl segdl
fi
)";
}

namespace {

constexpr const char* kFish = R"(
# Whether this is the command line of `segdl status` and so on, or, for fetch, of none of these.
function __segdl_is
    set -l words (commandline -opc)
    if test (count $words) -gt 1; and contains -- $words[2] COMMANDS
        test $words[2] = $argv[1]
    else
        test $argv[1] = fetch
    end
end

function __segdl_at_files
    set -l name (string replace -r '^[^@]*@' '' -- (commandline -ct))
    string replace -r '^' '@' -- (__fish_complete_path "$name")
end

function __segdl_journals
    set -l journals *.segdl
    string replace -r '\.segdl$' '' -- $journals
end

complete -c segdl -f
)";

std::string fish_value(const OptionWords& option) {
  bool files = false;
  std::string words;
  for (const std::string& word : completers(option)) {
    if (word == "/f") {
      files = true;
      continue;
    }
    const std::string offer = word == "/d"  ? "(__fish_complete_directories (commandline -ct))"
                              : word == "@" ? "(__segdl_at_files)"
                                            : word;
    words += (words.empty() ? "" : " ") + offer;
  }
  return fmt::format(" {}{}{}", files ? "-r -F" : "-x", words.empty() ? "" : " -a ",
                     words.empty() ? "" : fish_quoted(words));
}

std::string fish_options(const std::vector<OptionGroup>& groups, const char* command) {
  return each_option(groups, [command](const OptionWords& option) {
    std::string line = fmt::format("complete -c segdl -n '__segdl_is {}'", command);
    for (const std::string& name : option.names) {
      line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (!option.shown.empty()) line += fish_value(option);
    return line + " -d " + fish_quoted(option.description) + "\n";
  });
}

}  // namespace

std::string fish_completion(const CommandTable& table) {
  std::string text = "# Completes segdl in fish. Made by: segdl completion fish\n";
  text += replaced(kFish, "COMMANDS", command_names());
  for (const CommandWords& command : command_words()) {
    text += fmt::format("complete -c segdl -n 'test (count (commandline -opc)) -eq 1' -a {} -d {}\n", command.name,
                        fish_quoted(command.purpose));
  }
  text += fish_options(table.fetch, "fetch");
  text += "complete -c segdl -n '__segdl_is status' -F -a '(__segdl_journals)'\n";
  text += fish_options(table.status, "status");
  return text + "complete -c segdl -n '__segdl_is completion' -a 'bash zsh fish'\n";
}

}  // namespace segdl::cli
