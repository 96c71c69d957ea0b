"""What --json prints, held against the tables of doc/json.md: every line has the fields that stand there and no others, and every event that stands there was seen."""
import fcntl
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import termios
import time

import harness
from harness import BINARY, KiB, MiB, kill, pattern, wait_for

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "doc", "json.md")
SEGMENT = 64 * KiB
seen = set()


def read_document():
    """By heading: the fields and their types, in order; a row without a field continues the type. The first table is of what every event has."""
    tables, heading = {}, "all"
    with open(DOCUMENT, encoding="utf-8") as document:
        for line in document:
            named = re.match(r"##+ .*`(?:segdl )?(\w+)[^`]*`", line)
            field = re.match(r"\| `(\w+)` \| ([^|]+) \|", line)
            more = re.match(r"\| \| ([^|]+) \|", line)
            if named:
                heading = named[1]
            elif field:
                name = field[1]
                tables.setdefault(heading, {})[name] = field[2].strip()
            elif more:
                tables[heading][name] += ", " + more[1].strip()
    common, status = tables.pop("all"), tables.pop("status")
    return {event: {**common, **fields} for event, fields in tables.items()}, status


EVENTS, STATUS = read_document()


def is_of(value, kind):
    """Whether a value is of the type that the document gives."""
    if kind.endswith(" or null"):
        return value is None or is_of(value, kind.removesuffix(" or null"))
    if kind.startswith('"'):
        return value in re.findall(r'"(\w+)"', kind)
    if kind == "list of strings":
        return isinstance(value, list) and all(isinstance(text, str) for text in value)
    if kind == "list of ranges":
        return isinstance(value, list) and all(len(r) == 2 and is_of(r[0], "integer") and r[0] < r[1] for r in value)
    return {"integer": type(value) is int and value >= 0, "number": type(value) in (int, float) and value >= 0,
            "string": isinstance(value, str), "boolean": isinstance(value, bool)}[kind]


def check_fields(made, fields):
    assert list(made) == list(fields), (made, list(fields))
    for name, kind in fields.items():
        assert is_of(made[name], kind), f"{name} is not {kind}: {made}"


def check_order(events):
    """The rules about the first line, the last, and what follows what."""
    assert events[0]["event"] == "hello" and events[0]["format"] == 1, events[0]
    begun, over = set(), set()
    for made in events[1:]:
        name, number = made["event"], made.get("id")
        if name == "start":
            assert number not in begun | over, made
            begun.add(number)
        elif name in ("done", "error", "skipped"):
            assert number is None or number not in over, made
            over.add(number)
        elif name != "summary":
            assert number in begun - over, made
    assert begun <= over, "begun and not ended"


def parsed(stdout, whole=True):
    """The objects on standard output; it must hold nothing else."""
    assert stdout.isascii() and (not whole or stdout.endswith("\n"))
    events = [json.loads(line) for line in stdout.splitlines()]
    for made in events:
        check_fields(made, EVENTS[made["event"]])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["time"]), made
        seen.add(made["event"])
    if whole:
        check_order(events)
        assert [e["event"] for e in events].index("summary") == len(events) - 1
    return events


def told(scene, *arguments, code=0, **options):
    done = scene.get("--json", *arguments, code=code, **options)
    events = parsed(done.stdout)
    assert events[-1]["exit_code"] == code, events[-1]
    return events, done.stderr


def of(events, name):
    return [made for made in events if made["event"] == name]


def names_of(events, *left_out):
    return [made["event"] for made in events if made["event"] not in left_out]


def test_a_redirect_a_plan_progress_and_the_end(scene):
    origin = scene.origin("--size", "3M", "--limit-rate", "1M", "--redirect", "/latest=/file")
    events, stderr = told(scene, "-x", "1", f"{origin.base}/latest", "-o", "f")
    assert stderr == ""
    assert names_of(events, "progress") == ["hello", "start", "redirect", "plan", "done", "summary"], names_of(events)
    start, redirect, plan, done = (of(events, name)[0] for name in ("start", "redirect", "plan", "done"))
    assert (start["url"], start["output"], start["list_line"]) == (f"{origin.base}/latest", "f", None)
    assert (redirect["from"], redirect["to"], redirect["http_status"]) == (f"{origin.base}/latest", f"{origin.base}/file", 302)
    assert (plan["total"], plan["reused"], plan["segment_size"], plan["segments"]) == (3 * MiB, 0, SEGMENT, 48)
    assert (plan["validator"], plan["validator_strong"]) == ('"v1"', True)
    assert (done["output"], done["total"], done["fetched"], done["verified_to"]) == ("f", 3 * MiB, 3 * MiB, "strong_validator")
    progress = of(events, "progress")
    assert 1 <= len(progress) <= events[-1]["elapsed"], (len(progress), events[-1])
    assert all(p["total"] == 3 * MiB and p["speed"] > 0 and p["connections"] == 1 for p in progress if p["phase"] == "fetching"), progress
    assert [p["done"] for p in progress] == sorted(p["done"] for p in progress)
    assert (events[-1]["done"], events[-1]["failed"], events[-1]["bytes"]) == (1, 0, 3 * MiB)


def test_a_retry_after_a_cut_and_after_a_refusal(scene):
    origin = scene.origin("--size", "3M", "--cut-at", "1M", "--status-first", "1:503")
    events, _ = told(scene, "-x", "1", origin.url)
    assert names_of(events, "progress") == ["hello", "start", "retry", "plan", "retry", "done", "summary"], names_of(events)
    refused, cut = of(events, "retry")
    assert (refused["cause"], refused["http_status"], refused["reassigned"]) == ("refused", 503, False) and refused["wait"] > 0
    assert (cut["cause"], cut["http_status"], cut["wait"]) == ("network", None, 0) and "closed" in cut["message"], cut
    assert of(events, "done")[0]["retries"] == 2


def interrupted(scene, size=16 * MiB):
    scene.nginx.put("f", pattern(size, 1))
    process = scene.start(scene.nginx.url("f", rate=4096), "-o", "f")
    wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed_segments"] > 20, "progress")
    kill(process)
    return scene.status("f")["claimed"]


def test_a_flipped_byte_is_a_revoked_segment(scene):
    claimed = interrupted(scene)
    with open(scene.path("f.part"), "r+b") as part:
        part.seek(3 * SEGMENT + 17)
        byte = part.read(1)
        part.seek(-1, os.SEEK_CUR)
        part.write(bytes([byte[0] ^ 1]))
    events, _ = told(scene, scene.nginx.url("f", rate=4096), "-o", "f")
    assert [p["reused"] for p in of(events, "plan")] == [claimed]
    assert [(r["begin"], r["end"]) for r in of(events, "revoked")] == [(3 * SEGMENT, 4 * SEGMENT)], of(events, "revoked")
    done = of(events, "done")[0]
    assert (done["reused"], done["revoked"], done["total"]) == (claimed - SEGMENT, SEGMENT, 16 * MiB)


def test_a_file_that_was_replaced_is_a_change_and_a_new_plan(scene):
    claimed = interrupted(scene)
    scene.nginx.put("f", pattern(6 * MiB, 2))
    events, stderr = told(scene, scene.nginx.url("f", rate=4096), "-o", "f")
    assert names_of(events, "progress", "retry") == ["hello", "start", "plan", "changed", "plan", "done", "summary"], names_of(events)
    assert of(events, "changed")[0]["lost"] == claimed, (events, claimed)
    assert [(p["total"], p["reused"]) for p in of(events, "plan")] == [(16 * MiB, claimed), (6 * MiB, 0)]
    assert of(events, "done")[0]["restarts"] == 1
    assert stderr == ""


def test_a_server_without_ranges_is_a_note_and_a_plan_without_segments(scene):
    origin = scene.origin("--size", "100K", "--no-ranges")
    events, _ = told(scene, origin.url)
    plan, note, done = of(events, "plan")[0], of(events, "note")[0], of(events, "done")[0]
    assert (plan["total"], plan["segment_size"], plan["segments"]) == (100 * KiB, None, None)
    assert "does not serve ranges" in note["text"] and done["notes"] == [note["text"]]


def test_a_checksum_is_told_with_how_sure_the_file_is(scene):
    scene.nginx.put("f", b"x" * 1000)
    checksum = "sha-256=" + hashlib.sha256(b"x" * 1000).hexdigest()
    events, _ = told(scene, scene.nginx.url("f"), "--checksum", checksum)
    assert (of(events, "done")[0]["verified_to"], of(events, "done")[0]["checksum"]) == ("digest", checksum), events
    events, _ = told(scene, scene.nginx.url("f"), "-o", "g", "--checksum", "md5=" + 32 * "0", code=6)
    assert of(events, "error")[0]["cause"] == "integrity", events


def test_a_failure_has_its_cause_its_exit_code_and_a_hint(scene):
    scene.nginx.put("f", b"x")
    events, stderr = told(scene, scene.nginx.url("missing?token=secret"), code=4)
    assert names_of(events) == ["hello", "start", "note", "error", "summary"]  # asked once more, without a range
    error = of(events, "error")[0]
    assert (error["cause"], error["exit_code"], error["http_status"], error["resumable"]) == ("refused", 4, 404, False)
    assert error["output"] == "missing" and error["hint"] == "check the URL" and error["hint_codes"] == ["check_url"] and "404" in error["message"]
    assert "404 (not found)" in stderr  # in words as well
    assert "secret" not in json.dumps(events)
    events, _ = told(scene, "ftp://me:hunter2@h/x", code=2)
    assert names_of(events) == ["hello", "error", "summary"] and "hunter2" not in json.dumps(events)
    events, _ = told(scene, scene.nginx.url("f"), "-d", "none", "--no-create-dirs", code=7)
    assert of(events, "error")[0]["cause"] == "local" and "No such file" in of(events, "error")[0]["reason"], events
    for arguments in (["-i", "/no/such/list"], [scene.nginx.url("f"), scene.nginx.url("f?2"), "-d", "none", "--no-create-dirs"]):
        events, _ = told(scene, *arguments, code=7)
        assert names_of(events) == ["hello", "error", "summary"] and of(events, "error")[0]["id"] is None, events


def test_a_file_is_told_by_the_name_that_the_server_gave_it(scene):
    server = scene.raw(lambda connection, request, number: connection.sendall(
        harness.head("200 OK", "Content-Length: 4", 'Content-Disposition: attachment; filename="real"') + b"data"))
    for arguments, code, event in (([], 0, "done"), ([], 10, "error"), (["--skip-existing"], 0, "skipped")):
        events, _ = told(scene, "-J", *arguments, server.url("get"), code=code)
        assert of(events, event)[0]["output"] == "real", events


def test_a_list_has_a_number_for_each_line_whatever_came_of_it(scene):
    for name in ("a", "b", "c"):
        scene.nginx.put(name, name.encode() * 1000)
    harness.write(scene.path("b"), b"here")
    url = scene.nginx.url
    path = os.path.join(scene.directory, "list")
    harness.write(path, f"{url('b')}\nftp://words\n# none\n{url('missing')}\n{url('c')}\tnamed\n".encode())
    events, stderr = told(scene, url("a"), "-i", path, "--skip-existing", code=2)
    assert {e["id"] for e in of(events, "start")} == {1, 4, 5}
    assert {(e["id"], e["output"]) for e in of(events, "done")} == {(1, "a"), (5, "named")}
    assert [(e["id"], e["output"]) for e in of(events, "skipped")] == [(2, "b")]
    errors = {e["id"]: e for e in of(events, "error")}
    assert errors.keys() == {3, 4}
    assert (errors[3]["cause"], errors[3]["list_line"], errors[3]["output"]) == ("usage", f"{path}:2", None)
    assert (errors[4]["cause"], errors[4]["list_line"], errors[4]["output"]) == ("refused", f"{path}:4", "missing")
    summary = events[-1]
    assert [summary[n] for n in ("done", "skipped", "failed", "interrupted", "bytes")] == [2, 1, 2, 0, 2000], summary
    assert "2 of 5 failed" in stderr
    events, _ = told(scene, url("b"), "--skip-existing")
    assert names_of(events) == ["hello", "start", "skipped", "summary"] and events[-1]["skipped"] == 1


def test_a_url_that_is_there_twice_is_skipped_the_second_time(scene):
    scene.nginx.put("a", b"a" * 1000)
    events, _ = told(scene, scene.nginx.url("a"), scene.nginx.url("a"))
    assert [(e["id"], e["output"], e["repeated"]) for e in of(events, "skipped")] == [(2, "a", True)]
    assert [e["id"] for e in of(events, "done")] == [1]
    assert [events[-1][n] for n in ("done", "skipped", "repeated", "failed")] == [1, 0, 1, 0], events[-1]


def test_of_many_files_every_line_is_whole_and_every_one_is_told(scene):
    origin = scene.origin("--size", "1K")
    path = os.path.join(scene.directory, "list")
    harness.write(path, "".join(f"{origin.base}/f{n}\n" for n in range(1500)).encode())
    events, stderr = told(scene, "-i", path, "--sync", "none")
    assert sorted(e["id"] for e in of(events, "done")) == list(range(1, 1501))
    assert events[-1]["done"] == 1500 and stderr == ""


def test_an_interruption_is_an_error_that_can_be_continued(scene):
    for arguments, sent, code in (([], signal.SIGINT, 130), (["--skip-existing", "http://127.0.0.1:1/never", "-j", "1"], signal.SIGTERM, 143)):
        origin = scene.origin("--size", "64M", "--limit-rate", "4M")
        process = scene.start("--json", "-x", "1", origin.url, *arguments)
        wait_for(lambda: os.path.exists(scene.path("file.segdl")) and scene.status("file")["claimed_segments"] > 3, "progress")
        process.send_signal(sent)
        begun = time.monotonic()
        stdout, stderr = process.communicate(timeout=harness.TIMEOUT)
        assert process.returncode == code and time.monotonic() - begun < 0.2, (process.returncode, stderr)
        events = parsed(stdout)
        errors = of(events, "error")
        assert [(e["id"], e["cause"], e["exit_code"], e["resumable"]) for e in errors] == [(1, "cancelled", code, True)], errors
        assert (events[-1]["interrupted"], events[-1]["failed"], events[-1]["exit_code"]) == (1, 0, code)
        assert "to continue\n" in stderr and "file" not in scene.names()
        for name in scene.names():
            os.unlink(scene.path(name))


def test_standard_output_that_cannot_be_written_ends_it_with_code_7(scene):
    origin = scene.origin("--size", "64M", "--limit-rate", "4M")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BINARY, "--json", origin.url], cwd=scene.out, stdout=full, stderr=subprocess.PIPE, text=True, timeout=harness.TIMEOUT)
    assert (done.returncode, done.stderr) == (7, "segdl: write to standard output: No space left on device\n"), done
    done = subprocess.run(["sh", "-c", 'exec "$0" --json "$1" >&-', BINARY, origin.url], cwd=scene.out, stderr=subprocess.PIPE, text=True,
                          timeout=harness.TIMEOUT)
    assert (done.returncode, done.stderr) == (7, "segdl: write to standard output: Bad file descriptor\n"), done
    assert scene.names() == []  # nothing was begun
    for urls in ([origin.url], [origin.url, f"{origin.base}/other"]):
        process = scene.start("--json", "-x", "2", *urls)
        wait_for(lambda: os.path.exists(scene.path("file.segdl")) and scene.status("file")["claimed_segments"] > 3, "progress")
        process.stdout.close()
        assert process.wait(20) == 7
        stderr = process.stderr.read()
        process.stderr.close()
        assert stderr.startswith("segdl: write to standard output: Broken pipe\n") and "to continue\n" in stderr, stderr
        assert scene.status("file")["state"] == "interrupted"
        for name in scene.names():
            os.unlink(scene.path(name))


def waiting_in(pipe):
    """How many bytes nobody has read."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_a_reader_that_stopped_reading_does_not_make_it_deaf(scene):
    path = os.path.join(scene.directory, "list")
    harness.write(path, b"ftp://words\n" * 2000)  # more than a pipe takes
    process = subprocess.Popen([BINARY, "--json", "-i", path], cwd=scene.out, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        wait_for(lambda: waiting_in(process.stdout) > 40 * KiB, "the pipe to fill")
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        assert process.wait(20) == 130
        assert time.monotonic() - begun < 0.3
        assert len(of(parsed(process.stdout.read().rpartition("\n")[0], whole=False), "error")) > 50
    finally:
        process.kill()
        process.stdout.close()


def test_a_slow_reader_gets_every_line(scene):
    path = os.path.join(scene.directory, "list")
    harness.write(path, b"ftp://words\n" * 1000)
    process = subprocess.Popen([BINARY, "--json", "-i", path], cwd=scene.out, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    wait_for(lambda: waiting_in(process.stdout) > 40 * KiB, "the pipe to fill")
    stdout, _ = process.communicate(timeout=harness.TIMEOUT)
    events = parsed(stdout)
    assert process.returncode == 2
    assert [e["id"] for e in of(events, "error")] == list(range(1, 1001))


def test_foreign_text_is_ascii_and_printable_and_names_are_exact(scene):
    def strange(connection, request, number):
        connection.sendall(b'HTTP/1.1 200 OK\r\nETag: "a\xff\xe2\x80\xae"\r\nContent-Length: 5\r\n\r\n12345')
    server = scene.raw(strange)
    events, _ = told(scene, server.url("x"), "-o", "n\u00e4me\t\u202e\n")
    assert of(events, "start")[0]["output"] == of(events, "done")[0]["output"] == "n\u00e4me\t\u202e\n"
    assert scene.names() == ["n\u00e4me\t\u202e\n"]
    assert of(events, "plan")[0]["validator"] in (None, '"a\\xff\\u{202e}"'), of(events, "plan")
    process = subprocess.run([BINARY, "--json", server.url("x"), "-o", b"caf\xe9"], cwd=scene.out, capture_output=True, timeout=harness.TIMEOUT)
    events = parsed(process.stdout.decode("ascii"))
    assert process.returncode == 0 and of(events, "done")[0]["output"] == "caf\\xe9", events


def test_no_secret_is_told(scene):
    origin = scene.origin("--size", "200K", "--redirect", "/a?token=sesame=/file?sig=sesame")
    url = f"{origin.base}/a?token=sesame".replace("http://", "http://alice:hunter2@")
    done = scene.get("--json", url, "-o", "f", "-H", "X-Key: opensesame", "-u", "bob:hunter3")
    events = parsed(done.stdout)
    assert of(events, "start")[0]["url"].endswith("/a?token=***"), events
    for secret in ("hunter", "sesame"):
        assert secret not in done.stdout + done.stderr, done.stdout


def test_it_cannot_go_with_the_file_on_standard_output(scene):
    done = scene.get("--json", "http://h/x", "-o", "-", code=2)
    assert done.stdout == "" and done.stderr.startswith("segdl: --json: can't be combined with standard output"), done.stderr


def test_the_status_has_the_fields_of_the_document(scene):
    interrupted(scene)
    status = scene.status("f")
    check_fields(status, STATUS)
    assert status["format"] == 1 and status["state"] == "interrupted" and status["claims"]
    scene.get(scene.nginx.url("f"), "-o", "f")
    check_fields(scene.status("f"), STATUS)


def test_every_event_of_the_document_was_seen(scene):
    assert seen == set(EVENTS), (set(EVENTS) - seen, seen - set(EVENTS))


if __name__ == "__main__":
    harness.main()
