# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A licence server whose database is away, full, read-only, old or foreign."""

import line
import postgres
from crowd import Crowd
from line import Case, must, wait_until

STATIONS = 4
SOON = 3  # seconds: a station that gives up while the fault lasts
SMALL = 48 << 20  # a disk


class Database(Case):
    def crowd(self, vault, server, count=1000):
        stations = [self.line.station() for _ in range(STATIONS)]
        return Crowd(vault, stations, [server], self.line.devices(count))

    def assertGoesOn(self, vault, server, crowd):
        """Production goes on, and nothing is lost or doubled."""
        crowd.wait_for(20)
        self.assertExact(vault, crowd.finish(), server)

    def test_down_at_start(self):
        vault = self.line.vault()
        server = self.line.server(vault)
        station = self.line.station()
        device, = self.line.devices()
        self.line.database.stop()
        try:
            server.start("no database")
            refused = station.ask(device, vault, server, timeout=SOON)
        finally:
            self.line.database.start()
        self.assertRefused(refused, "SFI_ERR_IO",
                           f"{server.url}/{vault.name}", "no database")
        licence = self.assertLicense(station.ask(device, vault, server))
        self.assertEqual(server.health(), "serving")
        self.assertExact(vault, {device: licence}, server)

    def test_killed_under_load(self):
        vault = self.line.vault()
        server = self.line.server(vault).start()
        crowd = self.crowd(vault, server)
        for _ in range(3):
            crowd.wait_for(20)
            self.line.database.kill()
            self.line.database.start()
        self.assertGoesOn(vault, server, crowd)
        self.assertGreater(crowd.busy + crowd.cuts, 0)

    def test_sessions_cut_under_load(self):
        vault = self.line.vault()
        server = self.line.server(vault).start()
        crowd = self.crowd(vault, server)
        for _ in range(3):
            crowd.wait_for(20)
            wait_until(self.line.database.cut, "no session to end")
        self.assertGoesOn(vault, server, crowd)

    def test_read_only(self):
        vault = self.line.vault()
        server = self.line.server(vault).start()
        station = self.line.station()
        known, new = self.line.devices(2)
        first = self.assertLicense(station.ask(known, vault, server))
        self.line.database.read_only()
        try:
            refused = station.ask(new, vault, server, timeout=SOON)
        finally:
            self.line.database.read_only(False)
        self.assertRefused(refused, "SFI_ERR_ACCESS",
                           f"{server.url}/{vault.name}", "read-only")
        second = self.assertLicense(station.ask(new, vault, server))
        self.assertExact(vault, {known: first, new: second}, server)

    def test_disk_full(self):
        if not MOUNTS:
            self.skipTest("no disk in memory can be mounted here")
        self.line.path.chmod(0o755)  # for the database's user
        with line.small_disk(self.line.path / "small", SMALL) as folder, \
                postgres.Postgres(folder=folder) as database:
            self.full_disk(database, folder)

    def full_disk(self, database, folder):
        vault = self.line.vault(uri=database.vault("full"))
        server = self.line.server(vault).start()
        station = self.line.station()
        crowd = self.crowd(vault, server, 2000)
        crowd.wait_for(20)
        filler = open(folder / "filler", "wb")
        try:
            with filler:
                while True:
                    filler.write(bytes(4096))
                    filler.flush()
        except OSError:
            pass
        # what the database has of its own lasts for some more
        wait_until(lambda: crowd.busy > 0 or crowd.wrong or not crowd.waiting,
                   "the disk is not full")
        self.assertGreater(crowd.busy, 0, f"not full: {crowd.wrong}")
        device, = self.line.devices()
        refused = station.ask(device, vault, server, timeout=SOON)
        self.assertRefused(refused, ("SFI_ERR_OS", "SFI_ERR_NO_DEVICE",
                                     "SFI_ERR_IO"),
                           f"{server.url}/{vault.name}", "database")
        (folder / "filler").unlink()
        # a database that has no room for its log ends, and its operator
        # starts it again
        if database.process.poll() is not None:
            database.start()
        self.assertGoesOn(vault, server, crowd)

    def restored_line(self, before, after):
        """(vault, server, a station that has seen the copy's devices alone, one
        that has seen all, and a function that restores the copy)"""
        own = postgres.Postgres()
        self.addCleanup(own.close)
        vault = self.line.vault(100, uri=own.vault("restored"))
        server = self.line.server(vault).start()
        early, late = self.line.station(), self.line.station()
        for device in before:
            self.assertLicense(early.ask(device, vault, server))
        backup = own.backup()
        for device in after:
            self.assertLicense(late.ask(device, vault, server))
        return vault, server, early, late, lambda: own.restore(backup)

    def test_older_backup(self):
        """In mid-run: the server has seen more than the copy has, and refuses
        everybody; when the operator has stated the loss it goes on by itself,
        and nothing is issued beyond the maximum."""
        before, after = self.line.devices(3), self.line.devices(5)
        vault, server, early, late, restore = self.restored_line(before, after)
        restore()
        for station in (early, late, self.line.station()):
            self.refused_as_old(station, vault, server)
        self.assertEqual(server.health(), "rolled back")
        self.declare_restored(late, vault)
        server.wait("serving")
        new, = self.line.devices()
        for station in (late, early, self.line.station()):
            self.assertLicense(station.ask(new, vault, server))
        self.assertEqual(vault.used(), len(before) + len(after) + 1)
        vault.verify()

    def test_older_backup_at_another_server(self):
        """Which has seen nothing: the stations that know more refuse, also when
        the copy has grown beyond what they have seen."""
        vault, server, early, late, restore = self.restored_line(
            self.line.devices(1), self.line.devices(3))
        server.stop()
        restore()
        server.start()
        self.refused_as_old(late, vault, server)
        for device in self.line.devices(5):
            self.assertLicense(early.ask(device, vault, server))
        self.refused_as_old(late, vault, server)
        self.declare_restored(late, vault)
        new, = self.line.devices()
        for station in (late, early):
            self.assertLicense(station.ask(new, vault, server))
        self.assertGreaterEqual(vault.used(), 1 + 3 + 5 + 1)
        vault.verify()

    def refused_as_old(self, station, vault, server):
        used = vault.used()
        device, = self.line.devices()
        self.assertRefused(station.ask(device, vault, server),
                           "SFI_ERR_HSM_ROLLBACK",
                           f"{server.url}/{vault.name}", "record")
        self.assertEqual(vault.used(), used)

    def declare_restored(self, station, vault):
        """The operator's statement, by what the station has seen."""
        _, sequence, head, remaining, *_ = \
            station.fence.read_text().splitlines()[1].split()
        must("sfi-hsm", "restored", "-i", vault.uri, "--sequence", sequence,
             "--head", head, "--remaining", remaining, "--pin-file",
             self.line.pin, "--yes")

    def test_another_version(self):
        vault = self.line.vault()
        server = self.line.server(vault).start()
        station = self.line.station()
        device, = self.line.devices()
        own = self.line.database
        own.sql("UPDATE sfi.layout SET version = version + 1")
        try:
            own.cut()
            refused = station.ask(device, vault, server, timeout=SOON)
            self.assertRefused(refused, "SFI_ERR_HSM",
                               f"{server.url}/{vault.name}", "version", "2",
                               "expected", "1")
        finally:
            own.sql("UPDATE sfi.layout SET version = version - 1")
        licence = self.assertLicense(station.ask(device, vault, server))
        self.assertExact(vault, {device: licence}, server)

    def test_file_of_another_version(self):
        path = self.line.path / "file.vault"
        vault = self.line.vault(uri=f"vault:{path}")
        data = bytearray(path.read_bytes())
        version = int.from_bytes(data[60:64], "big")  # SQLite's user_version
        data[60:64] = (version + 1).to_bytes(4, "big")
        path.write_bytes(data)
        server = self.line.server(vault)
        server.start_process()
        self.assertNotIn(server.ended(), (0, None))
        self.assertIn("version", server.said())
        data[60:64] = version.to_bytes(4, "big")
        path.write_bytes(data)
        server.start()
        device, = self.line.devices()
        licence = self.assertLicense(
            self.line.station().ask(device, vault, server))
        self.assertExact(vault, {device: licence}, server)


MOUNTS = False

if __name__ == "__main__":
    MOUNTS = line.own_mounts()
    if not MOUNTS:
        print("SKIP: no disk in memory can be mounted here")
    line.main()
