# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-served over its life: two of it, signals, systemd, a wrong PIN, a database
that goes away."""

import http.client
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from kit import (POSTGRES, SERVED, Server, Station, case, code, desks, main,
                 plug, read_all, same, serving, succeeds)

# what a request meets when its server dies
CUT = (OSError, http.client.HTTPException)


@case
def standby(folder):
    """The second answers that it stands by, and serves when the first dies."""
    with desks(folder) as desk:
        first = Server(desk)
        with serving(desk, "second.conf", "standby") as second:
            with Station(first) as station:
                cert = desk.maker.certificate()
                one = station.license(cert)
                same(one.code, 200)
            with Station(second) as station:
                late = station.license(cert)
                same((late.code, late["status"], late["count"],
                      late.headers["Retry-After"]),
                     (503, "SFI_ERR_IO", "none", "1"))
                assert "standby" in late["message"], late
                same(station.ask("/healthz").json, {"status": "standby"})
                same(second.metrics()['sfi_leader{firmware="blink"}'], 0)
                first.process.kill()
                first.process.communicate()
                second.wait("serving")
                again = station.license(cert)
                same((again["license"], again["again"], again["sequence"]),
                     (one["license"], True, 1))
                new = station.license(desk.maker.certificate(), known={
                    "sequence": one["sequence"], "head": one["head"]})
                same((new.code, new["remaining"]), (200, 98), new)


@case
def killed_under_load(folder):
    """Acknowledged = recorded = counted, whoever serves at the moment."""
    with desks(folder, count=1000) as desk:
        servers = [Server(desk)]
        servers.append(Server(desk, "second.conf", "standby"))
        given, ends = {}, threading.Event()
        lock = threading.Lock()
        certs = [desk.maker.certificate() for _ in range(200)]

        def work(i):
            for cert in certs[i::8]:
                while True:
                    try:
                        with Station(servers[i % 2]) as station:
                            answer = station.license(cert)
                    except CUT:
                        answer = None
                    if answer is not None and answer.code == 200:
                        break
                    i += 1
                    time.sleep(0.02)
                with lock:
                    given[cert] = answer["license"]
                if ends.is_set():
                    return

        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for t in threads:
            t.start()
        for n in range(4):
            time.sleep(0.4)
            servers[n % 2].process.kill()
            servers[n % 2].process.communicate()
            servers[n % 2] = Server(desk, f"server{n}.conf", None)
        for t in threads:
            t.join(120)
        same(len(given), 200)
        for s in servers:
            s.wait("listening")
            s.stop()
        same(desk.remaining(), 800)
        desk.verify()


@case
def hangup(folder):
    """SIGHUP: revoked stations, limits, a mistake, other firmwares."""
    with desks(folder) as desk, serving(desk) as server:
        with Station(server) as station:
            same(station.info().code, 200)
            good = desk.config.read_text()
            desk.config.write_text(good + "[what]\nx = 1\n")
            server.signal(signal.SIGHUP)
            server.wait("reload refused, the old configuration goes on")
            same(station.info().code, 200)
            desk.config.write_text(good.replace("[firmware blink]",
                                                "[firmware blank]"))
            server.signal(signal.SIGHUP)
            server.wait("reload refused, the old configuration goes on", 2)
            desk.config.write_text(good.replace(
                "firmware = blink", "firmware = blink\nrequests-per-minute = 1"
            ))
            server.signal(signal.SIGHUP)
            server.wait("reloaded")
        with Station(server) as station:
            same([station.info().code for _ in range(3)][-1], 429)
        succeeds(SERVED, "--revoke", "ct-07", "--ca", desk.ca)
        with plug(server) as s:
            server.signal(signal.SIGHUP)
            server.wait("reloaded", 2)
            s.settimeout(30)
            same(read_all(s), b"")  # it was idle
        desk.station("ct-08")
        try:
            with Station(server) as station:
                raise AssertionError(station.info())
        except OSError:
            pass
        with Station(server, "ct-08") as station:
            same(station.info().code, 200)


@case
def drained(folder):
    """SIGTERM: what is asked is answered, new ones are not accepted."""
    with desks(folder, count=1000) as desk:
        server = Server(desk)
        codes = []
        certs = [desk.maker.certificate() for _ in range(400)]

        def work(i):
            try:
                with Station(server) as station:
                    for cert in certs[i::4]:
                        codes.append(station.license(cert).code)
            except CUT:
                pass

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        time.sleep(0.2)
        idle = plug(server)
        server.signal(signal.SIGTERM)
        same(server.ends(), "")
        for t in threads:
            t.join(60)
        same(read_all(idle), b"")
        idle.close()
        counted = 1000 - desk.remaining()
        assert codes.count(200) <= counted <= codes.count(200) + 4
        same(set(codes) - {200, 503}, set())
        desk.verify()


@case
def wrong_pin(folder):
    """One try, and the end."""
    with desks(folder) as desk:
        (folder / "pin").write_text("654321\n")
        server = Server(desk, waits_for=None)
        text = server.ends(6)
        assert "PIN" in text and "not tried again" in text, text
        (folder / "pin").write_text("123456\n")
        with serving(desk):
            pass
        (folder / "pin").unlink()
        same(Server(desk, waits_for=None).ends(7)[:10], "sfi-served")


@case
def blank(folder):
    with desks(folder) as desk:
        desk.hsm = desk.hsm + "x" if POSTGRES else f"vault:{folder}/none"
        text = Server(desk, waits_for=None).ends(6)
        assert "blank" in text, text


@case
def port_in_use(folder):
    with desks(folder) as desk, socket.create_server(("127.0.0.1", 0)) as s:
        desk.write(listen="127.0.0.1:%d" % s.getsockname()[1])
        done = subprocess.run([SERVED, "-c", desk.config], timeout=60,
                              capture_output=True, text=True, check=False)
        same(done.returncode, 7, done.stderr)
        assert "cannot listen" in done.stderr, done.stderr


@case
def service_manager(folder):
    """READY=1 when it listens, STOPPING=1; the PIN is a credential."""
    with desks(folder) as desk:
        path = folder / "notify"
        shutil.move(folder / "pin", folder / "blink.pin")
        desk.firmware = {}
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(str(path))
            s.settimeout(60)
            server = Server(desk, NOTIFY_SOCKET=str(path),
                            CREDENTIALS_DIRECTORY=str(folder))
            same(s.recv(100), b"READY=1")
            server.stop()
            same(s.recv(100), b"STOPPING=1")


@case
def plain_port(folder):
    """Health and numbers without a certificate, and nothing else."""
    with desks(folder) as desk, serving(desk) as server:
        def ask(path):
            with socket.create_connection(("127.0.0.1", server.plain)) as s:
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: "
                          "close\r\n\r\n".encode())
                return read_all(s)

        same(code(ask("/healthz")), 200)
        same(code(ask("/metrics")), 200)
        same(code(ask("/v1/info?firmware=blink")), 404)


@case
def database_goes_away(folder):
    """503 until it is back; what was acknowledged is there."""
    if not POSTGRES:
        return
    with desks(folder) as desk:
        desk.database.stop()
        server = Server(desk, waits_for="away")
        with Station(server) as station:
            late = station.info()
            same((late.code, late.headers["Retry-After"]), (503, "1"))
            same(station.ask("/healthz").json, {"status": "no database"})
            desk.database.start()
            server.wait("serving")
            one = station.license(desk.maker.certificate())
            same(one.code, 200)
            desk.database.kill()
            same(station.license(desk.maker.certificate()).code, 503)
            desk.database.start()
            server.wait("serving", 2)
            two = station.license(desk.maker.certificate(), known={
                "sequence": one["sequence"], "head": one["head"]})
            same((two.code, two["remaining"]), (200, 98), two)
            desk.database.cut()
            end = time.monotonic() + 60
            while station.license(desk.maker.certificate()).code != 200:
                assert time.monotonic() < end
                time.sleep(0.05)
        server.stop()
        desk.verify()


@case
def database_is_restored(folder):
    """A base backup of before: the first station that knows more stops it."""
    if not POSTGRES:
        return
    with desks(folder) as desk:
        server = Server(desk)
        with Station(server) as station:
            station.license(desk.maker.certificate())
            backup = desk.database.backup()
            known = station.license(desk.maker.certificate())
            desk.database.restore(backup)
            end = time.monotonic() + 60
            while True:
                answer = station.license(desk.maker.certificate(), known={
                    "sequence": known["sequence"], "head": known["head"]})
                if answer.code == 409:
                    break
                assert answer.code in (500, 503) and time.monotonic() < end, \
                    answer
                time.sleep(0.1)
            same(answer["status"], "SFI_ERR_HSM_ROLLBACK")
            same(desk.remaining(), 99)
        server.stop()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
