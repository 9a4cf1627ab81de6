# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The security extension of a bootloader, as methods of the program.

How a host asks a secure bootloader for its certificate, and sends it licence
and image, is defined by the part's vendor.  libsfi has an extension of its own;
who knows another one derives from :class:`Dialect`.
"""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Callable, Dict, Optional, Tuple

from . import _abi, _lib
from ._callback import Slot, status_callback
from ._handle import BytesLike, State, read_only
from .enums import Cause, DeviceState, LinkKind, Status
from .errors import UsageError

__all__ = ["BootloaderLink", "Dialect", "DialectInfo", "DialectTarget"]

#: Length of a certificate in bytes.
_CERTIFICATE_LEN = _abi.SFI_CERTIFICATE_LEN

#: Length of a receipt as a chip sends it.
_RECEIPT_LEN = _abi.SFI_DIALECT_RECEIPT_LEN


@dataclasses.dataclass
class DialectInfo:
    """The state of a secure bootloader."""

    #: where an install is
    state: DeviceState
    #: DEV_ID, as the bootloader tells it
    device_id: int
    #: most bytes for one :meth:`Dialect.data`, at least 1
    data_max: int
    #: why the last request was refused; 0: it was not
    cause: int = 0
    #: area that is being received; 0: none
    area_index: int = 0
    #: the tag of the image that is being, or was last, installed
    header_tag: bytes = bytes(16)
    #: the chip gives receipts once it is installed
    has_receipts: bool = False
    #: how many installs have begun, with `has_receipts`
    installs: int = 0


@dataclasses.dataclass(frozen=True)
class BootloaderLink:
    """The bootloader that was found, and its link."""

    #: what the link carries
    kind: LinkKind
    #: DEV_ID, such as 0x450
    device_id: int
    #: version of the protocol: 0x31 is 3.1; 0: unknown
    bootloader_version: int
    #: the bootloader reads and writes memory
    has_memory: bool
    #: the bootloader takes requests
    has_requests: bool


class DialectTarget:
    """The chip, for the methods of a :class:`Dialect`, during their call.

    Each method can raise :class:`LinkError`, :class:`DeviceError` and
    :class:`Cancelled`; a dialect lets these pass.
    """

    def __init__(self, state: State, pointer: int) -> None:
        self._state = state
        self._pointer: Optional[int] = pointer

    def _call(self, function: str, *arguments: Any) -> None:
        if self._pointer is None:
            raise UsageError("the chip of a dialect can be used during the "
                             "dialect's call only", status=Status.STATE)
        self._state.call(getattr(self._state.library, function),
                         self._pointer, *arguments)

    @property
    def link(self) -> BootloaderLink:
        """The bootloader that was found, and its link."""
        raw = _abi.sfi_dialect_link(
            struct_size=ctypes.sizeof(_abi.sfi_dialect_link))
        self._call("sfi_dialect_get_link", ctypes.byref(raw))
        return BootloaderLink(
            LinkKind(raw.kind), raw.device_id, raw.bootloader_version,
            bool(raw.flags & _abi.SFI_LINK_HAS_MEMORY),
            bool(raw.flags & _abi.SFI_LINK_HAS_REQUESTS))

    def request(self, opcode: int, param: bytes = b"", data: bytes = b"", *,
                reply: int = 0, exact: bool = True, extended: bool = False,
                once: bool = False, timeout: float = 1.0,
                name: str = "a request") -> Tuple[int, bytes]:
        """Send one request (AN3155, Special and Extended Special).

        :param opcode: 16 bits
        :param param: at most 128 bytes
        :param data: at most 1024 bytes, with `extended`
        :param reply: how many bytes are expected, at most 196
        :param exact: False: the reply may be shorter
        :param once: do not repeat it when the line damages it
        :param timeout: seconds for the chip's work
        :param name: for messages
        :return: the chip's status byte, 0 for done, and the reply
        :raises UsageError: a length is too large
        :raises Unsupported: the bootloader does not take this request
        """
        parameter, parameter_length = read_only(param)
        content, length = read_only(data)
        got, status = ctypes.c_size_t(), ctypes.c_uint32()
        room = ctypes.create_string_buffer(max(reply, 1))
        raw = _abi.sfi_request(
            struct_size=ctypes.sizeof(_abi.sfi_request),
            flags=((_abi.SFI_REQUEST_EXTENDED if extended else 0)
                   | (_abi.SFI_REQUEST_ONCE if once else 0)),
            opcode=opcode, timeout_ms=round(timeout * 1000),
            name=name.encode("utf-8", "replace"),
            param=_address(parameter), param_len=parameter_length,
            data=_address(content), data_len=length)
        if not exact:
            raw.reply_got = ctypes.pointer(got)
        self._call("sfi_dialect_request", ctypes.byref(raw),
                   room if reply else None, reply, ctypes.byref(status))
        size = reply if exact else got.value
        return status.value, room.raw[:size]

    def read(self, address: int, size: int) -> bytes:
        """Read memory, whatever state the chip is in.

        :raises InputError: the range ends past 32-bit addresses
        """
        data = ctypes.create_string_buffer(size)
        self._call("sfi_dialect_read", address, data, size)
        return data.raw

    def write(self, address: int, data: BytesLike) -> None:
        """Write memory, whatever state the chip is in.

        :raises InputError: the range ends past 32-bit addresses, or is not
            aligned to 4 over a debug port
        """
        self._call("sfi_dialect_write", address, *read_only(data))

    def download(self, block: int, data: BytesLike, timeout: float) -> int:
        """Send one block over USB-DFU, and wait until the device is done.

        :param timeout: seconds for the device's work
        :return: the last byte of the final GETSTATUS
        :raises Unsupported: the link is not USB, or the block too long
        """
        string = ctypes.c_uint32()
        self._call("sfi_dialect_download", block, *read_only(data),
                   round(timeout * 1000), ctypes.byref(string))
        return string.value

    def upload(self, block: int, size: int) -> bytes:
        """Receive one block over USB-DFU.

        :raises Unsupported: the link is not USB
        """
        data = ctypes.create_string_buffer(size)
        length = ctypes.c_size_t(size)
        self._call("sfi_dialect_upload", block, data, ctypes.byref(length))
        return data.raw[:length.value]

    def reset(self, into_boot: bool) -> None:
        """Reset the chip by its reset line, into its bootloader (and connect to
        it again) or into its firmware.

        :raises Unsupported: the link has no such line
        """
        self._call("sfi_dialect_reset", int(into_boot))

    def wait(self, seconds: float) -> None:
        """Wait while the chip works."""
        self._call("sfi_dialect_wait", round(seconds * 1000))


def _address(buffer: Any) -> Optional[int]:
    """The address of what read_only() returned, for a struct."""
    if isinstance(buffer, bytes):
        return ctypes.cast(ctypes.c_char_p(buffer), ctypes.c_void_p).value
    return ctypes.addressof(buffer)


class Dialect:
    """A security extension: derive from it, and replace methods.

    What is not replaced is libsfi's own extension.  A method that the chip
    refuses raises :class:`DeviceError` with a :class:`Cause` (or a number of
    the dialect's own from 0x100 on) as its ``peer_code``.
    """

    def speaks(self, target: DialectTarget) -> bool:
        """Whether the bootloader speaks this extension: a secure chip."""
        value = ctypes.c_uint32()
        self._own("speaks", target, ctypes.byref(value))
        return bool(value.value)

    def info(self, target: DialectTarget) -> DialectInfo:
        """Ask for the state of the secure bootloader."""
        raw = _abi.sfi_dialect_info(
            struct_size=ctypes.sizeof(_abi.sfi_dialect_info))
        self._own("info", target, ctypes.byref(raw))
        return DialectInfo(
            DeviceState(raw.state), raw.device_id, raw.data_max,
            Cause(raw.cause) if raw.cause else 0, raw.area_index,
            bytes(raw.header_tag),
            bool(raw.flags & _abi.SFI_DIALECT_RECEIPTS), raw.installs)

    def certificate(self, target: DialectTarget) -> bytes:
        """Read the chip's certificate, of 136 bytes."""
        data = ctypes.create_string_buffer(_CERTIFICATE_LEN)
        length = ctypes.c_size_t(_CERTIFICATE_LEN)
        self._own("certificate", target, data, ctypes.byref(length))
        return data.raw[:length.value]

    def session(self, target: DialectTarget) -> int:
        """Read the session that a live licence must name, never 0."""
        value = ctypes.c_uint32()
        self._own("session", target, ctypes.byref(value))
        return value.value

    def secure(self, target: DialectTarget, erase: bool) -> None:
        """Erase the flash for a new install.

        :param erase: also in a chip that holds an installed firmware
        """
        self._own("secure", target, int(erase))

    def license(self, target: DialectTarget, data: bytes) -> None:
        """Send the licence exactly as the HSM made it."""
        self._own("license", target, data, len(data))

    def header(self, target: DialectTarget, data: bytes) -> None:
        """Send the image's header."""
        self._own("header", target, data, len(data))

    def area(self, target: DialectTarget, data: bytes) -> None:
        """Send the descriptor of the next area."""
        self._own("area", target, data, len(data))

    def data(self, target: DialectTarget, offset: int, data: bytes) -> None:
        """Send content of that area, from an offset on."""
        self._own("data", target, offset, data, len(data))

    def finish(self, target: DialectTarget) -> None:
        """All areas are sent: activate the firmware."""
        self._own("finish", target)

    def abort(self, target: DialectTarget) -> None:
        """Erase a partial install; after a complete one start the firmware;
        otherwise do nothing."""
        self._own("abort", target)

    def receipt(self, target: DialectTarget) -> bytes:
        """Read the receipt of an installed chip, 196 bytes."""
        data = ctypes.create_string_buffer(_RECEIPT_LEN)
        length = ctypes.c_size_t(_RECEIPT_LEN)
        self._own("receipt", target, data, ctypes.byref(length))
        return data.raw[:length.value]

    def _own(self, name: str, target: DialectTarget, *arguments: Any) -> None:
        """Call libsfi's own function, inside a call of the dialect."""
        if target._pointer is None:
            raise UsageError("a dialect's method is for libsfi to call",
                             status=Status.STATE)
        target._state.check(getattr(_own_table(), name)(
            None, target._pointer, *arguments))

    def _begin(self, state: State) -> Tuple[Slot, Any]:
        """The slot and the table: libsfi's functions where the class has
        none."""
        table = _own_table()
        for name, function in _FUNCTIONS.items():
            if getattr(type(self), name) is not getattr(Dialect, name):
                setattr(table, name, function)
        return Slot((self, state), state), table


def _own_table() -> Any:
    table = _abi.sfi_dialect_ops(
        struct_size=ctypes.sizeof(_abi.sfi_dialect_ops))
    _lib.sfi().sfi_dialect_get_own(ctypes.byref(table))
    return table


def _function(prototype: Any) -> Callable[[Callable[..., None]], Any]:
    """Make the C side of a method: it gets a DialectTarget while it runs."""
    def decorate(method: Callable[..., None]) -> Any:
        def run(pair: Tuple[Dialect, State], pointer: int,
                *arguments: Any) -> None:
            target = DialectTarget(pair[1], pointer)
            try:
                method(pair[0], target, *arguments)
            finally:
                target._pointer = None
        return status_callback(prototype)(run)
    return decorate


@_function(_abi.sfi_dialect_ops_speaks)
def _speaks(dialect: Dialect, target: DialectTarget, yes: Any) -> None:
    yes[0] = int(dialect.speaks(target))


@_function(_abi.sfi_dialect_ops_info)
def _info(dialect: Dialect, target: DialectTarget, out: Any) -> None:
    found, raw = dialect.info(target), out.contents
    raw.state, raw.device_id = int(found.state), found.device_id
    raw.data_max, raw.cause = found.data_max, int(found.cause)
    raw.area_index = found.area_index
    raw.header_tag[:] = found.header_tag
    raw.flags = _abi.SFI_DIALECT_RECEIPTS if found.has_receipts else 0
    raw.installs = found.installs


@_function(_abi.sfi_dialect_ops_certificate)
def _certificate(dialect: Dialect, target: DialectTarget, out: int,
                 length: Any) -> None:
    data = dialect.certificate(target)
    if len(data) > length[0]:
        raise UsageError(f"certificate() returned {len(data)} bytes, expected "
                         f"{length[0]}")
    ctypes.memmove(out, data, len(data))
    length[0] = len(data)


@_function(_abi.sfi_dialect_ops_session)
def _session(dialect: Dialect, target: DialectTarget, out: Any) -> None:
    out[0] = dialect.session(target)


@_function(_abi.sfi_dialect_ops_secure)
def _secure(dialect: Dialect, target: DialectTarget, erase: int) -> None:
    dialect.secure(target, bool(erase))


@_function(_abi.sfi_dialect_ops_license)
def _license(dialect: Dialect, target: DialectTarget, data: int,
             length: int) -> None:
    dialect.license(target, ctypes.string_at(data, length))


@_function(_abi.sfi_dialect_ops_header)
def _header(dialect: Dialect, target: DialectTarget, data: int,
            length: int) -> None:
    dialect.header(target, ctypes.string_at(data, length))


@_function(_abi.sfi_dialect_ops_area)
def _area(dialect: Dialect, target: DialectTarget, data: int,
          length: int) -> None:
    dialect.area(target, ctypes.string_at(data, length))


@_function(_abi.sfi_dialect_ops_data)
def _data(dialect: Dialect, target: DialectTarget, offset: int, data: int,
          length: int) -> None:
    dialect.data(target, offset, ctypes.string_at(data, length))


@_function(_abi.sfi_dialect_ops_finish)
def _finish(dialect: Dialect, target: DialectTarget) -> None:
    dialect.finish(target)


@_function(_abi.sfi_dialect_ops_abort)
def _abort(dialect: Dialect, target: DialectTarget) -> None:
    dialect.abort(target)


@_function(_abi.sfi_dialect_ops_receipt)
def _receipt(dialect: Dialect, target: DialectTarget, out: int,
             length: Any) -> None:
    data = dialect.receipt(target)
    if len(data) > length[0]:
        raise UsageError(f"receipt() returned {len(data)} bytes, expected "
                         f"{length[0]}")
    ctypes.memmove(out, data, len(data))
    length[0] = len(data)


_FUNCTIONS: Dict[str, Any] = {
    "speaks": _speaks,
    "info": _info,
    "certificate": _certificate,
    "session": _session,
    "secure": _secure,
    "license": _license,
    "header": _header,
    "area": _area,
    "data": _data,
    "finish": _finish,
    "abort": _abort,
    "receipt": _receipt,
}
