# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Requests for leases: a part of an HSM's count for a site without a
network."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Optional

from . import _abi
from ._handle import (
    BytesLike,
    Handle,
    StrPath,
    encode_path,
    read_only,
    unsigned,
)
from .context import Context, chosen
from .errors import UsageError

__all__ = ["HsmLoss", "LeaseRequest"]


@dataclasses.dataclass(frozen=True)
class HsmLoss:
    """A statement that records of an HSM were lost."""

    #: the first record that it covers
    sequence: int
    #: the last one
    lost: int


class LeaseRequest(Handle):
    """A site's request: a key pair that opens one lease.

    Keep its file until the site's vault exists: with the same request an HSM
    gives the same lease again.  Delete it then.
    """

    _FREE = "sfi_lease_request_free"
    _MAKE = "LeaseRequest.create() or LeaseRequest.load()"

    @classmethod
    def create(cls, path: StrPath, *,
               context: Optional[Context] = None) -> "LeaseRequest":
        """Make a request, in a new file that only its owner can read.

        :raises AccessError: the file exists
        :raises MachineError: the file cannot be written
        """
        return cls._made(chosen(context), "sfi_lease_request_create",
                         encode_path(path))

    @classmethod
    def load(cls, path: StrPath, *,
             context: Optional[Context] = None) -> "LeaseRequest":
        """Read a request from its file.

        :raises InputError: not a request
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        return cls._made(chosen(context), "sfi_lease_request_load",
                         encode_path(path))

    @property
    def data(self) -> bytes:
        """What the HSM needs: the public key, 64 bytes."""
        return self._borrowed("sfi_lease_request_data")


def _hash(head: BytesLike) -> Any:
    buffer, length = read_only(head)
    if length != 32:
        raise UsageError(f"a hash of {length} bytes, expected 32")
    return buffer


class Leasing(Handle):
    """What an :class:`Hsm` has for leases and for restored copies."""

    def lease(self, request: BytesLike, count: int, seconds: int) -> bytes:
        """Move installations into a vault of a site.

        The same request gets the same lease again, uncounted.

        :param request: ``LeaseRequest.data``
        :raises CounterExhausted: fewer installations are left
        """
        return self._bytes("sfi_hsm_lease", _abi.SFI_LEASE_LEN,
                           *read_only(request),
                           unsigned(count, 64, "count of installations"),
                           unsigned(seconds, 64, "time of a lease"))

    def provision_lease(self, request: LeaseRequest, lease: BytesLike) -> None:
        """Make a site's vault of a lease: :meth:`login` chooses its PIN.

        :raises SecurityError: for another request, or altered
        """
        self._call("sfi_hsm_provision_lease", self._use(request),
                   *read_only(lease))

    def end_lease(self) -> bytes:
        """End the lease of this vault: retire it, and get the certificate for
        :meth:`return_lease`."""
        return self._bytes("sfi_hsm_end_lease", _abi.SFI_LEASE_END_LEN)

    def return_lease(self, end: BytesLike) -> int:
        """Take back what a lease has left.

        :param end: the certificate of :meth:`end_lease`
        :return: how many installations came back
        :raises SecurityError: altered
        """
        returned = ctypes.c_uint64()
        self._call("sfi_hsm_return_lease", *read_only(end),
                   ctypes.byref(returned))
        return returned.value

    def check_known(self, sequence: int, head: BytesLike) -> Optional[HsmLoss]:
        """Has the HSM a record that was seen before?

        :param head: its hash, 32 bytes
        :return: None: it has; else its owner's statement of the loss
        :raises Rollback: it has not: it is an older copy
        """
        raw = _abi.sfi_hsm_known(
            struct_size=ctypes.sizeof(_abi.sfi_hsm_known))
        self._call("sfi_hsm_check_known", unsigned(sequence, 64, "sequence"),
                   _hash(head), ctypes.byref(raw))
        return HsmLoss(raw.sequence, raw.lost) if raw.sequence else None

    def declare_restored(self, sequence: int, head: BytesLike,
                         remaining: int) -> None:
        """State that the HSM was restored from an older copy.

        :param sequence: the highest record that any station has seen
        :param head: its hash, 32 bytes
        :param remaining: installations left after it
        """
        self._call("sfi_hsm_declare_restored",
                   unsigned(sequence, 64, "sequence"), _hash(head),
                   unsigned(remaining, 64, "count of installations"))

    def _bytes(self, function: str, room: int, *arguments: Any) -> bytes:
        out, length = (ctypes.c_uint8 * room)(), ctypes.c_size_t(room)
        self._call(function, *arguments, out, ctypes.byref(length))
        return bytes(out[:length.value])
