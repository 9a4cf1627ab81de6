# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-served: what its requests answer, and who may ask."""

import concurrent.futures
import json
import shutil
import socket
import ssl
import sys

from kit import (DATA, PROGRAMS, SERVED, Station, case, desks, device_id, main,
                 run, same, serving, succeeds, tls)


def gives(answer, code=200):
    same(answer.code, code, answer.text)
    return answer


def refused(answer, code, status):
    same((answer.code, answer["status"], answer["count"]),
         (code, status, "none"), answer.text)


@case
def licenses(folder):
    with desks(folder) as desk, serving(desk) as server, \
            Station(server) as station:
        first, second = desk.maker.certificate(), desk.maker.certificate()
        before = station.info()
        one = gives(station.license(first))
        same((one["sequence"], one["remaining"], one["again"], one["serial"]),
             (1, 99, False, before["serial"]))
        again = gives(station.license(first))
        same((again["license"], again["sequence"], again["again"]),
             (one["license"], 1, True))
        live = gives(station.license(first, session=7))
        same((live["sequence"], live["remaining"], live["again"]),
             (2, 99, True))
        assert live["license"] != one["license"]
        other = gives(station.license(second, session=0xffffffff))
        same((other["sequence"], other["remaining"]), (3, 98))
        same(desk.remaining(), 98)
        told = [e for e in server.log() if e.get("path") == "/v1/license"]
        same([(e["station"], e["device_id"], e["http"], e["again"])
              for e in told[:2]],
             [("ct-07", device_id(first), 200, again)
              for again in (False, True)])
        text = server.log_path.read_text()
        assert one["license"] not in text and first.hex() not in text
        m = server.metrics()
        same((m["sfi_up"], m['sfi_remaining{firmware="blink"}'],
              m['sfi_leader{firmware="blink"}'], m["sfi_license_seconds_count"],
              m['sfi_requests_total{path="/v1/license",code="200"}']),
             (1, 98, 1, 4, 4))
        desk.verify()


@case
def information(folder):
    with desks(folder) as desk, serving(desk) as server, \
            Station(server) as station:
        for _ in range(70):
            gives(station.license(desk.maker.certificate()))
        info = gives(station.info()).json
        same((info["state"], info["firmware"], info["product"],
              info["remaining"], info["maximum"], info["records"],
              info["flags"]),
             ("operational", "blink", "45002001", 30, 100, 70, 0))
        page = gives(station.ask("/v1/audit?firmware=blink&from=1"))
        rest = gives(station.ask("/v1/audit?from=65&firmware=blink"))
        records = page["records"] + rest["records"]
        same([r["sequence"] for r in records], list(range(1, 71)))
        for one, two in zip(records, records[1:]):
            same(two["previous"], one["hash"])
        same((records[0]["previous"], records[-1]["hash"], page["head"]),
             (info["genesis"], info["head"], info))
        same(gives(station.ask("/v1/audit?firmware=blink&from=71"))["records"],
             [])
        same(gives(station.ask("/healthz")).json, {"status": "serving"})
        assert "sfi_up 1" in station.ask("/metrics").text


@case
def images(folder):
    """An image is checked before anything is counted."""
    with desks(folder) as desk, serving(desk) as server, \
            Station(server) as station:
        data = desk.folder / "fw.bin"
        data.write_bytes(bytes(range(1, 65)))
        succeeds_quietly(
            PROGRAMS / "sfi-create", "-fir", data, "0x08000000", "-k",
            folder / "key", "-n", folder / "nonce", "-v", "1", "--ramsize",
            "0x1E000", "--chip", "stm32h753xi", "-ob",
            DATA / "ob-stm32h753xi.csv", "-o", folder / "fw.sfi")
        header = (folder / "fw.sfi").read_bytes()[:28]
        wrong = header[:-1] + bytes([header[-1] ^ 1])
        cert = desk.maker.certificate()
        ask = {"firmware": "blink", "image": header.hex()}
        same(gives(station.ask("/v1/check", ask))["remaining"], 100)
        refused(station.ask("/v1/check", ask | {"image": wrong.hex()}), 409,
                "SFI_ERR_AUTH")
        refused(station.license(cert, image=wrong.hex()), 409, "SFI_ERR_AUTH")
        refused(station.license(cert, image=bytes(28).hex()), 400,
                "SFI_ERR_FORMAT")
        same(desk.remaining(), 100)
        gives(station.license(cert, image=header.hex()))


@case
def refusals(folder):
    with desks(folder, count=2) as desk, serving(desk) as server, \
            Station(server) as station:
        good = desk.maker.certificate()
        foreign = desk.maker.certificate("46201002")
        bad = good[:-1] + bytes([good[-1] ^ 1])
        refused(station.license(foreign), 409, "SFI_ERR_CERTIFICATE")
        refused(station.license(bad), 409, "SFI_ERR_CERTIFICATE")
        gives(station.license(good))
        gives(station.license(desk.maker.certificate()))
        refused(station.license(desk.maker.certificate()), 409,
                "SFI_ERR_HSM_COUNTER")
        gives(station.license(good))
        refused(station.ask("/v1/info?firmware=other"), 404,
                "SFI_ERR_ARGUMENT")
        same(station.ask("/v1/none").code, 404)
        same(station.ask("/v1/license").code, 405)
        same(station.ask("/v1/info?firmware=blink", {}).code, 405)


@case
def malformed(folder):
    """Each is answered 400 and counts nothing."""
    with desks(folder) as desk, serving(desk) as server, \
            Station(server) as station:
        cert = desk.maker.certificate().hex()
        right = {"firmware": "blink", "certificate": cert, "kind": "static"}
        same(station.ask("/v1/license", right).code, 200)
        for change in [{"extra": 1}, {"kind": "both"}, {"kind": None},
                       {"kind": "live"}, {"session": 1}, {"firmware": 7},
                       {"kind": "live", "session": 0},
                       {"kind": "live", "session": 1 << 32},
                       {"kind": "live", "session": "7"},
                       {"kind": "live", "session": 7.0},
                       {"certificate": cert[:-2]}, {"certificate": cert + "00"},
                       {"certificate": cert.upper()}, {"certificate": "é"},
                       {"image": "00"}, {"known": 1}, {"known": {}},
                       {"known": {"sequence": -1, "head": "00" * 32}},
                       {"known": {"sequence": 1, "head": "00"}},
                       {"known": {"sequence": 1, "head": "0" * 64, "x": 1}}]:
            refused(station.ask("/v1/license", right | change), 400,
                    "SFI_ERR_FORMAT")
        for name in right:
            refused(station.ask("/v1/license",
                                {k: v for k, v in right.items() if k != name}),
                    400, "SFI_ERR_FORMAT")
        text = json.dumps(right)
        for body in ["", "{", "[]", "7", text + "x", text[:-1] + ",}",
                     text[:-1] + ', "kind": "static"}', "[" * 8000,
                     '{"a":' * 1500, text.replace("blink", "bl\\u0000ink"),
                     "\udcff"]:
            refused(station.ask("/v1/license",
                                body.encode(errors="surrogateescape")),
                    400, "SFI_ERR_FORMAT")
        for query in ["", "?", "?firmware", "?firmware=blink&x=1",
                      "?firmware=blink&firmware=blink", "?from=1"]:
            refused(station.ask("/v1/info" + query), 400, "SFI_ERR_FORMAT")
        for start in ["0", "-1", "x", "1e3", ""]:
            refused(station.ask(f"/v1/audit?firmware=blink&from={start}"), 400,
                    "SFI_ERR_FORMAT")
        same(desk.remaining(), 99)


@case
def live_only(folder):
    """One that may not be static does not fail the others of its step."""
    with desks(folder, live_only=True) as desk, serving(desk) as server, \
            Station(server) as station:
        refused(station.license(desk.maker.certificate()), 409,
                "SFI_ERR_HSM_STATE")
        certs = [desk.maker.certificate() for _ in range(24)]

        def ask(i):
            with Station(server) as own:
                more = {} if i % 3 == 0 else {"session": 1 + i}
                return own.license(certs[i], **more).code

        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            same(list(pool.map(ask, range(24))),
                 [409 if i % 3 == 0 else 200 for i in range(24)])
        same(desk.remaining(), 84)


@case
def many_at_once(folder):
    """Those that wait are counted in one step, each once."""
    with desks(folder, count=300) as desk, serving(desk) as server:
        certs = [desk.maker.certificate() for _ in range(60)]

        def ask(i):
            with Station(server) as station:
                return [station.license(c) for c in certs[i::20] + certs[:2]]

        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = [a for some in pool.map(ask, range(20)) for a in some]
        same({a.code for a in answers}, {200})
        same(sum(not a["again"] for a in answers), 60)
        same(len({a["license"] for a in answers}), 60)
        same(desk.remaining(), 240)
        m = server.metrics()
        same(m['sfi_step_size_sum{firmware="blink"}'], 100)
        assert m['sfi_step_size_count{firmware="blink"}'] < 100
        desk.verify()


@case
def what_a_station_has_seen(folder):
    with desks(folder) as desk, serving(desk) as server, \
            Station(server) as station:
        start = station.info()
        seen = {"sequence": 0, "head": start["genesis"]}
        for _ in range(3):
            answer = gives(station.license(desk.maker.certificate(),
                                           known=seen))
            seen = {"sequence": answer["sequence"], "head": answer["head"]}
            assert "restored" not in answer.json
        cert = desk.maker.certificate()
        for wrong in [seen | {"head": "00" * 32}, seen | {"sequence": 4},
                      seen | {"sequence": 2}, seen | {"sequence": 2 ** 62}]:
            refused(station.license(cert, known=wrong), 409,
                    "SFI_ERR_HSM_ROLLBACK")
        same(station.info()["remaining"], 97)
        gives(station.license(cert, known=seen))


@case
def leases(folder):
    """Only for stations that may."""
    with desks(folder) as desk:
        desk.station("site-1")
        desk.sections["station site-1"] = {"firmware": "*", "lease": "yes"}
        request = bytes.fromhex(  # the base point of P-256
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
        ask = {"firmware": "blink", "request": request.hex(), "count": 30,
               "seconds": 3600}
        with serving(desk) as server:
            with Station(server) as station:
                refused(station.ask("/v1/lease", ask), 403, "SFI_ERR_ACCESS")
            with Station(server, "site-1") as station:
                one = gives(station.ask("/v1/lease", ask))
                same((len(one["lease"]), one["remaining"], one["sequence"]),
                     (872, 70, 1))
                same(gives(station.ask("/v1/lease", ask)).json, one.json)
                refused(station.ask("/v1/lease", ask | {"count": 31}), 409,
                        "SFI_ERR_HSM_STATE")
                refused(station.ask("/v1/lease", ask | {
                    "count": 71, "request": desk.maker.certificate()[8:72].hex(
                    )}), 409, "SFI_ERR_HSM_COUNTER")
                refused(station.ask("/v1/return", {
                    "firmware": "blink", "end": "00" * 200}), 400,
                    "SFI_ERR_FORMAT")
                for change in [{"count": 0}, {"seconds": 0}, {"request": "00"}]:
                    with Station(server, "site-1") as other:
                        refused(other.ask("/v1/lease", ask | change), 400,
                                "SFI_ERR_FORMAT")
                record, = gives(station.ask("/v1/audit?firmware=blink"))[
                    "records"]
                same((record["kind"], record["amount"]), (4, 30))
        same(desk.remaining(), 70)


# ---- who may ask ----

def expire(desk):
    """A certificate of yesterday, by the same CA."""
    conf = desk.folder / "openssl.cnf"
    (desk.folder / "index").write_text("")
    conf.write_text(f"[ca]\ndefault_ca=a\n[a]\ndatabase={desk.folder}/index\n"
                    f"new_certs_dir={desk.folder}\nrand_serial=yes\n"
                    "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
    succeeds_quietly("openssl", "req", "-new", "-key", desk.ca / "ct-07.key",
                     "-subj", "/CN=late", "-out", desk.folder / "late.csr")
    succeeds_quietly("openssl", "ca", "-batch", "-config", conf, "-cert",
                     desk.ca / "ca.crt", "-keyfile", desk.ca / "ca.key", "-in",
                     desk.folder / "late.csr", "-out", desk.ca / "late.crt",
                     "-startdate", "20200101000000Z", "-enddate",
                     "20200102000000Z", "-notext")
    shutil.copy(desk.ca / "ct-07.key", desk.ca / "late.key")


def succeeds_quietly(*command):
    done = run(*command)
    same(done.returncode, 0, done.stderr)


def is_refused_by_tls(server, context):
    raw = socket.create_connection(("127.0.0.1", server.port), 60)
    try:
        with context.wrap_socket(raw, server_hostname="localhost") as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            return s.recv(100) == b""
    except (ssl.SSLError, ConnectionError):
        return True


@case
def certificates(folder):
    """None, of another CA, expired, of a server, revoked; TLS 1.2."""
    with desks(folder) as desk:
        other = folder / "other"
        succeeds(SERVED, "--new-ca", other)
        desk.station("ct-07", other)
        desk.station("gone")
        succeeds(SERVED, "--revoke", "gone", "--ca", desk.ca)
        expire(desk)
        with serving(desk) as server:
            for context in [tls(desk, None), tls(desk, "ct-07", other),
                            tls(desk, "late"), tls(desk, "localhost"),
                            tls(desk, "gone"),
                            tls(desk, most=ssl.TLSVersion.TLSv1_2)]:
                assert is_refused_by_tls(server, context)
            assert not is_refused_by_tls(server, tls(desk))
            why = [e["text"] for e in server.log()
                   if e.get("event") == "refused TLS"]
            for reason in ["expired", "revoked", "certificate purpose"]:
                assert any(reason in w for w in why), why
        same(desk.remaining(), 100)


@case
def names_of_stations(folder):
    """A name that is none, and one that has no section."""
    with desks(folder) as desk:
        desk.sections = {"station ct-07": {"firmware": "blink"}}
        desk.station("ct-08")
        with serving(desk) as server:
            with Station(server, "ct-08") as station:
                refused(station.info(), 403, "SFI_ERR_ACCESS")
            with Station(server) as station:
                gives(station.info())


@case
def a_small_ca(folder):
    """Its files are whole, private, and never overwritten."""
    ca = folder / "ca"
    succeeds(SERVED, "--new-ca", ca)
    succeeds(SERVED, "--new-server", "127.0.0.1", "--ca", ca)
    succeeds(SERVED, "--new-station", "ct-07", "--ca", ca)
    for path in ca.glob("*.key"):
        same(path.stat().st_mode & 0o777, 0o600)
    before = {p.name: p.read_bytes() for p in ca.iterdir()}
    for words in [["--new-ca", ca], ["--new-station", "ct-07", "--ca", ca],
                  ["--new-server", "127.0.0.1", "--ca", ca],
                  ["--new-station", "../x", "--ca", ca],
                  ["--new-station", "ca", "--ca", ca],
                  ["--new-station", "", "--ca", ca],
                  ["--revoke", "nobody", "--ca", ca]]:
        done = run(SERVED, *words)
        assert done.returncode in (2, 4, 7), done
        assert "Traceback" not in done.stderr and done.stderr
    same({p.name: p.read_bytes() for p in ca.iterdir()}, before)
    for name, purpose in [("127.0.0.1", "sslserver"), ("ct-07", "sslclient")]:
        succeeds_quietly("openssl", "verify", "-x509_strict", "-CAfile",
                         ca / "ca.crt", "-CRLfile", ca / "ca.crl", "-crl_check",
                         "-purpose", purpose, ca / f"{name}.crt")
    text = run("openssl", "x509", "-in", ca / "127.0.0.1.crt", "-noout",
               "-text").stdout
    assert "IP Address:127.0.0.1" in text and "prime256v1" in text, text
    succeeds(SERVED, "--revoke", "ct-07", "--ca", ca)
    assert "before" in succeeds(SERVED, "--revoke", "ct-07", "--ca", ca)
    same(run("openssl", "verify", "-CAfile", ca / "ca.crt", "-CRLfile",
             ca / "ca.crl", "-crl_check", ca / "ct-07.crt").returncode, 2)


@case
def configurations(folder):
    """A mistake is named with its line, and nothing is served."""
    with desks(folder) as desk:
        good = desk.write(listen="127.0.0.1:1").read_text()
        succeeds(SERVED, "-c", desk.config, "--check-config")
        for text, says in [
                (good + "[other]\nx = 1\n", ":14: [other], expected"),
                (good.replace("ca = ", "cca = "), ':4: unknown name "cca"'),
                (good.replace("connections = 200", "connections = 0"),
                 "connections = 0, expected a number"),
                (good.replace("listen = 127.0.0.1:1", "listen = here"),
                 "expected ADDRESS:PORT"),
                (good + "[station *]\nfirmware = blink\n", "twice"),
                (good + "[station a b]\nfirmware = blink\n", "expected *"),
                (good + "[station a]\nfirmware = x\n", "no [firmware x]"),
                (good + "[station a]\nlease = yes\n", "firmware is missing"),
                (good.replace("ca/ca.crl", "none"), "none: not a list"),
                (good.replace("ca/localhost.key", "ca/ca.key"),
                 "not the private key"),
                (good + "x" * 250 + "\n", "a line of more than"),
                (good + "nonsense\n", "neither [SECTION]"),
                ("", "is missing"),
                (good.replace("[server]", "[server]\nmetrics = 0.0.0.0:1"),
                 "a port of this machine")]:
            desk.config.write_text(text)
            done = run(SERVED, "-c", desk.config, "--check-config")
            assert done.returncode in (2, 3, 7), (says, done)
            assert says in done.stderr, (says, done.stderr)
        done = run(SERVED, "-c", folder / "none", "--check-config")
        same(done.returncode, 7, done.stderr)
        same(run(SERVED).returncode, 64)
        assert "sfi-served" in succeeds(SERVED, "--version")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
