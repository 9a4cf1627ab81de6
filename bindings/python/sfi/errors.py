# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The exceptions of the package.

A failed call raises an :class:`Error` whose class says who must act, as the
hundreds digit of its status does (doc/errors.md):

========================  ===============================================
:class:`UsageError`       1xx: the program
:class:`InputError`       2xx: the author of an input
:class:`SecurityError`    3xx: something is not authentic
:class:`LinkError`        4xx: a link, a file or a port
:class:`DeviceError`      5xx: the chip
:class:`HsmError`         6xx: the HSM
:class:`MachineError`     7xx: the machine that the program runs on
========================  ===============================================

A function of the program's own, such as the ``read`` of a transport, may raise
these errors too: libsfi then gets their status.
"""
from __future__ import annotations

from typing import Any, Dict, Optional, Tuple, Type, TypeVar

from ._abi import Cause, Status

__all__ = [
    "AccessError",
    "Cancelled",
    "ClosedError",
    "CounterExhausted",
    "DeviceError",
    "Error",
    "HsmError",
    "InputError",
    "LibraryError",
    "LibraryMismatch",
    "LibraryNotFound",
    "LinkError",
    "LinkTimeout",
    "MachineError",
    "MissingFile",
    "NoDevice",
    "NoLicense",
    "NoMemory",
    "PinError",
    "Rollback",
    "SecurityError",
    "Unsupported",
    "UsageError",
]


class LibraryError(ImportError):
    """The shared library libsfi, or libsfi-sim, cannot be used."""


class LibraryNotFound(LibraryError):
    """No libsfi was found in any of the places that the message lists."""


class LibraryMismatch(LibraryError):
    """A library was found, but not one that fits this package."""


class Error(Exception):
    """A call of libsfi failed.

    :ivar status: the status that the call returned
    :ivar message: what was found and what was expected, in one line
    :ivar where: the place, such as ``"fw.hex:12"``; empty if none is known
    :ivar os_code: the operating system's errno; 0 if it reported none
    :ivar peer_code: what the chip or the card reported; 0 if nothing
    :ivar hint: what to do, in one line; empty if nothing is known
    """

    #: The status of an error that the program itself raises.
    default_status = Status.INTERNAL

    def __init__(self, message: str = "", *, status: Optional[int] = None,
                 where: str = "", os_code: int = 0, peer_code: int = 0,
                 hint: str = "") -> None:
        super().__init__(message)
        self.status: Status = (self.default_status if status is None
                               else Status(status))
        self.message = message
        self.where = where
        self.os_code = os_code
        self.peer_code = peer_code
        self.hint = hint
        if isinstance(self, OSError):
            setattr(self, "errno", os_code or None)
            setattr(self, "strerror", message)

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.message) if part)

    def __repr__(self) -> str:
        return "%s(%r, status=Status.%s)" % (
            type(self).__name__, str(self), self.status.name)

    def __reduce__(self) -> Tuple[Any, ...]:
        return _rebuild, (type(self), self.message, {
            "status": int(self.status), "where": self.where,
            "os_code": self.os_code, "peer_code": self.peer_code,
            "hint": self.hint})

    @property
    def cause(self) -> Optional[Cause]:
        """Why the secure bootloader refused; None if it did not say."""
        if self.status == Status.DEVICE and self.peer_code:
            return Cause(self.peer_code)
        return None


_E = TypeVar("_E", bound=Error)


def _rebuild(kind: Type[_E], message: str, values: Dict[str, Any]) -> _E:
    """Make an error again that was pickled."""
    return kind(message, **values)


class UsageError(Error, ValueError):
    """1xx: the program did something that is not possible."""

    default_status = Status.ARGUMENT


class ClosedError(UsageError):
    """The object was closed, or belongs to the parent of this process."""

    default_status = Status.STATE


class Unsupported(UsageError):
    """The libsfi that is running was built without this, or is older."""

    default_status = Status.UNSUPPORTED


class InputError(Error, ValueError):
    """2xx: an input, such as a firmware file, is not valid."""

    default_status = Status.FORMAT


class SecurityError(Error):
    """3xx: a tag, a signature or a certificate is not authentic."""

    default_status = Status.AUTH


class LinkError(Error, OSError):
    """4xx: a link or a file failed."""

    default_status = Status.IO


class LinkTimeout(LinkError, TimeoutError):
    """There was no reply in time."""

    default_status = Status.TIMEOUT


class NoDevice(LinkError):
    """There is no such port, or it vanished."""

    default_status = Status.NO_DEVICE


class AccessError(LinkError, PermissionError):
    """Not allowed, in use by another program, or a file that is never
    replaced."""

    default_status = Status.ACCESS


class DeviceError(Error):
    """5xx: the chip refused, or broke its protocol; see :attr:`Error.cause`."""

    default_status = Status.DEVICE


class HsmError(Error):
    """6xx: the HSM refused or failed."""

    default_status = Status.HSM


class CounterExhausted(HsmError):
    """The HSM has no installations left."""

    default_status = Status.HSM_COUNTER


class PinError(HsmError):
    """The PIN is missing or wrong."""

    default_status = Status.HSM_PIN


class NoLicense(HsmError):
    """There is no HSM at hand, and no licence is stored for the chip."""

    default_status = Status.NO_LICENSE


class Rollback(HsmError):
    """The HSM lacks a record that was seen before: it is an older copy."""

    default_status = Status.HSM_ROLLBACK


class MachineError(Error, OSError):
    """7xx: the machine that the program runs on failed."""

    default_status = Status.OS


class MissingFile(MachineError, FileNotFoundError):
    """A file or folder does not exist."""


class NoMemory(MachineError, MemoryError):
    """There is not enough memory."""

    default_status = Status.NOMEM


class Cancelled(MachineError):
    """The program cancelled the call."""

    default_status = Status.CANCELLED


_ENOENT = 2

_BY_STATUS: Dict[int, Type[Error]] = {
    Status.UNSUPPORTED: Unsupported,
    Status.TIMEOUT: LinkTimeout,
    Status.NO_DEVICE: NoDevice,
    Status.ACCESS: AccessError,
    Status.HSM_COUNTER: CounterExhausted,
    Status.HSM_PIN: PinError,
    Status.NO_LICENSE: NoLicense,
    Status.HSM_ROLLBACK: Rollback,
    Status.NOMEM: NoMemory,
    Status.CANCELLED: Cancelled,
}

_BY_HUNDRED: Dict[int, Type[Error]] = {
    1: UsageError,
    2: InputError,
    3: SecurityError,
    4: LinkError,
    5: DeviceError,
    6: HsmError,
    7: MachineError,
}


def error_class(status: int, os_code: int = 0) -> Type[Error]:
    """The class of errors with this status."""
    if status == Status.OS and os_code == _ENOENT:
        return MissingFile
    return (_BY_STATUS.get(status) or _BY_HUNDRED.get(-status // 100)
            or Error)
