# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A session with the bootloader of one chip."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Optional, Sequence, Tuple, Union

from . import _abi
from ._callback import Slot, register_owned
from ._handle import BytesLike, Handle, decode, read_only, unsigned
from .certificate import Certificate
from .chips import (
    Chip,
    ChipLike,
    chip as find_chip,
    chip_at,
    context_for,
)
from .context import Context
from .describe import Description
from .dialect import Dialect
from .enums import (
    Cause,
    DeviceState,
    Readout,
    ResetKind,
    Status,
    TargetState,
)
from .errors import InputError
from .firmware import Firmware
from .license import License
from .option_bytes import OptionBytes
from .progress import OnProgress, Watch, on_progress
from .transport import TransportLike, transport_of

__all__ = ["Target", "TargetContents", "TargetInfo"]


@dataclasses.dataclass(frozen=True)
class TargetInfo:
    """A chip, and the state of its install."""

    #: DEV_ID, such as 0x450
    device_id: int
    #: REV_ID, over a debug port; 0: unknown
    revision: int
    #: bytes of flash, as an open chip tells; 0: unknown
    flash_size: int
    #: only the security extension answers
    secure: bool
    #: where an install is, of a secure chip
    device_state: DeviceState
    #: why the last request was refused, of a secure chip
    last_cause: Optional[Cause]
    #: the area that is being received; 0: none
    area_index: int
    #: the tag of the image that is being, or was last, installed
    header_tag: bytes
    #: readout protection that is in force
    readout: Readout
    #: version of the protocol: 0x31 is 3.1; 0 over a debug port
    bootloader_version: int
    #: identifier of the bootloader by AN2606: 0x92 is V9.2; 0: unknown
    bootloader_id: int
    #: its name, such as ``"V9.2"``; empty: unknown
    bootloader_name: str
    #: what this version cannot do, for people; empty: nothing known
    bootloader_limits: str


@dataclasses.dataclass(frozen=True)
class TargetContents:
    """What is in a chip."""

    #: open or secure, empty or not
    state: TargetState
    #: the state in words
    text: str
    #: the stack pointer that the flash begins with; None: no vector table
    stack: Optional[int]
    #: the entry behind it
    entry: Optional[int]
    #: the option SECURITY; None: the option bytes cannot be read
    security: Optional[int]
    #: :attr:`TargetInfo.header_tag` is that of an image
    has_image: bool
    #: of a secure chip's certificate; empty: none
    device_id: str


def milliseconds(seconds: Optional[float]) -> int:
    """A time limit for libsfi; 0, its default, for None."""
    if seconds is None:
        return 0
    value = round(seconds * 1000)
    if not 1 <= value <= 0xffffffff:
        raise InputError(f"{seconds} s is not a time limit",
                         status=Status.RANGE)
    return value


class Target(Handle):
    """A chip whose bootloader answers::

        with sfi.Target.connect("serial:/dev/ttyUSB0") as target:
            target.program(sfi.Firmware.load("blink.elf"), verify=True)
            target.go()

    Every method can raise :class:`LinkError` when the link fails,
    :class:`DeviceError` when the chip gives no good answer or is protected,
    :class:`UsageError` where the chip's state does not allow it, and
    :class:`Cancelled`.  Ctrl-C cancels the call that runs within
    half a second.
    """

    _FREE = "sfi_target_free"
    _MAKE = "Target.connect()"

    _watch: Watch
    _slots: Tuple[Optional[Slot], Slot]

    @classmethod
    def connect(cls, transport: TransportLike, chip: Optional[ChipLike] = None,
                timeout: Optional[float] = None,
                dialect: Optional[Dialect] = None, *,
                context: Optional[Context] = None) -> "Target":
        """Find the bootloader, and identify the chip.

        :param transport: the link, or its name for :meth:`Transport.open`
        :param chip: the expected part; None for any that libsfi knows
        :param timeout: seconds to look for the chip; None: 5
        :param dialect: a security extension other than libsfi's own
        :raises LinkTimeout: nothing answers
        :raises NoDevice: another chip than expected, or the port is gone
        :raises DeviceError: the peer is not a bootloader, or the speed is wrong
        :raises Unsupported: libsfi does not know the chip
        :raises Cancelled: by :meth:`Context.cancel`
        """
        context = context_for(context, chip)
        link = transport_of(transport, context)
        where = link.context if context is None else context
        options = _abi.sfi_connect_options(
            struct_size=ctypes.sizeof(_abi.sfi_connect_options),
            timeout_ms=milliseconds(timeout),
            transport=link._pointer_in(where))
        if chip is not None:
            options.chip = find_chip(chip)._pointer_in(where)
        slot = None
        if dialect is not None:
            slot, table = dialect._begin(where._state)
            options.dialect = ctypes.pointer(table)
            options.dialect_user = register_owned(slot)
        self = cls._made(where, "sfi_target_connect_with",
                         ctypes.byref(options), long=True)
        pointer, lib = self._pointer, cls._lib()
        self._watch = Watch(
            where._state, lambda on: lib.sfi_target_cancel(pointer, int(on)))
        self._slots = (slot, Slot(self._watch, where._state))
        self._call("sfi_target_set_progress", on_progress,
                   ctypes.c_void_p(register_owned(self._slots[1])))
        return self

    def _long(self, function: str, *arguments: Any,
              progress: Optional[OnProgress] = None) -> None:
        """A call that takes long."""
        before, self._watch.tell = self._watch.tell, progress
        try:
            self._call_long(function, *arguments, cancel=self._watch.cancel)
        finally:
            self._watch.tell = before

    def cancel(self, on: bool = True) -> None:
        """Cancel the work with the chip, from any thread.

        The call that runs, and each one that follows, raises
        :class:`Cancelled` within 100 ms, until this is called with False.  What
        the chip has begun it ends.
        """
        owner = self._owner
        if owner is not None:
            owner.any_thread(self._lib().sfi_target_cancel, int(on))

    @property
    def chip(self) -> Chip:
        """The part that was found."""
        found = chip_at(self._ask("sfi_target_chip"), self._context)
        assert found is not None
        return found

    @property
    def device_id(self) -> int:
        """DEV_ID, as the bootloader told when the session began."""
        value = ctypes.c_uint32()
        self._call("sfi_target_get_id", ctypes.byref(value))
        return value.value

    def info(self) -> TargetInfo:
        """Ask the chip for its state.

        :raises Unsupported: the secure bootloader has another version
        """
        raw = _abi.sfi_target_info(
            struct_size=ctypes.sizeof(_abi.sfi_target_info))
        self._long("sfi_target_get_info", ctypes.byref(raw))
        return TargetInfo(
            device_id=raw.device_id, revision=raw.revision,
            flash_size=raw.flash_size, secure=bool(raw.secure),
            device_state=DeviceState(raw.device_state),
            last_cause=Cause(raw.last_cause) if raw.last_cause else None,
            area_index=raw.area_index, header_tag=bytes(raw.header_tag),
            readout=Readout(raw.readout),
            bootloader_version=raw.bootloader_version,
            bootloader_id=raw.bootloader_id,
            bootloader_name=decode(raw.bootloader_name),
            bootloader_limits=decode(raw.bootloader_limits))

    def inspect(self) -> TargetContents:
        """Find out what is in the chip, without a change of it.

        What protection hides is left out, and is no error.

        :raises Unsupported: the secure bootloader has another version
        """
        raw = _abi.sfi_target_contents(
            struct_size=ctypes.sizeof(_abi.sfi_target_contents))
        self._long("sfi_target_inspect", ctypes.byref(raw))
        return TargetContents(
            state=TargetState(raw.state), text=decode(raw.text),
            stack=raw.stack if raw.has_vectors else None,
            entry=raw.entry if raw.has_vectors else None,
            security=raw.security if raw.has_options else None,
            has_image=bool(raw.has_image), device_id=decode(raw.device_id))

    def describe(self) -> Description:
        """The facts of :meth:`info` and :meth:`inspect`, in words and JSON::

            print(target.describe().to_text())

        :raises Unsupported: the secure bootloader has another version
        """
        made = Description.__new__(Description)
        made._make(self._context, "sfi_target_describe", self._pointer,
                   long=True, cancel=self._watch.cancel)
        made._keep()
        return made

    # memory

    def read(self, address: int, size: int,
             progress: Optional[OnProgress] = None) -> bytes:
        """Read memory: RAM, flash or option bytes.

        Replies over USART, SPI and JTAG carry no checksum.

        :raises InputError: the range ends past 32-bit addresses
        :raises UsageError: the chip is secure
        :raises DeviceError: readout protection is on
        """
        unsigned(size, 32, "size")
        data = ctypes.create_string_buffer(size)
        self._long("sfi_target_read", unsigned(address, 64, "address"),
                   data, size, progress=progress)
        return data.raw

    def read_firmware(self, address: int, size: int,
                      progress: Optional[OnProgress] = None) -> Firmware:
        """Read memory into a firmware of one segment, which can be saved in any
        format.

        :param size: 1 to 256 MiB
        :raises InputError: too many bytes, or none
        :raises UsageError: the chip is secure
        :raises DeviceError: readout protection is on
        """
        made = Firmware.__new__(Firmware)
        before, self._watch.tell = self._watch.tell, progress
        try:
            made._make(self._context, "sfi_target_read_firmware",
                       self._pointer, unsigned(address, 64, "address"),
                       unsigned(size, 64, "size"), long=True,
                       cancel=self._watch.cancel)
        finally:
            self._watch.tell = before
        return made

    def write(self, address: int, data: BytesLike,
              progress: Optional[OnProgress] = None) -> None:
        """Write memory.  Flash must have been erased: see :meth:`program`.

        :param address: a multiple of 8, in flash of the part's program unit
        :param data: of a length that is a multiple likewise
        :raises InputError: only a part of the range is flash, or not aligned
        :raises UsageError: the chip is secure
        :raises DeviceError: a protection is on; nothing was written
        """
        self._long("sfi_target_write", unsigned(address, 64, "address"),
                   *read_only(data), progress=progress)

    def check_write(self, address: int, size: int) -> None:
        """Check all that libsfi knows about :meth:`write` to a range.

        :raises Error: as :meth:`write`
        """
        self._long("sfi_target_check_write",
                   unsigned(address, 64, "address"),
                   unsigned(size, 32, "size"))

    def check_erased(self, address: int, size: int,
                     progress: Optional[OnProgress] = None) -> None:
        """Check that memory is 0xff everywhere.

        :raises DeviceError: with ``status=Status.MISMATCH``: something is there
        """
        self._long("sfi_target_check_erased",
                   unsigned(address, 64, "address"),
                   unsigned(size, 64, "size"), progress=progress)

    def erase(self, sectors: Sequence[int],
              progress: Optional[OnProgress] = None) -> None:
        """Erase sectors of an open chip.

        :param sectors: their numbers; the first one of the flash is 0
        :raises InputError: the chip has no such sector; nothing was erased
        :raises DeviceError: a protection is on; nothing was erased
        """
        numbers = (ctypes.c_uint32 * len(sectors))(
            *[unsigned(s, 32, "sector") for s in sectors])
        self._long("sfi_target_erase", numbers, len(numbers),
                   progress=progress)

    def erase_all(self, progress: Optional[OnProgress] = None) -> None:
        """Erase the flash of an open chip, or the firmware of a secure one.

        :raises DeviceError: a protection is on
        """
        self._long("sfi_target_erase_all", progress=progress)

    def program(self, firmware: Firmware, verify: bool = False,
                erase: bool = True,
                progress: Optional[OnProgress] = None) -> None:
        """Program a firmware into an open chip: erase the sectors that it
        touches, and write its flash and its RAM.

        First everything that can be known is checked.  After a failure or a
        cancel the sectors may be erased or written in part; program again.

        :param verify: read back what was written, and compare
        :param erase: False: flash must be erased already, which is checked
        :param progress: called many times a second
        :raises InputError: part of it is outside the flash, or reaches what
            must not be written; nothing was erased
        :raises DeviceError: a protection is on, and nothing was erased; or,
            with ``status=Status.MISMATCH``, the chip has something else, or
            flash is not erased
        :raises UsageError: the chip is secure, or the firmware belongs to
            another context
        """
        options = _abi.sfi_program_options(
            struct_size=ctypes.sizeof(_abi.sfi_program_options),
            flags=((_abi.SFI_PROGRAM_VERIFY if verify else 0)
                   | (0 if erase else _abi.SFI_PROGRAM_NO_ERASE)))
        self._long("sfi_target_program", self._use(firmware),
                   ctypes.byref(options), progress=progress)

    def verify(self, firmware: Firmware,
               progress: Optional[OnProgress] = None) -> None:
        """Compare the chip's memory with a firmware.

        :raises DeviceError: with ``status=Status.MISMATCH``: the chip has
            something else
        """
        self._long("sfi_target_verify", self._use(firmware), progress=progress)

    # option bytes and protection

    def option_bytes(self) -> OptionBytes:
        """Read the option bytes: in effect already, or from the next reset on.

        :raises UsageError: the chip is secure
        :raises DeviceError: readout protection is on
        """
        made = OptionBytes.__new__(OptionBytes)
        made._make(self._context, "sfi_target_read_option_bytes",
                   self._pointer, long=True, cancel=self._watch.cancel)
        return made

    def write_option_bytes(self, option_bytes: OptionBytes) -> None:
        """Write the option bytes, as read but for the changes.

        The chip is reset, and they are read again.  SECURITY and readout
        protection level 2 are permanent.

        :raises InputError: they belong to another part
        :raises DeviceError: readout protection is on, or level 2 was not asked
            for
        :raises Unsupported: this bootloader cannot write what differs
        """
        self._long("sfi_target_write_option_bytes",
                   self._use(option_bytes))

    def readout_unprotect(self) -> None:
        """Remove readout protection, which erases the whole flash.

        :raises DeviceError: level 2, which is permanent
        """
        self._long("sfi_target_readout_unprotect")

    # the core

    def go(self, address: Optional[int] = None) -> None:
        """Start a program; the target can only be closed afterwards.

        :param address: of its vector table; None: the first one of the flash
        :raises InputError: not the address of a vector table
        :raises Unsupported: this version of the bootloader cannot
        """
        if address is None:
            address = self.chip.flash_base
        self._long("sfi_target_go", unsigned(address, 64, "address"))

    def reset(self, how: Union[ResetKind, int] = ResetKind.LINE) -> None:
        """Reset the chip; the target can only be closed afterwards.

        :param how: by the link's line to NRST, or by the core (debug ports)
        :raises Unsupported: the link has no such line, or is no debug port
        """
        self._long("sfi_target_reset", int(how))

    def halt(self) -> None:
        """Halt the core, over a debug port.

        :raises Unsupported: the link is no debug port
        """
        self._long("sfi_target_halt")

    # security

    def activate_security(self) -> None:
        """Turn an open chip into a secure one, for ever (AN4992, section 7).

        :raises DeviceError: this part has no secure bootloader
        :raises LinkTimeout: no reset came, or the chip does not answer after it
        """
        self._long("sfi_target_activate_security")

    def certificate(self) -> Certificate:
        """Read the certificate of a secure chip.

        :raises UsageError: the chip is open
        :raises SecurityError: the reply is not a certificate
        """
        made = Certificate.__new__(Certificate)
        made._make(self._context, "sfi_target_get_certificate",
                   self._pointer, long=True, cancel=self._watch.cancel)
        return made

    def session(self) -> int:
        """Ask a secure chip for its session, which a live licence must name.

        :raises UsageError: the chip is open
        :raises DeviceError: its bootloader does not support live licences
        """
        value = ctypes.c_uint32()
        self._long("sfi_target_get_session", ctypes.byref(value))
        return value.value

    def send_license(self, license: License) -> None:
        """Begin an install: the chip erases its flash and takes the licence.

        :raises DeviceError: refused; :attr:`Error.cause` says why
        """
        self._long("sfi_target_send_license", self._use(license))

    def send_image(self, image: BytesLike,
                   progress: Optional[OnProgress] = None) -> None:
        """Send a whole image after its licence, and confirm that the chip has
        it.

        :raises InputError: the image is incomplete
        :raises DeviceError: refused; the chip is erased, and must get the
            licence again
        """
        self._long("sfi_target_send_image", *read_only(image),
                   progress=progress)

    def __repr__(self) -> str:
        state = " closed" if self.closed else f" {self.chip}"
        return f"<sfi.Target{state}>"
