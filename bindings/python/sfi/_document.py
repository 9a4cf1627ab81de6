# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The base of certificates, licences and receipts: bytes with a form."""
from __future__ import annotations

from typing import ClassVar, Optional, Type, TypeVar

from ._handle import BytesLike, Handle, StrPath, encode_path, read_only
from .context import Context, chosen

_D = TypeVar("_D", bound="Document")


class Document(Handle):
    """Bytes of which only the form was checked, in memory or in a file."""

    #: What the functions of libsfi begin with.
    _PREFIX: ClassVar[str] = ""

    @classmethod
    def parse(cls: Type[_D], data: BytesLike, *,
              context: Optional[Context] = None) -> _D:
        """Make an object from bytes; only their form is checked.

        :raises InputError: another length, or malformed
        :raises SecurityError: a public key in it is not a point on P-256, or
            it was altered, as far as its form tells
        """
        return cls._made(chosen(context), cls._PREFIX + "_parse",
                         *read_only(data))

    @classmethod
    def load(cls: Type[_D], path: StrPath, *,
             context: Optional[Context] = None) -> _D:
        """Read an object from a file.

        :raises InputError: as for :meth:`parse`
        :raises SecurityError: as for :meth:`parse`
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        return cls._made(chosen(context), cls._PREFIX + "_load",
                         encode_path(path))

    def save(self, path: StrPath) -> None:
        """Write it to a file, completely or not at all.

        :raises AccessError: the file may not be written or is not replaced
        :raises MachineError: the file cannot be written
        """
        self._call(self._PREFIX + "_save", encode_path(path))

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self._borrowed(self._PREFIX + "_data")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)
