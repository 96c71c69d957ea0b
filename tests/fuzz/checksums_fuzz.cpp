// Lists of checksums.
#include "fuzz/fuzz.h"

#include <segdl/checksum_list.h>

#include <string>

using namespace segdl;

void fuzz(std::string_view input) {
  static_cast<void>(parse_checksum(input));
  const auto line = parse_checksum_line(input.substr(0, input.find('\n')));
  const ChecksumList list("list", std::string(input));
  static_cast<void>(list.find("a", "http://h/b/a"));
  static_cast<void>(list.find("a%FF", "http://h/b/a%FF"));
  static_cast<void>(ChecksumList("list", std::string(input), named_algorithm(input)).find("a", ""));
  if (!line) return;
  FUZZ_CHECK(!list.empty() || line->name == "-");
  FUZZ_CHECK(!line->name.empty() && line->name.size() <= input.size());
  const Checksum& checksum = line->checksum;
  FUZZ_CHECK(checksum.digest.size() == digest_size(checksum.algorithm));
  const auto again = parse_checksum(std::string(algorithm_name(checksum.algorithm)) + "=" + hex(checksum));
  FUZZ_CHECK(again.ok() && *again == checksum);
}
