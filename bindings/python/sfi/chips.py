# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The parts (chip types) that libsfi supports."""
from __future__ import annotations

import threading
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    List,
    NoReturn,
    Optional,
    Tuple,
    Union,
)

from . import _lib
from ._handle import decode
from .errors import UsageError

if TYPE_CHECKING:
    from .context import Context

__all__ = ["Chip", "ChipLike", "chip", "chip_by_id", "chips"]


class Chip:
    """A part: immutable, never freed, the same object for the same part.

    Any thread may use it.
    """

    __slots__ = ("_at", "name")

    _at: int
    #: its name, such as ``"stm32h753xi"``
    name: str

    def __init__(self) -> None:
        raise TypeError("Chip has no constructor: use sfi.chip()")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Chip cannot be changed")

    @property
    def device_id(self) -> int:
        """DEV_ID of DBGMCU_IDCODE, for example 0x450."""
        return int(self._ask("sfi_chip_device_id"))

    @property
    def product_id(self) -> str:
        """The first eight characters of its certificates."""
        return decode(self._ask("sfi_chip_product_id"))

    @property
    def flash_base(self) -> int:
        """The first address of its flash."""
        return int(self._ask("sfi_chip_flash_base"))

    @property
    def flash_size(self) -> int:
        """The size of its flash in bytes, a multiple of the sector size."""
        return int(self._ask("sfi_chip_flash_size"))

    @property
    def sector_size(self) -> int:
        """The size of a flash sector, the unit of erase, in bytes."""
        return int(self._ask("sfi_chip_sector_size"))

    @property
    def erase_ms(self) -> int:
        """How long the erase of a sector typically takes, in milliseconds."""
        return int(self._ask("sfi_chip_erase_ms"))

    @property
    def program_unit(self) -> int:
        """How many bytes are programmed at once: 32 or 8."""
        return int(self._ask("sfi_chip_program_unit"))

    @property
    def option_bytes(self) -> Tuple[str, ...]:
        """The names of its option bytes, as in CSV files and images."""
        return self._names("sfi_chip_option_byte")

    @property
    def interfaces(self) -> Tuple[str, ...]:
        """Through which interfaces libsfi programs it: ``"usart"``, ``"spi"``,
        ``"usb"`` (DFU) or ``"debug"`` (JTAG and SWD)."""
        return self._names("sfi_chip_interface")

    def _names(self, function: str) -> Tuple[str, ...]:
        names: List[str] = []
        while True:
            name = self._ask(function, len(names))
            if name is None:
                return tuple(names)
            names.append(decode(name))

    def memory(self, address: int) -> Optional[str]:
        """The memory that an address is in, such as ``"DTCM"`` or ``"the
        flash"``; None where nothing is."""
        name = self._ask("sfi_chip_memory", address)
        return None if name is None else decode(name)

    def _ask(self, function: str, *arguments: Any) -> Any:
        return getattr(_lib.sfi(), function)(self._at, *arguments)

    def _pointer_in(self, context: Context) -> int:
        """The pointer, for a call in a context where the part is known."""
        return self._at

    def __repr__(self) -> str:
        return f"sfi.chip({self.name!r})"

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> Tuple[Any, ...]:
        return chip, (self.name,)


#: A part, or its name.
ChipLike = Union[Chip, str]

_lock = threading.Lock()
_known: Dict[int, Chip] = {}


def chip_at(pointer: Optional[int]) -> Optional[Chip]:
    """The part that a pointer of libsfi points to; None for NULL."""
    if not pointer:
        return None
    with _lock:
        found = _known.get(pointer)
        if found is None:
            found = object.__new__(Chip)
            object.__setattr__(found, "_at", pointer)
            object.__setattr__(
                found, "name", decode(_lib.sfi().sfi_chip_name(pointer)))
            _known[pointer] = found
        return found


def chips() -> List[Chip]:
    """All parts that libsfi supports.

    :raises LibraryError: libsfi was not found or does not fit
    """
    found: List[Chip] = []
    while True:
        one = chip_at(_lib.sfi().sfi_chip_at(len(found)))
        if one is None:
            return found
        found.append(one)


def chip(name: ChipLike) -> Chip:
    """The part with a name.

    :param name: ``"stm32h753xi"``, or an order code of such a part, whole or up
        to the size of its flash (``"STM32H753ZI"``), in upper or lower case; a
        :class:`Chip` is returned as it is
    :raises UsageError: libsfi knows no such part
    :raises LibraryError: libsfi was not found or does not fit
    """
    if isinstance(name, Chip):
        return name
    found = None
    if "\0" not in name:
        found = chip_at(_lib.sfi().sfi_chip_find(
            name.encode("utf-8", "surrogateescape")))
    if found is None:
        raise UsageError(f'unknown part "{name}"; the parts are '
                         + ", ".join(c.name for c in chips()))
    return found


def chip_by_id(device_id: int) -> Chip:
    """The part with a device id.

    :param device_id: DEV_ID of DBGMCU_IDCODE, for example 0x450
    :raises UsageError: libsfi knows no such part
    :raises LibraryError: libsfi was not found or does not fit
    """
    found = chip_at(_lib.sfi().sfi_chip_find_id(device_id & 0xffffffff))
    if found is None or not 0 <= device_id <= 0xffffffff:
        raise UsageError(f"no part has the device id {device_id:#05x}")
    return found
