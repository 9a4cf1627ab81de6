# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-station, or its kit, and raw requests: no browser, nothing imported that
the stages with sanitisers lack."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["SFI_TEST_SOURCE"],
                                "tests", "programs"))
from check import PROGRAMS, SOURCE, case, main, run, same  # noqa: E402, F401

PATIENCE_S = 60
KIT = os.environ.get("SFI_TEST_STATION_KIT", "")


class Running:
    """A station; `program`: the kit, or the real one."""

    def __init__(self, folder, *options, program=KIT, **more):
        self.files = os.path.join(folder, "files")
        os.makedirs(self.files, exist_ok=True)
        self.process = subprocess.Popen(
            [program, *options, self.files], stdout=subprocess.PIPE, text=True,
            **more)
        self.operator = self.process.stdout.readline().split()[-1]
        self.viewer = self.process.stdout.readline().split()[-1]
        self.origin, _, self.token = self.operator.partition("/#")
        self.host = self.origin.partition("//")[2]
        self.address = ("127.0.0.1", int(self.host.rpartition(":")[2] or 0)) \
            if ":" in self.host else None

    def connect(self):
        return socket.create_connection(self.address, PATIENCE_S)

    def head(self, method, path, headers=(), **names):
        rows = {"Host": self.host, "Origin": self.origin, **names}
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{name.replace('_', '-')}: {value}"
                  for name, value in rows.items() if value is not None]
        return "\r\n".join([*lines, *headers, "", ""]).encode()

    def ask(self, method, path, body=None, kind="application/json", **names):
        """The status, the headers and the body."""
        data = body if isinstance(body, bytes) else \
            b"" if body is None else json.dumps(body).encode()
        if method == "POST":
            names.setdefault("Content_Length", len(data))
            names.setdefault("Content_Type", kind)
        with self.connect() as at:
            with contextlib.suppress(ConnectionError):
                at.sendall(self.head(method, path, **names) + data)
            return answer_of(at)

    def begin(self, token=None, **names):
        """A session: the headers of its requests."""
        code, headers, body = self.ask("POST", "/api/session/begin",
                                       {"token": token or self.token}, **names)
        same(code, 200, body)
        return {"Cookie": headers["set-cookie"].partition(";")[0],
                "X_Station_Key": json.loads(body)["key"]}

    def code(self, *args, **names):
        return self.ask(*args, **names)[0]

    def json(self, *args, **names):
        code, _, body = self.ask(*args, **names)
        same(code, 200, body)
        return json.loads(body)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        same(self.process.wait(PATIENCE_S), 0)
        self.process.stdout.close()


def answer_of(at):
    """Of a request that was sent; (0, {}, b""): closed without one."""
    with contextlib.suppress(ConnectionError), at.makefile("rb") as stream:
        first = stream.readline()
        if not first:
            return 0, {}, b""
        headers = {}
        for line in iter(stream.readline, b"\r\n"):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        return int(first.split()[1]), headers, body
    return 0, {}, b""


@contextlib.contextmanager
def running(folder, *options, **more):
    station = Running(str(folder), *options, **more)
    try:
        yield station
    finally:
        station.stop()
