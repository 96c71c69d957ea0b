"""Real servers of other people, each started in a scratch directory on a free port, serving the folder `root`."""
import os
import shutil
import subprocess
import sys

from harness import can_connect, free_port, read, wait_for, write


class Server:
    """One server process. A subclass says what is written into its directory and what is started."""

    ranges = True   # it serves them, so that a resume keeps what is there
    package = None  # what holds it, where that is not its name

    def __init__(self, directory, root):
        self.directory = directory
        self.root = root
        os.makedirs(directory)
        os.chmod(directory, 0o755)
        self.process = self.log = None
        for _ in range(5):  # each lost to somebody who took the port meanwhile
            self.port = free_port()
            self._start()
            if self.process.poll() is None:
                return
        raise AssertionError(f"{type(self).__name__} does not start: " + read(self._path("output")).decode(errors="replace"))

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}"

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _conf(self, text):
        write(self._path("conf"), text.encode())
        return self._path("conf")

    def _start(self):
        self.log = open(self._path("output"), "ab")
        self.process = subprocess.Popen(self.command(), cwd=self.directory, stdout=self.log, stderr=self.log,
                                        env={**os.environ, "HOME": self.directory})
        wait_for(lambda: self.process.poll() is not None or can_connect(self.port), f"{type(self).__name__} to listen")

    def command(self):
        raise NotImplementedError


class Nginx(Server):
    package = "nginx-light"

    def command(self):
        d = self.directory
        conf = self._conf(f"""daemon off; pid {d}/pid; error_log {d}/error.log; worker_processes 1; events {{ }}
http {{ access_log off; client_body_temp_path {d}/t1; proxy_temp_path {d}/t2; fastcgi_temp_path {d}/t3; uwsgi_temp_path {d}/t4;
scgi_temp_path {d}/t5; server {{ listen 127.0.0.1:{self.port}; root {self.root}; }} }}""")
        return ["nginx", "-p", d, "-e", d + "/error.log", "-c", conf]


class Apache2(Server):
    package = "apache2-bin"

    def command(self):
        d, modules = self.directory, "/usr/lib/apache2/modules"
        conf = self._conf(f"""ServerRoot {d}
PidFile {d}/pid
ErrorLog {d}/error.log
Listen 127.0.0.1:{self.port}
ServerName localhost
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
User www-data
Group www-data
DocumentRoot {self.root}
""")
        return ["apache2", "-D", "FOREGROUND", "-f", conf]


class HttpServer(Server):
    ranges = False
    package = "python3"

    def command(self):
        return [sys.executable, "-m", "http.server", str(self.port), "--bind", "127.0.0.1", "--directory", self.root]


class Lighttpd(Server):
    def command(self):
        conf = self._conf(f'server.document-root = "{self.root}"\nserver.port = {self.port}\nserver.bind = "127.0.0.1"\n'
                          f'server.errorlog = "{self._path("error.log")}"\n'
                          'mimetype.assign = ( "" => "application/octet-stream" )\n')  # what has no type gets no validator
        return ["lighttpd", "-D", "-f", conf]


class Caddy(Server):
    def command(self):
        conf = self._conf(f"{{\n admin off\n auto_https off\n}}\nhttp://127.0.0.1:{self.port} {{\n root * {self.root}\n encode gzip\n file_server\n}}\n")
        return ["caddy", "run", "--adapter", "caddyfile", "--config", conf]


class Busybox(Server):
    def command(self):
        return ["busybox", "httpd", "-f", "-p", f"127.0.0.1:{self.port}", "-h", self.root]


class Behind(Server):
    """A cache in front of an nginx of its own."""

    def __init__(self, directory, root):
        self.backend = Nginx(directory + "-backend", root)
        try:
            super().__init__(directory, root)
        except BaseException:
            self.backend.stop()
            raise

    def stop(self):
        super().stop()
        self.backend.stop()


class Haproxy(Behind):
    ranges = False  # cold it passes ranges on, warm it answers with the whole: what is kept of a resume depends on that

    def command(self):
        conf = self._conf(f"""global
  tune.bufsize 65536
cache c
  total-max-size 64
  max-object-size 16000000
  max-age 60
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend f
  bind 127.0.0.1:{self.port}
  default_backend b
backend b
  http-request cache-use c
  http-response cache-store c
  http-response set-header Cache-Control max-age=60
  server s 127.0.0.1:{self.backend.port}
""")
        return ["haproxy", "-db", "-f", conf]


class Varnish(Behind):
    def command(self):
        return ["varnishd", "-F", "-n", self._path("work"), "-a", f"127.0.0.1:{self.port}", "-b", f"127.0.0.1:{self.backend.port}",
                "-s", "malloc,64m", "-p", "default_ttl=1", "-p", "default_grace=0"]


USUAL = (Nginx, Apache2, HttpServer)
OTHERS = (Lighttpd, Caddy, Busybox, Haproxy, Varnish)


def chosen():
    """SEGDL_SERVERS=all takes the others as well; without it they are not looked for."""
    return USUAL + (OTHERS if os.environ.get("SEGDL_SERVERS") == "all" else ())


def installed(server):
    program = server.__name__.lower()
    return server is HttpServer or any(shutil.which(name) for name in (program, program + "d"))
