"""Real proxies as processes: tinyproxy, which closes after each answer, squid, which keeps connections and caches, and microsocks."""
import hashlib
import os
import pwd
import re
import subprocess

import harness


class Proxy:
    """Runs until stop(). `directory` is an empty one for it alone."""

    def __init__(self, directory, **options):
        if os.geteuid() == 0 and self.user:
            os.chown(directory, pwd.getpwnam(self.user).pw_uid, -1)
        self.log = os.path.join(directory, "log")
        for _ in range(5):  # each lost to somebody who took the port meanwhile
            self.port = harness.free_port()
            configuration = os.path.join(directory, "conf")
            harness.write(configuration, self.configuration(directory, **options).encode())
            with open(os.path.join(directory, "output"), "wb") as output:
                self.process = subprocess.Popen(self.command(configuration), stdout=output, stderr=output)
            harness.wait_for(lambda: self.process.poll() is not None or harness.can_connect(self.port), "the proxy to listen")
            if self.process.poll() is None:
                return
        raise AssertionError("the proxy does not start: " + harness.read(os.path.join(directory, "output")).decode())

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def asked(self):
        """Methods and targets of the requests so far, in the order in which the log has them."""
        text = harness.read(self.log).decode() if os.path.exists(self.log) else ""
        return re.findall(self.request, text)

    def finish(self):
        """Ends it in order: its log is complete."""
        self.process.terminate()
        self.process.wait(harness.TIMEOUT)

    def stop(self):
        self.process.kill()  # squid takes two seconds for an orderly end
        self.process.wait(harness.TIMEOUT)


class Tinyproxy(Proxy):
    user = None
    request = r"Request \(file descriptor \d+\): (\w+) (\S+)"

    def configuration(self, directory, password=None):
        authorization = f"BasicAuth user {password}\n" if password else ""
        return (f"Port {self.port}\nListen 127.0.0.1\nMaxClients 100\nTimeout 60\nAllow 127.0.0.1\nLogLevel Info\n"
                f"LogFile \"{self.log}\"\n{authorization}")

    def command(self, configuration):
        return ["tinyproxy", "-d", "-c", configuration]


class Microsocks(Proxy):
    """SOCKS5, with a name and password."""
    user = None

    def configuration(self, directory, password):
        self.password = password
        return ""

    def command(self, configuration):
        return ["microsocks", "-i", "127.0.0.1", "-p", str(self.port), "-u", "user", "-P", self.password]


class Squid(Proxy):
    user = "proxy"  # root's squid becomes that
    request = r"(?m)^\S+ +\d+ \S+ \S+ \d+ (\w+) (\S+)"

    def configuration(self, directory, digest=None):
        """`digest`: the lines of its auth_param digest, beside the program."""
        access = "http_access allow all\n"
        if digest is not None:
            users = os.path.join(directory, "users")
            harness.write(users, "me:proxy:{}\n".format(hashlib.md5(b"me:proxy:pa55").hexdigest()).encode())
            os.chmod(users, 0o644)
            access = (f"auth_param digest program /usr/lib/squid/digest_file_auth -c {users}\nauth_param digest realm proxy\n"
                      "auth_param digest children 2\n" + "".join(f"auth_param digest {line}\n" for line in digest) +
                      "acl known proxy_auth REQUIRED\nhttp_access allow known\n")
        return (f"http_port 127.0.0.1:{self.port}\npid_filename {directory}/pid\ncache_log {directory}/cache.log\n"
                f"access_log stdio:{self.log}\ncoredump_dir {directory}\n{access}shutdown_lifetime 0 seconds\n"
                "pinger_enable off\nnetdb_filename none\ncache_mem 64 MB\nmaximum_object_size_in_memory 32 MB\n")

    def command(self, configuration):
        return ["/usr/sbin/squid", "-N", "-f", configuration]
