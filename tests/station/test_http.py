# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Attacks on sfi-station by HTTP, answered without harm."""

import json
import os
import pathlib
import re
import resource
import select
import socket
import stat
import subprocess
import time

from plain import (KIT, PATIENCE_S, PROGRAMS, SOURCE, answer_of, case, main,
                   run, running, same)

MANY = int(os.environ.get("SFI_TEST_CONNECTIONS", "1000"))
BEGIN = "/api/session/begin"


@case
def hosts_and_origins(folder):
    with running(folder) as at:
        page = at.begin()
        port = at.host.rpartition(":")[2]
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil",
                     f"127.0.0.1:{port}@evil", f"localhost.evil:{port}",
                     "0.0.0.0", "127.0.0.2", "127.0.0.1:", "127.0.0.1:80x"):
            for path in ("/", "/api/session"):
                same(at.code("GET", path, Host=host, Origin=None, **page), 403,
                     host)
            same(at.code("POST", BEGIN, {"token": at.token}, Host=host,
                         Origin=f"http://{host}"), 403, host)
        for host in (f"localhost:{port}", "127.0.0.1:9999", "[::1]:80"):
            same(at.code("GET", "/api/session", Host=host, Origin=None,
                         **page), 200, host)
        for origin in (None, "null", "http://evil.example", "http://127.0.0.1",
                       f"http://127.0.0.1:{int(port) ^ 1}", "127.0.0.1", ""):
            same(at.code("POST", "/api/kit/hold", {"pin": "1"}, Origin=origin,
                         **page), 403, origin)
        same(at.json("GET", "/api/kit/look", **page)["held"], False)


@case
def other_sites(folder):
    with running(folder) as at:
        page = at.begin()
        link = {"Origin": None, "Sec_Fetch_Mode": "navigate",
                "Sec_Fetch_Dest": "document"}
        for site in ("cross-site", "same-site"):
            # a link leads to the page; a frame, a script, an image do not
            same(at.code("GET", "/", Sec_Fetch_Site=site, **link), 200)
            for path, mode, dest in (("/", "navigate", "iframe"),
                                     ("/main.js", "no-cors", "script"),
                                     ("/icon.svg", "no-cors", "image")):
                same(at.code("GET", path, Origin=None, Sec_Fetch_Site=site,
                             Sec_Fetch_Mode=mode, Sec_Fetch_Dest=dest), 403)
            same(at.code("GET", "/api/session", Sec_Fetch_Site=site,
                         **link, **page), 403)
            for kind in ("text/plain", "application/x-www-form-urlencoded",
                         "application/json"):
                same(at.code("POST", "/api/kit/hold", {"pin": "1"}, kind,
                             Sec_Fetch_Site=site, **page), 403)
        for kind in ("text/plain", "application/x-www-form-urlencoded",
                     "multipart/form-data; boundary=x", ""):
            same(at.code("POST", "/api/kit/hold", {"pin": "1"}, kind, **page),
                 400, kind)
        code, headers, _ = at.ask("OPTIONS", "/api/kit/hold", **page,
                                  Access_Control_Request_Method="POST")
        same(code, 405)
        same([name for name in headers if name.startswith("access-")], [])
        same(at.json("GET", "/api/kit/look", **page)["held"], False)


@case
def headers_of_answers(folder):
    with running(folder) as at:
        for path in ("/", "/main.js", "/nothing", "/api/session"):
            _, headers, _ = at.ask("GET", path, Origin=None)
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'"), policy
            assert "unsafe" not in policy, policy
            same([headers[name] for name in
                  ("x-content-type-options", "x-frame-options",
                   "referrer-policy", "cache-control")],
                 ["nosniff", "DENY", "no-referrer", "no-store"])
            assert "access-control-allow-origin" not in headers, headers


@case
def sessions(folder):
    with running(folder) as at:
        began = time.monotonic()
        for token in ("0" * 32, "", at.token[:-1], at.token + "0"):
            same(at.code("POST", BEGIN, {"token": token}), 403)
        assert time.monotonic() - began > 1, "wrong tokens cost nothing"
        same(at.code("POST", BEGIN, {}), 403)
        same(at.code("GET", BEGIN), 401)
        first, second = at.begin(), at.begin()
        mixed = {**first, "X_Station_Key": second["X_Station_Key"]}
        for bad in ({}, mixed, {"Cookie": first["Cookie"]},
                    {"X_Station_Key": first["X_Station_Key"]},
                    {**first, "X_Station_Key": "0" * 32},
                    {**first, "X_Station_Key": ""},
                    {**first, "Cookie": "sfi-station="}):
            same(at.code("GET", "/api/session", **bad), 401, bad)
            same(at.code("GET", "/api/events", **bad), 401, bad)
        other = f"a=b; {first['Cookie']}; sfi-station-1=" + "0" * 32
        same(at.code("GET", "/api/session",
                     **{**first, "Cookie": other}), 200)


@case
def tabs_share_a_cookie(folder):
    with running(folder) as at:
        first = at.begin()
        second = at.begin(Cookie=first["Cookie"])
        same(second["Cookie"], first["Cookie"])
        assert second["X_Station_Key"] != first["X_Station_Key"]
        port = at.host.rpartition(":")[2]
        assert first["Cookie"].startswith(f"sfi-station-{port}="), first
        for tab in (first, second):
            same(at.code("GET", "/api/session", **tab), 200)
        # the link again, in the same tab
        same(at.begin(**first), first)
        same(at.json("GET", "/api/session", **first)["operates"], True)
        same(at.json("GET", "/api/session", **second)["operates"], False)
        at.ask("POST", "/api/session/end", {}, **first)
        same(at.code("GET", "/api/session", **first), 401)
        same(at.code("GET", "/api/session", **second), 200)


@case
def sessions_that_are_gone_make_room(folder):
    with running(folder) as at:
        operator = at.begin()
        for _ in range(40):
            at.begin(at.viewer.partition("#")[2])
        same(at.json("GET", "/api/session", **operator)["operates"], True)


@case
def an_end_closes_the_stream(folder):
    with running(folder) as at:
        page = at.begin()
        with at.connect() as stream:
            stream.sendall(at.head("GET", "/api/events", **page))
            assert stream.recv(4096).startswith(b"HTTP/1.1 200 ")
            same(at.code("POST", "/api/session/end", {}, **page), 204)
            text = b""
            while not text.endswith(b"0\r\n\r\n"):
                text += stream.recv(4096)
        same(at.code("GET", "/api/events", **page), 401)


@case
def viewers_change_nothing(folder):
    with running(folder) as at:
        at.begin()
        viewer = at.begin(at.viewer.partition("#")[2])
        same(at.code("POST", "/api/kit/hold", {"pin": "1"}, **viewer), 403)
        same(at.code("POST", "/api/session/operate", {}, **viewer), 403)
        same(at.json("GET", "/api/kit/look", **viewer),
             {"operates": False, "held": False})


def routes():
    """Of all desks: path and kind."""
    found = []
    for file in sorted((SOURCE / "examples" / "station").glob("*.c")):
        found += re.findall(r'\{\s*"([a-z_/]+)",\s*ROUTE_([A-Z]+),',
                            file.read_text())
    return found


@case
def every_route_by_its_method(folder):
    rows = routes()
    same({kind for _, kind in rows} >= {"LOOK", "CHANGE"}, True, rows)
    with running(folder, program=PROGRAMS / "sfi-station") as at:
        operator = at.begin()
        viewer = at.begin(at.viewer.partition("#")[2])
        for path, kind in rows:
            path = "/api/" + path
            same(at.code("POST", path, {}), 401, path)
            if kind != "LOOK":
                same(at.code("GET", path, **operator), 405, path)
            if kind == "CHANGE":
                same(at.code("POST", path, {}, **viewer), 403, path)
        for path in ("session/operate", "session/lock"):
            same(at.code("POST", "/api/" + path, {}, **viewer), 403, path)
        for method in ("PUT", "DELETE", "PATCH", "HEAD", "TRACE", "CONNECT"):
            same(at.code(method, "/api/session", **operator), 405, method)
        for path in ("session/operate", "session/lock", "session/end"):
            assert at.code("GET", "/api/" + path, **operator) >= 400, path
        same(at.json("GET", "/api/session", **operator)["operates"], True)


@case
def names_stay_in_their_folders(folder):
    secret = folder / "secret"
    secret.write_text("x")
    with running(folder) as at:
        page = at.begin()
        files = pathlib.Path(at.files)
        (files / "good").write_text("x")
        (files / "link").symlink_to(secret)
        (files / "out").symlink_to(folder)
        (files / "inside").symlink_to(files / "good")

        def code(name, write=False):
            return at.code("POST", "/api/kit/path",
                           {"name": name, "write": write}, **page)

        same(code("files/good"), 200)
        same(code("files/inside"), 200)
        same(code("files/new", True), 200)
        for name in ("files/../secret", "files/..", "../secret", str(secret),
                     "files/link", "files/out/secret", "files//../secret",
                     "files/./../secret", "files\\..\\secret",
                     "files/%2e%2e/secret", "files%2f..%2fsecret", "", "/",
                     "files/" + "x" * 5000, "files/good\n", "files/./good/..",
                     "file", "files2/good"):
            same(code(name) in (400, 422), True, name)
        body = b'{"name": "files/good\\u0000/../../secret"}'
        same(at.code("POST", "/api/kit/path", body, **page), 400)
        for path in ("/../main.js", "/%2e%2e/x", "//main.js", "/./main.js",
                     "/api/../main.js", "/main.js%00"):
            assert at.code("GET", path, Origin=None) in (400, 401, 404), path


@case
def broken_requests(folder):
    with running(folder) as at:
        page = at.begin()
        good = at.head("GET", "/", Origin=None)
        for broken in (
                b"GET / HTTP/1.1\nHost: 127.0.0.1\n\n",
                b"GET / HTTP/1.1\r\n\r\n",
                good.replace(b"\r\n\r\n", b"\r\n x\r\n\r\n"),
                good[:-2] + good[16:], b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
                at.head("POST", BEGIN, ["Content-Length: 2"] * 2) + b"{}",
                at.head("POST", BEGIN, ["Content-Length: +2"]) + b"{}",
                at.head("POST", BEGIN, ["Content-Length: 0x2"]) + b"{}",
                at.head("POST", BEGIN, ["Transfer-Encoding: chunked"])
                + b"2\r\n{}\r\n0\r\n\r\n",
                at.head("POST", BEGIN, ["Transfer-Encoding : chunked",
                                        "Content-Length: 2"]) + b"{}",
                at.head("POST", BEGIN),
                at.head("GET", "/", ["Content-Length: 2"]),
                at.head("POST", BEGIN, ["Expect: 100-continue",
                                        "Content-Length: 2"]),
                at.head("GET", "/", ["a: " + "x" * 9000]),
                at.head("GET", "/", ["a: x"] * 100),
                b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with at.connect() as raw:
                raw.sendall(broken)
                code = answer_of(raw)[0]
            assert 400 <= code < 600 and code != 401, (code, broken[:80])
        with at.connect() as raw:  # a second request behind the first one
            raw.sendall(good + at.head("GET", "/api/session", **page))
            same([answer_of(raw)[0]], [200])
        same(at.code("GET", "/api/session", **page), 200)


@case
def bodies_are_bounded(folder):
    huge = str(1 << 30)
    with running(folder) as at:
        page = at.begin()
        rows = [("/api/kit/upload", page, huge, 413),
                ("/api/kit/upload", {}, huge, 413),
                ("/api/kit/upload", {}, "16777216", 401),
                ("/api/kit/look", page, "65537", 413),
                ("/api/kit/hold", page, "16777216", 413),
                (BEGIN, {}, "2000", 401), (BEGIN, {}, "9" * 30, 413)]
        for path, session, size, code in rows:
            with at.connect() as raw:  # answered before anything follows
                raw.sendall(at.head("POST", path, Content_Length=size,
                                    Content_Type="application/octet-stream",
                                    **session))
                same(answer_of(raw)[0], code, (path, size))
        data = bytes(16 << 20)
        same(at.json("POST", "/api/kit/upload", data,
                     "application/octet-stream", X_File_Name="a%20%3Cb%3E",
                     **page), {"size": len(data), "name": "a <b>"})


@case
def depth_bombs(folder):
    with running(folder) as at:
        page = at.begin()
        for body in (b"[" * 60000, b'{"a":' * 10000, b'{"a":1,"a":2}', b"[]",
                     b"", b"\xff\xfe", b'{"a":"\\ud800"}', b"nul",
                     b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}"):
            same(at.code("POST", "/api/kit/look", body, **page), 400, body[:9])
        same(at.code("GET", "/api/session", **page), 200)


def slow(at, number):
    """Connections that begin, and do not go on."""
    sockets = []
    for i in range(number):
        raw = socket.create_connection(at.address, PATIENCE_S)
        if i % 3 == 1:
            raw.sendall(b"GET / HT")
        elif i % 3 == 2:
            raw.sendall(at.head("POST", BEGIN, Content_Length=500) + b"{")
        sockets.append(raw)
    return sockets


@case
def slow_connections(folder):
    with running(folder) as at:
        page = at.begin()
        stream = at.connect()
        stream.sendall(at.head("GET", "/api/events", **page))
        assert stream.recv(4096).startswith(b"HTTP/1.1 200 ")
        sockets = slow(at, MANY // 2)
        began = time.monotonic()
        same(at.json("POST", "/api/kit/hold", {"pin": "1"}, **page)["held"],
             True)
        took = time.monotonic() - began
        sockets += slow(at, MANY - MANY // 2)  # which takes its time
        began = time.monotonic()
        same(at.code("GET", "/", Origin=None), 200)
        same(at.code("POST", "/api/session/lock", {}, **page), 200)
        took += time.monotonic() - began
        assert took < PATIENCE_S / 2, took
        text = b""
        while b'"open":false' not in text.replace(b" ", b""):
            text += stream.recv(4096)
        for raw in (*sockets, stream):
            raw.close()


@case
def low_limit_of_descriptors(folder):
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))

    with running(folder, preexec_fn=limit, stderr=subprocess.DEVNULL) as at:
        page = at.begin()
        sockets = slow(at, 200)
        same(at.code("GET", "/api/session", **page), 200)
        for raw in sockets:
            raw.close()


@case
def a_slow_desk_stops_nobody(folder):
    with running(folder) as at:
        page = at.begin()
        with at.connect() as raw:
            body = b'{"sleep_ms": 600}'
            raw.sendall(at.head("POST", "/api/kit/look",
                                Content_Length=len(body),
                                Content_Type="application/json", **page) + body)
            same(at.code("GET", "/api/session", **page), 200)
            same(select.select([raw], [], [], 0)[0], [])
            same(answer_of(raw)[0], 200)
        with at.connect() as raw:  # nobody waits for the answer
            raw.sendall(at.head("POST", "/api/kit/look",
                                Content_Length=len(body),
                                Content_Type="application/json", **page) + body)
        same(at.code("GET", "/api/kit/look", **page), 200)


@case
def pins_are_locked(folder):
    with running(folder, "--idle", "1s") as at:
        page = at.begin()
        same(at.json("POST", "/api/kit/hold", {"pin": "12345678"},
                     **page)["held"], True)
        end = time.monotonic() + PATIENCE_S
        while at.json("GET", "/api/kit/look", **page)["held"]:
            assert time.monotonic() < end
            time.sleep(0.1)
    with running(folder, "--idle", "2") as at:
        first, second = at.begin(), at.begin()
        at.json("POST", "/api/kit/hold", {"pin": "12345678"}, **first)
        same(at.json("POST", "/api/session/operate", {}, **second)["operates"],
             True)
        same(at.json("GET", "/api/kit/look", **second)["held"], False)
    for text in ("0", "0s", "1h", "s", "1441", "86401s", "-1", "1 s"):
        same(run(KIT, "--idle", text, folder).returncode, 64, text)


@case
def other_users(folder):
    """They see neither memory nor socket nor token."""
    path = folder / "socket"
    with running(folder, "--socket", str(path)) as at:
        same(stat.S_IMODE(path.stat().st_mode), 0o600)
        same(stat.S_ISSOCK(path.stat().st_mode), True)
        # of a process that cannot be dumped, this is root's
        same(os.stat(f"/proc/{at.process.pid}/environ").st_uid, 0)
        with open(f"/proc/{at.process.pid}/limits", encoding="ascii") as file:
            core = next(row for row in file if row.startswith("Max core"))
        same(core.split()[4:6], ["0", "0"])
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(PATIENCE_S)
            raw.connect(str(path))
            raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            same(answer_of(raw)[0], 200)
    same(path.exists(), False)
    path.write_text("not a socket")
    same(run(KIT, "--socket", str(path), folder).returncode != 0, True)
    same(path.read_text(), "not a socket")


OPENER = """#!/bin/sh
stat -c %a "$1" > seen.new; echo "$1" >> seen.new; cat "$1" >> seen.new
mv seen.new seen
"""


@case
def open_gives_no_token_away(folder):
    (folder / "xdg-open").write_text(OPENER)
    (folder / "xdg-open").chmod(0o700)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}",
           "XDG_RUNTIME_DIR": str(folder)}
    with running(folder, "--open", env=env, cwd=folder) as at:
        end = time.monotonic() + PATIENCE_S
        while not (folder / "seen").exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        mode, name, text = (folder / "seen").read_text().split("\n", 2)
        same(mode, "600")
        assert at.token not in name, name
        assert f"url={at.operator}\"" in text, text
        same(os.path.exists(name), True)
        at.begin()
        same(os.path.exists(os.path.dirname(name)), False)


@case
def told_at_most_ten_times_a_second(folder):
    with running(folder) as at:
        page = at.begin()
        with at.connect() as stream, at.connect() as raw:
            stream.sendall(at.head("GET", "/api/events", **page))
            body = json.dumps({"sockets": 32, "ms": 1000}).encode()
            raw.sendall(at.head("POST", "/api/kit/tell",
                                Content_Length=len(body),
                                Content_Type="application/json", **page) + body)
            text = b""
            while not select.select([raw], [], [], 0)[0]:
                if select.select([stream], [], [], 0.05)[0]:
                    text += stream.recv(1 << 20)
            same(answer_of(raw)[0], 200)
        events = text.count(b"event: new")
        assert 1 <= events <= 12, events


if __name__ == "__main__":
    main()
