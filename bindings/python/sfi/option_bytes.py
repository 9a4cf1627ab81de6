# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Option bytes of a part: CSV files, fields, and what they will do."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Dict, Iterator, Mapping, Optional, Sequence, Union

from . import _abi
from ._handle import (
    BytesLike,
    Handle,
    StrPath,
    decode,
    encode,
    encode_path,
    read_only,
)
from .chips import Chip, ChipLike, chip, chip_at, context_for
from .context import Context, chosen
from .errors import InputError
from .enums import Status

__all__ = ["Field", "OptionBytes"]


@dataclasses.dataclass(frozen=True)
class Field:
    """Named bits of the option bytes, with the meaning of their value."""

    #: ``"RDP"``, as ST's tools call it
    name: str
    #: its row, such as ``"FOPTSR_PRG"``
    row: str
    #: its lowest bit in the row
    shift: int
    #: how many bits it has
    width: int
    #: its value now
    value: int
    #: its value in a new part
    shipped: int
    #: what it is
    about: str
    #: the meaning of the value, if there is one
    text: str
    #: what a part with this value will do; empty if the value says it all
    effect: str


class OptionBytes(Handle, Mapping[str, int]):
    """The option bytes of one part: a mapping from the names of its rows to
    their values.

    Fields are read and written by their names, too::

        ob = sfi.OptionBytes.default("stm32h753xi")
        ob["RDP"] = 0xbb

    Names are those of ST's files or manuals, in upper or lower case. Nothing is
    written to a chip.
    """

    _FREE = "sfi_option_bytes_free"
    _MAKE = "OptionBytes.load(), OptionBytes.parse() or OptionBytes.default()"

    @classmethod
    def load(cls, path: StrPath, chip: ChipLike, *,
             context: Optional[Context] = None) -> "OptionBytes":
        """Read the option bytes of a part from a CSV file.

        :raises InputError: a row is malformed, unknown, missing, repeated or
            out of order, or a value is too large; ``where`` names the line
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        return cls._of(chip, context, "sfi_option_bytes_load",
                       encode_path(path))

    @classmethod
    def parse(cls, csv: Union[str, BytesLike], chip: ChipLike, *,
              context: Optional[Context] = None) -> "OptionBytes":
        """Read the option bytes of a part from CSV text.

        :raises InputError: as for :meth:`load`
        """
        data = csv.encode("utf-8", "surrogateescape") if isinstance(
            csv, str) else csv
        return cls._of(chip, context, "sfi_option_bytes_parse",
                       *read_only(data))

    @classmethod
    def default(cls, chip: ChipLike, *,
                context: Optional[Context] = None) -> "OptionBytes":
        """The option bytes of a new part.

        :raises NoMemory: no memory
        """
        return cls._of(chip, context, "sfi_option_bytes_new")

    @classmethod
    def from_words(cls, words: Sequence[int], chip: ChipLike, *,
                   context: Optional[Context] = None) -> "OptionBytes":
        """The option bytes of a part from the words of all its rows.

        :param words: in the order of :attr:`Chip.option_bytes`
        :raises InputError: another number of words, or more than 32 bits
        """
        if not all(0 <= word <= 0xffffffff for word in words):
            raise InputError("a word has more than 32 bits",
                             status=Status.RANGE)
        array = (ctypes.c_uint32 * len(words))(*words)
        return cls._of(chip, context, "sfi_option_bytes_from_words", array,
                       len(words))

    @classmethod
    def _of(cls, of: ChipLike, context: Optional[Context], function: str,
            *arguments: object) -> "OptionBytes":
        where = chosen(context_for(context, of))
        return cls._made(where, function, chip(of)._pointer_in(where),
                         *arguments)

    @property
    def chip(self) -> Chip:
        """The part."""
        found = chip_at(self._ask("sfi_option_bytes_chip"), self._context)
        assert found is not None
        return found

    @property
    def fields(self) -> Dict[str, Field]:
        """Every field by its name, as it is now."""
        rows = list(self)
        found: Dict[str, Field] = {}
        raw = _abi.sfi_option_field()
        for index in range(self._ask("sfi_option_bytes_field_count")):
            raw.struct_size = ctypes.sizeof(raw)
            self._call("sfi_option_bytes_get_field", index, ctypes.byref(raw))
            name = decode(raw.name)
            found[name] = Field(
                name, rows[raw.row], raw.shift, raw.width, raw.value,
                raw.shipped, decode(raw.about), decode(raw.text),
                decode(raw.effect))
        return found

    def _rows(self) -> Dict[str, int]:
        found: Dict[str, int] = {}
        name, value = ctypes.c_char_p(), ctypes.c_uint32()
        for index in range(len(self)):
            self._call("sfi_option_bytes_get", index, ctypes.byref(name),
                       ctypes.byref(value))
            found[decode(name.value)] = value.value
        return found

    def __len__(self) -> int:
        return int(self._ask("sfi_option_bytes_count"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows())

    def __getitem__(self, name: str) -> int:
        rows = self._rows()
        if name in rows:
            return rows[name]
        fields = self.fields
        if name in fields:
            return fields[name].value
        return {**{n.upper(): v for n, v in rows.items()},
                **{n.upper(): f.value for n, f in fields.items()}
                }[_short(name)]

    def __setitem__(self, name: str, value: int) -> None:
        """Change a field, or a whole row.

        :raises InputError: the part has no such field or row, or the value has
            more bits
        """
        if not 0 <= value <= 0xffffffff:
            raise InputError(f"{name}: {value:#x} has more than 32 bits",
                             status=Status.RANGE)
        self._call("sfi_option_bytes_set", encode(name, "name"), value)

    def set(self, word: str) -> None:
        """Change a field, or a whole row, by a word such as ``"RDP=0xBB"``.

        :raises InputError: not NAME=VALUE, no such name, or too large a value
        """
        self._call("sfi_option_bytes_set_word", encode(word, "word"))

    @property
    def permanent(self) -> Optional[str]:
        """What would be changed in a chip for ever, in a sentence; None:
        nothing.  Ask a person before they are written."""
        found = self._ask("sfi_option_bytes_permanent")
        return None if found is None else decode(found)

    def to_csv(self, explain: bool = False) -> str:
        """The option bytes as CSV text, which :meth:`parse` reads.

        :param explain: explain each field and its values in comments
        :raises NoMemory: no memory
        """
        text = ctypes.c_char_p()
        with self._context._state:
            self._call("sfi_option_bytes_csv",
                       _abi.SFI_OPTION_EXPLAIN if explain else 0,
                       ctypes.byref(text))
            return decode(text.value)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, OptionBytes):
            return (other.chip is self.chip
                    and other._rows() == self._rows())
        if isinstance(other, Mapping):
            return self._rows() == dict(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.OptionBytes closed>"
        return f"<sfi.OptionBytes {self.chip}>"


def _short(name: str) -> str:
    """A name as in ST's files, of one as in ST's manuals."""
    upper, manual = name.upper(), "FLASH_"
    return "F" + upper[len(manual):] if upper.startswith(manual) else upper
