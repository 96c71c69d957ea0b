"""Who asks: netrc files, cookies, client certificates, a referrer. With eight connections, and continued after a kill."""
import json
import os
import ssl
import subprocess

import harness
from harness import MiB, head, kill, pattern, ranged

SIZE = 24 * MiB
MANY = ("-x", "8")


class Guarded(harness.Nginx):
    """nginx with /plain/f for all, /secret/f for alice, /slow/f for her as well at 512 KiB/s for each connection; over TLS only for who shows a certificate."""

    USERS = {"alice": 'open "sesame" #1'}

    def _start(self):
        d, port, tls = self.directory, self.port, self.ports["good"]
        users = ""
        for name, password in self.USERS.items():
            done = subprocess.run(["openssl", "passwd", "-apr1", "-stdin"], input=password, capture_output=True, text=True, check=True, timeout=60)
            users += f"{name}:{done.stdout.strip()}\n"
        harness.write(os.path.join(d, "users"), users.encode())
        harness.write(os.path.join(d, "nginx.conf"), f"""
daemon off; pid {d}/pid; error_log {d}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 100000;
  client_body_temp_path {d}/t1; proxy_temp_path {d}/t2; fastcgi_temp_path {d}/t3; uwsgi_temp_path {d}/t4; scgi_temp_path {d}/t5;
  server {{
    listen 127.0.0.1:{port};
    location /plain/ {{ alias {self.root}/; }}
    location /secret/ {{ alias {self.root}/; auth_basic x; auth_basic_user_file {d}/users; }}
    location /slow/ {{ alias {self.root}/; auth_basic x; auth_basic_user_file {d}/users; limit_rate 512k; }}
    location /to/ {{ return 302 https://localhost:{tls}/f; }}
  }}
  server {{
    listen 127.0.0.1:{tls} ssl; ssl_certificate {self.certificates.pem("good")}; ssl_certificate_key {self.certificates.key("good")};
    ssl_client_certificate {self.certificates.ca}; ssl_verify_client on;
    location / {{ alias {self.root}/; }}
    location /slow/ {{ alias {self.root}/; limit_rate 512k; }}
  }}
}}""".encode())
        self.process = subprocess.Popen(["nginx", "-p", d, "-e", d + "/error.log", "-c", d + "/nginx.conf"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        harness.wait_for(lambda: self.process.poll() is not None or harness.can_connect(port), "nginx to listen")
        return self.process.poll() is None


def guarded(scene):
    scene.servers.append(Guarded(os.path.join(scene.directory, "guarded")))
    scene.servers[-1].put("f", pattern(SIZE, 1))
    return scene.servers[-1]


def secret_file(scene, name, text, mode=0o600):
    path = os.path.join(scene.directory, name)
    harness.write(path, text.encode())
    os.chmod(path, mode)
    return path


def is_right(scene):
    assert harness.read(scene.path("f")) == pattern(SIZE, 1)
    assert scene.names() == ["f"], scene.names()


def kill_half_way(scene, *arguments):
    """What was claimed when it died."""
    process = scene.start(*arguments)
    harness.wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed"] >= MiB, "the first claims", 60)
    kill(process)
    return scene.status("f")["claimed"]


def continues(scene, slow, quick, *arguments):
    """A download that is killed half-way and continued gets the rest, and nothing twice."""
    claimed = kill_half_way(scene, slow, "-o", "f", *arguments)
    done = scene.get(quick, "-o", "f", *arguments)
    assert f"{claimed / MiB:.1f} MiB reused" in done.stderr, (claimed, done.stderr)
    is_right(scene)


def test_netrc(scene):
    server = guarded(scene)
    netrc = secret_file(scene, "netrc", 'machine other.test login x password y\nmachine 127.0.0.1 login alice\n  password "open \\"sesame\\" #1"\n')
    url = f"http://127.0.0.1:{server.port}/secret/f"
    refused = scene.get(url, code=4)
    assert "401" in refused.stderr and "--netrc" in refused.stderr, refused.stderr
    done = scene.get(url, *MANY, "-v", "--netrc-file", netrc)
    is_right(scene)
    assert "sesame" not in done.stderr + done.stdout
    os.unlink(scene.path("f"))
    slow = f"http://127.0.0.1:{server.port}/slow/f"
    home = {**os.environ, "HOME": scene.directory}
    home.pop("NETRC", None)
    os.rename(netrc, os.path.join(scene.directory, ".netrc"))
    process = scene.start(slow, *MANY, "--netrc", env=home)
    harness.wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed"] >= MiB, "the first claims", 60)
    with open(f"/proc/{process.pid}/cmdline", "rb") as line:
        assert b"sesame" not in line.read()
    kill(process)
    for name in ("f.segdl", "f.part"):
        assert b"sesame" not in harness.read(scene.path(name)), name
    done = scene.get(slow, *MANY, "-n", env={**home, "HOME": "/none", "NETRC": os.path.join(scene.directory, ".netrc")})
    assert "reused" in done.stderr, done.stderr
    is_right(scene)


def test_files_that_cannot_be_used(scene):
    server = guarded(scene)
    url = f"http://127.0.0.1:{server.port}/plain/f"
    certificates = server.certificates
    locked = os.path.join(scene.directory, "locked")
    subprocess.run(["openssl", "pkey", "-in", certificates.key("good"), "-aes256", "-passout", "pass:sesame", "-out", locked], check=True,
                   capture_output=True, timeout=60)
    for arguments, words in (
            (["--netrc-file", secret_file(scene, "open", "machine h login a password sesame", 0o664)],
             ["others than its owner may write it", "0664", "chmod 600"]),
            (["--netrc-file", secret_file(scene, "bad", "machine h\nlogin a\npass sesame")], ["bad", "line 3", "is expected"]),
            (["--netrc-file", "none"], ["read none", "No such file"]),
            (["--load-cookies", secret_file(scene, "spaces", "h FALSE / FALSE 0 sid sesame\n")], ["spaces", "line 1", "seven fields"]),
            (["--load-cookies", "none"], ["read none", "No such file"]),
            (["--cert", "none"], ["read the certificate none", "No such file"]),
            (["--cert", certificates.pem("good")], ["read the key", "none in PEM format", "--key"]),
            (["--cert", certificates.pem("good"), "--key", certificates.key("expired")], ["not that of the certificate"]),
            (["--cert", certificates.pem("good"), "--key", locked], ["passphrase", "openssl pkey"]),
            (["--key", certificates.key("good")], ["--cert"]),
            (["-e", "ftp://h/"], ["URL", "not http or https"])):
        done = scene.get(url, *arguments, code=2, stdin=subprocess.DEVNULL)
        assert all(word in done.stderr for word in words), (arguments, done.stderr)
        assert "sesame" not in done.stderr, done.stderr
        assert scene.names() == []


def test_what_is_odd_about_a_file_of_secrets_is_told_once_and_the_rest_is_used(scene):
    server = guarded(scene)
    netrc = secret_file(scene, "mounted", 'machine 127.0.0.1 login alice password "open \\"sesame\\" #1"\n', 0o440)
    cookies = secret_file(scene, "cookies", "\ufeffh\tFALSE\t/\tFALSE\t0\tsid\t1\r\nh\tFALSE\t/\tFALSE\t0\t\tsesame\r\n")
    url = f"http://127.0.0.1:{server.port}/secret/f"
    arguments = ["--netrc-file", netrc, "--load-cookies", cookies, "--json"]
    done = scene.get(url, *arguments)
    is_right(scene)
    warnings = [line for line in done.stderr.splitlines() if line.startswith("segdl: warning: ")]
    assert len(warnings) == 2 and "mounted: it holds passwords, and others than its owner may read it (mode 0440)" in warnings[0], done.stderr
    assert "cookies: line 2 is skipped: its name or value" in warnings[1], done.stderr
    notes = [event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "note" and event["id"] is None]
    assert [f"segdl: warning: {note['text']}" for note in notes] == warnings, done.stdout
    assert "sesame" not in done.stderr + done.stdout
    done = scene.get(url, url + "2", "--skip-existing", *arguments, code=4)
    assert done.stderr.count("segdl: warning: ") == 2, done.stderr


class Gate:
    """/f leads to /data/f with a cookie, and /data/f is there only for who has it. Every kill half-way ends the session."""

    def __init__(self, scene):
        self.data = pattern(SIZE, 1)
        self.cookies = set()
        self.stall_at = None
        self.sessions = 0
        self.server = scene.raw(self.answer)

    def answer(self, connection, request, number):
        target = request.split(b" ")[1]
        cookie = [line for line in request.split(b"\r\n") if line.lower().startswith(b"cookie:")]
        if target == b"/f":
            self.sessions += 1
            connection.sendall(head("302 Found", "Location: /data/f", f"Set-Cookie: sid=sesame{self.sessions}; Path=/data; HttpOnly", "Content-Length: 0"))
            return None
        self.cookies.update(cookie or ["none"])
        if cookie != [f"Cookie: sid=sesame{self.sessions}".encode()]:
            connection.sendall(head("403 Forbidden", "Content-Length: 0"))
            return None
        answer, body = ranged(self.data, request)
        if self.stall_at is not None and len(body) > self.stall_at:  # until the client has gone
            connection.sendall(answer + body[:self.stall_at])
            connection.recv(1)
            return "close"
        connection.sendall(answer + body)
        return None


def test_a_session_cookie_of_a_redirect(scene):
    gate = Gate(scene)
    done = scene.get(gate.server.url("f"), *MANY, "-v")
    is_right(scene)
    assert gate.cookies == {b"Cookie: sid=sesame1"}, gate.cookies
    assert "sesame" not in done.stderr + done.stdout
    os.unlink(scene.path("f"))
    gate.stall_at = 2 * MiB
    kill_half_way(scene, gate.server.url("f"), *MANY)
    for name in ("f.segdl", "f.part"):
        assert b"sesame" not in harness.read(scene.path(name)), name
    gate.stall_at = None
    gate.cookies.clear()
    done = scene.get(gate.server.url("f"), *MANY)
    assert "reused" in done.stderr, done.stderr
    is_right(scene)
    assert gate.cookies == {f"Cookie: sid=sesame{gate.sessions}".encode()}, gate.cookies


def test_cookies_of_a_file_and_a_referrer(scene):
    data = pattern(SIZE, 1)

    def answer(connection, request, number):
        wanted = b"\r\nCookie: sid=sesame\r\n" in request + b"\r\n" and b"\r\nReferer: http://h/from?q\r\n" in request + b"\r\n"
        connection.sendall(b"".join(ranged(data, request)) if wanted else head("403 Forbidden", "Content-Length: 0"))

    server = scene.raw(answer)
    cookies = secret_file(scene, "cookies.txt", "# Netscape HTTP Cookie File\n\n#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\tsesame\n"
                          ".elsewhere.test\tTRUE\t/\tFALSE\t0\tother\tx\n127.0.0.1\tFALSE\t/\tTRUE\t0\tsecure\tx\n", 0o644)
    scene.get(server.url("f"), code=4)
    scene.get(server.url("f"), *MANY, "--load-cookies", cookies, "-e", "http://user:pass@h/from?q#here")
    is_right(scene)


def test_client_certificates(scene):
    server = guarded(scene)
    certificates = server.certificates
    trust = ("--cacert", certificates.ca)
    shown = (*trust, "--cert", certificates.pem("wronghost"), "--key", certificates.key("wronghost"))
    url = server.tls_url("f")
    refused = scene.get(url, *trust, code=4)
    assert "400" in refused.stderr, refused.stderr
    scene.get(url, *MANY, *shown)
    is_right(scene)
    os.unlink(scene.path("f"))
    continues(scene, server.tls_url("slow/f"), server.tls_url("slow/f"), *MANY, *shown)
    os.unlink(scene.path("f"))
    # A redirect leads there: whoever it names does not learn who asks.
    refused = scene.get(f"http://127.0.0.1:{server.port}/to/f", *shown, code=4)
    assert "400" in refused.stderr, refused.stderr


def test_a_server_that_ends_the_handshake_for_want_of_a_certificate(scene):
    certificates = guarded(scene).certificates
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.pem("good"), certificates.key("good"))
    context.load_verify_locations(certificates.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    server = scene.raw(lambda c, r, n: c.sendall(b"".join(ranged(b"hello", r))), tls=context)
    url = server.url("f").replace("http:", "https:")
    scene.get(url, "--cacert", certificates.ca, "--cert", certificates.pem("good"), "--key", certificates.key("good"))
    assert harness.read(scene.path("f")) == b"hello"
    # TLS 1.2 tells within the handshake: no moment at which the answer could be lost by a reset.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    done = scene.get(url, "-o", "g", "--cacert", certificates.ca, code=5)
    assert "handshake failure" in done.stderr, done.stderr


if __name__ == "__main__":
    harness.main()
