"""What cmake --install and cpack make: the command, its pages, and the library as other projects find it. Nothing of segdl is compiled again."""
import os
import re
import subprocess

import harness
from harness import BINARY, MiB, kill, wait_for

BUILD = os.path.dirname(BINARY)
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
EXAMPLES = os.path.join(ROOT, "examples")


def call(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=harness.TIMEOUT, check=False, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def installed(scene):
    """The folder that everything is in."""
    prefix = os.path.join(scene.directory, "prefix")
    call("cmake", "--build", BUILD, "--target", "segdl_pages")
    call("cmake", "--install", BUILD, "--prefix", prefix)
    return prefix


def files_below(folder):
    return sorted(os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names)


def cache(name):
    """A variable of the build."""
    return re.search(rf"^{name}:\w+=(.*)$", call("cmake", "-LA", "-N", BUILD), re.M)[1]


def library(prefix):
    return os.path.join(prefix, cache("CMAKE_INSTALL_LIBDIR"))


def check_example(scene, program):
    """It downloads; and killed half-way and run again, it fetches what is missing."""
    origin = scene.origin("--size", "16M", "--limit-rate", "1M")
    arguments = [program, origin.url, scene.out]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.exists(scene.path("file.segdl")) and scene.status("file")["claimed"] >= 2 * MiB, "two MiB", harness.TIMEOUT)
    kill(process)
    claimed = scene.status("file")["claimed"]
    assert call(*arguments) == f"{scene.path('file')}: {16 * MiB - claimed} bytes fetched, {claimed} reused\n"
    assert harness.read(scene.path("file")) == scene.content(1, 16 * MiB)
    assert scene.names() == ["file"]


def check_outage(scene, program):
    """A server that is away for longer than one download waits for it: the example tries again until it is there."""
    port = harness.free_ports(1)[0]
    arguments = [program, f"http://127.0.0.1:{port}/late", scene.out]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    told = iter(process.stderr.readline, "")
    assert any("(6 tries); again in a while" in line for line in told)
    scene.raw(lambda connection, request, number: connection.sendall(harness.head("200 OK", "Content-Length: 5") + b"hello"), port=port)
    stdout, stderr = process.communicate(timeout=harness.TIMEOUT)
    assert process.returncode == 0 and stdout == f"{scene.path('late')}: 5 bytes fetched, 0 reused\n", (stdout, stderr)


def check_mirror(scene, program):
    """A list is downloaded, what cannot be is reported by its line, and the next run skips what is there."""
    origin = scene.origin()
    listed = os.path.join(scene.directory, "list")
    harness.write(listed, f"{origin.pattern(1, 100, 'a')}\n{origin.pattern(2, 100, 'b')}\tnamed\nftp://h/x\n".encode())
    for done, skipped in ((2, 0), (0, 2)):
        ran = subprocess.run([program, listed, scene.out], capture_output=True, text=True, timeout=harness.TIMEOUT, check=False)
        assert ran.returncode == 1 and ran.stderr.startswith(f"{listed}:3: "), ran
        assert ran.stdout.endswith(f"{done} done, {skipped} skipped, 1 failed\n"), ran
    assert harness.read(scene.path("named")) == scene.content(2, 100)
    assert scene.names() == ["a", "named"]
    assert subprocess.run([program, "none"], capture_output=True, check=False).returncode == 1


def test_the_command_its_pages_and_the_library_are_where_they_belong(scene):
    prefix = installed(scene)
    lib = os.path.relpath(library(prefix), prefix)
    expected = ["bin/segdl", "share/man/man1/segdl.1", "share/bash-completion/completions/segdl", "share/zsh/site-functions/_segdl",
                "share/fish/vendor_completions.d/segdl.fish", f"{lib}/libsegdl.a", f"{lib}/pkgconfig/segdl.pc", f"{lib}/cmake/segdl/segdl-config.cmake",
                "include/segdl/batch.h", "include/segdl/segdl.h", "include/segdl/session.h"]
    found = files_below(prefix)
    assert not set(expected) - set(found), found
    assert harness.read(f"{prefix}/{expected[1]}").decode() == scene.get("man").stdout
    assert harness.read(f"{prefix}/{expected[2]}").decode() == scene.get("completion", "bash").stdout
    assert call(f"{prefix}/bin/segdl", "--version").startswith("segdl ")


def test_a_project_finds_it_with_cmake(scene):
    prefix = installed(scene)
    build = os.path.join(scene.directory, "example")
    call("cmake", "-S", EXAMPLES, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={cache('CMAKE_CXX_COMPILER')}")
    call("cmake", "--build", build)
    check_example(scene, os.path.join(build, "embed"))
    check_outage(scene, os.path.join(build, "embed"))
    for name in scene.names():
        os.unlink(scene.path(name))
    check_mirror(scene, os.path.join(build, "mirror"))


def test_a_project_finds_it_with_pkg_config(scene):
    prefix = installed(scene)
    program = os.path.join(scene.directory, "embed")
    environment = {**os.environ, "PKG_CONFIG_PATH": os.path.join(library(prefix), "pkgconfig")}
    for static in ([], ["--static"]):
        flags = call("pkg-config", *static, "--cflags", "--libs", "segdl", env=environment).split()
        call(cache("CMAKE_CXX_COMPILER"), "-std=c++20", os.path.join(EXAMPLES, "embed.cpp"), *flags, "-o", program)
        assert subprocess.run([program], capture_output=True, check=False).returncode == 2
    check_example(scene, program)


def test_a_shared_library_shows_what_the_headers_declare(scene):
    call("cmake", "--build", BUILD, "--target", "segdl_shared")
    headers = os.path.join(ROOT, "include", "segdl")
    declared = set(re.findall(r"\w+", "".join(harness.read(os.path.join(headers, name)).decode() for name in os.listdir(headers))))
    shown = call("nm", "-DC", "--defined-only", os.path.join(BUILD, "shared", "libsegdl.so")).splitlines()
    names = [re.sub(r"^[0-9a-f]+ . (typeinfo (name )?for |vtable for )?", "", line) for line in shown]
    foreign = [name for name in names if not name.startswith("segdl::") or not set(re.findall(r"\w+", re.split(r"[\[(]", name)[0])) <= declared]
    assert not foreign and len(names) > 50, foreign


def test_what_is_built_in_other_ways_links_with_it(scene):
    prefix = installed(scene)
    environment = {**os.environ, "PKG_CONFIG_PATH": os.path.join(library(prefix), "pkgconfig")}
    flags = call("pkg-config", "--static", "--cflags", "--libs", "segdl", env=environment).split()
    source = os.path.join(EXAMPLES, "embed.cpp")
    program = os.path.join(scene.directory, "embed")
    call(cache("CMAKE_CXX_COMPILER"), "-std=c++20", "-fno-exceptions", "-fno-rtti", source, *flags, "-o", program)
    check_example(scene, program)
    call(cache("CMAKE_CXX_COMPILER"), "-std=c++20", "-fPIC", "-shared", "-Wl,-z,defs", source, *flags, "-o", os.path.join(scene.directory, "plugin.so"))


def test_the_headers_raise_no_warning(scene):
    source = os.path.join(scene.directory, "all.cpp")
    harness.write(source, b"#include <segdl/segdl.h>\n")
    for compiler, standards in (("g++", ("c++20", "c++23")), ("clang++", ("c++20", "c++2b"))):
        for standard in standards:
            call(compiler, f"-std={standard}", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
                 "-I", os.path.join(ROOT, "include"), source)


def package_fields(path):
    return dict(re.findall(r"^ ?([\w-]+): (.*)$", call("dpkg-deb", "-f", path), re.M))


def test_debian_packages_hold_it_and_name_what_they_need(scene):
    folder = os.path.join(scene.directory, "packages")
    call("cpack", "-G", "DEB", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-B", folder)
    packages = {name.split("_")[0]: os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".deb")}
    assert sorted(packages) == ["libsegdl-dev", "segdl"]

    fields = package_fields(packages["segdl"])
    for needed in ("libc6", "libstdc++6", "libssl3", "libfmt9", "libcpp-httplib0.11", "libxxhash0", "libbrotli1", "libzstd1", "zlib1g"):
        assert re.search(rf"(^|, ){re.escape(needed)} \(", fields["Depends"]), fields
    assert "-dev" not in fields["Depends"] and fields["Recommends"] == "ca-certificates"
    fields = package_fields(packages["libsegdl-dev"])
    for needed in fields["Depends"].split(", "):
        call("dpkg-query", "-s", needed)  # there is such a package: segdl was built with it

    root = os.path.join(scene.directory, "root")
    for path in packages.values():
        call("dpkg-deb", "-x", path, root)
    found = files_below(root)
    for name in ("bin/segdl", "share/man/man1/segdl.1.gz", "share/zsh/vendor-completions/_segdl", "share/doc/segdl/copyright",
                 "share/doc/segdl/changelog.gz", "share/doc/libsegdl-dev/copyright", "include/segdl/segdl.h"):
        assert "usr/" + name in found, found
    origin = scene.origin("--size", "3M")
    call(os.path.join(root, "usr/bin/segdl"), "-q", "-o", "f", origin.url, cwd=scene.out)
    assert harness.read(scene.path("f")) == scene.content(1, 3 * MiB)


if __name__ == "__main__":
    harness.main()
