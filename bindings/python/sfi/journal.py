# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The journal of a production line: one line of JSON for each job."""
from __future__ import annotations

import ctypes
import json
import os
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Union

from . import _abi
from ._handle import Handle, StrPath, decode, encode, encode_path
from .chips import Chip
from .context import Context, chosen, context as current
from .enums import Phase
from .errors import Error, InputError
from .names import words
from .receipt import Receipt

__all__ = ["Journal", "read_journal"]


class Journal(Handle):
    """An open journal: the record that ``sfi-program --record`` writes.

    Threads and processes may add to one file at the same time, each with a
    journal of its own.  It says what stations did; what an HSM counted is
    proven by its audit log::

        with sfi.Journal("line.jsonl") as journal:
            ...
            journal.add_install(install, board_serial="B-0001")

    :param path: the file, which is made if it does not exist
    :raises InputError: the file is no journal
    :raises AccessError: the file may not be used
    :raises MachineError: the file cannot be read or written
    """

    _FREE = "sfi_journal_free"

    def __init__(self, path: StrPath, *,
                 context: Optional[Context] = None) -> None:
        where = chosen(context)
        self._make(where, "sfi_journal_open", where._state.pointer,
                   encode_path(path))

    def add(self, *, result: Optional[str] = None,
            error: Optional[Error] = None, milliseconds: int = 0,
            phase: Optional[Union[Phase, str]] = None,
            image: Optional[StrPath] = None,
            image_tag: Optional[bytes] = None, image_version: int = 0,
            protocol: Optional[str] = None, files: Sequence[StrPath] = (),
            port: Optional[str] = None,
            chip: Optional[Union[Chip, str]] = None,
            device_id: Optional[str] = None,
            board_serial: Optional[str] = None,
            license: Optional[str] = None, hsm_serial: Optional[str] = None,
            hsm_firmware_id: Optional[str] = None, hsm_remaining: int = 0,
            hsm_low_water: int = 0, receipt: Optional[Receipt] = None,
            no_receipt: Optional[str] = None,
            more: Optional[Mapping[str, Any]] = None) -> None:
        """Add a line for a job; it is on the disk when this returns.

        What is not given is left out of the line, which also has the time, the
        name of the host and the version of libsfi.

        :param result: a word; None: ``"done"``, ``"failed"`` or
            ``"cancelled"``, as the error tells
        :param error: why the job failed
        :param milliseconds: how long it took
        :param image_tag: the 16 bytes of the tag of the image's header
        :param protocol: ``"static"`` or ``"live"``
        :param files: names of other files that the chip got
        :param license: ``"counted"``, ``"again"``, ``"stored"``, ``"given"``
            or ``"hsm"``
        :param receipt: what the chip has signed
        :param no_receipt: why an installed chip has no receipt
        :param more: further members of the line
        :raises InputError: the file was replaced by one that is no journal, may
            not grow, or the tag has another length
        :raises LinkTimeout: another program kept the file locked for 10 s
        :raises AccessError: the file may not be written
        :raises MachineError: the file cannot be written
        """
        if image_tag is not None and len(image_tag) != 16:
            raise InputError(f"a tag of {len(image_tag)} bytes, expected 16")
        job = _job()
        job.milliseconds = milliseconds
        job.image_version = image_version
        job.hsm_remaining = hsm_remaining
        job.hsm_low_water = hsm_low_water
        if image_tag is not None:
            tag = ctypes.create_string_buffer(image_tag, 16)
            job.image_tag = ctypes.addressof(tag)
        if receipt is not None:
            signed = ctypes.create_string_buffer(receipt.data)
            job.receipt = ctypes.addressof(signed)
        if image is not None:
            job.image = encode_path(image)
        texts: Dict[str, Optional[str]] = {
            "result": result,
            "phase": words(phase) if isinstance(phase, Phase) else phase,
            "protocol": protocol, "port": port,
            "chip": None if chip is None else str(chip),
            "device_id": device_id, "license": license,
            "hsm_serial": hsm_serial, "hsm_firmware_id": hsm_firmware_id,
            "no_receipt": no_receipt}
        for name, text in texts.items():
            if text is not None:
                setattr(job, name, encode(text, name.replace("_", " ")))
        with self._context._state:
            self._add(job, error, files, board_serial, more)

    def add_install(self, install: Handle, *, error: Optional[Error] = None,
                    files: Sequence[StrPath] = (),
                    board_serial: Optional[str] = None,
                    more: Optional[Mapping[str, Any]] = None) -> None:
        """Add a line for an install, whether it has ended or not.

        Image, port, part, device, licence and HSM are those of the install.

        :param install: an :class:`Installer`
        :param error: why it failed, as it was raised; None: what libsfi still
            knows
        :param files: names of other files that the chip got
        :param board_serial: the board's own number
        :param more: further members of the line
        :raises InputError: as for :meth:`add`
        :raises LinkTimeout: as for :meth:`add`
        :raises AccessError: as for :meth:`add`
        :raises MachineError: as for :meth:`add`
        :raises UsageError: the install belongs to another context
        """
        job = _job()
        with self._context._state:
            pointer = self._use(install)
            self._context._state.call(
                self._lib().sfi_installer_get_job, pointer, ctypes.byref(job))
            self._add(job, error, files, board_serial, more)

    def _add(self, job: Any, error: Optional[Error], files: Sequence[StrPath],
             board_serial: Optional[str],
             more: Optional[Mapping[str, Any]]) -> None:
        """With the context's lock: nothing may clear the error before."""
        names = [encode_path(name) for name in files]
        array = (ctypes.c_char_p * len(names))(*names)
        if names:
            job.files, job.file_count = array, len(names)
        if board_serial is not None:
            job.board_serial = encode(board_serial, "board's number")
        if more is not None:
            job.more = json.dumps(dict(more)).encode()
        if error is not None:
            job.error = self._pointer_of(error)
        self._call("sfi_journal_add", ctypes.byref(job))

    def _pointer_of(self, error: Error) -> Optional[int]:
        """libsfi's own form of an error."""
        lib, state = self._lib(), self._context._state
        last: Optional[int] = lib.sfi_ctx_error(state.pointer)
        if last and (lib.sfi_error_status(last) == error.status and decode(
                lib.sfi_error_message(last)) == error.message):
            return last
        lib.sfi_ctx_report(state.pointer, error.status, error.peer_code,
                           str(error).encode("utf-8", "surrogateescape"))
        pointer: Optional[int] = lib.sfi_ctx_error(state.pointer)
        return pointer


def _job() -> Any:
    return _abi.sfi_journal_job(
        struct_size=ctypes.sizeof(_abi.sfi_journal_job))


def read_journal(path: StrPath) -> Iterator[Dict[str, Any]]:
    """Read the lines of a journal, the oldest first.

    What a power cut left of a line is left out.

    :raises InputError: a line is no JSON object, and not the beginning of one
    :raises AccessError: the path is a vault
    :raises OSError: the file cannot be read
    """
    current().check_path(path)
    with open(os.fsencode(path), "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                found = json.loads(line)
                if not isinstance(found, dict):
                    raise ValueError("not a JSON object")
            except ValueError as error:
                if line.startswith(b"{"):
                    continue
                raise InputError(f"line {number} is no JSON object: {error}",
                                 where=decode(encode_path(path))) from error
            yield found
