# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The audit of an HSM: a chain of records that proves how many devices were
licensed."""
from __future__ import annotations

import ctypes
import dataclasses
import datetime
from typing import Any, Iterable, Iterator, Optional, Union

from . import _abi
from ._handle import (
    BytesLike,
    Handle,
    StrPath,
    decode,
    encode_path,
    read_only,
)
from .context import Context, chosen
from .enums import AuditKind
from .progress import OnProgress, watched

__all__ = [
    "AuditHead",
    "AuditReader",
    "AuditRecord",
    "AuditSummary",
    "AuditTotal",
    "create_audit_key",
    "generate_audit_key",
    "load_audit_key",
    "verify_audit",
    "verify_audit_data",
    "verify_audits",
]


@dataclasses.dataclass(frozen=True)
class AuditHead:
    """What all records of an audit have in common, and its end."""

    #: serial number of the HSM, 16 random bytes
    serial: bytes
    #: the firmware identifier, for people
    firmware_id: str
    #: eight characters that name the part
    product_id: str
    #: the HSM issues live licences only
    live_only: bool
    #: installations provisioned
    maximum: int
    #: installations left
    remaining: int
    #: a warning is given when so many or fewer remain
    low_water: int
    #: the number of the last record; 0: there is none
    sequence: int
    #: public key of the devices' CA, 64 bytes
    ca_public: bytes
    #: hash of what never changes
    genesis: bytes
    #: hash of the last record, or `genesis`
    audit_head: bytes
    #: MAC of all of this, with the audit key
    mac: bytes
    #: of a leased vault: the sequence of the lease's record; 0: not leased
    lease: int = 0
    #: the end of the lease, in seconds since 1970; or 0
    expires: int = 0
    #: serial number of the HSM that leased, or zeros
    parent: bytes = bytes(16)
    #: hash of the lease's record there, or zeros
    lease_record: bytes = bytes(32)


@dataclasses.dataclass(frozen=True)
class AuditRecord:
    """One record of an audit."""

    #: what happened
    kind: AuditKind
    #: its number, from 1
    sequence: int
    #: seconds since 1970, by the HSM's clock
    time: int
    #: installations left after it
    remaining: int
    #: session of a live licence; 0: a static one; return: 1; restored: 1, ...
    session: int
    #: SHA-256 of the device's public key; lease, return: hash of the site's
    #: request; or zeros
    device: bytes
    #: SHA-256 of the licence; restored: hash of the last record that was lost;
    #: or zeros
    license: bytes
    #: hash of the record before, or the genesis
    previous: bytes
    #: hash of this record
    hash: bytes
    #: MAC of this record, with the audit key
    mac: bytes
    #: lease: installations that went; return: that came back; restored: the
    #: sequence of the last record that was lost; or 0
    amount: int = 0
    #: lease: its end, in seconds since 1970; return: sequence of the lease;
    #: restored: the first sequence that may be lost; or 0
    detail: int = 0

    @property
    def datetime(self) -> datetime.datetime:
        """Its time, in UTC."""
        return utc(self.time)


@dataclasses.dataclass(frozen=True)
class AuditSummary:
    """What an audit log proves."""

    #: serial number of the HSM, 32 hexadecimal digits
    serial: str
    #: the firmware identifier, for people
    firmware_id: str
    #: eight characters that name the part
    product_id: str
    #: the HSM is closed: the log ends with this record
    retired: bool
    #: how many records there are
    records: int
    #: how many devices were licensed
    licensed: int
    #: installations left
    remaining: int
    #: installations provisioned
    maximum: int
    #: of the first record, in seconds since 1970; 0: no record
    first_time: int
    #: of the last record
    last_time: int
    #: records that are dated before their predecessor
    set_back: int
    #: installations that went into leases
    leased: int = 0
    #: of these: that came back
    returned: int = 0
    #: taken off when records were lost
    given_up: int = 0


@dataclasses.dataclass(frozen=True)
class AuditTotal:
    """What the logs of an HSM and of its leases prove together."""

    #: serial number of the HSM that leased, 32 hexadecimal digits
    serial: str
    #: the firmware identifier, for people
    firmware_id: str
    #: how many logs were verified
    logs: int
    #: installations provisioned; the sum of the next five
    maximum: int
    #: devices licensed, by the HSM and at sites
    licensed: int
    #: installations left in the HSM
    remaining: int
    #: left at sites, in leases that are not back
    outstanding: int
    #: of leases without a log, not given back
    spent: int
    #: taken off when records were lost
    given_up: int
    #: leases given
    leases: int
    #: of these: without a log
    missing: int


def utc(seconds: int) -> datetime.datetime:
    """A time of a record."""
    return (datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
            + datetime.timedelta(seconds=seconds))


def head_of(raw: Any) -> AuditHead:
    """The head of a struct."""
    return AuditHead(
        serial=bytes(raw.serial), firmware_id=decode(raw.firmware_id),
        product_id=decode(raw.product_id),
        live_only=bool(raw.flags & _abi.SFI_HSM_LIVE_ONLY),
        maximum=raw.maximum, remaining=raw.remaining, low_water=raw.low_water,
        sequence=raw.sequence, ca_public=bytes(raw.ca_public),
        genesis=bytes(raw.genesis), audit_head=bytes(raw.audit_head),
        mac=bytes(raw.mac), lease=raw.lease, expires=raw.expires,
        parent=bytes(raw.parent), lease_record=bytes(raw.lease_record))


def record_of(raw: Any) -> AuditRecord:
    """The record of a struct."""
    return AuditRecord(
        kind=AuditKind(raw.kind), sequence=raw.sequence, time=raw.time,
        remaining=raw.remaining, session=raw.session,
        device=bytes(raw.device), license=bytes(raw.license),
        previous=bytes(raw.previous), hash=bytes(raw.hash),
        mac=bytes(raw.mac), amount=raw.amount, detail=raw.detail)


def summary_of(raw: Any) -> AuditSummary:
    """The summary of a struct."""
    return AuditSummary(
        serial=decode(raw.serial), firmware_id=decode(raw.firmware_id),
        product_id=decode(raw.product_id), retired=bool(raw.retired),
        records=raw.records, licensed=raw.licensed, remaining=raw.remaining,
        maximum=raw.maximum, first_time=raw.first_time,
        last_time=raw.last_time, set_back=raw.set_back, leased=raw.leased,
        returned=raw.returned, given_up=raw.given_up)


def create_audit_key(path: StrPath, *,
                     context: Optional[Context] = None) -> None:
    """Make a random audit key in a new file that only its owner can read.

    :raises AccessError: the file exists or cannot be written
    :raises MachineError: likewise
    """
    chosen(context)._call("sfi_audit_key_create", encode_path(path))


def generate_audit_key(*, context: Optional[Context] = None) -> bytearray:
    """Make a random audit key that is stored nowhere.

    :return: 32 bytes, which the caller wipes
    :raises SecurityError: no randomness
    """
    key = bytearray(_abi.SFI_AUDIT_KEY_LEN)
    buffer = (ctypes.c_uint8 * len(key)).from_buffer(key)
    chosen(context)._call("sfi_audit_key_generate", buffer)
    return key


def load_audit_key(path: StrPath, *,
                   context: Optional[Context] = None) -> bytearray:
    """Read an audit key from its file.

    :return: 32 bytes, which the caller wipes
    :raises InputError: the file has another length
    :raises AccessError: the file may not be read
    :raises MachineError: the file cannot be read
    """
    key = bytearray(_abi.SFI_AUDIT_KEY_LEN)
    buffer = (ctypes.c_uint8 * len(key)).from_buffer(key)
    chosen(context)._call("sfi_audit_key_load", encode_path(path), buffer)
    return key


def verify_audit(path: StrPath, key: BytesLike,
                 before: Optional[StrPath] = None, *,
                 progress: Optional[OnProgress] = None,
                 context: Optional[Context] = None) -> AuditSummary:
    """Verify an exported audit log.

    :param path: the log
    :param key: the audit key, 32 bytes; not kept and not wiped
    :param before: an earlier log of the same HSM, which this one must continue;
        without it an older, shorter log verifies too
    :param progress: told how many bytes are verified, of `before` first
    :raises InputError: not an audit log, damaged, or the key has another length
    :raises SecurityError: altered, or the wrong key, or it does not continue
        `before`
    :raises AccessError: a file may not be read
    :raises MachineError: a file cannot be read
    :raises Cancelled: by ``Context.cancel()``
    """
    raw = _abi.sfi_audit_summary(
        struct_size=ctypes.sizeof(_abi.sfi_audit_summary))
    where = chosen(context)
    with watched(where._state, progress):
        where._call_long(
            "sfi_audit_verify", encode_path(path), *read_only(key),
            None if before is None else encode_path(before),
            ctypes.byref(raw))
    return summary_of(raw)


def verify_audit_data(data: BytesLike, key: BytesLike,
                      before: Optional[BytesLike] = None, *,
                      progress: Optional[OnProgress] = None,
                      context: Optional[Context] = None) -> AuditSummary:
    """Verify an audit log that is in memory, as :func:`verify_audit` does.

    :param data: the log, such as ``Hsm.audit_bytes()`` returns
    :param key: the audit key, 32 bytes; not kept and not wiped
    :param before: an earlier log of the same HSM
    :param progress: as for :func:`verify_audit`
    :raises InputError: as for :func:`verify_audit`
    :raises SecurityError: as for :func:`verify_audit`
    """
    raw = _abi.sfi_audit_summary(
        struct_size=ctypes.sizeof(_abi.sfi_audit_summary))
    earlier, length = (None, 0) if before is None else read_only(before)
    where = chosen(context)
    with watched(where._state, progress):
        where._call_long(
            "sfi_audit_verify_data", *read_only(data), *read_only(key),
            earlier, length, ctypes.byref(raw))
    return summary_of(raw)


def verify_audits(paths: Iterable[StrPath], key: BytesLike, *,
                  progress: Optional[OnProgress] = None,
                  context: Optional[Context] = None) -> AuditTotal:
    """Verify the logs of an HSM and of the leases that it gave, and that they
    account for every installation.

    :param paths: the logs, in any order: one of the HSM, the others of leases
    :param key: the audit key of the HSM; not kept and not wiped
    :param progress: as for :func:`verify_audit`
    :raises InputError: no log is the HSM's, or two are
    :raises SecurityError: a log is of no lease of this HSM, or contradicts the
        HSM's
    """
    names = [encode_path(path) for path in paths]
    raw = _abi.sfi_audit_total(
        struct_size=ctypes.sizeof(_abi.sfi_audit_total))
    where = chosen(context)
    with watched(where._state, progress):
        where._call_long(
            "sfi_audit_verify_all", (ctypes.c_char_p * len(names))(*names),
            len(names), *read_only(key), ctypes.byref(raw))
    return AuditTotal(
        serial=decode(raw.serial), firmware_id=decode(raw.firmware_id),
        logs=raw.logs, maximum=raw.maximum, licensed=raw.licensed,
        remaining=raw.remaining, outstanding=raw.outstanding, spent=raw.spent,
        given_up=raw.given_up, leases=raw.leases, missing=raw.missing)


class AuditReader(Handle):
    """Reads the records of an exported audit log: an iterator of them.

    It checks the form alone: verify the log first.

    :param source: the log's bytes; or a path that is a ``str`` or path object
    :raises InputError: not the head of an audit log; ``where`` names the line
    :raises AccessError: the file may not be read
    :raises MachineError: the file cannot be read
    """

    _FREE = "sfi_audit_reader_free"

    def __init__(self, source: Union[BytesLike, StrPath], *,
                 context: Optional[Context] = None) -> None:
        where = chosen(context)
        if isinstance(source, (bytes, bytearray, memoryview)):
            self._make(where, "sfi_audit_reader_open_data",
                       where._state.pointer, *read_only(source))
        else:
            self._make(where, "sfi_audit_reader_open", where._state.pointer,
                       encode_path(source))

    @property
    def head(self) -> AuditHead:
        """The head; what is of the end is zero until that was read."""
        raw = _abi.sfi_audit_head(
            struct_size=ctypes.sizeof(_abi.sfi_audit_head))
        self._call("sfi_audit_reader_get_head", ctypes.byref(raw))
        return head_of(raw)

    def __iter__(self) -> Iterator[AuditRecord]:
        return self

    def __next__(self) -> AuditRecord:
        """The next record.

        :raises InputError: damaged or truncated; ``where`` names the line
        """
        raw = _abi.sfi_audit_record(
            struct_size=ctypes.sizeof(_abi.sfi_audit_record))
        more = ctypes.c_int()
        self._call("sfi_audit_reader_next", ctypes.byref(raw),
                   ctypes.byref(more))
        if not more.value:
            raise StopIteration
        return record_of(raw)
