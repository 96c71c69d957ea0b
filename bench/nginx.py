"""The one server of all: an nginx of its own on loopback and a free port, with everything it needs in a scratch directory."""
import os
import socket
import subprocess
import time
import urllib.request

CAP = 8 * 1024 ** 2  # bytes/s of each request below /cap/
FEW = 2  # requests at a time for each file below /few/


class Nginx:
    """Serves `directory`/www; below /cap/ the same files at CAP for each request. Counts connections and requests.

    Below /few/ the same files again, each to FEW requests at a time; others are refused with 503, and counted.
    """

    def __init__(self, directory):
        self.directory = directory
        self.root = os.path.join(directory, "www")
        os.makedirs(self.root)
        os.chmod(directory, 0o755)
        self.port, self.status_port = free_ports(2)
        self._write_configuration()
        command = ["nginx", "-p", directory, "-e", directory + "/error.log", "-c", directory + "/nginx.conf"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait_until_it_listens()

    def refused(self, name):
        """How many requests for /few/`name` were refused so far."""
        with open(os.path.join(self.directory, "few.log"), encoding="utf-8") as log:
            return log.read().splitlines().count(f"503 /few/{name}")

    def url(self, name, capped=False):
        return f"http://127.0.0.1:{self.port}/{'cap/' if capped else ''}{name}"

    def counts(self):
        """Connections accepted and requests begun so far, this asking left out."""
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.status_port}/", timeout=5).read().decode()
        accepted, _, requests = (int(word) for word in text.splitlines()[2].split())
        self.asked += 1
        return accepted - self.asked, requests - self.asked

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def _write_configuration(self):
        self.asked = 0
        d = self.directory
        with open(os.path.join(d, "nginx.conf"), "w", encoding="utf-8") as file:
            file.write(f"""
daemon off; pid {d}/pid; error_log {d}/error.log; worker_processes 1;
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile on; tcp_nopush on; log_format few '$status $uri'; limit_conn_zone $uri zone=few:1m;
  client_body_temp_path {d}/t1; proxy_temp_path {d}/t2; fastcgi_temp_path {d}/t3; uwsgi_temp_path {d}/t4; scgi_temp_path {d}/t5;
  server {{
    listen 127.0.0.1:{self.port}; root {self.root};
    location /cap/ {{ alias {self.root}/; limit_rate {CAP}; }}
    location /few/ {{ alias {self.root}/; limit_conn few {FEW}; access_log {d}/few.log few; }}
  }}
  server {{ listen 127.0.0.1:{self.status_port}; location / {{ stub_status; }} }}
}}""")

    def _wait_until_it_listens(self):
        until = time.monotonic() + 20
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.counts()
                return
            except OSError:
                time.sleep(0.01)
        self.process.kill()
        with open(self.directory + "/error.log", encoding="utf-8") as log:
            raise SystemExit(f"bench: nginx does not start:\n{log.read()}")


def free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
