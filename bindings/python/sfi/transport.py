# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Links to a chip: those built into libsfi, and links of the program's own."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import (
    Any,
    Callable,
    ClassVar,
    Dict,
    List,
    Optional,
    Sequence,
    Tuple,
    Union,
)

from . import _abi, _lib
from ._callback import (
    during,
    has,
    closing_callback,
    optional,
    register,
    release,
    status_callback,
    void_callback,
)
from ._handle import Handle, StrPath, decode, encode, encode_path
from .context import Context, chosen
from .enums import LinkKind, Status
from .errors import UsageError

__all__ = [
    "Link",
    "MemoryLink",
    "Port",
    "PortKind",
    "SpiLink",
    "StreamLink",
    "Transport",
    "UsbLink",
    "port_kinds",
    "port_name",
    "ports",
]


class Link:
    """What the links of a program have in common.

    Derive from one of :class:`StreamLink`, :class:`SpiLink`, :class:`UsbLink`
    and :class:`MemoryLink`, and open it with :meth:`Transport.over`.  An
    exception in a method ends the call that needed the link, and comes out of
    that call.  A :class:`NoDevice` means that the link is lost, a
    :class:`LinkTimeout` (or any TimeoutError) that there was no answer; both
    are errors of the link that libsfi may try to mend.

    A method must not use the :class:`Transport` that calls it.
    """

    #: The table of the link's functions, and what makes a transport of it.
    _OPS: ClassVar[Any] = None
    _OPEN: ClassVar[str] = ""

    @optional
    def reset(self, into_boot: bool) -> None:
        """Reset the chip by its reset line, with BOOT0 high or low.

        Optional: without it, a person must reset the chip.
        """
        raise NotImplementedError

    def close(self) -> None:
        """The last that used the link is gone.  Optional."""

    def _table(self) -> Any:
        """The functions for libsfi: NULL where the class has no method."""
        table = self._OPS(struct_size=ctypes.sizeof(self._OPS))
        for name, function in _FUNCTIONS[self._OPS].items():
            if has(self, name):
                setattr(table, name, function)
        return table


class StreamLink(Link):
    """A link that transfers a stream of bytes: a serial port, a socket."""

    _OPS = _abi.sfi_stream_ops
    _OPEN = "sfi_transport_open_stream"

    #: How much later than on a cable a reply may arrive, in seconds.
    rtt: float = 0.0

    def read(self, size: int, timeout: float) -> bytes:
        """Wait for at least one byte, and return what is there.

        :param size: the most bytes to return
        :param timeout: seconds
        :return: the bytes; none when the time is over
        """
        raise NotImplementedError

    def write(self, data: bytes, timeout: float) -> None:
        """Send all bytes.

        :param timeout: seconds
        """
        raise NotImplementedError

    @optional
    def flush(self) -> None:
        """Drop unread input.  Optional."""
        raise NotImplementedError

    @optional
    def set_speed(self, choice: int) -> Tuple[int, int]:
        """Set one of the link's speeds.  Optional: there is only one.

        :param choice: 0 for the fastest
        :return: baud (0: bytes take no time), and how many speeds are slower
        """
        raise NotImplementedError

    def _table(self) -> Any:
        table = super()._table()
        table.rtt_ms = round(self.rtt * 1000)
        return table


class SpiLink(Link):
    """An SPI master, mode 0, most significant bit first (AN4286)."""

    _OPS = _abi.sfi_spi_ops
    _OPEN = "sfi_transport_open_spi"

    def select(self, asserted: bool) -> None:
        """Set NSS: low for True, high for False."""
        raise NotImplementedError

    def transfer(self, data: bytes) -> bytes:
        """Send bytes, with the time between them that the chip needs.

        :return: as many bytes, which the chip sent
        """
        raise NotImplementedError


class UsbLink(Link):
    """The default pipe of a USB device (DFU, AN3156)."""

    _OPS = _abi.sfi_usb_ops
    _OPEN = "sfi_transport_open_usb"

    def control_in(self, request_type: int, request: int, value: int,
                   index: int, size: int, timeout: float) -> bytes:
        """A control transfer from the device.

        :param size: the most bytes to return
        :param timeout: seconds
        :raises DeviceError: with ``status=Status.NACK``: the device stalled it
        """
        raise NotImplementedError

    def control_out(self, request_type: int, request: int, value: int,
                    index: int, data: bytes, timeout: float) -> int:
        """A control transfer to the device.

        :param timeout: seconds
        :return: how many bytes were sent
        :raises DeviceError: with ``status=Status.NACK``: the device stalled it
        """
        raise NotImplementedError

    @optional
    def reopen(self, timeout: float) -> None:
        """Wait until the device is back after a reset, and open it again.

        Optional: it is not possible.
        """
        raise NotImplementedError


class MemoryLink(Link):
    """The chip's memory, in words: a debug probe."""

    _OPS = _abi.sfi_dap_ops
    _OPEN = "sfi_transport_open_dap"

    def read32(self, address: int, count: int) -> Sequence[int]:
        """Read words.

        :param address: a multiple of 4
        :raises DeviceError: with ``status=Status.NACK``: the chip refused
        """
        raise NotImplementedError

    def write32(self, address: int, words: Sequence[int]) -> None:
        """Write words.

        :param address: a multiple of 4
        :raises DeviceError: with ``status=Status.NACK``: the chip refused
        """
        raise NotImplementedError


def _put(address: int, data: bytes, room: int, what: str) -> int:
    """Copy what a method returned to where libsfi wants it."""
    if len(data) > room:
        raise UsageError(f"{what} returned {len(data)} bytes, expected at most "
                         f"{room}")
    ctypes.memmove(address, bytes(data), len(data))
    return len(data)


def _bytes_at(address: Optional[int], size: int) -> bytes:
    return ctypes.string_at(address, size) if address and size else b""


@status_callback(_abi.sfi_stream_ops_read)
def _stream_read(link: StreamLink, address: int, size: int, got: Any,
                 timeout: int) -> Status:
    got[0] = 0
    data = link.read(size, timeout / 1000)
    got[0] = _put(address, data, size, "read()")
    return Status.OK if data else Status.TIMEOUT


@status_callback(_abi.sfi_stream_ops_write)
def _stream_write(link: StreamLink, address: int, size: int,
                  timeout: int) -> None:
    link.write(_bytes_at(address, size), timeout / 1000)


@status_callback(_abi.sfi_stream_ops_flush)
def _stream_flush(link: StreamLink) -> None:
    link.flush()


@status_callback(_abi.sfi_stream_ops_set_speed)
def _stream_set_speed(link: StreamLink, choice: int, baud: Any,
                      slower: Any) -> None:
    baud[0], slower[0] = link.set_speed(choice)


@status_callback(_abi.sfi_spi_ops_select)
def _spi_select(link: SpiLink, asserted: int) -> None:
    link.select(bool(asserted))


@status_callback(_abi.sfi_spi_ops_transfer)
def _spi_transfer(link: SpiLink, tx: int, rx: Optional[int],
                  size: int) -> None:
    data = link.transfer(_bytes_at(tx, size))
    if len(data) != size:
        raise UsageError(f"transfer() returned {len(data)} bytes, expected "
                         f"{size}")
    if rx:
        _put(rx, data, size, "transfer()")


@status_callback(_abi.sfi_usb_ops_control)
def _usb_control(link: UsbLink, request_type: int, request: int, value: int,
                 index: int, address: int, size: int, got: Any,
                 timeout: int) -> None:
    got[0] = 0
    if request_type & 0x80:
        data = link.control_in(request_type, request, value, index, size,
                               timeout / 1000)
        got[0] = _put(address, data, size, "control_in()")
    else:
        got[0] = link.control_out(request_type, request, value, index,
                                  _bytes_at(address, size), timeout / 1000)


@status_callback(_abi.sfi_usb_ops_reopen)
def _usb_reopen(link: UsbLink, timeout: int) -> None:
    link.reopen(timeout / 1000)


@status_callback(_abi.sfi_dap_ops_read32)
def _dap_read32(link: MemoryLink, address: int, words: Any,
                count: int) -> None:
    values = link.read32(address, count)
    if len(values) != count:
        raise UsageError(f"read32() returned {len(values)} words, expected "
                         f"{count}")
    for number, value in enumerate(values):
        words[number] = value


@status_callback(_abi.sfi_dap_ops_write32)
def _dap_write32(link: MemoryLink, address: int, words: Any,
                 count: int) -> None:
    link.write32(address, words[:count])


@status_callback(_abi.sfi_stream_ops_reset)
def _reset(link: Link, into_boot: int) -> None:
    link.reset(bool(into_boot))


@closing_callback(_abi.sfi_stream_ops_close)
def _close(link: Link) -> None:
    link.close()


_FUNCTIONS: Dict[Any, Dict[str, Any]] = {
    _abi.sfi_stream_ops: {
        "read": _stream_read,
        "write": _stream_write,
        "flush": _stream_flush,
        "set_speed": _stream_set_speed,
        "reset": _reset,
        "close": _close,
    },
    _abi.sfi_spi_ops: {
        "select": _spi_select,
        "transfer": _spi_transfer,
        "reset": _reset,
        "close": _close,
    },
    _abi.sfi_usb_ops: {
        "control": _usb_control,
        "reopen": _usb_reopen,
        "reset": _reset,
        "close": _close,
    },
    _abi.sfi_dap_ops: {
        "read32": _dap_read32,
        "write32": _dap_write32,
        "reset": _reset,
        "close": _close,
    },
}


class Transport(Handle):
    """A link to one chip."""

    _FREE = "sfi_transport_free"
    _MAKE = ("Transport.open(), Transport.over() or "
             "sim.Simulator.transport()")

    @classmethod
    def open(cls, uri: str, *,
             context: Optional[Context] = None) -> "Transport":
        """Open a link by name.

        :param uri: such as ``"serial:/dev/ttyUSB0?baud=115200"``,
            ``"tcp:HOST:PORT"``, ``"rfc2217:HOST:PORT"``, ``"usb:"``,
            ``"spi:/dev/spidev0.0"``, ``"cmsis-dap:"``,
            ``"openocd:localhost:6666"`` or ``"script:FILE"``; libsfi's
            transport.h tells of each and its options
        :raises UsageError: the name is malformed, or several devices match
        :raises Unsupported: an unknown kind, or one that was not built in
        :raises NoDevice: no such port, device, host or server
        :raises AccessError: no permission, or in use by another program
        :raises LinkError: the port cannot be set up, or does not answer
        :raises InputError: the file is not a trace
        :raises Cancelled: by :meth:`Context.cancel`
        """
        return cls._made(chosen(context), "sfi_transport_open",
                         encode(uri, "name"), long=True)

    @classmethod
    def over(cls, link: Link, *,
             context: Optional[Context] = None) -> "Transport":
        """Make a transport of a link of the program's own.

        The link is used until the last object that uses the transport is gone;
        then its :meth:`Link.close` is called.

        :raises TypeError: not a :class:`Link`
        :raises InputError: its ``rtt`` is longer than 60 s
        """
        if not isinstance(link, Link) or link._OPS is None:
            raise TypeError(f"expected a StreamLink, SpiLink, UsbLink or "
                            f"MemoryLink, not {type(link).__name__}")
        where = chosen(context)
        table = link._table()
        number = register(link, where._state)
        try:
            return cls._made(where, link._OPEN, ctypes.byref(table),
                             ctypes.c_void_p(number))
        except BaseException:
            release(number)
            raise

    @property
    def name(self) -> str:
        """Its name, as it stands in front of messages."""
        return decode(self._ask("sfi_transport_name"))

    @property
    def kind(self) -> LinkKind:
        """What it carries."""
        return LinkKind(self._ask("sfi_transport_kind"))

    def capture(self, path: StrPath) -> None:
        """Record the traffic in a file, which ``script:FILE`` can play.

        The file can be sent to others: it holds nothing that decrypts an image.

        :raises AccessError: the file may not be written or is not replaced
        :raises MachineError: the file cannot be written
        """
        self._call("sfi_transport_capture", encode_path(path))


def port_name(*words: str, context: Optional[Context] = None) -> str:
    """The name of a link, from the words that ST's tool takes behind ``-c``::

        sfi.Transport.open(sfi.port_name("port=/dev/ttyUSB0", "br=115200"))

    :param words: such as ``"port=usb1"``, ``"port=swd"``, ``"freq=4000"``,
        ``"mode=UR"``
    :raises UsageError: a word is unknown, does not belong to this kind of port,
        or has a value that is not possible
    """
    array = (ctypes.c_char_p * len(words))(
        *[encode(word, "word") for word in words])
    room = ctypes.create_string_buffer(4096)
    chosen(context)._call("sfi_transport_name_of_port", array, len(words),
                          room, len(room))
    return decode(room.value)


#: A link, or the name of one.
TransportLike = Union[Transport, str]


def transport_of(given: TransportLike, context: Optional[Context]
                 ) -> Transport:
    """The link that an argument names."""
    if isinstance(given, Transport):
        return given
    return Transport.open(given, context=context)


@dataclasses.dataclass(frozen=True)
class PortKind:
    """A kind of port that :func:`ports` can list."""

    #: ``"serial"``, ``"spi"``, ``"usb"`` or ``"cmsis-dap"``
    kind: str
    #: what it needs, as :func:`has_feature` takes it
    feature: str
    #: of a list of them, such as ``"Serial ports"``
    title: str
    #: what to say when there is none
    none: str
    #: what helps when :attr:`Port.denied` is set
    remedy: str


def port_kinds() -> List[PortKind]:
    """The kinds of ports, in the order of :func:`ports`, built in or not.

    :raises LibraryError: libsfi was not found or does not fit
    """
    found: List[PortKind] = []
    while True:
        pointer = _lib.sfi().sfi_port_kind_at(len(found))
        if not pointer:
            return found
        k = pointer.contents
        found.append(PortKind(
            kind=decode(k.kind), feature=decode(k.feature),
            title=decode(k.title), none=decode(k.none),
            remedy=decode(k.remedy)))


@dataclasses.dataclass(frozen=True)
class Port:
    """A port or device of this machine that a link can use."""

    #: as in :class:`PortKind`
    kind: str
    #: for :meth:`Transport.open`
    uri: str
    #: a name that does not change when other devices are plugged in; empty:
    #: none, or the same
    lasting_uri: str
    #: what the device calls itself; empty: it does not say
    product: str
    #: who made it; empty: it does not say
    manufacturer: str
    #: its serial number; the same for all STM32H753 in DFU mode
    serial: str
    #: the user has no permission to open it
    denied: bool
    #: in use by another program, as far as the system knows
    busy: bool


@void_callback(_abi.sfi_transport_found_fn)
def _on_found(report: Callable[[Port], Any], pointer: Any) -> None:
    f = pointer.contents
    report(Port(
        kind=decode(f.kind), uri=decode(f.uri),
        lasting_uri=decode(f.lasting_uri), product=decode(f.product),
        manufacturer=decode(f.manufacturer), serial=decode(f.serial),
        denied=bool(f.flags & _abi.SFI_FOUND_DENIED),
        busy=bool(f.flags & _abi.SFI_FOUND_BUSY)))


def ports(*, context: Optional[Context] = None) -> List[Port]:
    """List the ports and devices of this machine that a link can use.

    Nothing is opened, so no chip is reset.

    :raises LinkError: USB devices cannot be listed
    """
    found: List[Port] = []
    where = chosen(context)
    with during(found.append, where._state) as number:
        where._call("sfi_transport_list", _on_found,
                    ctypes.c_void_p(number))
    return found
