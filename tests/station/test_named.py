# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""HSMs that --hsm names: a vault with a token, one in a database, a server."""

import contextlib
import os
import sys

from station import PROGRAMS, SOURCE, Station, case, main, same
from desk import Desk

sys.path.insert(0, str(SOURCE / "tests/served"))
sys.path.insert(0, str(SOURCE / "tests/support"))
import kit  # noqa: E402
import postgres  # noqa: E402
from check import succeeds  # noqa: E402

MODULE = "/usr/lib/softhsm/libsofthsm2.so"


def token_vault(folder, served):
    """The name of a vault that a token of SoftHSM seals."""
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\n"
                                 "log.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    succeeds("softhsm2-util", "--init-token", "--free", "--label", "sfi",
             "--so-pin", "officer", "--pin", kit.PIN)
    name = f"vault:{folder}/t?token=pkcs11:token=sfi?module-path={MODULE}"
    succeeds(PROGRAMS / "sfi-hsm", "-i", name, "-k", folder / "key", "-n",
             folder / "nonce", "-id", "sealed", "-mc", 3, "-pd",
             served.maker.perso(), "--yes", "--pin-file", folder / "pin")
    return name


def server_name(served, server):
    return (f"server:https://localhost:{server.port}/blink?cert={served.ca}"
            f"/ct-07.crt&key={served.ca}/ct-07.key&ca={served.ca}/ca.crt")


@case
def token_database_and_server(folder):
    with postgres.Postgres() as database:
        served = kit.Desk(folder, postgres=database)
        with kit.serving(served) as server:
            names = [token_vault(folder, served), served.hsm,
                     server_name(served, server)]
            options = [w for name in names for w in ("--hsm", name)]
            with contextlib.closing(Station(*options)) as station:
                look_at(Desk(station), served, server)


def look_at(desk, served, server):
    def named(begin):
        return [row["name"] for row in desk.get("hsm/list")["list"]
                if row["name"].startswith(begin)]
    token, = named(f"vault:{served.folder}/t?token=")
    database, = named("vault:postgresql:")
    remote, = named("server:")
    row = desk.shows(token, state="operational", remaining=3, held=False)
    same(row["firmware_id"], "sealed")
    for name in (database, remote):
        row = desk.shows(name, state="operational", remaining=100, low=False)
        same((row["firmware_id"], row["devices"]), ("blink", []))
    # a server knows the station by its certificate
    same(desk.post("hsm/unlock", {"hsm": remote, "pin": kit.PIN}, 422)
         ["error"]["message"], "a licence server has no PIN")
    for name in (token, database):
        same(desk.ends("hsm/unlock", {"hsm": name, "pin": "wrong"})["where"],
             "pin")
        same(desk.ends("hsm/unlock", {"hsm": name, "pin": kit.PIN}), None)
        desk.shows(name, held=True)
        same(desk.ends("hsm/verify", {"hsm": name}), None)
    # a line with a server begins without a PIN
    with open(desk.station.path("x.job"), "w", encoding="ascii") as file:
        file.write("[job]\nports = /dev/null\nnext = enter\n[install]\n"
                   f"image = x.sfi\nhsm = {server_name(served, server)}\n")
    desk.post("line/choose", {"job": "files/x.job"})
    desk.post("line/start")
    # both are read again while a line uses the server
    with kit.Station(server) as line:
        same(line.license(served.maker.certificate()).code, 200)
    desk.shows(remote, remaining=99)
    row = desk.shows(database, remaining=99, records=1)
    same([r["kind"] for r in row["devices"]], ["counted"])
    same(desk.row(token)["remaining"], 3)
    same(kit.PIN in desk.text, False, "a PIN went to the browser")


if __name__ == "__main__":
    main()
