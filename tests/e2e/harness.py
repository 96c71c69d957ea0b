"""What the end-to-end tests share: the command, a real nginx with TLS, scripted raw servers, a scratch directory.

A test file defines functions test_*(scene) and ends with harness.main(). The command under test is the first argument, or SEGDL_BINARY, and the scripted
origin the second, or SEGDL_ORIGIN. Everything is on loopback and on free ports; every wait is bounded.
"""
import collections
import hashlib
import inspect
import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.request

from origin import Origin

KiB, MiB, GiB = 1024, 1024 ** 2, 1024 ** 3
BINARY = os.path.abspath(os.environ.get("SEGDL_BINARY") or (sys.argv[1] if len(sys.argv) > 1 else "build/release/segdl"))
ORIGIN = os.path.abspath(os.environ.get("SEGDL_ORIGIN") or (sys.argv[2] if len(sys.argv) > 2 else "build/dev/origin"))
TIMEOUT = 120
for variable in ("http", "https", "all", "no"):  # the loopback is asked straight, whatever surrounds the tests
    os.environ.pop(f"{variable}_proxy", None)
    os.environ.pop(f"{variable}_proxy".upper(), None)


def pattern(size, seed):
    """Bytes that differ everywhere and are quick to make."""
    block = hashlib.shake_256(str(seed).encode()).digest(min(size, MiB))
    out = bytearray()
    index = 0
    while len(out) < size:
        out += index.to_bytes(8, "little") + block
        index += 1
    return bytes(out[:size])


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def same(a, b):
    return subprocess.run(["cmp", "-s", a, b], check=False).returncode == 0


def free_ports(count):
    """Different ones; somebody else may take one before it is used."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def free_port():
    return free_ports(1)[0]


class Certificates:
    """A CA of our own and what it signed, made with the openssl command."""

    NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")  # quick to make

    def __init__(self, directory):
        self.directory = directory
        os.mkdir(directory)
        self._run("req", "-x509", *self.NEW_KEY, "-keyout", self.key("ca"), "-out", self.pem("ca"),
                  "-days", "30", "-subj", "/CN=segdl test CA")
        self.ca = self.pem("ca")
        self.sign("good", "DNS:localhost,IP:127.0.0.1,IP:::1")
        self.sign("wronghost", "DNS:other.test")
        self.sign("expired", "DNS:localhost,IP:127.0.0.1", days="-1")
        self._run("req", "-x509", *self.NEW_KEY, "-keyout", self.key("selfsigned"), "-out",
                  self.pem("selfsigned"), "-days", "30", "-subj", "/CN=localhost", "-addext",
                  "subjectAltName=DNS:localhost,IP:127.0.0.1")

    def pem(self, name):
        return os.path.join(self.directory, name + ".pem")

    def key(self, name):
        return os.path.join(self.directory, name + ".key")

    def sign(self, name, names, days="30"):
        request = os.path.join(self.directory, name + ".csr")
        extensions = os.path.join(self.directory, name + ".ext")
        write(extensions, f"subjectAltName={names}\n".encode())
        self._run("req", *self.NEW_KEY, "-keyout", self.key(name), "-out", request, "-subj", "/CN=x")
        self._run("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.key("ca"), "-CAcreateserial", "-out",
                  self.pem(name), "-days", days, "-extfile", extensions)

    @staticmethod
    def _run(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=TIMEOUT)


class Nginx:
    """A real nginx: /x is served from `root`, /rN/x at N KiB/s per connection, /two/x at 2 MiB/s to two at once; a TLS port for each certificate.

    With a rate each request has what is due in a second at once.
    """

    TLS = ("good", "wronghost", "expired", "selfsigned")

    def __init__(self, directory):
        os.mkdir(directory)
        os.chmod(directory, 0o755)
        self.directory = directory
        self.root = os.path.join(directory, "www")
        os.mkdir(self.root)
        self.certificates = Certificates(os.path.join(directory, "tls"))
        self.log_path = os.path.join(directory, "access.log")
        self.process = None
        for _ in range(5):  # each lost to somebody who took one of the ports meanwhile
            self.port, self.status_port, *others = free_ports(2 + len(self.TLS))
            self.ports = dict(zip(self.TLS, others))
            if self._start():
                return
        raise AssertionError("nginx does not start: " + read(os.path.join(directory, "error.log")).decode())

    def url(self, name, rate=None):
        return f"http://127.0.0.1:{self.port}/" + (f"r{rate}/" if rate else "") + name

    def tls_url(self, name, certificate="good", host="localhost"):
        return f"https://{host}:{self.ports[certificate]}/{name}"

    def put(self, name, data):
        """Replaces a file as a careful publisher does: by rename."""
        temporary = os.path.join(self.directory, "upload")
        write(temporary, data)
        os.chmod(temporary, 0o644)
        os.rename(temporary, os.path.join(self.root, name))
        return os.path.join(self.root, name)

    def _start(self):
        rates = "".join(f"location /r{n}/ {{ alias {self.root}/; limit_rate {n}k; }}\n"
                        for n in (64, 512, 1024, 2048, 4096, 8192, 16384, 65536))
        rates += f"location /two/ {{ alias {self.root}/; limit_conn two 2; limit_rate 2048k; }}\n"
        servers = (f"server {{ listen 127.0.0.1:{self.port}; root {self.root}; {rates} }}\n"
                   f"server {{ listen 127.0.0.1:{self.status_port}; access_log off; location / {{ stub_status; }} }}\n")
        for name, port in self.ports.items():
            servers += (f"server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {self.certificates.pem(name)}; "
                        f"ssl_certificate_key {self.certificates.key(name)}; root {self.root}; {rates} }}\n")
        d = self.directory
        write(os.path.join(d, "nginx.conf"), f"""
daemon off; pid {d}/pid; error_log {d}/error.log; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  log_format ranges '{{"status":$status,"range":"$http_range","if_range":"$http_if_range","sent":$body_bytes_sent,"uri":"$uri",'
    '"connection":$connection,"ended":$msec,"took":$request_time}}';
  access_log {d}/access.log ranges; sendfile on; tcp_nopush on; keepalive_requests 100000; limit_conn_zone $binary_remote_addr zone=two:1m;
  client_body_temp_path {d}/t1; proxy_temp_path {d}/t2; fastcgi_temp_path {d}/t3; uwsgi_temp_path {d}/t4; scgi_temp_path {d}/t5;
  {servers}
}}""".encode())
        self.process = subprocess.Popen(["nginx", "-p", d, "-e", d + "/error.log", "-c", d + "/nginx.conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.process.poll() is not None or can_connect(self.port), "nginx to listen")
        return self.process.poll() is None

    def requests(self):
        """Finished requests so far: dicts with status, range (begin, end) or None, sent, and what measure.in_flight needs, to the millisecond."""
        result = []
        for line in read(self.log_path).decode().splitlines():
            entry = json.loads(line.replace("\\x", "\\\\x"))
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", entry["range"])
            entry["begun"] = entry["ended"] - entry["took"]
            entry["range"] = (int(asked[1]), int(asked[2]) + 1 if asked[2] else math.inf) if asked else None
            result.append(entry)
        return result

    def active(self):
        """How many connections there are."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status_port}/", timeout=5) as response:
            return int(response.read().split()[2]) - 1  # without the one that asks

    def wait_until_idle(self):
        """Until every connection is closed, and so every request is in the log."""
        wait_for(lambda: self.active() == 0, "nginx to be idle")

    def forget_requests(self):
        with open(self.log_path, "r+b") as log:
            log.truncate(0)

    def stop(self):
        self.process.terminate()
        self.process.wait(TIMEOUT)


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def wait_for(condition, what, timeout=20):
    until = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"waited {timeout} s for {what}")
        time.sleep(0.01)


class RawServer:
    """Calls handler(connection, request_bytes, number) for each request on each connection; closing is the handler's or the peer's business."""

    def __init__(self, handler, tls=None, family=socket.AF_INET, port=0):
        self.handler = handler
        self.tls = tls  # an ssl.SSLContext, or None for plain connections
        self.count = 0
        self.lock = threading.Lock()
        self.requests = []
        self.socket = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", port), family=family)
        self.port = self.socket.getsockname()[1]
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def url(self, name="file.bin"):
        return f"http://127.0.0.1:{self.port}/{name}"

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            pending = b""
            try:
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                while True:
                    while b"\r\n\r\n" not in pending:
                        more = connection.recv(65536)
                        if not more:
                            return
                        pending += more
                    request, _, pending = pending.partition(b"\r\n\r\n")
                    with self.lock:
                        self.count += 1
                        number = self.count
                        self.requests.append(request)
                    if self.handler(connection, request, number) == "close":
                        return
            except OSError:
                return

    def stop(self):
        """Nobody must be waiting for connections when the descriptor is closed: the next server gets the same number."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.accepting.join(TIMEOUT)
        self.socket.close()


def asked_range(request, size):
    found = re.search(rb"(?i)\r\nrange: bytes=(\d+)-(\d*)", request)
    if not found:
        return None
    return int(found[1]), min(int(found[2]) + 1 if found[2] else size, size)


def head(status, *fields):
    return ("\r\n".join([f"HTTP/1.1 {status}", *fields]) + "\r\n\r\n").encode()


def ranged(data, request, etag='"v1"'):
    """An honest server's answer, in two parts: head and body."""
    part = asked_range(request, len(data))
    if part is None:
        return head("200 OK", f"ETag: {etag}", f"Content-Length: {len(data)}"), data
    begin, end = part
    return head("206 Partial Content", f"ETag: {etag}", f"Content-Range: bytes {begin}-{end - 1}/{len(data)}",
                f"Content-Length: {end - begin}"), data[begin:end]


class Scene:
    """A scratch directory, the command, and nginx when it is asked for."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="segdl-e2e-")
        os.chmod(self.directory, 0o755)
        self.out = os.path.join(self.directory, "out")
        os.mkdir(self.out)
        self._nginx = None
        self._honest = None
        self.servers = []

    @property
    def nginx(self):
        if self._nginx is None:
            self._nginx = Nginx(os.path.join(self.directory, "nginx"))
        return self._nginx

    def raw(self, handler, tls=None, port=0):
        self.servers.append(RawServer(handler, tls, port=port))
        return self.servers[-1]

    def origin(self, *arguments):
        """The project's own origin; see origin.py."""
        self.servers.append(Origin(ORIGIN, os.path.join(self.directory, f"origin{len(self.servers)}.log"), *arguments))
        return self.servers[-1]

    def content(self, seed, size):
        """What an origin serves, from one that is honest and quick. A file of seed S changes into that of seed S + 1000."""
        if self._honest is None:
            self._honest = self.origin()
        return self._honest.get(self._honest.pattern(seed, size))

    def path(self, name):
        return os.path.join(self.out, name)

    def names(self):
        return sorted(os.listdir(self.out))

    def start(self, *arguments, **options):
        return subprocess.Popen([BINARY, *arguments], cwd=options.pop("cwd", self.out), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **options)

    def run(self, *arguments, timeout=TIMEOUT, **options):
        process = self.start(*arguments, **options)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise AssertionError(f"still running after {timeout} s: {arguments}") from None
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def get(self, *arguments, code=0, **options):
        done = self.run(*arguments, **options)
        assert done.returncode == code, f"exit {done.returncode} instead of {code} from {arguments}:\n{done.stderr}"
        return done

    def status(self, name):
        done = self.run("status", name, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def close(self):
        for server in self.servers:
            server.stop()
        if self._nginx:
            self._nginx.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=TIMEOUT)


TRIED = collections.Counter()


def tally(seed=None, **numbers):
    """Adds to what this file says in the end that it has tried: tally(kills=100, seed=7)."""
    TRIED.update(numbers)
    if seed is not None:
        TRIED["seed"] = seed


def totals(failed):
    """The last line, for tools/evidence: `other` is the number of tests that failed, whatever the failure was."""
    name = os.path.basename(sys.argv[0]).removesuffix("_test.py")
    seed = f" seed={TRIED['seed']}" if "seed" in TRIED else ""
    tried = " ".join(f"{word.replace('_', '-')}={number}" for word, number in TRIED.items() if word != "seed")
    return f"totals {name}: {tried} wrong=0 hangs=0 crashes=0 other={failed}{seed}"


def main():
    module = sys.modules["__main__"]
    tests = [(n, f) for n, f in inspect.getmembers(module, inspect.isfunction) if n.startswith("test_")]
    tests.sort(key=lambda test: test[1].__code__.co_firstlineno)
    failed = 0
    home = tempfile.TemporaryDirectory()  # whoever runs the tests may have settings, or no home
    os.environ["XDG_CONFIG_HOME"] = os.environ["HOME"] = home.name
    for name, function in tests:
        scene = Scene()
        begun = time.monotonic()
        try:
            function(scene)
            print(f"ok   {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception:  # a test's failure, whatever it is: told, counted, and the next one runs
            failed += 1
            print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
        finally:
            scene.close()
    print(f"{len(tests) - failed} passed, {failed} failed")
    if TRIED:
        print(totals(failed))
    sys.exit(1 if failed or not tests else 0)
