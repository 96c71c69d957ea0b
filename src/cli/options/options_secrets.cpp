// Hides secrets from the process list.
#include "cli/options/network.h"
#include "cli/options/options.h"

#include <segdl/text.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace segdl::cli {
namespace {

void blank(char* text) {
  for (; *text != '\0'; ++text) *text = '*';
}

// The position in a cluster of short options (-kqu...) of one with a secret, whose value follows; or npos.
std::size_t secret_in_cluster(std::string_view argument) {
  if (!argument.starts_with('-') || argument.starts_with("--")) return std::string_view::npos;
  const auto option = argument.find_first_not_of("46JLRchknqvVfsSgO#", 1);
  const bool secret = option != std::string_view::npos && (argument[option] == 'u' || argument[option] == 'H');
  return secret ? option : std::string_view::npos;
}

void hide_in_url(char* text) {
  const std::string shown = redacted_url(text);
  if (shown == text) return;
  const std::size_t size = std::strlen(text);
  for (std::size_t i = 0; i < size; ++i) text[i] = i < shown.size() ? shown[i] : '\0';
}

}  // namespace

void hide_secrets(int argc, char** argv) {
  bool next_is_secret = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t option = secret_in_cluster(argument);
    if (std::exchange(next_is_secret, false)) {
      blank(argv[i]);
    } else if (argument == "--proxy" && i + 1 < argc) {
      hide_in_proxy(argv[++i]);
    } else if (argument.starts_with("--proxy=")) {
      hide_in_proxy(argv[i] + argument.find('=') + 1);
    } else if (argument == "--user" || argument == "--header" || option == argument.size() - 1) {
      next_is_secret = true;
    } else if (argument.starts_with("--user=") || argument.starts_with("--header=")) {
      blank(argv[i] + argument.find('=') + 1);
    } else if (option != std::string_view::npos) {
      blank(argv[i] + option + 1);
    } else {
      hide_in_url(argv[i]);
    }
  }
}

}  // namespace segdl::cli
