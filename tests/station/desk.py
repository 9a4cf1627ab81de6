# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The desk of HSMs, asked without a browser."""

import time

from station import PATIENCE_S, Client


def eventually(look, what):
    """What it returns, as soon as that is true."""
    until = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < until, f"not in time: {what}"
        time.sleep(0.02)
    return found


class Desk(Client):
    """A page of the operator without a browser."""

    def __init__(self, station):
        self.text = ""  # all that it was ever told
        super().__init__(station)
        self.post("session/operate")

    def send(self, method, path, body=None, headers=None):
        answer = super().send(method, path, body, headers)
        self.text += str(answer[1])
        return answer

    def row(self, name):
        rows = [row for row in self.get("hsm/list")["list"]
                if row["name"] == name]
        return rows[0] if rows else None

    def shows(self, name, **want):
        """The row of this HSM, once its members are so."""
        def look():
            row = self.row(name)
            return row if row is not None and all(
                row.get(key) == value for key, value in want.items()) else None
        return eventually(look, f"{name} shows {want}, but {self.row(name)}")

    def ends(self, path, body):
        """Begin work; its error, or None, when it has ended."""
        begun = self.post(path, body)

        def look():
            for row in self.get("hsm/list")["list"]:
                if row["place"] == begun["place"] and row["work"] and \
                        row["work"]["number"] == begun["work"] and \
                        not row["work"]["runs"]:
                    return row["work"]
            return None
        return eventually(look, f"{path} ends")["error"]
