# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Certificates that are wrong on either side, and peers that misbehave while a
station works."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import threading

import line
from crowd import Client, Crowd
from line import SERVED, Case, PATIENCE, must, wait_until

SOON = 5
LONG_AGO = ("20200101000000Z", "20200201000000Z")
HALVES = 1000  # half requests
# With TLS 1.3 the server's alert may be lost with the connection.
NO_ENTRY = ("SFI_ERR_ACCESS", "SFI_ERR_IO")


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True,
                   capture_output=True, timeout=PATIENCE)


class Peers(Case):
    def key_and_request(self, name, host=None):
        key, request = self.line.new("key"), self.line.new("csr")
        more = ["-addext", f"subjectAltName=DNS:{host}"] if host else []
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request, *more)
        return key, request

    def expired(self, name, host=None):
        """By our CA: over since long."""
        key, request = self.key_and_request(name, host)
        crt, config = self.line.new("crt"), self.line.new("cnf")
        index = self.line.new("index")
        index.touch()
        config.write_text(f"""[ca]
default_ca = d
[d]
database = {index}
new_certs_dir = {self.line.path}
rand_serial = yes
default_md = sha256
policy = p
copy_extensions = copy
[p]
commonName = supplied
""")
        openssl("ca", "-batch", "-notext", "-config", config, "-cert",
                self.line.ca / "ca.crt", "-keyfile", self.line.ca / "ca.key",
                "-in", request, "-out", crt, "-startdate", LONG_AGO[0],
                "-enddate", LONG_AGO[1])
        return crt, key

    def another_ca(self):
        """A folder."""
        folder = self.line.new("ca")
        must(SERVED, "--new-ca", folder)
        return folder

    def foreign(self, kind, name):
        """By another CA."""
        folder = self.another_ca()
        must(SERVED, f"--new-{kind}", name, "--ca", folder)
        return folder / f"{name}.crt", folder / f"{name}.key"

    def refused_station(self, server, vault, identity, *facts):
        """And one with a right certificate is served."""
        used = vault.used()
        bad = self.line.station(identity=identity)
        device, = self.line.devices()
        self.assertRefused(bad.ask(device, vault, server, timeout=SOON),
                           NO_ENTRY, f"{server.url}/{vault.name}", *facts)
        self.assertEqual(vault.used(), used)
        self.assertLicense(self.line.station().ask(device, vault, server))
        self.assertEqual(vault.used(), used + 1)

    def test_certificates_of_stations(self):
        vault = self.line.vault()
        server = self.line.server(vault).start()
        for identity in (self.expired("ct-old"),
                         self.foreign("station", "ct-foreign"),
                         self.line.identity("server", "localhost")):
            self.refused_station(server, vault, identity, "certificate")
        vault.verify()

    def test_revoked(self):
        """In the middle of the work, by the list that SIGHUP reads."""
        ca = self.another_ca()
        must(SERVED, "--new-server", "localhost", "--ca", ca)
        vault = self.line.vault()
        for name in ("ct-good", "ct-bad", "ct-none"):
            must(SERVED, "--new-station", name, "--ca", ca)
        must(SERVED, "--revoke", "ct-none", "--ca", ca)
        server = self.line.server(
            vault, certificate=(ca / "localhost.crt", ca / "localhost.key"),
            ca=ca / "ca.crt", more=f"crl = {ca / 'ca.crl'}").start()
        good, bad = (self.line.station(identity=(ca / f"{n}.crt",
                                                 ca / f"{n}.key"))
                     for n in ("ct-good", "ct-bad"))
        device, new = self.line.devices(2)
        licence = self.assertLicense(
            bad.ask(device, vault, server, ca=ca / "ca.crt"))
        must(SERVED, "--revoke", "ct-bad", "--ca", ca)
        server.process.send_signal(signal.SIGHUP)
        refused = wait_until(
            lambda: (lambda a: a if a.error else None)(
                bad.ask(device, vault, server, ca=ca / "ca.crt",
                        timeout=SOON)), "the list is not used")
        self.assertRefused(refused, NO_ENTRY,
                           f"{server.url}/{vault.name}", "certificate")
        self.assertEqual(vault.used(), 1)
        again = self.assertLicense(
            good.ask(device, vault, server, ca=ca / "ca.crt"))
        self.assertEqual(again, licence)
        self.assertLicense(good.ask(new, vault, server, ca=ca / "ca.crt"))
        self.assertEqual(vault.used(), 2)

    def test_certificates_of_servers(self):
        """The station sends nothing to them, and goes on when the right one is
        there."""
        vault = self.line.vault()
        station = self.line.station()
        for certificate, fact in (
                (self.expired("localhost", "localhost"), "expired"),
                (self.foreign("server", "localhost"), "CA"),
                (self.line.identity("server", "example.org"), "name")):
            server = self.line.server(vault, certificate=certificate)
            server.start()
            device, = self.line.devices()
            self.assertRefused(station.ask(device, vault, server,
                                           timeout=SOON),
                               "SFI_ERR_AUTH", f"{server.url}/{vault.name}",
                               fact)
            self.assertEqual(vault.used(), 0)
            server.stop()
        server = self.line.server(vault).start()
        device, = self.line.devices()
        licence = self.assertLicense(station.ask(device, vault, server))
        self.assertExact(vault, {device: licence}, server)

    def test_tls_1_2(self):
        """Of a station, which the server refuses; of a server, which the
        station refuses."""
        vault = self.line.vault()
        server = self.line.server(vault).start()
        station = self.line.station()
        old = Client(station, server)
        old.tls.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises(OSError):
            old.ask("GET", f"/v1/info?firmware={vault.name}")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*self.line.identity("server", "localhost"))
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"https://localhost:{listener.getsockname()[1]}"
            thread = threading.Thread(target=self.shake_hands,
                                      args=(listener, tls), daemon=True)
            thread.start()
            device, = self.line.devices()
            refused = station.ask(device, vault, url, timeout=SOON)
        self.assertRefused(refused, "SFI_ERR_AUTH", f"{url}/{vault.name}",
                           "TLS 1.3")
        licence = self.assertLicense(station.ask(device, vault, server))
        self.assertExact(vault, {device: licence}, server)

    @staticmethod
    def shake_hands(listener, tls):
        with contextlib.suppress(OSError):
            while True:
                plain = listener.accept()[0]
                with contextlib.suppress(OSError), plain:
                    tls.wrap_socket(plain, server_side=True).close()

    # ---- peers that misbehave while others work ----

    def test_served_meanwhile(self):
        """Half handshakes and requests by the thousand, slow and huge bodies,
        and garbage: stations get licences at once, all the time."""
        vault = self.line.vault()
        server = self.line.server(vault).start()
        crowd = Crowd(vault, [self.line.station() for _ in range(2)], [server],
                      self.line.devices(600))
        crowd.wait_for(20)
        evil = self.line.station("ct-evil")
        tls = Client(evil, server).tls
        with contextlib.ExitStack() as held:
            for attack in (self.half_handshakes, self.garbage, self.half_heads,
                           self.huge_bodies, self.slow_bodies, self.smuggling):
                attack(server, tls, held)
                crowd.wait_for(20)
            # and one that comes only now
            self.assertLicense(self.line.station().ask(
                crowd.devices[0], vault, server))
            self.assertEqual(server.health(), "serving")
            crowd.wait_for(20)
        self.assertExact(vault, crowd.finish(), server)

    def plain(self, server, held):
        s = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        held.callback(s.close)
        return s

    def encrypted(self, server, tls, held):
        """None: the server takes no more."""
        s = self.plain(server, held)
        try:
            return tls.wrap_socket(s, server_hostname="localhost")
        except OSError:
            return None

    @staticmethod
    def send(s, data):
        with contextlib.suppress(OSError):
            s.sendall(data)

    def half_handshakes(self, server, tls, held):
        for k in range(HALVES):
            with contextlib.suppress(OSError):
                self.send(self.plain(server, held), b"\x16\x03\x01\x02"[:k % 5])

    def garbage(self, server, tls, held):
        for k in range(50):
            with contextlib.suppress(OSError):
                self.send(self.plain(server, held), os.urandom(3000))

    def half_heads(self, server, tls, held):
        for k in range(50):
            s = self.encrypted(server, tls, held)
            if s is not None:
                held.callback(s.close)
                self.send(s, b"POST /v1/license HTTP/1.1\r\nHost: l"[:k])

    def huge_bodies(self, server, tls, held):
        for _ in range(3):
            s = self.encrypted(server, tls, held)
            if s is None:
                continue
            held.callback(s.close)
            self.send(s, b"POST /v1/license HTTP/1.1\r\nHost: l\r\n"
                         b"Content-Length: 1048576\r\n\r\n" + b" " * (1 << 20))

    def slow_bodies(self, server, tls, held):
        for _ in range(20):
            s = self.encrypted(server, tls, held)
            if s is not None:
                held.callback(s.close)
                self.send(s, b"POST /v1/license HTTP/1.1\r\nHost: l\r\n"
                             b"Content-Length: 300\r\n\r\n{")

    def smuggling(self, server, tls, held):
        for head in (b"Content-Length: 2\r\nTransfer-Encoding: chunked",
                     b"Content-Length: 2\r\nContent-Length: 3",
                     b"Transfer-Encoding: chunked, identity",
                     b"Transfer-Encoding : chunked", b"Content-Length: +2"):
            s = self.encrypted(server, tls, held)
            if s is not None:
                held.callback(s.close)
                self.send(s, b"POST /v1/license HTTP/1.1\r\nHost: l\r\n" + head +
                          b"\r\n\r\n{}GET /v1/info HTTP/1.1\r\nHost: l\r\n\r\n")


if __name__ == "__main__":
    line.main()
