# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A part of your own: an open part that libsfi does not know, as data."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Optional, Sequence

from . import _abi
from ._handle import encode, unsigned
from .chips import Chip, defined_at
from .context import Context, chosen
from .enums import MemoryKind, Status
from .errors import InputError

__all__ = ["ChipDefinition", "ChipField", "ChipMemoryRange", "ChipRow",
           "define_chip"]


@dataclasses.dataclass(frozen=True)
class ChipRow:
    """One row of the option-byte CSV."""

    #: its name there
    name: str
    #: value of a new part
    shipped: int
    #: where the bootloader shows the value in force: offset from
    #: ``options_base``
    current: int
    #: where it shows the value that the next reset loads; None: there is only
    #: one
    pending: Optional[int] = None
    #: in CSV files, but never written
    read_only: bool = False


@dataclasses.dataclass(frozen=True)
class ChipField:
    """A field of a row."""

    #: ``"RDP"``, as the reference manual calls it
    name: str
    #: the name of its row
    row: str
    #: its lowest bit there
    shift: int
    #: number of bits
    width: int
    #: description, in a few words; empty: none
    about: str = ""


@dataclasses.dataclass(frozen=True)
class ChipMemoryRange:
    """A memory beside the flash and the option bytes."""

    #: ``"SRAM1"``
    name: str
    #: its first address
    base: int
    #: in bytes
    size: int
    #: what it is
    kind: MemoryKind


@dataclasses.dataclass(frozen=True)
class ChipDefinition:
    """A part: what its reference manual and AN2606 say of it.

    doc/porting.md, "A part of your own", says where the numbers are found.
    """

    #: ``"stm32f746xg"``: 1 to 31 of a-z and 0-9; not that of a part that libsfi
    #: knows
    name: str
    #: DEV_ID of DBGMCU_IDCODE, 12 bits
    device_id: int
    #: the first address of its flash
    flash_base: int
    #: in bytes; sectors of equal size
    flash_size: int
    #: what is erased at once
    sector_size: int
    #: 4, 8, 16 or 32 bytes, programmed at once, and once after each erase
    program_unit: int
    #: longest time to erase a sector
    erase_ms: int
    #: the option bytes as bootloaders show them
    options_base: int
    #: in bytes
    options_size: int
    #: 1 to 12, in the order of CSV files
    rows: Sequence[ChipRow]
    #: 1 to 128; of them one is ``"RDP"``, 8 bits wide, with the usual values:
    #: 0xaa is level 0
    fields: Sequence[ChipField]
    #: 0 to 32, for messages and checks
    memories: Sequence[ChipMemoryRange] = ()
    #: 0: one bank
    bank_size: int = 0
    #: where firmware may be ...
    firmware_base: int = 0
    #: ... and how much; 0: all of the flash
    firmware_size: int = 0
    #: a firmware's size is a multiple of it; 0: any size
    firmware_multiple: int = 0
    #: RAM that the bootloader reads and writes
    ram_base: int = 0
    #: 0: none is known
    ram_size: int = 0
    #: AN2606: address of the bootloader's ID; 0: not known
    bootloader_id_at: int = 0
    #: where the part says how large its flash is, 16 bits, in KB; 0: not known
    flash_size_at: int = 0
    #: its bootloader speaks USB-DFU (AN3156), too
    usb: bool = False
    #: option bytes are flash: each word is followed by its complement
    option_complements: bool = False
    #: writing option bytes resets the part
    option_resets: bool = False

    def __post_init__(self) -> None:
        for name in ("rows", "fields", "memories"):  # so that they are frozen
            object.__setattr__(self, name, tuple(getattr(self, name)))


#: Members that are the same numbers in C.
_NUMBERS = (
    "device_id", "flash_base", "flash_size", "bank_size", "sector_size",
    "program_unit", "erase_ms", "firmware_base", "firmware_size",
    "firmware_multiple", "ram_base", "ram_size", "bootloader_id_at",
    "flash_size_at", "options_base", "options_size")


def _word(value: int, what: str) -> int:
    return unsigned(value, 32, what)


def _row(row: ChipRow) -> Any:
    what = f"of row {row.name}"
    pending = row.current if row.pending is None else row.pending
    return _abi.sfi_chip_row(
        name=encode(row.name, "name of a row"),
        shipped=_word(row.shipped, f"shipped {what}"),
        current=_word(row.current, f"current {what}"),
        pending=_word(pending, f"pending {what}"),
        flags=_abi.SFI_CHIP_ROW_READ_ONLY if row.read_only else 0)


def _field(field: ChipField, rows: Sequence[str]) -> Any:
    if field.row not in rows:
        raise InputError(f'field {field.name}: no row "{field.row}", expected '
                         + (", ".join(rows) or "one"), status=Status.RANGE)
    return _abi.sfi_chip_field(
        name=encode(field.name, "name of a field"),
        about=encode(field.about, "about of a field") if field.about else None,
        row=rows.index(field.row),
        shift=_word(field.shift, f"shift of field {field.name}"),
        width=_word(field.width, f"width of field {field.name}"))


def _memory(memory: ChipMemoryRange) -> Any:
    what = f"of memory {memory.name}"
    return _abi.sfi_chip_memory_range(
        name=encode(memory.name, "name of a memory"),
        base=_word(memory.base, f"base {what}"),
        size=_word(memory.size, f"size {what}"),
        kind=_word(int(memory.kind), f"kind {what}"))


def _definition(d: ChipDefinition) -> Any:
    """The definition in C, which keeps its lists."""
    names = [row.name for row in d.rows]
    rows = [_row(row) for row in d.rows]
    fields = [_field(field, names) for field in d.fields]
    memories = [_memory(memory) for memory in d.memories]
    numbers = {name: _word(getattr(d, name), name) for name in _NUMBERS}
    return _abi.sfi_chip_definition(
        struct_size=ctypes.sizeof(_abi.sfi_chip_definition),
        flags=(_abi.SFI_CHIP_USB * d.usb
               | _abi.SFI_CHIP_OPTION_COMPLEMENTS * d.option_complements
               | _abi.SFI_CHIP_OPTION_RESETS * d.option_resets),
        name=encode(d.name, "name of the part"),
        rows=(_abi.sfi_chip_row * len(rows))(*rows), row_count=len(rows),
        fields=(_abi.sfi_chip_field * len(fields))(*fields),
        field_count=len(fields),
        memories=(_abi.sfi_chip_memory_range * len(memories))(*memories),
        memory_count=len(memories), **numbers)


def define_chip(definition: ChipDefinition, *,
                context: Optional[Context] = None) -> Chip:
    """Define a part that libsfi does not know.

    The part is passed as any other, also in the place of a name.  Firmware,
    option bytes and checks work with it, and so does a :class:`Target` over
    USART, SPI and USB-DFU.  libsfi assumes no security extension of it: what
    needs one raises :class:`Unsupported`, above all building an image and
    installing one.  Its debug port is not used.  :func:`chip`, :func:`chips`
    and :func:`chip_by_id` do not know it.

    :param definition: the part; libsfi copies it
    :param context: where it may be used; calls without a context of their own
        take that of the part
    :raises InputError: a value is not possible, two fields share a bit, or two
        memories an address; the message names them
    :raises UsageError: a text has a NUL character
    :raises NoMemory: no memory
    """
    where, raw = chosen(context), _definition(definition)
    out = ctypes.c_void_p()
    with where._state:
        where._call("sfi_chip_define", ctypes.byref(raw), ctypes.byref(out))
        pointer = out.value or 0
        where._definitions[pointer] = definition
        return defined_at(pointer, where)
