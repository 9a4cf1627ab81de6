# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A network that loses answers: between a station and a server, it ends TLS on
either side, so that it knows which answer it has in hand."""

import http.server
import json
import ssl
import threading

from crowd import Client
from line import PATIENCE


class Relay:
    """`lose`: of the next so many licences the server has committed, and the
    station gets no answer."""

    def __init__(self, station, server):
        self.lose = self.lost = 0
        self.lock = threading.Lock()
        relay = self
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*station.line.identity("server", "localhost"))

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = PATIENCE

            def setup(self):
                self.request = tls.wrap_socket(self.request, server_side=True)
                self.client = Client(station, server)
                super().setup()

            def finish(self):
                self.client.close()
                super().finish()
                self.request.close()

            def log_message(self, *args):
                pass

            def do_GET(self):
                self.answer(*self.client.ask("GET", self.path))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = self.client.ask("POST", self.path, json.loads(body))
                if answer[0] == 200 and relay.loses():
                    self.close_connection = True
                else:
                    self.answer(*answer)

            def answer(self, code, told):
                data = json.dumps(told).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args):
                pass  # a station that gave up

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"https://localhost:{self.listener.server_address[1]}"
        self.thread = threading.Thread(target=self.listener.serve_forever,
                                       args=(0.05,))
        self.thread.start()

    def loses(self):
        with self.lock:
            if self.lost >= self.lose:
                return False
            self.lost += 1
            return True

    def close(self):
        self.listener.shutdown()
        self.thread.join()
        self.listener.server_close()
