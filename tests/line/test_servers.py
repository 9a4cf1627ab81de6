# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Licence servers that die, hang, come back and think that they are alone; a
network that loses answers; a wrong PIN; a clock that somebody sets."""

import json
import os
import pathlib
import signal

import line
from bench import DATA, H753, Bench, Result, option_words, start
from crowd import Crowd
from line import CLOCK, Case, secret, wait_until
from relay import Relay

STATIONS = 4
KILLS = 3
GANG = 4
DAY = 24 * 3600


class Servers(Case):
    def stations(self, count=STATIONS):
        return [self.line.station() for _ in range(count)]

    def crowd(self, vault, *servers, count=600):
        return Crowd(vault, self.stations(), servers, self.line.devices(count))

    def pair(self, vault):
        """The one that serves, and the one that stands by."""
        first = self.line.server(vault).start()
        second = self.line.server(vault).start("standby")
        return first, second

    def one_of(self, *servers):
        """The one that serves, and the one that stands by.  The second may have
        taken over with a session that was about to be cut, too: then the
        first may have it back."""
        def words():
            return [server.health() for server in servers]
        wait_until(lambda: sorted(map(str, words())) == ["serving", "standby"],
                   lambda: f"{words()}:\n{servers[0].said()}")
        return servers if words()[0] == "serving" else servers[::-1]

    def test_kills(self):
        """Of the server, and of the database, by turns."""
        vault = self.line.vault()
        server = self.line.server(vault).start()
        crowd = self.crowd(vault, server, count=1000)
        for _ in range(KILLS):
            crowd.wait_for(20)
            server.kill()
            server.start()
            crowd.wait_for(20)
            self.line.database.kill()
            self.line.database.start()
        crowd.wait_for(20)
        self.assertExact(vault, crowd.finish(), server)

    def test_takeover(self):
        vault = self.line.vault()
        first, second = self.pair(vault)
        crowd = self.crowd(vault, first, second)
        crowd.wait_for(30)
        first.kill()
        crowd.wait_for(30)
        self.assertEqual(second.health(), "serving")
        first.start("standby")
        second.stop()
        crowd.wait_for(30)
        self.assertEqual(first.health(), "serving")
        self.assertExact(vault, crowd.finish(), first)

    def test_station_changes_server(self):
        """sfi-program has both names (also=)."""
        vault = self.line.vault()
        first, second = self.pair(vault)
        station = self.line.station()
        one, two = self.line.devices(2)
        licenses = {one: self.assertLicense(
            station.ask(one, vault, second, first))}
        first.kill()
        licenses[two] = self.assertLicense(
            station.ask(two, vault, first, second))
        self.assertExact(vault, licenses, second)

    def test_both_believe(self):
        """The first one hangs and loses its session, the second takes over; then
        the first goes on as if nothing had been."""
        vault = self.line.vault()
        first, second = self.pair(vault)
        crowd = self.crowd(vault, first, second)
        for _ in range(2):
            crowd.wait_for(30)
            os.kill(first.process.pid, signal.SIGSTOP)
            self.line.database.cut()
            second.wait("serving")
            os.kill(first.process.pid, signal.SIGCONT)
            crowd.wait_for(60)
            first, second = self.one_of(first, second)
        self.assertExact(vault, crowd.finish(), first)

    def test_learns_without_requests(self):
        """Of a takeover, and of a database that is gone."""
        first, second = self.pair(self.line.vault())
        os.kill(first.process.pid, signal.SIGSTOP)
        self.line.database.cut()
        second.wait("serving")
        os.kill(first.process.pid, signal.SIGCONT)
        first, second = self.one_of(first, second)
        self.line.database.kill()
        first.wait("no database")
        self.line.database.start()
        self.one_of(first, second)

    def test_answer_lost(self):
        """The network is cut after the COMMIT and before the answer: the station
        asks again by itself."""
        vault = self.line.vault()
        server = self.line.server(vault).start()
        station = self.line.station()
        relay = Relay(station, server)
        self.addCleanup(relay.close)
        device, = self.line.devices()
        relay.lose = 2
        licence = self.assertLicense(station.ask(device, vault, relay))
        self.assertEqual(relay.lost, 2)
        self.assertExact(vault, {device: licence}, server)

    def test_answer_lost_for_good(self):
        """The station gives up: it says that perhaps it was counted, and the
        next try gets the same licence."""
        vault = self.line.vault()
        server = self.line.server(vault).start()
        station = self.line.station()
        relay = Relay(station, server)
        self.addCleanup(relay.close)
        device, = self.line.devices()
        relay.lose = 1000
        lost = station.ask(device, vault, relay, timeout=2)
        self.assertRefused(lost, "SFI_ERR_IO", f"{relay.url}/{vault.name}",
                           "perhaps", "counted")
        self.assertGreater(relay.lost, 0)
        self.assertEqual(vault.used(), 1)
        relay.lose = 0
        licence = self.assertLicense(station.ask(device, vault, relay))
        self.assertExact(vault, {device: licence}, server)

    def test_wrong_pin(self):
        """One start costs one try: the server ends and does not try it again."""
        vault = self.line.vault()
        wrong = secret(self.line.new("pin"), "0000-wrong")
        server = self.line.server(vault, pin=wrong)
        server.start_process()
        self.assertEqual(server.ended(), 6)
        self.assertRegex(server.said(), "wrong PIN, 9 tries left")
        self.assertEqual(vault.info()["pin_tries_left"], 9)
        device, = self.line.devices()
        refused = self.line.station().ask(device, vault, server, timeout=1)
        self.assertRefused(refused, "SFI_ERR_NO_DEVICE",
                           f"{server.url}/{vault.name}", "connect")
        wrong.write_text(self.line.pin.read_text())
        server.start()
        licence = self.assertLicense(
            self.line.station().ask(device, vault, server))
        self.assertExact(vault, {device: licence}, server)
        self.assertEqual(vault.info()["pin_tries_left"], 10)

    def test_clock_set_back(self):
        """Of the server's machine: an hour, two days, and forward again."""
        if not pathlib.Path(CLOCK).exists():
            self.skipTest("no library for LD_PRELOAD with a sanitiser")
        clock = self.line.new("clock")
        clock.write_text("0")
        vault = self.line.vault()
        server = self.line.server(vault)
        server.env = {"LD_PRELOAD": CLOCK, "SFI_TEST_CLOCK": str(clock)}
        server.start()
        crowd = self.crowd(vault, server)
        for offset in (-3600, -2 * DAY, 0, -300, DAY, 0):
            crowd.wait_for(15)
            clock.write_text(str(offset))
        crowd.wait_for(15)
        self.assertExact(vault, crowd.finish(), server)

    def test_gangs(self):
        """Four stations with four chips each, while the server is killed: every
        chip is installed once."""
        b = Bench()
        self.addCleanup(b.close)
        perso = b.perso(H753)
        vault = self.line.vault(STATIONS * GANG, perso=perso, key=b.path /
                                "key.bin", nonce=b.path / "nonce.bin")
        server = self.line.server(vault).start()
        big = b.path / "big.bin"
        big.write_bytes(bytes(range(1, 256)) * 1600)
        image = b.image(H753, "big.sfi", big, "0x08000000")
        stations = self.stations()
        parts = [[b.chip(H753, f"{s.name}-{k}").start() for k in range(GANG)]
                 for s in stations]
        server.kill()
        running = [
            start("sfi-program", "--gang", ",".join(str(p.link) for p in ps),
                  "--record", b.path / f"{s.name}.record", "--yes", "-sfi",
                  image, "hsm=1", f"slot={s.hsm(vault, server)}", "--json")
            for s, ps in zip(stations, parts)]
        for _ in range(KILLS):
            server.start()
            used = vault.used()
            wait_until(lambda: vault.used() > used or
                       all(p.poll() is not None for p in running),
                       "nothing is installed")
            server.kill()
        server.start()
        for process in running:
            result = Result.of(process)
            self.assertEnded(result, 0)
            told = json.loads(result.out)
            self.assertEqual((told["succeeded"], told["failed"]), (GANG, 0))
        records = [json.loads(text) for s in stations for text in
                   (b.path / f"{s.name}.record").read_text().splitlines()]
        self.assertEqual(len(records), STATIONS * GANG)
        self.assertEqual(len({r["device_id"] for r in records}),
                         STATIONS * GANG)
        for part in sum(parts, []):
            part.stop()
            self.assertHolds(part, {0x08000000: big.read_bytes()},
                             option_words(DATA / f"ob-{H753}.csv"))
        self.assertEqual(vault.used(), STATIONS * GANG)
        vault.verify()


if __name__ == "__main__":
    line.main()
