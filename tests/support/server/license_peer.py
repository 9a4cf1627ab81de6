# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A licence server that misbehaves as a test wants, over the wire of
doc/served.md: not sfi-served, and without a line of it.

The HSM behind it is a vault, which the programs ask; or none, then licences
are not of any use.  Certificates come from openssl."""

import contextlib
import hashlib
import http.server
import json
import pathlib
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

CA_CONFIG = """[ca]
default_ca = d
[d]
database = {0}/{1}.index
new_certs_dir = {0}
rand_serial = yes
default_md = sha256
policy = p
default_crl_days = 30
copy_extensions = copy
[p]
commonName = supplied
"""


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True,
                   capture_output=True)


class CA:
    """Makes certificates in a folder; each of them is NAME.crt, NAME.key."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = pathlib.Path(folder), name
        self.config = self.folder / f"{name}.cnf"
        self.config.write_text(CA_CONFIG.format(self.folder, name))
        (self.folder / f"{name}.index").touch()
        self.crt, self.key = self.path(name)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                f"/CN={name}", "-keyout", self.key, "-out", self.crt)

    def path(self, name):
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def make(self, name, san=None, end="20991231000000Z"):
        crt, key = self.path(name)
        request = self.folder / f"{name}.csr"
        more = ["-addext", f"subjectAltName={san}"] if san else []
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request, *more)
        openssl("ca", "-batch", "-notext", "-config", self.config, "-cert",
                self.crt, "-keyfile", self.key, "-in", request, "-out", crt,
                "-startdate", "20200101000000Z", "-enddate", end)
        return crt, key

    def revoke(self, *names):
        """The list of them, with the CA before it."""
        for name in names:
            openssl("ca", "-config", self.config, "-cert", self.crt,
                    "-keyfile", self.key, "-revoke", self.path(name)[0])
        crl = self.folder / f"{self.name}.crl"
        openssl("ca", "-config", self.config, "-cert", self.crt, "-keyfile",
                self.key, "-gencrl", "-out", crl)
        both = self.folder / f"{self.name}-crl.pem"
        both.write_bytes(self.crt.read_bytes() + crl.read_bytes())
        return both


class Vault:
    """Asks a vault by the programs."""

    def __init__(self, programs, vault, pin):
        self.programs, self.name = pathlib.Path(programs), f"vault:{vault}"
        self.pin, self.folder = pin, pathlib.Path(vault).parent
        self.lock = threading.Lock()

    def run(self, program, *args):
        return subprocess.run([self.programs / program, *map(str, args)],
                              capture_output=True, text=True)

    def info(self):
        with self.lock:
            return json.loads(self.run("sfi-hsm", "-i", self.name, "-info",
                                       "--json").stdout)

    def license(self, cert, session):
        """(licence or None, why not)"""
        assert session == 0
        ours, out = (self.folder / f"peer.{n}" for n in ("cert", "lic"))
        with self.lock:
            ours.write_bytes(cert)
            out.unlink(missing_ok=True)
            ended = self.run("sfi-program", "-hsmglfcb", ours, out,
                             f"slot={self.name}", "--pin-file", self.pin)
            if ended.returncode != 0:
                return None, ended.stderr.strip()
            return out.read_bytes(), ""


class Canned:
    """No vault: a count that goes down, and bytes that are no licence."""

    def __init__(self, maximum=1000, serial="00112233445566778899aabbccddeeff"):
        self.maximum, self.serial, self.known = maximum, serial, {}
        self.lock = threading.Lock()

    def info(self):
        with self.lock:
            used = len(self.known)
        return {"state": "OPERATIONAL STATE", "firmware_id": "blink",
                "product_id": "45002001", "serial": self.serial,
                "remaining": self.maximum - used, "maximum": self.maximum,
                "low_water": 10, "records": used, "live_only": False}

    def license(self, cert, session):
        with self.lock:
            return self.known.setdefault((cert, session), bytes(136)), ""


def head_of(salt, sequence):
    return hashlib.sha256(f"{salt}{sequence}".encode()).hexdigest()


class Peer:
    """The server.  `script` is taken from its front, an entry a request: None,
    or a function of the handler that returns True when it has answered.  `asked`
    has (path, body) of each request."""

    def __init__(self, ca, hsm, host="127.0.0.1", san="IP:127.0.0.1", name=None,
                 cert=None, crl=None, version=ssl.TLSVersion.TLSv1_3, tls=True):
        self.hsm, self.script, self.asked = hsm, [], []
        self.lock, self.salt, self.more = threading.Lock(), "", {}
        self.connections, self.always = 0, None
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def setup(self):
                self.request.settimeout(30)
                if tls:
                    self.request = context.wrap_socket(self.request,
                                                       server_side=True)
                with peer.lock:
                    peer.connections += 1
                super().setup()

            def finish(self):
                with contextlib.suppress(OSError):
                    super().finish()
                self.request.close()

            def log_message(self, *args):
                pass

            def do_GET(self):
                peer.serve(self, b"")

            def do_POST(self):
                peer.serve(self, self.rfile.read(
                    int(self.headers["Content-Length"])))

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *args):
                pass  # a test's peer is often left alone

        if tls:
            crt, key = cert or ca.make(name or "server", san)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.maximum_version = version
            context.load_cert_chain(crt, key)
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(crl or ca.crt)
            if crl:
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        self.server = Server((host, 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"https://{host}:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # ---- answers ----

    def serve(self, handler, body):
        with self.lock:
            self.asked.append((handler.path, body))
            act = self.script.pop(0) if self.script else self.always
        if act is not None and act(handler):
            return
        answer(handler, *self.right(handler.path, body))

    def end(self, info):
        return {"serial": info["serial"], "sequence": info["records"],
                "head": head_of(self.salt, info["records"]),
                "remaining": info["remaining"]}

    def info(self):
        info = self.hsm.info()
        return {"state": info["state"].split()[0].lower(),
                "firmware": info["firmware_id"],
                "product": info["product_id"], "maximum": info["maximum"],
                "low_water": info["low_water"], "flags": 0,
                "records": info["records"], "ca_public": "11" * 64,
                "genesis": "22" * 32, "mac": "33" * 32, **self.end(info),
                **self.more}

    def right(self, path, body):
        """(code, what the server answers) unless the script says otherwise."""
        url = urllib.parse.urlsplit(path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/v1/info":
            return 200, self.info()
        if url.path == "/v1/audit":
            first = int(query["from"])
            info = self.info()
            return 200, {"head": info, "records": [
                record(i) for i in range(first, min(first + 64,
                                                    info["records"] + 1))]}
        ask = json.loads(body)
        if url.path == "/v1/check":
            return 200, self.end(self.hsm.info())
        before = self.hsm.info()["records"]
        data, why = self.hsm.license(bytes.fromhex(ask["certificate"]),
                                     ask.get("session", 0))
        if data is None:
            return 409, refusal("SFI_ERR_HSM_COUNTER", why, "none")
        info = self.hsm.info()
        return 200, {"license": data.hex(), "again": info["records"] == before,
                     **self.end(info), **self.more}


def record(sequence):
    return {"kind": 1, "sequence": sequence, "time": 1000, "session": 0,
            "remaining": 1000 - sequence, "device": "44" * 32,
            "license": "55" * 32, "previous": "66" * 32, "hash": "77" * 32,
            "mac": "88" * 32, "amount": 0, "detail": 0}


def refusal(status, message, count="none"):
    return {"status": status, "message": message, "count": count}


# ---- what a script is made of ----

def answer(handler, code, members, headers=()):
    data = members if isinstance(members, bytes) else \
        json.dumps(members).encode()
    handler.send_response(code)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)
    return True


def says(code, members, *headers):
    return lambda handler: answer(handler, code, members, headers)


def busy(code=503, after=None):
    return says(code, refusal("SFI_ERR_HSM_STATE", "standby"),
                *([("Retry-After", str(after))] if after is not None else []))


def hang_up(handler):
    """Read the request, and end the connection."""
    handler.close_connection = True
    with contextlib.suppress(OSError):
        handler.connection.shutdown(socket.SHUT_RDWR)
    return True


def raw(data, wait=0.0, step=None):
    """These bytes in an answer's place, `step` at a time."""
    def act(handler):
        step_ = step or max(len(data), 1)
        with contextlib.suppress(OSError):
            for i in range(0, len(data), step_):
                handler.wfile.write(data[i:i + step_])
                handler.wfile.flush()
                time.sleep(wait)
        return hang_up(handler)
    return act


def slow(seconds):
    def act(handler):
        time.sleep(seconds)
        return False
    return act


def commits_and_cuts(peer):
    """The HSM counts, and the answer is lost."""
    def act(handler):
        path, body = peer.asked[-1]
        peer.right(path, body)
        return hang_up(handler)
    return act
