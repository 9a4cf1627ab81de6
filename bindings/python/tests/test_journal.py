# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The journal of a production line."""
from __future__ import annotations

import threading
from typing import Any, Dict, List

import kit
from kit import Case, sfi

from sfi import Status


class Journals(Case):
    def setUp(self) -> None:
        super().setUp()
        self.file = self.path("line.jsonl")
        self.journal = sfi.Journal(self.file)

    def written(self) -> List[Dict[str, Any]]:
        return list(sfi.read_journal(self.file))

    def test_everything(self) -> None:
        self.journal.add(
            milliseconds=1234, phase=sfi.Phase.DONE, image="a.sfi",
            image_tag=bytes(range(16)), image_version=3, protocol="static",
            files=["x.hex", self.folder / "y.hex"], port="serial:/dev/x",
            chip=sfi.chip("stm32h753xi"), device_id="ab" * 32,
            board_serial="B-1", license="counted", hsm_serial="01",
            hsm_firmware_id="blink", hsm_remaining=4, hsm_low_water=5,
            more={"operator": "Zoë", "shift": 2})
        (line,) = self.written()
        text = str(line)
        for part in ("a.sfi", "stm32h753xi", "x.hex", "B-1", "counted", "Zoë",
                     "1234", "blink", "serial:/dev/x", "000102"):
            self.assertIn(part, text)
        self.assertEqual(line["result"], "done")

    def test_least(self) -> None:
        self.journal.add()
        (line,) = self.written()
        self.assertEqual(line["result"], "done")
        self.assertNotIn("error", line)

    def test_error_that_libsfi_still_knows(self) -> None:
        try:
            sfi.Key.load(self.path("none"))
        except sfi.Error as error:
            self.journal.add(error=error)
        (line,) = self.written()
        self.assertEqual(line["result"], "failed")
        self.assertEqual(line["error"]["os_code"], 2)
        self.assertEqual(line["error"]["where"], str(self.path("none")))
        self.assertEqual(line["error"]["name"], "SFI_ERR_OS")

    def test_error_from_elsewhere(self) -> None:
        error = sfi.DeviceError("refused", where="area 3", peer_code=0x12)
        self.journal.add(error=error)
        self.journal.add(error=sfi.Cancelled("enough"))
        first, second = self.written()
        self.assertEqual(first["error"]["message"], "area 3: refused")
        self.assertEqual(first["error"]["peer_code"], 0x12)
        self.assertEqual(first["error"]["status"], Status.DEVICE)
        self.assertEqual(second["result"], "cancelled")

    def test_torn_line(self) -> None:
        self.journal.add(board_serial="one")
        with open(self.file, "ab") as file:
            file.write(b'{"torn')
        self.assertEqual(len(self.written()), 1)
        self.journal.add(board_serial="two")
        self.assertEqual(len(self.written()), 2)

    def test_wrong_file(self) -> None:
        path = self.path("other", b"not a journal\n")
        self.assert_fails(sfi.InputError, Status.FORMAT, sfi.Journal, path)
        with self.assertRaises(sfi.InputError) as caught:
            list(sfi.read_journal(path))
        self.assertIn("line 1", str(caught.exception))

    def test_wrong_values(self) -> None:
        self.assertRaises(sfi.InputError, self.journal.add, image_tag=b"x")
        self.assertRaises(sfi.UsageError, self.journal.add, port="a\0b")
        self.assertRaises(TypeError, self.journal.add, more={"x": object()})
        self.assertEqual(self.written(), [])

    def test_threads(self) -> None:
        faults: List[BaseException] = []

        def work(number: int) -> None:
            try:
                with sfi.Journal(self.file) as journal:
                    for n in range(10):
                        journal.add(board_serial=f"{number}-{n}")
            except BaseException as error:
                faults.append(error)

        threads = [threading.Thread(target=work, args=(n,))
                   for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        self.assertEqual(len(self.written()), 40)


if __name__ == "__main__":
    kit.main()
