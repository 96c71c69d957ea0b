"""Digest authentication: real servers and a real proxy that ask for it, and a scripted server that is strict, moody or asks for what can't be done."""
import hashlib
import os
import re
import ssl
import tempfile
import threading
import time

import harness
from auth_test import is_right, kill_half_way, secret_file
from harness import KiB, MiB, head, pattern, ranged
from proxies import Squid
from real_servers import Apache2, Lighttpd

SIZE = 24 * MiB
DATA = pattern(SIZE, 1)
ME = ("-u", "me:op\"en")
REALM = "the \\ files"


def hashed(text, algorithm="MD5"):
    return hashlib.new({"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[algorithm], text.encode()).hexdigest()


def users(realm, *algorithms):
    return "".join(f"me:{realm}:{hashed(f'me:{realm}:' + ME[1][3:], algorithm)}\n" for algorithm in algorithms or ("MD5",)).encode()


class DigestApache2(Apache2):
    def command(self):
        modules = "/usr/lib/apache2/modules"
        arguments = super().command()
        harness.write(self._path("users"), users("files"))
        os.chmod(self._path("users"), 0o644)
        harness.write(self._path("conf"), harness.read(self._path("conf")) + f"""
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authn_file_module {modules}/mod_authn_file.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_digest_module {modules}/mod_auth_digest.so
LogFormat "%>s %{{Authorization}}i" told
CustomLog {self._path("access.log")} told
<Location />
  AuthType Digest
  AuthName files
  AuthDigestProvider file
  AuthUserFile {self._path("users")}
  AuthDigestNonceLifetime 1
  Require valid-user
</Location>
""".encode())
        return arguments


class DigestLighttpd(Lighttpd):
    def command(self):
        arguments = super().command()
        harness.write(self._path("users"), users("files", "MD5", "SHA-256"))
        harness.write(self._path("conf"), harness.read(self._path("conf")) + f"""
server.modules += ( "mod_auth", "mod_authn_file", "mod_accesslog" )
accesslog.filename = "{self._path("access.log")}"
accesslog.format = "%>s %{{Authorization}}i"
auth.backend = "htdigest"
auth.backend.htdigest.userfile = "{self._path("users")}"
auth.require = ( "/" => ( "method" => "digest", "algorithm" => "MD5|SHA-256", "realm" => "files", "require" => "valid-user" ) )
""".encode())
        return arguments


def real(scene, kind):
    root = os.path.join(scene.directory, f"root{len(scene.servers)}")
    os.mkdir(root)
    harness.write(os.path.join(root, "f"), DATA)
    scene.servers.append(kind(os.path.join(scene.directory, f"server{len(scene.servers)}"), root))
    return scene.servers[-1]


def log_of(server):
    return [line for line in harness.read(server._path("access.log")).decode().splitlines() if line]


class Strict:
    """Serves DATA to who proves with each request, by a challenge of its own and with a count it has not seen, to be `me`."""

    def __init__(self, scene, tls=None, algorithm="MD5", uses=10**9, stale=True, by_connection=False, slow=0, challenge=None, wrong_once=False):
        self.algorithm, self.uses, self.stale, self.by_connection, self.slow = algorithm, uses, stale, by_connection, slow
        self.challenge, self.wrong_once = challenge, wrong_once
        self.lock = threading.Lock()
        self.nonces = {}
        self.refused = self.served = 0
        self.server = scene.raw(self.answer, tls=tls)

    def url(self):
        return self.server.url("f") if not self.server.tls else self.server.url("f").replace("http:", "https:")

    def _refuse(self, connection, stale):
        self.refused += 1
        nonce = f"n{self.refused}=="
        self.nonces[nonce] = (id(connection), set())
        wanted = self.challenge or (f'Digest realm="{REALM}"'.replace("\\", "\\\\") +
                                    f', nonce="{nonce}", opaque="o", algorithm={self.algorithm}, qop="auth,auth-int"' + (", stale=true" if stale else ""))
        connection.sendall(head("401 Who", f"WWW-Authenticate: {wanted}", 'WWW-Authenticate: Basic realm="x"' if not self.challenge else "X: y",
                                "Content-Length: 4") + b"who?")

    def _is_right(self, connection, request):
        """Whether the password is, and whether the nonce is."""
        sent = re.search(rb"\r\nAuthorization: (Digest [^\r]*)", request)
        fields = dict(re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|\w+)', sent[1].decode())) if sent else {}
        if not sent:
            return False, False
        plain = dict(re.findall(r"(\w+)=([\w-]+)", sent[1].decode()))
        nonce, mine = fields["nonce"], fields["cnonce"]
        secret = hashed(f"me:{REALM}:" + ME[1][3:], self.algorithm)
        target = request.split(b" ")[1].decode()
        right = hashed(f"{secret}:{nonce}:{plain['nc']}:{mine}:auth:" + hashed(f"GET:{target}", self.algorithm), self.algorithm)
        if fields["response"] != right or fields["uri"] != target:
            return False, False
        whose, counts = self.nonces.get(nonce, (None, set()))
        fresh = plain["nc"] not in counts and len(counts) < self.uses and (not self.by_connection or whose == id(connection))
        counts.add(plain["nc"])
        return True, fresh

    def answer(self, connection, request, number):
        assert b"\r\nAuthorization: Basic" not in request or self.server.tls, request
        with self.lock:
            is_right, is_fresh = self._is_right(connection, request)
            if not is_fresh:
                return self._refuse(connection, is_right and self.stale)
            self.served += 1
        answer, body = ranged(DATA, request)
        connection.sendall(answer)
        for at in range(0, len(body), 256 * KiB):
            connection.sendall(body[at:at + 256 * KiB])
            if self.slow:
                time.sleep(self.slow)
        return None


def certified(scene):
    certificates = scene.nginx.certificates
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.pem("good"), certificates.key("good"))
    return context, ("--cacert", certificates.ca)


def test_apache_and_lighttpd_with_one_and_with_eight_connections(scene):
    for kind in (DigestApache2, DigestLighttpd):
        server = real(scene, kind)
        for connections in ("1", "8"):
            scene.get(server.url("f"), "-x", connections, "--limit-rate", "12M", *ME)  # so that apache's nonces grow old
            is_right(scene)
            os.unlink(scene.path("f"))
        harness.wait_for(lambda: sum(line.startswith("20") for line in log_of(server)) >= 4, "the server to write its log")
        told = log_of(server)
        print(kind.__name__, len(told), "requests,", sum(line.startswith("401") for line in told), "of them refused")
        assert not any("Basic" in line for line in told), told
        assert all("Digest" in line for line in told if line.startswith("20")), told
        if kind is DigestLighttpd:
            assert all("SHA-256" in line for line in told if "Digest" in line), told
        refused = scene.get(server.url("f"), "-u", "me:sesame", code=4)
        assert "check the name and password" in refused.stderr and "sesame" not in refused.stderr, refused.stderr
        harness.wait_for(lambda: len(log_of(server)) >= len(told) + 2, "the server to write its log")
        if kind is DigestApache2:  # lighttpd writes its log late
            assert len(log_of(server)) == len(told) + 2, log_of(server)
        refused = scene.get(server.url("f"), code=4)
        assert "-u NAME:PASS" in refused.stderr, refused.stderr


def test_a_netrc_file_and_userinfo_answer_as_well(scene):
    server = Strict(scene)
    netrc = secret_file(scene, "netrc", 'machine 127.0.0.1 login me password "op\\"en"\n')
    for arguments in ((server.url(), "--netrc-file", netrc), (server.url().replace("//", "//me:op%22en@"),)):
        scene.get(*arguments, "-x", "8")
        is_right(scene)
        os.unlink(scene.path("f"))


def test_a_strict_server_plain_and_with_tls_fresh_and_after_a_kill(scene):
    context, trust = certified(scene)
    for tls, words in ((None, ()), (context, trust)):
        for connections in ("1", "8"):
            for algorithm in ("MD5", "SHA-256", "SHA-512-256"):
                server = Strict(scene, tls, algorithm)
                scene.get(server.url(), "-x", connections, *ME, *words)
                is_right(scene)
                os.unlink(scene.path("f"))
                assert server.refused == 1, server.refused
            server = Strict(scene, tls, slow=0.05)
            command = (server.url(), "-o", "f", "-x", connections, *ME, *words)
            claimed = kill_half_way(scene, *command)
            server.slow = 0
            done = scene.get(*command)
            assert f"{claimed / MiB:.1f} MiB reused" in done.stderr, (claimed, done.stderr)
            is_right(scene)
            os.unlink(scene.path("f"))
            refused = scene.get(server.url(), "-x", connections, "-u", "me:sesame", *words, code=4)
            assert "check the name and password" in refused.stderr, refused.stderr


def test_nonces_that_grow_old_are_worth_few_requests_or_belong_to_a_connection(scene):
    for connections in ("1", "8"):
        for moods in ({"uses": 3}, {"uses": 1}, {"uses": 2, "stale": False}, {"by_connection": True}, {"by_connection": True, "stale": False}):
            server = Strict(scene, slow=0.002, **moods)
            scene.get(server.url(), "-x", connections, *ME)
            is_right(scene)
            os.unlink(scene.path("f"))
            print(connections, moods, server.served, "served,", server.refused, "refused")


def test_what_can_not_be_answered_is_named(scene):
    for challenge, words in (("NTLM", ["asks for NTLM", "curl --ntlm"]), ("Negotiate", ["asks for Negotiate", "curl --negotiate"]),
                             ('Bearer realm="x"', ["asks for Bearer", "-H @FILE", "Authorization: Bearer"]),
                             ('Digest realm="x", nonce="y", qop="auth-int"', ["Digest with qop auth-int"]),
                             ('Digest realm="x", nonce="y", algorithm=X', ["Digest with the algorithm X"]),
                             (f'Digest realm="{"x" * 60_000}", nonce="y"', ["Digest with 60001 bytes"]),
                             ('Digest realm="x", nonce="never ends', ["Digest without a nonce"])):
        server = Strict(scene, challenge=challenge)
        refused = scene.get(server.url(), *ME, code=4)
        assert "answered 401" in refused.stderr and all(word in refused.stderr for word in words), refused.stderr
        assert server.server.count == 1


def test_a_list_is_answered_with_one_nonce(scene):
    server = Strict(scene)
    listed = secret_file(scene, "list", "".join(f"{server.url()}?{i}\tf{i}\n" for i in range(8)))
    scene.get("-i", listed, "-j", "1", *ME)
    assert server.refused == 1, server.refused
    for i in range(8):
        assert harness.read(scene.path(f"f{i}")) == DATA


def test_a_proxy_that_asks_for_digest(scene):
    certificates = os.path.join(scene.directory, "tls")
    kinds = (((), scene.origin("--size", SIZE)), (("--cacert", os.path.join(certificates, "ca.pem")), scene.origin("--size", SIZE, "--tls", certificates)))
    for lines in ((), ("nonce_max_count 3",), ("check_nonce_count on", "nonce_strictness on")):
        for trust, origin in kinds:
            proxy = Squid(tempfile.mkdtemp(dir=scene.directory), digest=lines)
            scene.servers.append(proxy)
            for connections in ("1", "8"):
                scene.get("-o", "f", "-x", connections, "--proxy", f"http://me:pa55@{proxy.address}", origin.url, *trust)
                assert harness.read(scene.path("f")) == scene.content(1, SIZE)
                os.unlink(scene.path("f"))
            refused = scene.get("-o", "f", "--proxy", f"http://me:sesame@{proxy.address}", origin.url, *trust, code=4)
            assert "answered 407" in refused.stderr and "check the name and password in the proxy's URL" in refused.stderr, refused.stderr
            proxy.finish()
            log = harness.read(proxy.log).decode()
            print(lines, origin.url[:5], log.count("/407 "), "refused,", len(proxy.asked()), "asked for")
    for origin in (kinds[0][1], kinds[1][1]):
        origin.wait_until_idle()
        for request in origin.requests():
            assert not {"Proxy-Authorization", "Authorization"} & set(request["fields"]), request


def test_digest_at_the_proxy_and_at_the_server_behind_it(scene):
    for kind in (DigestApache2, DigestLighttpd):
        server = real(scene, kind)
        proxy = Squid(tempfile.mkdtemp(dir=scene.directory), digest=())
        scene.servers.append(proxy)
        scene.get("-o", "f", "-x", "8", "--proxy", f"http://me:pa55@{proxy.address}", server.url("f"), *ME)
        is_right(scene)
        os.unlink(scene.path("f"))
        assert not any("proxy" in line for line in log_of(server)), log_of(server)


if __name__ == "__main__":
    harness.main()
