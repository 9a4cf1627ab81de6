# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Firmware keys and nonces."""
from __future__ import annotations

import ctypes
from typing import Optional

from . import _abi
from ._handle import BytesLike, Handle, StrPath, encode_path, read_only, wipe
from .context import Context, chosen

__all__ = ["Key", "Nonce"]


class Key(Handle):
    """An AES-128 key: never exported, wiped when it is released."""

    _FREE = "sfi_key_free"
    _MAKE = "Key.from_bytes(), Key.load(), Key.create() or Key.generate()"

    @classmethod
    def from_bytes(cls, data: BytesLike, *,
                   context: Optional[Context] = None) -> "Key":
        """Make a key from 16 bytes.

        A buffer that can be changed, such as a ``bytearray``, is wiped, also
        when this fails.  A ``bytes`` object cannot be wiped, and stays in
        memory until it is overwritten by chance: use it in tests only.

        :raises InputError: not 16 bytes
        """
        try:
            buffer, length = read_only(data)
            made = cls._made(chosen(context), "sfi_key_new", buffer,
                             length)
            del buffer
            return made
        finally:
            wipe(data)

    @classmethod
    def load(cls, path: StrPath, *,
             context: Optional[Context] = None) -> "Key":
        """Read a key from a file of 16 bytes.

        :raises InputError: the file has another length
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        return cls._made(chosen(context), "sfi_key_load",
                         encode_path(path))

    @classmethod
    def create(cls, path: StrPath, *,
               context: Optional[Context] = None) -> "Key":
        """Make a random key, and write it to a new file that only its owner can
        read.

        :raises AccessError: the file exists
        :raises MachineError: the file cannot be written
        :raises SecurityError: no randomness
        """
        where = chosen(context)
        where._call("sfi_key_create", encode_path(path))
        return cls.load(path, context=where)

    @classmethod
    def generate(cls, *, context: Optional[Context] = None) -> "Key":
        """Make a random key that is stored nowhere.

        :raises SecurityError: no randomness
        """
        return cls._made(chosen(context), "sfi_key_generate")


class Nonce(bytes):
    """A nonce of 12 bytes: use it for one image only.

    Wherever a nonce is wanted, other bytes-like objects of 12 bytes do as well.
    A nonce is not secret.
    """

    @classmethod
    def load(cls, path: StrPath, *,
             context: Optional[Context] = None) -> "Nonce":
        """Read a nonce from a file of 12 bytes.

        :raises InputError: the file has another length
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        out = (ctypes.c_uint8 * _abi.SFI_NONCE_LEN)()
        (chosen(context))._call("sfi_nonce_load", encode_path(path), out)
        return cls(bytes(out))

    @classmethod
    def create(cls, path: StrPath, *,
               context: Optional[Context] = None) -> "Nonce":
        """Make a random nonce, and write it to a new file that only its owner
        can read.

        :raises AccessError: the file exists
        :raises MachineError: the file cannot be written
        :raises SecurityError: no randomness
        """
        where = chosen(context)
        where._call("sfi_nonce_create", encode_path(path))
        return cls.load(path, context=where)

    @classmethod
    def generate(cls, *, context: Optional[Context] = None) -> "Nonce":
        """Make a random nonce that is stored nowhere.

        :raises SecurityError: no randomness
        """
        out = (ctypes.c_uint8 * _abi.SFI_NONCE_LEN)()
        chosen(context)._call("sfi_nonce_generate", out)
        return cls(bytes(out))
