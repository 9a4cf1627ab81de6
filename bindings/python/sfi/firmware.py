# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Firmware from ELF, Intel HEX, S-records, DfuSe files and binaries."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import (
    Any,
    Callable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
    overload,
)

from . import _abi
from ._callback import during, null, void_callback
from ._handle import (
    BytesLike,
    Handle,
    StrPath,
    decode,
    encode,
    encode_path,
    read_only,
)
from .chips import ChipLike, chip
from .context import Context, chosen
from .enums import DifferenceKind, FirmwareFlag, LeftOutReason, Status
from .errors import InputError, UsageError

__all__ = ["Difference", "Firmware", "LeftOut", "Segment", "format_by_name"]


class Segment(NamedTuple):
    """Bytes of a firmware at consecutive addresses."""

    #: the address of the first byte
    address: int
    #: the bytes, read-only and not copied; they keep the firmware alive
    data: memoryview

    @property
    def end(self) -> int:
        """The address behind the last byte."""
        return self.address + len(self.data)

    def __repr__(self) -> str:
        return f"<sfi.Segment {self.address:#010x}..{self.end - 1:#010x}>"


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """Consecutive bytes that :meth:`Firmware.select` left out."""

    #: why
    reason: LeftOutReason
    #: the first byte
    address: int
    #: how many; at least 1
    size: int
    #: the memory that they are in, if a part was given
    memory: Optional[str]
    #: the segment of the firmware, from 1
    segment: int


@dataclasses.dataclass(frozen=True)
class Difference:
    """Consecutive bytes that differ between two firmwares."""

    #: how they differ
    kind: DifferenceKind
    #: the first byte
    address: int
    #: how many; at least 1
    size: int
    #: the first byte in the first firmware
    first: int
    #: the first byte in the second firmware
    second: int


@void_callback(_abi.sfi_firmware_left_out_fn)
def _on_left_out(report: Callable[[LeftOut], Any], pointer: Any) -> None:
    found = pointer.contents
    report(LeftOut(
        LeftOutReason(found.reason), found.address, found.size,
        None if found.memory is None else decode(found.memory),
        found.segment))


def difference_of(found: Any) -> Difference:
    """The difference of a struct."""
    return Difference(DifferenceKind(found.kind), found.address, found.size,
                      found.first, found.second)


@void_callback(_abi.sfi_firmware_difference_fn)
def _on_difference(report: Callable[[Difference], Any], pointer: Any) -> None:
    report(difference_of(pointer.contents))


def _ranges(given: Sequence[Tuple[int, int]]) -> Any:
    """An array of ranges; None if there are no ranges."""
    if not given:
        return None
    for first, last in given:
        if not 0 <= first <= last < 1 << 64:
            raise UsageError(f"{first:#x}..{last:#x} is not a range")
    array = (_abi.sfi_firmware_range * len(given))()
    for range_, (first, last) in zip(array, given):
        range_.first, range_.last = first, last
    return array


class Firmware(Handle, Sequence[Segment]):
    """A sequence of segments, ascending and disjoint; it does not change.

    Adjacent data of a file is one segment, and a gap is never filled.
    """

    _FREE = "sfi_firmware_free"
    _MAKE = "Firmware.load() or Firmware.parse()"

    @classmethod
    def load(cls, path: StrPath, format: Optional[str] = None, base: int = 0,
             flags: FirmwareFlag = FirmwareFlag(0), *,
             skip_sections: Sequence[str] = (),
             context: Optional[Context] = None) -> "Firmware":
        """Read a firmware file.

        :param format: ``"elf"``, ``"ihex"``, ``"srec"``, ``"dfuse"``, ``"bin"``
            or ``"raw"`` (any bytes); None: by content
        :param base: the address of the first byte of ``"bin"`` and ``"raw"``
        :param flags: deviations to allow
        :param skip_sections: names of ELF sections to leave out
        :raises InputError: the file is malformed, truncated, too large or of no
            known format; ``where`` names the line
        :raises UsageError: the format is unknown, flags contradict each other,
            or a base address comes with another format
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        names = [encode(name, "name of a section") for name in skip_sections]
        options = _abi.sfi_firmware_options(
            struct_size=ctypes.sizeof(_abi.sfi_firmware_options),
            flags=int(flags),
            format=None if format is None else encode(format, "format"),
            base_address=_address(base))
        array = (ctypes.c_char_p * len(names))(*names)
        if names:
            options.skip_sections = array
            options.skip_section_count = len(names)
        return cls._made(chosen(context), "sfi_firmware_load_with",
                         encode_path(path), ctypes.byref(options))

    @classmethod
    def parse(cls, data: BytesLike, format: Optional[str] = None,
              base: int = 0, *,
              context: Optional[Context] = None) -> "Firmware":
        """Read a firmware from memory.

        :param data: the content of a file
        :param format: as for :meth:`load`
        :param base: as for :meth:`load`
        :raises InputError: as for :meth:`load`
        :raises UsageError: as for :meth:`load`
        """
        buffer, length = read_only(data)
        return cls._made(
            chosen(context), "sfi_firmware_parse",
            None if format is None else encode(format, "format"),
            _address(base), buffer, length)

    @property
    def format(self) -> str:
        """What it was read from: ``"elf"``, ``"ihex"``, ``"srec"``,
        ``"dfuse"``, ``"bin"``, ``"raw"`` or ``"sfi"``."""
        return decode(self._ask("sfi_firmware_format"))

    @property
    def name(self) -> str:
        """The file that it was read from; empty if there was none."""
        return decode(self._ask("sfi_firmware_name"))

    @property
    def machine(self) -> int:
        """e_machine of an ELF file, 40 for Arm; 0 if the format does not
        tell."""
        return int(self._ask("sfi_firmware_machine"))

    @property
    def size(self) -> int:
        """How many bytes all segments have."""
        return sum(len(segment.data) for segment in self)

    def __len__(self) -> int:
        return int(self._ask("sfi_firmware_segment_count"))

    @overload
    def __getitem__(self, index: int) -> Segment: ...

    @overload
    def __getitem__(self, index: slice) -> List[Segment]: ...

    def __getitem__(self, index: Union[int, slice]
                    ) -> Union[Segment, List[Segment]]:
        if isinstance(index, slice):
            return [self._segment(i) for i in range(*index.indices(len(self)))]
        count = len(self)
        if not -count <= index < count:
            raise IndexError("a segment that the firmware does not have")
        return self._segment(index % count)

    def __iter__(self) -> Iterator[Segment]:
        for index in range(len(self)):
            yield self._segment(index)

    def _segment(self, index: int) -> Segment:
        address, length = ctypes.c_uint64(), ctypes.c_size_t()
        data = ctypes.c_void_p()
        self._call("sfi_firmware_segment", index, ctypes.byref(address),
                   ctypes.byref(data), ctypes.byref(length))
        assert self._owner is not None
        return Segment(address.value,
                       self._owner.view(data.value, length.value))

    def select(self, only: Sequence[Tuple[int, int]] = (),
               exclude: Sequence[Tuple[int, int]] = (),
               flash_of: Optional[ChipLike] = None,
               report: Optional[Callable[[LeftOut], Any]] = None
               ) -> "Firmware":
        """A firmware from the bytes that are at certain addresses.

        :param only: keep only what is in one of these ranges, pairs of the
            first and the last address
        :param exclude: leave out what is in one of these ranges
        :param flash_of: keep only what is in the flash of this part
        :param report: called for what is left out
        :raises InputError: a range ends past 0xffffffff, no byte is left, or
            bytes are only partly in the flash
        :raises UsageError: a range ends before it begins
        """
        keep, leave = _ranges(only), _ranges(exclude)
        selection = _abi.sfi_firmware_selection(
            struct_size=ctypes.sizeof(_abi.sfi_firmware_selection),
            only=keep, only_count=len(only), exclude=leave,
            exclude_count=len(exclude),
            flash_of=None if flash_of is None
            else chip(flash_of)._pointer_in(self._context))
        made = Firmware.__new__(Firmware)
        with during(report, self._context._state) as number:
            made._make(
                self._context, "sfi_firmware_select", self._pointer,
                ctypes.byref(selection),
                _on_left_out if report else null(
                    _abi.sfi_firmware_left_out_fn),
                ctypes.c_void_p(number))
        return made

    def patch(self, address: int, data: bytes) -> "Firmware":
        """A firmware with some bytes of a board's own, as its serial number.

        Where this one has bytes, they must be 0xff.

        :param address: of the first byte
        :param data: the bytes, at least one
        :raises InputError: this one has other bytes there, or a byte would be
            past 0xffffffff
        :raises UsageError: there are no bytes
        """
        if not 0 <= address <= 0xffffffff:
            raise InputError(f"the address {address} is not of 32 bits",
                             status=Status.RANGE)
        made = Firmware.__new__(Firmware)
        made._make(self._context, "sfi_firmware_patch", self._pointer, address,
                   data, len(data))
        return made

    def save(self, path: StrPath, format: Optional[str] = None,
             fill: Optional[int] = None, *, private: bool = False,
             replace: bool = False) -> None:
        """Write the firmware to a file, completely or not at all.

        :param format: ``"ihex"``, ``"srec"`` or ``"bin"``; None: by the name
        :param fill: the byte that fills the gaps of a plain binary; None: it
            has no gaps
        :param private: only the owner of the file can read it
        :param replace: also in the place of a file of another kind
        :raises InputError: several segments for a plain binary without fill, or
            more than 256 MiB
        :raises UsageError: the format or the fill byte is unknown
        :raises AccessError: the file may not be written or is not replaced
        :raises MachineError: the file cannot be written
        """
        if fill is not None and not 0 <= fill <= 255:
            raise UsageError(f"the fill byte {fill} is not 0 to 255")
        options = _abi.sfi_firmware_save_options(
            struct_size=ctypes.sizeof(_abi.sfi_firmware_save_options),
            flags=((_abi.SFI_FIRMWARE_PRIVATE if private else 0)
                   | (_abi.SFI_REPLACE if replace else 0)),
            format=None if format is None else encode(format, "format"),
            fill=0 if fill is None else 0x100 | fill)
        self._call("sfi_firmware_save", encode_path(path),
                   ctypes.byref(options))

    def compare(self, other: "Firmware") -> List[Difference]:
        """Where this and another firmware leave different bytes in a flash.

        What a firmware does not fill counts as 0xff, as erased flash reads.

        :raises UsageError: the other belongs to another context
        """
        found: List[Difference] = []
        count = ctypes.c_uint64()
        with during(found.append, self._context._state) as number:
            self._call("sfi_firmware_compare", self._use(other),
                       _on_difference, ctypes.c_void_p(number),
                       ctypes.byref(count))
        return found

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.Firmware closed>"
        return f"<sfi.Firmware {self.name or self.format}, " \
               f"{len(self)} segments>"


def _address(base: int) -> int:
    if not 0 <= base < 1 << 64:
        raise UsageError(f"{base:#x} is not an address")
    return base


def format_by_name(path: StrPath) -> str:
    """The format that the name of a new file asks for: ``"ihex"``, ``"srec"``
    or ``"bin"``.

    :raises LibraryError: libsfi was not found or does not fit
    """
    from . import _lib
    return decode(_lib.sfi().sfi_firmware_format_by_name(encode_path(path)))
