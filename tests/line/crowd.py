# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Stations that ask one licence after the other and repeat what got no answer,
as fast as Python can: the load for faults.  They speak HTTP by themselves."""

import http.client
import json
import random
import socket
import ssl
import sys
import threading
import time

from line import PATIENCE

# Python's threads would make each other wait for longer than the server does.
sys.setswitchinterval(0.0005)

BUSY = (429, 503)
PAUSE = 0.02  # before the next try


class Client:
    """One kept connection of a station."""

    def __init__(self, station, server, timeout=PATIENCE):
        self.station, self.server, self.timeout = station, server, timeout
        self.tls = ssl.create_default_context(cafile=station.line.ca / "ca.crt")
        self.tls.load_cert_chain(station.crt, station.key)
        self.link = None

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.server.port),
                                         self.timeout)
        link = http.client.HTTPConnection("localhost", self.server.port)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.sock = self.tls.wrap_socket(plain,
                                             server_hostname="localhost")
        except OSError:
            plain.close()
            raise
        self.link = link

    def ask(self, method, path, body=None):
        """(HTTP's code, the JSON); OSError and HTTPException when cut."""
        if self.link is None:
            self.connect()
        try:
            self.link.request(
                method, path, None if body is None else json.dumps(body),
                {"Content-Type": "application/json"})
            answer = self.link.getresponse()
            data = answer.read()
            if answer.will_close:
                self.close()
            return answer.status, json.loads(data)
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            raise

    def request(self, vault, device):
        return self.ask("POST", "/v1/license", {
            "firmware": vault.name, "certificate": device.hex(),
            "kind": "static"})

    def license(self, vault, device):
        """(licence, whether it was counted before)"""
        code, told = self.request(vault, device)
        assert code == 200, f"{code}: {told}"
        return bytes.fromhex(told["license"]), told["again"]

    def close(self):
        if self.link is not None:
            self.link.close()
        self.link = None


class Crowd:
    """`stations` ask `servers` in turn for licences of `devices`, each once and
    then, until finish(), for the same again."""

    def __init__(self, vault, stations, servers, devices):
        self.vault, self.servers = vault, servers
        self.devices, self.waiting = devices, list(reversed(devices))
        self.lock = threading.Condition()
        self.licenses = {}  # {device: licence}, acknowledged
        self.wrong = []     # what no station should see
        self.answers = self.cuts = self.busy = 0
        self.over = False
        self.threads = [threading.Thread(target=self.work, args=(s, k))
                        for k, s in enumerate(stations)]
        for thread in self.threads:
            thread.start()

    def next(self):
        with self.lock:
            if self.over or self.wrong:
                return None
            if self.waiting:
                return self.waiting.pop()
            self.lock.wait_for(lambda: self.licenses or self.wrong, PATIENCE)
            return random.choice(list(self.licenses))

    def work(self, station, k):
        clients = [Client(station, s) for s in self.servers]
        try:
            device = self.next()
            while device is not None:
                self.insist(clients, k, device)
                device = self.next()
        except Exception as e:  # noqa: B902  told by the test
            with self.lock:
                self.wrong.append(repr(e))
                self.lock.notify_all()
        for client in clients:
            client.close()

    def insist(self, clients, k, device):
        end = time.monotonic() + PATIENCE
        while True:
            client = clients[k % len(clients)]
            try:
                code, told = client.request(self.vault, device)
                if code not in BUSY:
                    break
                self.busy += 1
                last = f"{code}: {told}"
            except (OSError, http.client.HTTPException, ValueError) as e:
                self.cuts += 1
                last = repr(e)
            assert time.monotonic() < end, f"a device got no answer: {last}"
            k += 1
            time.sleep(PAUSE)
        with self.lock:
            licence = bytes.fromhex(told["license"]) if code == 200 else None
            if self.licenses.setdefault(device, licence) != licence or \
                    licence is None:
                self.wrong.append(f"{code}: {told}")
            self.answers += 1
            self.lock.notify_all()

    def wait_for(self, more):
        """Until so many more answers came."""
        with self.lock:
            goal = self.answers + more
            assert self.lock.wait_for(
                lambda: self.answers >= goal or self.wrong, PATIENCE), \
                f"{self.answers} of {goal} licences came"
            assert not self.wrong, self.wrong

    def finish(self):
        """No new devices; each that was asked for is acknowledged.  The
        licences."""
        self.over = True
        for thread in self.threads:
            thread.join()
        assert not self.wrong, self.wrong
        return self.licenses
