// Servers that ask who asks: Digest and Basic, by one connection and by eight.
#include "core/credentials/login.h"
#include "seams/digest.h"
#include "support/world.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <set>
#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 24 * kMiB;
const Credentials kMe{"me", "right"};

// Lets in who answers its Digest challenge, for kMe.
struct Door {
  std::string algorithm = "MD5";
  unsigned uses = ~0U;          // of one nonce
  bool says_stale = true;       // of one that is used up
  bool nonce_for_each = false;  // names the next nonce in each answer

  std::mutex mutex;
  unsigned nonces = 0;
  std::map<std::string, std::set<std::string>> counts;  // that each nonce has come with
  unsigned refusals = 0;

  static std::string parameter(const std::string& field, std::string_view name) {
    const auto read = parse_challenges(field);
    const std::string* value = read.empty() ? nullptr : read.front().find(name);
    return value != nullptr ? *value : "";
  }

  std::string challenge(bool stale) {
    return fmt::format("Digest realm=\"x\", nonce=\"n{}\", qop=\"auth\", algorithm={}{}", ++nonces, algorithm,
                       stale ? ", stale=true" : "");
  }

  void decide(Answer& answer, const Asking& asking) {
    const std::lock_guard lock(mutex);
    const std::string* sent = asking.find("Authorization");
    const std::string nonce = sent != nullptr ? parameter(*sent, "nonce") : "";
    const std::string count = sent != nullptr ? parameter(*sent, "nc") : "";
    bool is_right = false;
    if (!nonce.empty()) {
      const auto read = read_digest(
          parse_challenges(fmt::format("Digest realm=x, nonce={}, qop=auth, algorithm={}", nonce, algorithm)).at(0));
      Proof proof{Proof::Scheme::digest, std::get<DigestChallenge>(read), parameter(*sent, "cnonce"),
                  static_cast<std::uint32_t>(std::stoul("0" + count, nullptr, 16))};
      is_right = login_field(proof, {kMe.user, kMe.password}, {"GET", asking.target}, login_means().hash) == *sent;
    }
    auto& used = counts[nonce];
    const bool fresh = is_right && used.size() < uses && used.insert(count).second;
    if (fresh) {
      if (nonce_for_each) answer.set("Authentication-Info", fmt::format("nextnonce=\"n{}\"", ++nonces));
      return;
    }
    ++refusals;
    answer.status(401)
        .set("WWW-Authenticate", challenge(is_right && says_stale))
        .add("WWW-Authenticate", "Basic realm=\"x\"");
  }
};

World& behind(World& world, Door& door) {
  world.serve().size(kSize).on_every([&door](Answer& answer, const Asking& asking) { door.decide(answer, asking); });
  return world;
}

Request as(const Credentials& who, const std::string& url = "http://origin.test/f") {
  Request request = World::request();
  request.url = url;
  request.credentials = who;
  return request;
}

bool sends(const World& world, std::string_view text) {
  for (const Asking& asking : world.script->log()) {
    const std::string* sent = asking.find("Authorization");
    if (sent != nullptr && sent->find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a server that asks for Digest gets it, from all connections with one nonce, and never the password") {
  for (const unsigned connections : kConnections) {
    for (const char* algorithm : {"MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256"}) {
      CAPTURE(connections);
      CAPTURE(algorithm);
      World world;
      Door door;
      door.algorithm = algorithm;
      REQUIRE(behind(world, door).download(as(kMe), with(connections, 0)).ok());
      CHECK(world.has("f", 1, kSize));
      CHECK_FALSE(sends(world, "Basic"));
      CHECK(door.refusals == 1);
    }
  }
}

TEST_CASE("with TLS Basic goes ahead, and Digest follows where it is asked for") {
  World world;
  Door door;
  REQUIRE(behind(world, door).download(as(kMe, "https://origin.test/f"), with(8, 0)).ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(door.refusals == 1);
}

TEST_CASE("a nonce that is used up is renewed, whether or not it is called stale") {
  for (const unsigned connections : kConnections) {
    for (const bool says_stale : {true, false}) {
      for (const unsigned uses : {1U, 2U}) {
        CAPTURE(connections);
        CAPTURE(says_stale);
        CAPTURE(uses);
        World world;
        Door door;
        door.uses = uses;
        door.says_stale = says_stale;
        behind(world, door).script->cut_every(4 * kMiB);
        REQUIRE(world.download(as(kMe), with(connections, 0)).ok());
        CHECK(world.has("f", 1, kSize));
        CHECK(door.refusals > 1);
      }
    }
  }
}

TEST_CASE("a server that names the next nonce with each answer is asked once for each request") {
  World world;
  Door door;
  door.uses = 1;
  door.nonce_for_each = true;
  REQUIRE(behind(world, door).download(as(kMe), with(1, 0)).ok());
  CHECK(world.has("f", 1, kSize));
  CHECK(door.refusals == 1);
}

TEST_CASE("a wrong password ends a download at once, and says so") {
  for (const unsigned connections : kConnections) {
    for (const char* url : {"http://origin.test/f", "https://origin.test/f"}) {
      CAPTURE(url);
      World world;
      Door door;
      const auto failed = behind(world, door).download(as({"me", "wrong"}, url), with(connections, 5));
      REQUIRE_FALSE(failed.ok());
      CHECK(failed.error().cause == Cause::refused);
      CHECK(failed.error().http_status == 401);
      CHECK(failed.error().hints == Hints{Hint::check_credentials});
      CHECK(failed.error().message().find("wrong") == std::string::npos);
      CHECK(door.refusals == 2);
    }
  }
}

TEST_CASE("what can't be answered is named, with a way out") {
  const auto refusal_to = [](const char* challenge) {
    World world;
    world.serve().on_every(
        [&](Answer& answer, const Asking&) { answer.status(401).set("WWW-Authenticate", challenge); });
    const auto failed = world.download(as(kMe), with(1, 0));
    REQUIRE_FALSE(failed.ok());
    CHECK(world.script->log().size() == 1);
    CHECK_FALSE(failed.error().hints.empty());
    return failed.error().reason;
  };
  CHECK(refusal_to("NTLM") ==
        "the server answered 401 (authorization required) and asks for NTLM, which segdl can't answer");
  CHECK(refusal_to("Bearer realm=\"x\"").find("asks for Bearer") != std::string::npos);
  CHECK(refusal_to("Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"").find("qop auth-int") != std::string::npos);
}

TEST_CASE("without TLS nothing is told before it is asked for, or before a stranger was answered without a question") {
  World asked;
  asked.serve().size(1000).on_every([](Answer& answer, const Asking& asking) {
    if (asking.find("Authorization") == nullptr) answer.status(401).set("WWW-Authenticate", "Basic realm=\"x\"");
  });
  REQUIRE(asked.download(as(kMe), with(1, 0)).ok());
  CHECK(asked.script->log().size() == 2);
  for (const int status : {200, 403, 404}) {
    CAPTURE(status);
    World silent;
    silent.serve().size(1000).on_every([status](Answer& answer, const Asking& asking) {
      if (asking.find("Authorization") == nullptr && status != 200) answer.status(status);
    });
    REQUIRE(silent.download(as(kMe), with(1, 0)).ok());
    CHECK(silent.has("f", 1, 1000));
    CHECK(sends(silent, "Basic bWU6cmlnaHQ="));
  }
  World leads;  // to its https self: no credentials for another origin than the URL's
  leads.serve().redirect("/f", "https://origin.test/g").path("/g").size(1000);
  REQUIRE(leads.download(as(kMe), with(1, 0)).ok());
  CHECK_FALSE(sends(leads, "Basic"));
}

TEST_CASE("a Digest nonce goes to no other origin") {
  World world;
  Door door;
  world.serve().redirect("/f", "http://other.test/g").path("/g").size(1000);
  world.script->path("/f").on_every([&door](Answer& answer, const Asking& asking) { door.decide(answer, asking); });
  REQUIRE(world.download(as(kMe), with(1, 0)).ok());
  for (const Asking& asking : world.script->log()) {
    if (asking.target == "/g") CHECK(asking.find("Authorization") == nullptr);
  }
}
