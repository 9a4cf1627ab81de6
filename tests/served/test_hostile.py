# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-served and peers that mean no good: whatever they send, the server answers
the next station, and nothing is counted."""

import contextlib
import os
import socket
import ssl
import sys
import time

from kit import (GET, SERVED, Station, case, code, desks, main, plug,
                 read_all, same, serving)


def asks(server, data, name="ct-07"):
    """What a raw request gets, until the connection is closed."""
    with plug(server, name) as s:
        s.settimeout(30)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            s.sendall(data)
        return read_all(s)


def still_serves(server):
    with Station(server) as station:
        same(station.info()["remaining"], 100)


def post(headers, body=b""):
    return b"POST /v1/license HTTP/1.1\r\nHost: x\r\n" + headers + \
        b"\r\n" + body


@case
def smuggling(folder):
    """Each is answered 400, and the connection is closed: what stands behind
    is never taken for a request."""
    behind = GET + b"\r\n"
    with desks(folder) as desk, serving(desk) as server:
        for bad in [
                post(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}"),
                post(b"Content-Length: 2\r\nContent-Length: 40\r\n", b"{}"),
                post(b"Content-Length: 2, 2\r\n", b"{}"),
                post(b"Content-Length: +2\r\n", b"{}"),
                post(b"Content-Length: -2\r\n", b"{}"),
                post(b"Content-Length: 0x2\r\n", b"{}"),
                post(b"Content-Length: 2 2\r\n", b"{}"),
                post(b"Content-Length: \r\n", b"{}"),
                post(b"Content-Length : 2\r\n", b"{}"),
                post(b" Content-Length: 2\r\n", b"{}"),
                post(b"Content-Length\t: 2\r\n", b"{}"),
                post(b"Content-Length:\t2\r\n", b"{}"),
                post(b"Content-Length\r\n: 2\r\n", b"{}"),
                post(b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
                     b"2\r\n{}\r\n0\r\n\r\n"),
                post(b"Transfer-Encoding: chunked\r\n",
                     b"2\r\n{}\r\n0\r\n\r\n"),
                post(b"Transfer-Encoding: chunked\r\n",
                     b"ffffffffffffffff\r\n{}"),
                post(b"Transfer-Encoding: chunked\r\n", b"-2\r\n{}"),
                post(b"Transfer-Encoding: xchunked\r\n", b"{}"),
                post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
                post(b"transfer-encoding: identity\r\n", b"{}"),
                post(b"X: y\r\n folded\r\nContent-Length: 2\r\n", b"{}"),
                post(b"X: y\r\n\tfolded\r\nContent-Length: 2\r\n", b"{}"),
                post(b"X: y\nContent-Length: 2\r\n", b"{}"),
                post(b"X: y\rContent-Length: 2\r\n", b"{}"),
                post(b"X: y\r\r\nContent-Length: 2\r\n", b"{}"),
                post(b"X: \0\r\nContent-Length: 2\r\n", b"{}"),
                post(b"X: \xff\r\nContent-Length: 2\r\n", b"{}"),
                post(b": y\r\nContent-Length: 2\r\n", b"{}"),
                post(b"Expect: 100-continue\r\nContent-Length: 2\r\n", b"{}"),
                post(b"Upgrade: h2c\r\nContent-Length: 2\r\n", b"{}"),
                post(b"Host: y\r\nContent-Length: 2\r\n", b"{}"),
                post(b""),
                GET + b"Content-Length: 2\r\n\r\n{}",
                b"GET /healthz HTTP/1.1\r\n\r\n",
                b"GET /healthz HTTP/1.1\nHost: x\n\n",
                b"\r\n" + GET + b"\r\n",
                b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /healthz  HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /healthz HTTP/1.1 \r\nHost: x\r\n\r\n",
                b"GET /health z HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /%2e%2e/etc HTTP/1.1\r\nHost: x\r\n\r\n",
                b"get /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                b"GET /healthz HTTP/11\r\nHost: x\r\n\r\n",
                b"GET /healthz\r\nHost: x\r\n\r\n",
                b"GET /healthz FTP/1.1\r\nHost: x\r\n\r\n"]:
            got = asks(server, bad + behind)
            same((code(got), got.count(b"HTTP/1.1 ")), (400, 1), bad)
            assert b"Connection: close\r\n" in got, got
        still_serves(server)


@case
def two_at_once(folder):
    """The first is answered; the second ends the connection."""
    with desks(folder) as desk, serving(desk) as server:
        got = asks(server, 2 * (GET + b"\r\n"))
        same((code(got), got.count(b" 200 OK"), got.count(b" 400 ")),
             (200, 1, 1), got)
        still_serves(server)


@case
def methods_and_versions(folder):
    with desks(folder) as desk, serving(desk) as server:
        for method in [b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"TRACE",
                       b"PATCH", b"CONNECT", b"PRI", b"X"]:
            got = asks(server, method + b" /v1/license HTTP/1.1\r\nHost: x\r\n"
                       b"\r\n")
            same(code(got), 405, method)
        for version in [b"1.0", b"2.0", b"0.9", b"9.9"]:
            same(code(asks(server, b"GET / HTTP/" + version +
                           b"\r\nHost: x\r\n\r\n")), 505, version)
        still_serves(server)


@case
def large(folder):
    """A body, a line, many lines."""
    with desks(folder) as desk, serving(desk) as server:
        same(code(asks(server, post(b"Content-Length: 8192\r\n",
                                    b"{" + 8191 * b" "))), 400)
        same(code(asks(server, post(b"Content-Length: 8193\r\n"))), 413)
        same(code(asks(server, post(b"Content-Length: 1000000\r\n",
                                    1000000 * b"x"))), 413)
        same(code(asks(server, post(b"Content-Length: " + 30 * b"9" +
                                    b"\r\n"))), 413)
        same(code(asks(server, GET + b"X: " + 2000 * b"x" + b"\r\n\r\n")), 431)
        same(code(asks(server, GET + 100 * b"X: y\r\n" + b"\r\n")), 431)
        same(code(asks(server, b"GET /" + 5000 * b"x")), 431)
        still_serves(server)


@case
def garbage(folder):
    """Before TLS, and in it."""
    with desks(folder) as desk, serving(desk) as server:
        for n in range(60):
            data = os.urandom(1 + 37 * n)
            with socket.create_connection(("127.0.0.1", server.port)) as s:
                with contextlib.suppress(OSError):
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                read_all(s)
            same(code(asks(server, data + b"\r\n\r\n")) in (400, 431), True)
        same(asks_plain(server, GET + b"\r\n"), b"")
        still_serves(server)


def asks_plain(server, data):
    """HTTP where TLS is expected: no answer in HTTP."""
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(data)
        return b"" if b"HTTP/" not in read_all(s) else b"HTTP"


@case
def slow(folder):
    """A handshake, a head and a body that never end: 10 s each, together."""
    with desks(folder) as desk, serving(desk) as server:
        begin = time.monotonic()
        silent = socket.create_connection(("127.0.0.1", server.port))
        head, body, drip = (plug(server) for _ in range(3))
        head.sendall(GET)
        body.sendall(post(b"Content-Length: 10\r\n", b"{"))
        drip.settimeout(0.2)
        got = b""
        while time.monotonic() < begin + 15 and not got:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                drip.sendall(b"G" if time.monotonic() > begin + 99 else b"X")
            with contextlib.suppress(TimeoutError, ConnectionError):
                got = drip.recv(1000)
        same(code(got), 408)
        for s in (head, body):
            s.settimeout(30)
            same(code(read_all(s)), 408)
        silent.settimeout(30)
        same(read_all(silent), b"")
        assert 9 < time.monotonic() - begin < 40
        for s in (silent, head, body, drip):
            s.close()
        still_serves(server)


@case
def half_requests_by_the_thousand(folder):
    """From one station, from nobody: others are served all the while."""
    with desks(folder) as desk:
        desk.station("other")
        desk.server = {"connections": 120}
        desk.sections = {"station *": {"firmware": "blink",
                                       "connections": 40}}
        with serving(desk) as server:
            nobody, held = [], []
            for _ in range(100):
                s = socket.socket()
                s.setblocking(False)
                s.connect_ex(("127.0.0.1", server.port))
                nobody.append(s)
            time.sleep(0.1)
            for s in nobody:
                s.close()
            for _ in range(60):
                s = plug(server)
                s.sendall(GET)
                held.append(s)
            with Station(server, "other") as station:
                same(station.info().code, 200)
            got = asks(server, GET + b"\r\n")
            same(code(got), 429)
            for s in held:
                s.close()
            for _ in range(300):
                with plug(server) as s:
                    s.sendall(GET)
            still_serves(server)
            same(server.metrics()["sfi_connections"] < 5, True)


@case
def limits_of_a_station(folder):
    with desks(folder) as desk:
        desk.station("slow")
        desk.station("small")
        desk.sections = {
            "station slow": {"firmware": "blink", "requests-per-minute": 6},
            "station small": {"firmware": "blink", "devices-per-day": 2},
        }
        with serving(desk) as server:
            with Station(server, "slow") as station:
                codes = [station.info().code for _ in range(8)]
                same(codes[:7], [200] * 6 + [429])
                late = station.info()
                same((late.code, late["status"]), (429, "SFI_ERR_LIMIT"))
                assert 1 <= int(late.headers["Retry-After"]) <= 11
            with Station(server, "small") as station:
                certs = [desk.maker.certificate() for _ in range(3)]
                same([station.license(c).code for c in
                      [certs[0], certs[0], certs[1], certs[2], certs[0]]],
                     [200, 200, 200, 429, 429])
                late = station.license(certs[2])
                assert int(late.headers["Retry-After"]) <= 86400
                same(station.info()["remaining"], 98)


@case
def memory_stays(folder):
    """After the first thousands of requests it grows no more."""
    def resident(server):
        for line in open(f"/proc/{server.process.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1])

    with desks(folder) as desk, serving(desk) as server:
        cert = desk.maker.certificate()

        def some(count):
            with Station(server) as station:
                for _ in range(count):
                    same(station.license(cert).code, 200)
                    station.ask("/v1/license", b"{")
                    station.close()

        some(150)
        before = resident(server)
        some(300)
        after = resident(server)
        # the sanitizers keep what was freed; clang's are in the program
        program = SERVED.read_bytes()
        if b"__asan_init" not in program and b"__tsan_init" not in program:
            assert after < before + 1500, (before, after)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
