# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What an image puts where, and maps of it."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Iterator, List, Optional, Sequence, Union, overload

from . import _abi
from ._callback import during, on_write
from ._handle import (
    BytesLike,
    Handle,
    StrPath,
    checked_nonce,
    content,
    decode,
    encode,
    read_only,
)
from .chips import Chip, ChipLike, chip, chip_at, context_for
from .context import Context, chosen
from .enums import AreaKind, MapFlag
from .errors import UsageError
from .findings import Finding, collect
from .keys import Key

__all__ = ["Layout", "LayoutArea", "image_layout"]


@dataclasses.dataclass(frozen=True)
class LayoutArea:
    """One area of a layout."""

    #: what it is
    kind: AreaKind
    #: of its first byte; 0 for the configuration
    address: int
    #: bytes of content; of a module with its header
    size: int
    #: the firmware file; empty if it is not known
    file: str
    #: the segment of that file, from 1; 0: not known
    segment: int
    #: whether the content is known
    readable: bool


class Layout(Handle, Sequence[LayoutArea]):
    """What an image puts where: a sequence of its areas.  It does not change.

    :meth:`ImageBuilder.layout` and :func:`image_layout` make one.
    """

    _FREE = "sfi_layout_free"
    _MAKE = "ImageBuilder.layout() or image_layout()"

    @property
    def chip(self) -> Chip:
        """The part."""
        found = chip_at(self._ask("sfi_layout_chip"), self._context)
        assert found is not None
        return found

    @property
    def image_size(self) -> int:
        """The bytes of the image's file."""
        return int(self._ask("sfi_layout_image_size"))

    def __len__(self) -> int:
        return int(self._ask("sfi_layout_area_count"))

    @overload
    def __getitem__(self, index: int) -> LayoutArea: ...

    @overload
    def __getitem__(self, index: slice) -> List[LayoutArea]: ...

    def __getitem__(self, index: Union[int, slice]
                    ) -> Union[LayoutArea, List[LayoutArea]]:
        if isinstance(index, slice):
            return [self._area(i) for i in range(*index.indices(len(self)))]
        count = len(self)
        if not -count <= index < count:
            raise IndexError("an area that the layout does not have")
        return self._area(index % count)

    def __iter__(self) -> Iterator[LayoutArea]:
        for index in range(len(self)):
            yield self._area(index)

    def _area(self, index: int) -> LayoutArea:
        raw = _abi.sfi_layout_area(
            struct_size=ctypes.sizeof(_abi.sfi_layout_area))
        self._call("sfi_layout_get_area", index, ctypes.byref(raw))
        return LayoutArea(AreaKind(raw.kind), raw.address, raw.size,
                          decode(raw.file), raw.segment, bool(raw.readable))

    def check(self) -> List[Finding]:
        """Check the layout against the rules of its part.

        :return: every finding, in the order of the rules
        :raises Error: the check itself failed
        """
        return collect(self._context, self._lib().sfi_layout_check,
                       self._pointer)

    def to_svg(self, title: Optional[str] = None) -> str:
        """A picture of the flash, the areas, what option bytes protect, and the
        findings beside what they concern.

        It needs no other file, no font and no script, and can be read in grey.

        :param title: what it is a picture of, for example an image's name
        :raises NoMemory: no memory
        """
        return self._map("sfi_map_svg", title)

    def to_text(self, title: Optional[str] = None, *, columns: int = 80,
                ascii: bool = False, color: bool = False) -> str:
        """The same as lines of text.

        :param columns: the width of a line, 40 to 400
        :param ascii: no other characters than ASCII
        :param color: colours by ANSI escape sequences
        :raises InputError: the width is out of range
        :raises NoMemory: no memory
        """
        flags = ((MapFlag.ASCII if ascii else 0)
                 | (MapFlag.COLOR if color else 0))
        if not 1 <= columns <= 0xffffffff:
            raise UsageError(f"{columns} columns are not possible")
        return self._map("sfi_map_text", title, flags, columns)

    def _map(self, function: str, title: Optional[str], flags: int = 0,
             columns: int = 0) -> str:
        options = _abi.sfi_map_options(
            struct_size=ctypes.sizeof(_abi.sfi_map_options), flags=flags,
            title=None if title is None else encode(title, "title"),
            columns=columns)
        pieces: List[bytes] = []
        with during(pieces.append, self._context._state) as number:
            self._call(function, ctypes.byref(options), on_write,
                       ctypes.c_void_p(number))
        return decode(b"".join(pieces))

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.Layout closed>"
        return f"<sfi.Layout {self.chip}, {len(self)} areas>"


def image_layout(source: Union[BytesLike, StrPath], chip: ChipLike,
                 key: Optional[Key] = None,
                 nonce: Optional[BytesLike] = None, *,
                 context: Optional[Context] = None) -> Layout:
    """What a finished image puts where.

    Without the key the layout has sizes and addresses; with key and nonce every
    tag is verified, and it holds the content.

    :param source: the image's bytes; or a path that is a ``str`` or path object
    :param chip: the part, which an image does not name
    :raises InputError: not an image, malformed or truncated
    :raises SecurityError: a tag does not match
    :raises UsageError: only one of key and nonce, or a key of another context
    :raises OSError: the file cannot be read
    """
    if context is None and key is not None:
        context = key.context
    where = chosen(context_for(context, chip))
    buffer, length = read_only(content(source, where))
    if not length:
        raise UsageError("the image is empty")
    arguments: List[Any] = [
        _chip(chip)._pointer_in(where), buffer, length,
        None if key is None else key._pointer_in(where), checked_nonce(nonce)]
    return Layout._made(where, "sfi_image_layout", *arguments)


_chip = chip
