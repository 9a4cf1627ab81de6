# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Virtual chips and cards, for tests, examples and benches (libsfi-sim).

::

    from sfi import sim

    sim.manufacture("stm32h753xi", "ca", "chip")
    with sim.Simulator("chip") as chip:
        with sfi.Installer("blink.sfi", chip.transport("usart"), hsm) as i:
            i.run()

A chip may also be in memory, and needs no folder then: Simulator.in_memory().
"""
from __future__ import annotations

import ctypes
import dataclasses
import threading
import types
from typing import (
    Any,
    Callable,
    Dict,
    List,
    Optional,
    Sequence,
    Type,
    Union,
)

from . import _abi, _lib
from ._callback import during, find, void_callback
from ._handle import (
    BytesLike,
    Handle,
    StrPath,
    decode,
    encode,
    encode_path,
    read_only,
)
from .certificate import Personalization
from .chips import (
    Chip,
    ChipLike,
    chip as find_chip,
    chip_at,
    context_for,
)
from .context import Context, chosen
from .enums import CardEventKind, SimArea, Status
from .errors import Error, InputError, UsageError
from .firmware import Firmware
from .hsm import Hsm
from .transport import Transport

__all__ = [
    "Card",
    "CardEvent",
    "Serving",
    "Simulator",
    "Wait",
    "control",
    "fit_board",
    "manufacture",
    "peek",
    "save",
]


def _options(where: Context, chip: ChipLike, bootloader: Optional[str],
             ca_dir: Optional[StrPath], state_dir: Optional[StrPath]) -> Any:
    return _abi.sfi_sim_make_options(
        struct_size=ctypes.sizeof(_abi.sfi_sim_make_options),
        chip=find_chip(chip)._pointer_in(where),
        bootloader=None if bootloader is None else encode(bootloader),
        ca_dir=None if ca_dir is None else encode_path(ca_dir),
        state_dir=None if state_dir is None else encode_path(state_dir))


def manufacture(chip: ChipLike, ca_dir: StrPath, state_dir: StrPath, *,
                bootloader: Optional[str] = None,
                context: Optional[Context] = None) -> None:
    """Make a new chip, as the chip maker does.

    :param chip: which part
    :param ca_dir: the folder of the CA, which is made if there is none; it then
        holds a personalisation file (``*.pd``) for each product
    :param state_dir: the new chip's folder
    :param bootloader: the version of its standard bootloader by AN2606, such as
        ``"V9.0"``; None: the newest
    :raises UsageError: the part is unknown, or has no such bootloader
    :raises AccessError: the folder holds a chip or other files already
    :raises InputError: the CA's files are not what they should be
    :raises MachineError: a file cannot be read or written
    :raises LibraryError: libsfi-sim was not found or does not fit
    """
    where = chosen(context_for(context, chip))
    options = _options(where, chip, bootloader, ca_dir, state_dir)
    where._state.call(_lib.sim().sfi_sim_manufacture_with,
                      where._state.pointer, ctypes.byref(options))


def fit_board(state_dir: StrPath, programs: Sequence[Firmware], *,
              context: Optional[Context] = None) -> None:
    """Make a board of a new chip: its own programs, on an emulated core.

    :param state_dir: the folder that :func:`manufacture` made
    :param programs: the secure boot and the secure bootloader
    :raises Unsupported: no board of this part is known
    :raises InputError: a program is not all in its place in the flash
    :raises UsageError: the chip has run before without a board
    :raises AccessError: a simulator runs it
    """
    where = chosen(context)
    where._state.call(_lib.sim().sfi_sim_fit_board, where._state.pointer,
                      encode_path(state_dir), _pointers(where, programs),
                      len(programs))


def _pointers(where: Context, programs: Sequence[Firmware]) -> Any:
    return (ctypes.c_void_p * len(programs))(
        *[p._pointer_in(where) for p in programs])


def _fitting(call: Callable[[Any, Any], None]) -> bytes:
    """The result of a call that says how much room it needs."""
    length = ctypes.c_size_t(1024)
    while True:
        room = ctypes.create_string_buffer(length.value)
        try:
            call(room, ctypes.byref(length))
        except Error as error:
            if error.status != Status.BUFFER or length.value <= len(room):
                raise
            continue
        return room.raw[:length.value]


def peek(state_dir: StrPath, area: SimArea, *,
         context: Optional[Context] = None) -> bytes:
    """Read a memory of a chip from its folder, also while it runs.

    :param area: any but RAM
    :raises InputError: a file has a wrong length or names an unknown part
    :raises MachineError: a file cannot be read
    """
    where, path = chosen(context), encode_path(state_dir)
    return _fitting(lambda data, length: where._state.call(
        _lib.sim().sfi_sim_peek, where._state.pointer, path, int(area), data,
        length))


def save(state_dir: StrPath, area: SimArea, path: StrPath, *,
         context: Optional[Context] = None) -> None:
    """Copy a memory of a chip from its folder into a file.

    :param area: any but RAM
    :raises Error: as :func:`peek`
    :raises AccessError: the file is not replaced
    """
    where = chosen(context)
    where._state.call(_lib.sim().sfi_sim_save, where._state.pointer,
                      encode_path(state_dir), int(area), encode_path(path))


def control(state_dir: StrPath, command: str, *,
            context: Optional[Context] = None) -> str:
    """Give a command to a chip that another process serves.

    :param command: as for :meth:`Simulator.command`
    :raises NoDevice: no process serves this chip
    :raises UsageError: the simulator refused the command
    """
    where, path = chosen(context), encode_path(state_dir)
    room = ctypes.create_string_buffer(1024)
    length = ctypes.c_size_t(len(room))
    where._state.call(_lib.sim().sfi_sim_control, where._state.pointer, path,
                      encode(command, "command"), room, ctypes.byref(length))
    return decode(room.value)


@dataclasses.dataclass(frozen=True)
class Wait:
    """What one link of a chip waits for."""

    #: the file descriptor, which stays the chip's
    fd: int
    #: until it can be read
    read: bool
    #: until it can be written
    write: bool
    #: or so many seconds
    within: float


def _links(usart: Optional[StrPath], jtag: Optional[str], remote: bool,
           control: bool) -> Any:
    return _abi.sfi_sim_links(
        struct_size=ctypes.sizeof(_abi.sfi_sim_links),
        flags=((_abi.SFI_SIM_REMOTE if remote else 0)
               | (_abi.SFI_SIM_CONTROL if control else 0)),
        usart=None if usart is None else encode_path(usart),
        jtag=None if jtag is None else encode(jtag, "address"))


class Simulator(Handle):
    """A virtual chip, powered on, with BOOT0 high.

    :meth:`in_memory` makes one without a folder.

    :param state_dir: the folder that :func:`manufacture` made
    :param board: of a board (:func:`fit_board`), the program sfi-board that
        runs it: a path, or a name to be found in PATH
    :raises Unsupported: it is a board, and no program is named, or it is not
    :raises AccessError: another simulator runs it
    :raises InputError: a file has a wrong length
    :raises MissingFile: there is no such folder
    :raises LibraryError: libsfi-sim was not found or does not fit
    """

    _FREE = "sfi_sim_free"

    def __init__(self, state_dir: StrPath, *, board: Optional[StrPath] = None,
                 context: Optional[Context] = None) -> None:
        where, path = chosen(context), encode_path(state_dir)
        if board is None:
            self._make(where, "sfi_sim_open", where._state.pointer, path)
        else:
            self._make(where, "sfi_sim_open_board", where._state.pointer, path,
                       encode_path(board))

    @classmethod
    def in_memory(cls, chip: ChipLike, *, maker: Optional["Simulator"] = None,
                  ca_dir: Optional[StrPath] = None,
                  bootloader: Optional[str] = None,
                  board: Optional[StrPath] = None,
                  programs: Sequence[Firmware] = (),
                  context: Optional[Context] = None) -> "Simulator":
        """Make a new chip in memory, which is gone when it is closed.

        :param chip: which part
        :param maker: a chip in memory whose CA certifies this one as well
        :param ca_dir: the folder of a CA; without it and `maker` the chip has a
            CA of its own, see :attr:`personalization`
        :param bootloader: as for :func:`manufacture`
        :param board: the program sfi-board, which makes it a board
        :param programs: of a board, as for :func:`fit_board`
        :raises UsageError: the part is unknown, has no such bootloader, or
            `maker` is in a folder
        :raises Error: as :func:`manufacture`, with a `ca_dir`
        """
        where = chosen(context_for(context, chip))
        made = cls.__new__(cls)
        options = _options(where, chip, bootloader, ca_dir, None)
        if maker is not None:
            options.maker = maker._pointer
        if board is None:
            made._make(where, "sfi_sim_make_in_memory", where._state.pointer,
                       ctypes.byref(options))
        else:
            made._make(where, "sfi_sim_make_board", where._state.pointer,
                       ctypes.byref(options), encode_path(board),
                       _pointers(where, programs), len(programs))
        return made

    @staticmethod
    def _lib() -> _lib.Library:
        return _lib.sim()

    @property
    def personalization(self) -> Personalization:
        """What makes an HSM trust the CA of a chip in memory.

        :raises UsageError: the chip is in a folder
        """
        made, out = (Personalization.__new__(Personalization),
                     ctypes.c_void_p())
        with self._context._state:
            self._call("sfi_sim_personalization", ctypes.byref(out))
            made._own(self._context, out.value or 0)
        return made

    @property
    def chip(self) -> Chip:
        """Which part it is."""
        found = chip_at(self._ask("sfi_sim_chip"))
        assert found is not None
        return found

    def transport(self, interface: str = "usart") -> Transport:
        """Connect to the chip inside the process.

        Time on this link is virtual: nothing ever waits.  The transport keeps
        the chip alive.

        :param interface: ``"usart"``, ``"spi"``, ``"usb"``, ``"jtag"`` or
            ``"swd"``
        :raises Unsupported: the chip has no such interface
        """
        made, out = Transport.__new__(Transport), ctypes.c_void_p()
        with self._context._state:
            self._call("sfi_sim_transport", encode(interface, "interface"),
                       ctypes.byref(out))
            made._own(self._context, out.value or 0)
        return made

    # its links, byte by byte

    def usart(self, data: BytesLike = b"") -> bytes:
        """Send bytes to the USART, and fetch the answer."""
        room = ctypes.create_string_buffer(4096)
        length = ctypes.c_size_t(len(room))
        self._call("sfi_sim_usart", *read_only(data), room,
                   ctypes.byref(length))
        return room.raw[:length.value]

    def spi(self, data: BytesLike) -> bytes:
        """Clock bytes through SPI, and return as many."""
        buffer, length = read_only(data)
        room = ctypes.create_string_buffer(length)
        self._call("sfi_sim_spi", buffer, room, length)
        return room.raw

    def probe(self, packet: BytesLike) -> bytes:
        """Send one packet to a CMSIS-DAP probe on the chip's debug port.

        :raises Unsupported: the part has no debug port
        """
        room = ctypes.create_string_buffer(_abi.SFI_SIM_PROBE_PACKET)
        length = ctypes.c_size_t(len(room))
        self._call("sfi_sim_probe", *read_only(packet), room,
                   ctypes.byref(length))
        return room.raw[:length.value]

    def usb_attach(self) -> None:
        """Plug the chip's USB into a host.

        :raises NoDevice: no bootloader with USB is running
        """
        self._call("sfi_sim_usb_attach")

    @property
    def usb_attached(self) -> bool:
        """Whether it has stayed on the USB since it was enumerated."""
        return bool(self._ask("sfi_sim_usb_attached"))

    def usb_control(self, request_type: int, request: int, value: int,
                    index: int, data: Union[int, BytesLike]) -> bytes:
        """One control transfer.

        :param data: the bytes; or how many to read, if bit 7 of `request_type`
            is set
        :return: what was read, or the bytes that were taken
        :raises DeviceError: the chip stalled the transfer
        :raises NoDevice: it is not attached
        """
        content = bytes(data) if isinstance(data, int) else bytes(data)
        room = ctypes.create_string_buffer(content, len(content) or 1)
        got = ctypes.c_size_t()
        self._call("sfi_sim_usb_control", request_type, request, value, index,
                   room, len(content), ctypes.byref(got))
        return room.raw[:got.value]

    # what a bench does

    def command(self, line: str) -> str:
        """Do to the chip what a bench does.

        :param line: ``"reset"``, ``"nrst 0"``, ``"power off"``, ``"boot0 1"``,
            ``"halt"``, ``"state"``, ``"timing real"`` or ``"habit NAME N"``
        :return: the answer; empty for most
        :raises UsageError: not a command, or not possible now
        """
        room = ctypes.create_string_buffer(1024)
        length = ctypes.c_size_t(len(room))
        self._call("sfi_sim_command", encode(line, "command"), room,
                   ctypes.byref(length))
        return decode(room.value)

    def state(self) -> Dict[str, str]:
        """What the chip is doing, as ``command("state")`` tells it."""
        words = (word.partition("=") for word in self.command("state").split())
        return {name: value for name, _, value in words}

    def wait(self, seconds: float) -> None:
        """Advance the chip's clock."""
        if not 0 <= seconds <= 4e6:
            raise InputError(f"{seconds} is not a time", status=Status.RANGE)
        self._ask("sfi_sim_wait", round(seconds * 1000))

    def power_cut_after(self, operations: Optional[int]) -> None:
        """Let the power fail.

        :param operations: how many operations on flash, option bytes and record
            still complete; None: no cut
        """
        self._ask("sfi_sim_power_cut_after",
                  (1 << 64) - 1 if operations is None else operations)

    def power_on(self) -> None:
        """Cycle the power, which ends a cut."""
        self._call("sfi_sim_power_on")

    @property
    def has_power(self) -> bool:
        """Whether it is powered."""
        return bool(self._ask("sfi_sim_has_power"))

    @property
    def flash_ops(self) -> int:
        """Operations that completed since the chip was opened."""
        return int(self._ask("sfi_sim_flash_ops"))

    @property
    def resets(self) -> int:
        """Power-ups and resets since the chip was opened."""
        return int(self._ask("sfi_sim_resets"))

    @property
    def reset_is_due(self) -> bool:
        """Whether programmed option bytes wait for a reset."""
        return bool(self._ask("sfi_sim_reset_is_due"))

    def set_boot0(self, level: bool) -> None:
        """Set the BOOT0 pin, which the next reset reads."""
        self._ask("sfi_sim_set_boot0", int(level))

    def set_option(self, name: str, value: int) -> None:
        """Program one row of the option bytes, as a debugger would.

        :raises UsageError: the part has no such row
        """
        self._call("sfi_sim_set_option", encode(name, "row"), value)

    def erase_flash(self) -> None:
        """Erase all flash, as a debugger would."""
        self._call("sfi_sim_erase_flash")

    def dump(self, area: SimArea) -> bytes:
        """A memory of the chip, without its bootloader."""
        return _fitting(lambda data, length: self._call(
            "sfi_sim_dump", int(area), data, length))

    def read_flash(self, address: int, size: int) -> bytes:
        """Flash of the chip, without its bootloader.

        :raises InputError: not all of the range is flash
        """
        data = ctypes.create_string_buffer(size)
        self._call("sfi_sim_read_flash", address, data, size)
        return data.raw

    # for other processes

    def serve(self, usart: Optional[StrPath] = None,
              jtag: Optional[str] = None, *, remote: bool = False,
              control: bool = False,
              stop: Callable[[], bool] = lambda: False) -> None:
        """Serve the chip to other processes, until `stop` says so.

        :param usart: the name of a symbolic link to a pseudo terminal
        :param jtag: ``"HOST:PORT"``, openocd's remote_bitbang over TCP
        :param remote: let other machines reach JTAG
        :param control: take :func:`control` of other processes
        :param stop: called when all links are ready, then several times a
            second; True ends it
        :raises UsageError: no link, or a name is malformed
        :raises AccessError: the name or port is in use
        :raises Unsupported: the part has no JTAG
        """
        links = _links(usart, jtag, remote, control)
        with during(stop, self._context._state) as number:
            self._call("sfi_sim_serve", ctypes.byref(links), _on_stop,
                       ctypes.c_void_p(number))

    def serve_begin(self, usart: Optional[StrPath] = None,
                    jtag: Optional[str] = None, *, remote: bool = False,
                    control: bool = False) -> None:
        """Begin to serve the chip from an event loop of the program's own.

        Wait for what :meth:`waits` says, and call :meth:`poll` after it.

        :raises Error: as :meth:`serve`
        """
        self._call("sfi_sim_serve_begin", ctypes.byref(
            _links(usart, jtag, remote, control)))

    def poll(self, timeout: float = 0.0) -> None:
        """Serve what is ready, and let the chip's time pass.

        :param timeout: seconds to wait for it at most
        :raises UsageError: the chip is not served
        """
        if not 0 <= timeout <= 4e6:
            raise InputError(f"{timeout} is not a time", status=Status.RANGE)
        self._call("sfi_sim_poll", round(timeout * 1000))

    def waits(self) -> List[Wait]:
        """What an event loop waits for before the next :meth:`poll`.

        :raises UsageError: the chip is not served
        """
        found: List[Wait] = []
        fd, events, ms = ctypes.c_int(), ctypes.c_uint32(), ctypes.c_uint32()
        while True:
            try:
                self._call("sfi_sim_get_wait", len(found), ctypes.byref(fd),
                           ctypes.byref(events), ctypes.byref(ms))
            except InputError:
                return found
            found.append(Wait(
                fd.value, bool(events.value & _abi.SFI_SIM_READABLE),
                bool(events.value & _abi.SFI_SIM_WRITABLE), ms.value / 1000))

    def serve_end(self) -> None:
        """Serve the chip no longer; closing it does this, too."""
        self._ask("sfi_sim_serve_end")

    def serving(self, usart: Optional[StrPath] = None,
                jtag: Optional[str] = None, *, remote: bool = False,
                control: bool = False) -> "Serving":
        """Serve the chip in a thread, during a ``with`` block.

        The context of the chip belongs to that thread meanwhile: give the chip
        one of its own.

        :raises Error: as :meth:`serve`, at the begin of the block
        """
        return Serving(self, usart=usart, jtag=jtag, remote=remote,
                       control=control)

    def __repr__(self) -> str:
        state = " closed" if self.closed else f" {self.chip}"
        return f"<sfi.sim.Simulator{state}>"


def _stops(number: Optional[int]) -> int:
    slot = find(number)
    if slot is None or slot.state.exception is not None:
        return 1
    try:
        return int(bool(slot.target()))
    except BaseException as error:
        slot.state.store(error)
        return 1


_on_stop = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_stops)


class Serving:
    """A chip that is served in a thread, while the ``with`` block lasts."""

    def __init__(self, simulator: Simulator, **links: Any) -> None:
        self._simulator = simulator
        self._links = links
        self._ready = threading.Event()
        self._end = threading.Event()
        self._error: Optional[BaseException] = None
        self._thread = threading.Thread(target=self._run, name="sfi-sim")
        #: the TCP port of JTAG; 0 when it is not served
        self.jtag_port = 0

    def _run(self) -> None:
        try:
            self._simulator.serve(stop=self._stop, **self._links)
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()

    def _stop(self) -> bool:
        if not self._ready.is_set():
            self.jtag_port = int(self._simulator._ask("sfi_sim_jtag_port"))
            self._ready.set()
        return self._end.is_set()

    def __enter__(self) -> "Serving":
        if self._thread.ident is not None:
            raise UsageError("serve again with another Simulator.serving()")
        self._thread.start()
        self._ready.wait()
        if not self._thread.is_alive() or self._error is not None:
            self._finish()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]],
                 value: Optional[BaseException],
                 traceback: Optional[types.TracebackType]) -> None:
        self._finish()

    def _finish(self) -> None:
        self._end.set()
        self._thread.join()
        error, self._error = self._error, None
        if error is not None:
            raise error


@dataclasses.dataclass(frozen=True)
class CardEvent:
    """What happened to a card that is served."""

    #: what it is
    kind: CardEventKind
    #: CLA INS P1 P2 of a command, as far as it has them
    header: bytes
    #: bytes of the command
    length: int
    #: of its reply, such as 0x9000
    status_word: int


class _CardService:
    """What a card that is served calls: it ends as a chip's service does."""

    def __init__(self, stop: Callable[[], bool],
                 event: Optional[Callable[[CardEvent], object]]) -> None:
        self.stop = stop
        self.event = event

    def __call__(self) -> bool:
        return self.stop()


@void_callback(_abi.sfi_card_event_fn)
def _on_card_event(service: _CardService, pointer: Any) -> None:
    raw = pointer.contents
    if service.event is not None:
        service.event(CardEvent(
            CardEventKind(raw.kind), bytes(raw.header)[:raw.length],
            raw.length, raw.status_word))


class Card(Handle):
    """The card's side of a smartcard HSM: a command in, a reply out.

    :param hsm: what the card stands for, in a context of its own if the host is
        in this process too
    """

    _FREE = "sfi_card_free"

    def __init__(self, hsm: Hsm) -> None:
        where = hsm.context
        self._make(where, "sfi_card_new", where._state.pointer, hsm._pointer)

    @staticmethod
    def _lib() -> _lib.Library:
        return _lib.sim()

    @property
    def atr(self) -> bytes:
        """Its answer to reset."""
        length = ctypes.c_size_t()
        with self._context._state:
            at = self._ask("sfi_card_atr", ctypes.byref(length))
            return ctypes.string_at(at, length.value)

    def apdu(self, command: BytesLike) -> bytes:
        """Execute a command, and return the reply with its status word."""
        room = ctypes.create_string_buffer(_abi.SFI_CARD_APDU_MAX)
        length = ctypes.c_size_t(len(room))
        self._call("sfi_card_apdu", *read_only(command), room,
                   ctypes.byref(length))
        return room.raw[:length.value]

    def serve(self, reader: Optional[str] = None, *,
              stop: Callable[[], bool] = lambda: False,
              event: Optional[Callable[[CardEvent], object]] = None) -> None:
        """Put the card into a virtual reader, vsmartcard-vpcd behind pcscd,
        until `stop` says so.

        :param reader: ``"HOST:PORT"``; None: ``"127.0.0.1:35963"``, vpcd's
            first slot
        :param stop: called several times a second; True takes the card out
        :param event: called for what happens
        :raises UsageError: the reader's name is malformed
        :raises NoDevice: the reader's name is not known
        """
        at = None if reader is None else encode(reader, "reader")
        service = _CardService(stop, event)
        with during(service, self._context._state) as number:
            self._call("sfi_card_serve", at, _on_stop, _on_card_event,
                       ctypes.c_void_p(number))

    def reset(self) -> None:
        """Reset the card, as power off and on do."""
        self._ask("sfi_card_reset")

    @property
    def reason(self) -> str:
        """Why the HSM refused the last command; empty: it did not."""
        return decode(self._ask("sfi_card_reason"))
