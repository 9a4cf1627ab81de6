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
    from .chip_definition import ChipDefinition
    from .context import Context

__all__ = ["Chip", "ChipLike", "chip", "chip_by_id", "chips"]


class Chip:
    """A part: immutable, never freed, the same object for the same part.

    Any thread may use it.  But one of :func:`define_chip` belongs to its
    :attr:`context`, as objects with handles do: any other refuses it with
    :class:`UsageError`, and :class:`ClosedError` is raised when it is closed.
    """

    __slots__ = ("_at", "name", "context", "definition", "__weakref__")

    _at: int
    #: its name, such as ``"stm32h753xi"``
    name: str
    #: where it was defined; None: libsfi knows it
    context: Optional[Context]
    #: what :func:`define_chip` made it of; None: libsfi knows it
    definition: Optional[ChipDefinition]

    def __init__(self) -> None:
        raise TypeError("Chip has no constructor: use sfi.chip() or "
                        "sfi.define_chip()")

    @classmethod
    def _made(cls, pointer: int, name: str, context: Optional[Context] = None,
              definition: Optional[ChipDefinition] = None) -> Chip:
        self = object.__new__(cls)
        for member, value in (("_at", pointer), ("name", name),
                              ("context", context),
                              ("definition", definition)):
            object.__setattr__(self, member, value)
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Chip cannot be changed")

    @property
    def device_id(self) -> int:
        """DEV_ID of DBGMCU_IDCODE, for example 0x450."""
        return int(self._ask("sfi_chip_device_id"))

    @property
    def product_id(self) -> str:
        """The first eight characters of its certificates; empty for a part of
        :func:`define_chip`."""
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
        """How many bytes are programmed at once, such as 32 or 8."""
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
        call = getattr(_lib.sfi(), function)
        if self.context is None:
            return call(self._at, *arguments)
        return self.context._state.ask(call, self._at, *arguments)

    def _pointer_in(self, context: Context) -> int:
        """The pointer, for a call in a context where the part is known."""
        if self.context is not None and self.context is not context:
            raise UsageError(f"{self.name} was defined in another context, "
                             "expected this one")
        return self._at

    def __repr__(self) -> str:
        if self.context is not None:
            return f"<sfi.Chip {self.name}>"
        return f"sfi.chip({self.name!r})"

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> Tuple[Any, ...]:
        if self.context is not None:
            raise TypeError(f"{self.name} cannot be pickled or copied: use its "
                            "definition")
        return chip, (self.name,)


#: A part, or its name.
ChipLike = Union[Chip, str]

_lock = threading.Lock()
_known: Dict[int, Chip] = {}


def chip_at(pointer: Optional[int], context: Optional[Context] = None
            ) -> Optional[Chip]:
    """The part that a pointer of libsfi points to; None for NULL.

    :param context: of the handle that has told the pointer
    """
    if not pointer:
        return None
    if context is not None and pointer in context._definitions:
        return defined_at(pointer, context)
    with _lock:
        found = _known.get(pointer)
        if found is None:
            found = Chip._made(pointer,
                               decode(_lib.sfi().sfi_chip_name(pointer)))
            _known[pointer] = found
        return found


def defined_at(pointer: int, context: Context) -> Chip:
    """A part that was defined in a context, which does not keep the object."""
    found = context._chips.get(pointer)
    if found is None:
        definition = context._definitions[pointer]
        found = Chip._made(pointer, definition.name, context, definition)
        context._chips[pointer] = found
    return found


def context_for(given: Optional[Context], of: Optional[ChipLike]
                ) -> Optional[Context]:
    """The context that an argument names, or that a part was defined in."""
    return of.context if given is None and isinstance(of, Chip) else given


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
