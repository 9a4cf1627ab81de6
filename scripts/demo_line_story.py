# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Runs the story of a production line with many stations, and proves its count.

scripts/demo-line starts it with the folder of the programs.  Two licence
servers share a vault in PostgreSQL; four stations program eight chips while the
first server is killed; a site without a network works from a lease.
"""

import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import demo_story as demo
from demo_story import DATA, H753, SOURCE, Wrong, chapter, claim, say

sys.path.insert(0, str(SOURCE / "tests/support"))
import postgres  # noqa: E402

STATIONS = ["ct-1", "ct-2", "ct-3", "ct-4"]
CHIPS = 8
COUNT = 20
LEASED = 5
SHOWN = 78  # characters of a station's line


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Line(demo.Story):
    def __init__(self, path):
        super().__init__(path)
        for name in ("server", "site", *STATIONS):
            (path / name).mkdir()
        self.database = postgres.Postgres()
        self.ports = [free_port(), free_port()]
        self.servers = [None, None]
        self.ca = path / "server/ca"

    @property
    def vault(self):
        return self.database.vault("blink")

    def show(self, word):
        return super().show(word).replace(
            f"host={self.database.folder}&user=postgres&", "")

    def close(self):
        for server in self.servers:
            if server is not None:
                server.kill()
                server.wait()
        super().close()
        self.database.close()

    # ---- the servers ----

    def serve(self, which):
        config = self.path / f"server/served-{which + 1}.conf"
        config.write_text(f"""[server]
listen = 127.0.0.1:{self.ports[which]}
certificate = ca/localhost.crt
key = ca/localhost.key
ca = ca/ca.crt
[firmware blink]
ledger = {self.vault}
pin-file = ../pin
[station *]
firmware = blink
[station ct-1]
firmware = blink
lease = yes
""")
        say(f"$ sfi-served -c {self.show(config)} &")
        with open(self.path / f"server/served-{which + 1}.log", "w") as log:
            self.servers[which] = subprocess.Popen(
                [demo.PROGRAMS / "sfi-served", "-c", config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self, which):
        say(f"$ kill -9 {self.servers[which].pid}")
        self.servers[which].kill()
        self.servers[which].wait()
        self.servers[which] = None

    def health(self, which, station=STATIONS[0]):
        """What a server tells of itself, over its TLS."""
        tls = ssl.create_default_context(cafile=self.ca / "ca.crt")
        tls.load_cert_chain(self.ca / f"{station}.crt",
                            self.ca / f"{station}.key")
        url = f"https://localhost:{self.ports[which]}/healthz"
        try:
            with urllib.request.urlopen(url, context=tls, timeout=10) as told:
                return json.load(told)["status"]
        except urllib.error.HTTPError as e:
            return json.load(e)["status"]
        except OSError as e:
            return str(e)

    def await_health(self, which, wanted):
        end = time.monotonic() + 30
        while self.health(which) != wanted:
            if time.monotonic() > end:
                raise Wrong(f"server {which + 1} is {self.health(which)}, not "
                            f"{wanted}")
            time.sleep(0.05)

    # ---- the stations ----

    def name(self, station):
        """Both servers, as this station names them."""
        home = self.path / station
        return (f"server:https://localhost:{self.ports[0]}/blink?"
                f"cert={home}/{station}.crt&key={home}/{station}.key&"
                f"ca={home}/ca.crt&timeout=60&"
                f"also=https://localhost:{self.ports[1]}")

    def remaining(self, hsm):
        return self.ask("-i", hsm, "-info")["remaining"]

    def ask(self, *words):
        """sfi-hsm's answer in JSON."""
        done = subprocess.run([demo.PROGRAMS / "sfi-hsm", *words, "--json"],
                              capture_output=True, text=True, check=True,
                              stdin=subprocess.DEVNULL, timeout=60)
        return json.loads(done.stdout)


class Station(threading.Thread):
    """Programs its chips, one after the other, and keeps what was said."""

    def __init__(self, line, name, image, chips):
        super().__init__(name=name)
        self.line, self.image, self.chips = line, image, chips
        self.said, self.status = [], []

    def run(self):
        for chip in self.chips:
            link = self.line.power_on(chip)
            done = subprocess.run(
                [demo.PROGRAMS / "sfi-program", "-c", f"port={link}", "--yes",
                 "-sfi", "protocol=static", self.image, "hsm=1",
                 f"slot={self.line.name(self.name)}"], capture_output=True,
                text=True, stdin=subprocess.DEVNULL, timeout=300)
            self.line.power_off(chip)
            self.status.append(done.returncode)
            self.said += [line for line in done.stdout.splitlines()
                          if line.startswith(("SFI Process", "HSM COUNTER"))]
            self.said += [line for line in done.stderr.splitlines()
                          if "is away" in line or "error" in line]


# ---- the story --------------------------------------------------------------

def make(line):
    chapter(1, f"The chip maker makes {CHIPS + 2} chips, the OEM an image")
    born = {}
    for k in range(CHIPS + 2):
        chip = f"chip-{k + 1}"
        subprocess.run([demo.PROGRAMS / "sfi-sim", "manufacture", "--ca",
                        line.path / "chip-maker", "--chip", H753, "--state",
                        line.path / "bench" / chip], check=True,
                       capture_output=True)
        born[chip] = line.dump(chip, "flash")
    key, nonce, image = (line.path / "oem" / f"blink.{kind}"
                         for kind in ("key", "nonce", "sfi"))
    line.run("oem", "sfi-create", "--genkey", key, "--gennonce", nonce)
    line.run("oem", "sfi-create", "-sfi", "-fir",
             DATA / f"blink-{H753}.elf", "-k", key, "-n", nonce, "-ob",
             DATA / f"ob-{H753}.csv", "-v", 1, "-devid", "0x450", "-o", image)
    return born, key, nonce, image


def provision(line, key, nonce):
    chapter(2, f"The OEM provisions a vault in PostgreSQL for {COUNT} installs")
    line.run("oem", "sfi-hsm", "-i", line.vault, "-k", key, "-n", nonce, "-id",
             "blink", "-mc", COUNT, "-pd", demo.perso(line, "45002001"),
             "--audit-key", line.path / "oem/audit.key", "--pin-file",
             line.path / "pin", "--yes")
    rows = line.database.sql("SELECT string_agg(v::text, ' ') FROM ("
                             "SELECT * FROM sfi.vault) v")
    claim(key.read_bytes().hex() not in rows,
          "the database has no firmware key in the open")


def begin(line):
    chapter(3, "A CA for servers and stations, and two servers")
    line.run("server", "sfi-served", "--new-ca", line.ca)
    line.run("server", "sfi-served", "--new-server", "localhost", "--ca",
             line.ca)
    for station in STATIONS:
        line.run("server", "sfi-served", "--new-station", station,
                 "--ca", line.ca)
        home = line.path / station
        for name in ("ca.crt", f"{station}.crt", f"{station}.key"):
            (home / name).write_bytes((line.ca / name).read_bytes())
            (home / name).chmod(0o600)
    line.serve(0)
    line.await_health(0, "serving")
    line.serve(1)
    line.await_health(1, "standby")
    claim(True, "the first server serves, the second one stands by")


def await_counts(line, chips):
    """Until so many chips were counted, by the vault itself."""
    end = time.monotonic() + 60
    while line.remaining(line.vault) > COUNT - chips:
        if time.monotonic() > end:
            raise Wrong(f"{chips} chips were not counted within a minute")


def produce(line, born, image):
    chapter(4, f"Four stations program {CHIPS} chips; the server is killed")
    stations = []
    for k, name in enumerate(STATIONS):
        copy = line.path / name / image.name
        copy.write_bytes(image.read_bytes())
        stations.append(Station(line, name, copy,
                                [f"chip-{2 * k + 1}", f"chip-{2 * k + 2}"]))
    for station in stations:
        station.start()
    await_counts(line, 1)
    line.kill(0)
    for station in stations:
        station.join()
        for said in station.said:
            say(f"{station.name} | {line.show(said)[:SHOWN]}")
    claim(all(s.status == [0, 0] for s in stations),
          "every station ended both installs with success")
    firmware = demo.from_elf(DATA / f"blink-{H753}.elf")
    for k in range(CHIPS):
        demo.prove_flash(line, f"chip-{k + 1}", born[f"chip-{k + 1}"], firmware)
    line.await_health(1, "serving")
    claim(line.health(1) == "serving", "the second server has taken over")
    claim(line.remaining(line.name("ct-2")) == COUNT - CHIPS,
          f"{CHIPS} chips were counted, {COUNT - CHIPS} installs are left")


def lease(line, born, image):
    chapter(5, "A site without a network works from a lease")
    site = f"vault:{line.path / 'site/site.vault'}"
    line.run("site", "sfi-hsm", "lease", "--from", line.name("ct-1"), "-n",
             LEASED, "--days", 7, "-o", site, "--site-pin-file",
             line.path / "pin", "--yes")
    claim(line.remaining(line.name("ct-2")) == COUNT - CHIPS - LEASED,
          f"{LEASED} installs have moved to the site")
    copy = line.path / "site" / image.name
    copy.write_bytes(image.read_bytes())
    firmware = demo.from_elf(DATA / f"blink-{H753}.elf")
    for k in (CHIPS + 1, CHIPS + 2):
        chip = f"chip-{k}"
        link = line.power_on(chip)
        line.run("site", "sfi-program", "-c", f"port={link}", "--yes", "-sfi",
                 "protocol=static", copy, "hsm=1", f"slot={site}", "--pin-file",
                 line.path / "pin")
        line.power_off(chip)
        demo.prove_flash(line, chip, born[chip], firmware)
    line.run("site", "sfi-hsm", "return", "--to", line.name("ct-1"), site,
             "--site-pin-file", line.path / "pin", "--yes")
    line.run("site", "sfi-hsm", "-i", site, "-audit",
             line.path / "site/site.log")
    claim(line.remaining(line.name("ct-2")) == COUNT - CHIPS - 2,
          f"{LEASED - 2} came back: {COUNT - CHIPS - 2} are left")


def prove(line):
    chapter(6, "The proof of the count")
    line.run("server", "sfi-hsm", "-i", line.vault, "-audit",
             line.path / "server/line.log")
    words = ["--verify-audit", line.path / "server/line.log",
             line.path / "site/site.log", "--key", line.path / "oem/audit.key"]
    line.run("oem", "sfi-hsm", *words)
    told = line.ask(*words)
    claim(told["maximum"] == COUNT and told["remaining"] ==
          COUNT - CHIPS - 2, f"the logs account for all {COUNT} installs: "
          f"{CHIPS} chips here, 2 at the site, {COUNT - CHIPS - 2} left")
    counted = {line.dump(f"chip-{k + 1}", "certificate")[8:72]
               for k in range(CHIPS + 2)}
    claim(len(counted) == CHIPS + 2,
          f"{CHIPS + 2} different chips hold the firmware")


def main():
    postgres.need()
    with tempfile.TemporaryDirectory(prefix="sfi-line-") as folder:
        line = Line(pathlib.Path(folder))
        pin = line.path / "pin"
        pin.write_text("4711-of-the-line\n")
        pin.chmod(0o600)
        try:
            born, key, nonce, image = make(line)
            provision(line, key, nonce)
            begin(line)
            produce(line, born, image)
            lease(line, born, image)
            prove(line)
        finally:
            line.close()
    print("\nEvery line marked ok was proven from chips, servers and logs.")


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    signal.signal(signal.SIGTERM, demo.stop)
    began = time.monotonic()
    try:
        main()
    except (Wrong, OSError, AssertionError, subprocess.SubprocessError,
            KeyboardInterrupt) as e:
        print(f"\ndemo-line: {e or 'stopped'}", file=sys.stderr)
        sys.exit(1)
    print(f"It took {time.monotonic() - began:.0f} s.")
