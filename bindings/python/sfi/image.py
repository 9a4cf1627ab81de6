# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Build, read and check ``.sfi`` images."""
from __future__ import annotations

import ctypes
import dataclasses
import os
from typing import BinaryIO, Callable, Iterator, List, Optional, Union

from . import _abi
from ._callback import during, on_write
from ._handle import (
    BytesLike,
    Handle,
    StrPath,
    checked_nonce,
    content,
    encode_path,
    read_only,
    unsigned,
)
from .chips import Chip, ChipLike, chip, context_for
from .context import Context, chosen
from .enums import AreaKind, EventKind, Padding, Status
from .errors import InputError, UsageError
from .findings import Finding, collect
from .firmware import Firmware
from .keys import Key
from .layout import Layout
from .option_bytes import OptionBytes

__all__ = [
    "AreaBegin",
    "AreaEnd",
    "Data",
    "Header",
    "ImageBuilder",
    "ImageEvent",
    "ImageReader",
    "check_image",
    "image_firmware",
    "read_image",
]


class ImageBuilder(Handle):
    """The inputs of an image to be built::

        b = sfi.ImageBuilder("stm32h753xi", key, nonce, version=1)
        b.add_firmware(sfi.Firmware.load("blink.elf"))
        b.set_option_bytes(sfi.OptionBytes.load("ob.csv", b.chip))
        for finding in b.check():
            print(finding)
        b.save("blink.sfi")

    :param chip: the part that the image is for
    :param key: the firmware key; can be set later
    :param nonce: 12 bytes, for one image only: two images with the same key and
        nonce reveal their plaintext; can be set later
    :param version: of the firmware, 0 to 255
    :raises UsageError: the part is unknown, or the key belongs to another
        context
    :raises InputError: the nonce has another length, or the version is above
        255
    """

    _FREE = "sfi_image_builder_free"

    _chip: Chip

    def __init__(self, chip: ChipLike, key: Optional[Key] = None,
                 nonce: Optional[BytesLike] = None, version: int = 0, *,
                 context: Optional[Context] = None) -> None:
        if context is None and key is not None:
            context = key.context
        where = chosen(context_for(context, chip))
        self._chip = _chip(chip)
        self._make(where, "sfi_image_builder_new", where._state.pointer,
                   self._chip._pointer_in(where))
        if key is not None:
            self.set_key(key)
        if nonce is not None:
            self.set_nonce(nonce)
        self.set_version(version)

    @property
    def chip(self) -> Chip:
        """The part that the image is for."""
        return self._chip

    def set_key(self, key: Key) -> None:
        """Set the firmware key.

        :raises UsageError: the key belongs to another context
        """
        self._call("sfi_image_builder_set_key", self._use(key))

    def set_nonce(self, nonce: BytesLike) -> None:
        """Set the nonce.

        :raises InputError: not 12 bytes
        """
        self._call("sfi_image_builder_set_nonce", *read_only(nonce))

    def set_register(self, path: Optional[StrPath],
                     same_nonce: bool = False) -> None:
        """Use a file that registers used nonces, so that no second image is
        made under one key and nonce.

        :param path: the file, which is made when an image is written; None: no
            register
        :param same_nonce: allow two images under one key and nonce, with a
            warning
        """
        self._call("sfi_image_builder_set_register",
                   None if path is None else encode_path(path),
                   _abi.SFI_REGISTER_SAME_NONCE if same_nonce else 0)

    def set_version(self, version: int) -> None:
        """Set the version of the firmware in the image.

        :raises InputError: not 0 to 255
        """
        self._call("sfi_image_builder_set_version",
                   unsigned(version, 32, "version"))

    def set_fill(self, fill: int) -> None:
        """Set the byte that fills gaps; the default is 0xff.

        :raises InputError: not 0 to 255
        """
        self._call("sfi_image_builder_set_fill",
                   unsigned(fill, 32, "fill byte"))

    def set_merge_gap(self, size: int) -> None:
        """Make one area of segments with at most so many bytes between them.

        :raises InputError: a negative number
        """
        if not 0 <= size < 1 << 64:
            raise InputError(f"{size} is not a number of bytes",
                             status=Status.RANGE)
        self._call("sfi_image_builder_set_merge_gap", size)

    def set_padding(self, padding: Padding) -> None:
        """Let the builder repair the size rules of a part.

        :raises UsageError: not a :class:`Padding`
        """
        self._call("sfi_image_builder_set_padding", int(padding))

    def add_firmware(self, firmware: Firmware) -> None:
        """Add the segments of a firmware; several firmwares may be added.

        :raises UsageError: the firmware belongs to another context
        """
        self._call("sfi_image_builder_add_firmware", self._use(firmware))

    def add_module(self, module: Union[BytesLike, StrPath]) -> None:
        """Add a module (``.smi``); several may be added.

        :param module: its bytes, or a path that is a ``str`` or path object
        :raises InputError: not a module, or truncated
        :raises OSError: the file cannot be read
        """
        if isinstance(module, (bytes, bytearray, memoryview)):
            self._call("sfi_image_builder_add_module", *read_only(module))
        else:
            self._call("sfi_image_builder_add_module_file",
                       encode_path(module))

    def set_option_bytes(self, option_bytes: OptionBytes) -> None:
        """Set the option bytes.

        :raises InputError: they are for another part
        :raises UsageError: they belong to another context
        """
        self._call("sfi_image_builder_set_option_bytes",
                   self._use(option_bytes))

    def check(self) -> List[Finding]:
        """Check the inputs against the rules of the part.

        :return: every finding, in the order of the rules.  The image can be
            built if none is an error.
        :raises Error: the check itself failed
        """
        return collect(self._context, self._lib().sfi_image_builder_check,
                       self._pointer)

    def layout(self) -> Layout:
        """What the image would put where, as its inputs are now.

        :raises NoMemory: no memory
        """
        made = Layout.__new__(Layout)
        made._make(self._context, "sfi_image_builder_layout", self._pointer)
        return made

    def write(self, file: Union[BinaryIO, Callable[[bytes], object]]) -> None:
        """Check, then write the image to a file object or a function.

        :param file: an object with ``write``, or a function that gets the bytes
            piece by piece; its exceptions come out of here
        :raises InputError: the check found an error
        :raises UsageError: no key or no nonce was set
        :raises SecurityError: the crypto library failed
        """
        write = getattr(file, "write", file)
        with during(write, self._context._state) as number:
            self._call("sfi_image_builder_write", on_write,
                       ctypes.c_void_p(number))

    def to_bytes(self) -> bytes:
        """Check, then return the image.

        :raises InputError: as for :meth:`write`
        :raises UsageError: as for :meth:`write`
        :raises SecurityError: as for :meth:`write`
        """
        pieces: List[bytes] = []
        self.write(pieces.append)
        return b"".join(pieces)

    def save(self, path: StrPath) -> None:
        """Check, then write the image to a file, completely or not at all.

        :raises InputError: as for :meth:`write`
        :raises UsageError: as for :meth:`write`
        :raises SecurityError: as for :meth:`write`
        :raises AccessError: the file may not be written or is not replaced
        :raises MachineError: the file cannot be written
        """
        self._call("sfi_image_builder_save", encode_path(path))

    def __repr__(self) -> str:
        state = " closed" if self.closed else ""
        return f"<sfi.ImageBuilder {self._chip}{state}>"


_chip = chip


@dataclasses.dataclass(frozen=True)
class Header:
    """The header of an image."""

    #: how many areas the image has
    area_count: int
    #: the version of the protocol
    version: int
    #: the authenticated bytes
    aad: bytes
    #: the 16 bytes of its tag
    tag: bytes


@dataclasses.dataclass(frozen=True)
class AreaBegin:
    """An area of an image begins."""

    #: its number, from 1
    index: int
    #: how many areas the image has
    count: int
    #: what it is
    kind: AreaKind
    #: its address in the chip
    address: int
    #: bytes of content
    size: int
    #: the version of the image
    version: int
    #: the authenticated bytes
    aad: bytes
    #: the 16 bytes of its tag
    tag: bytes


@dataclasses.dataclass(frozen=True)
class Data:
    """A piece of the content of an area: plaintext with the key, ciphertext
    without."""

    #: the number of the area, from 1
    index: int
    #: the address of the piece in the chip
    address: int
    #: the bytes
    data: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class AreaEnd:
    """An area of an image ends."""

    #: its number, from 1
    index: int
    #: what it is
    kind: AreaKind


#: How many bytes are read from a file, or fed, at once.
PIECE = 64 * 1024

ImageEvent = Union[Header, AreaBegin, Data, AreaEnd]


class ImageReader(Handle):
    """A parser of images: bytes in, events out.

    Without the key the structure is checked, and :class:`Data` carries
    ciphertext.  With key and nonce every event is authentic: an area is
    returned after its tag was verified, and :class:`Data` carries plaintext.
    :func:`read_image` reads a whole image.

    :param key: the firmware key
    :param nonce: 12 bytes
    :raises UsageError: only one of key and nonce, or a key of another context
    :raises InputError: the nonce has another length
    """

    _FREE = "sfi_image_reader_free"

    def __init__(self, key: Optional[Key] = None,
                 nonce: Optional[BytesLike] = None, *,
                 context: Optional[Context] = None) -> None:
        if context is None and key is not None:
            context = key.context
        where = chosen(context)
        self._make(where, "sfi_image_reader_new", where._state.pointer,
                   None if key is None else key._pointer_in(where),
                   checked_nonce(nonce))

    def feed(self, data: BytesLike) -> List[ImageEvent]:
        """Take the next bytes of the image, and return what they complete.

        :raises InputError: not an image, or malformed; it stays refused
        :raises SecurityError: a tag does not match
        """
        return list(self._feed(data))

    def _feed(self, data: BytesLike) -> Iterator[ImageEvent]:
        view = memoryview(data).cast("B")
        for at in range(0, len(view), PIECE):
            buffer, length = read_only(view[at:at + PIECE])
            self._call("sfi_image_reader_feed", buffer, length)
            yield from self._events()

    def finish(self) -> None:
        """Declare the end of the image's bytes.

        :raises InputError: the image ends too early
        """
        self._call("sfi_image_reader_finish")

    def _events(self) -> Iterator[ImageEvent]:
        raw = _abi.sfi_image_event()
        while True:
            raw.struct_size = ctypes.sizeof(raw)
            with self._context._state:
                self._call("sfi_image_reader_next", ctypes.byref(raw))
                events = list(_event(raw))
            if raw.kind in (EventKind.NEED_INPUT, EventKind.DONE):
                return
            yield from events


def _event(raw: _abi.sfi_image_event) -> Iterator[ImageEvent]:
    """The event of a struct; a later libsfi's kinds are left out."""
    index, kind = raw.area_index, AreaKind(raw.area_kind)
    if raw.kind == EventKind.HEADER:
        yield Header(raw.area_count, raw.version,
                     ctypes.string_at(raw.aad, raw.aad_len),
                     ctypes.string_at(raw.tag, raw.tag_len))
    elif raw.kind == EventKind.AREA_BEGIN:
        yield AreaBegin(index, raw.area_count, kind, raw.address,
                        raw.area_size, raw.version,
                        ctypes.string_at(raw.aad, raw.aad_len),
                        ctypes.string_at(raw.tag, raw.tag_len))
    elif raw.kind == EventKind.DATA:
        yield Data(index, raw.address, ctypes.string_at(raw.data, raw.len))
    elif raw.kind == EventKind.AREA_END:
        yield AreaEnd(index, kind)


def read_image(source: Union[BytesLike, StrPath], key: Optional[Key] = None,
               nonce: Optional[BytesLike] = None, *,
               context: Optional[Context] = None) -> Iterator[ImageEvent]:
    """Read a whole image: a :class:`Header`, then for each area an
    :class:`AreaBegin`, any number of :class:`Data`, and an :class:`AreaEnd`.

    :param source: the image's bytes; or a path that is a ``str`` or path object
    :param key: the firmware key; without it the content stays encrypted
    :param nonce: 12 bytes, with the key
    :raises InputError: not an image, malformed or truncated
    :raises SecurityError: a tag does not match
    :raises UsageError: only one of key and nonce, or a key of another context
    :raises OSError: the file cannot be read
    """
    with ImageReader(key, nonce, context=context) as reader:
        if isinstance(source, (bytes, bytearray, memoryview)):
            yield from reader._feed(source)
        else:
            reader.context.check_path(source)
            with open(os.fsencode(source), "rb") as file:
                for piece in iter(lambda: file.read(PIECE), b""):
                    yield from reader._feed(piece)
        reader.finish()


def image_firmware(source: Union[BytesLike, StrPath], key: Key,
                   nonce: BytesLike, area: int = 0) -> Firmware:
    """The firmware in an image, for the owner of its key.

    Nothing is returned before every tag of the image was verified.

    :param source: as for :func:`read_image`
    :param area: the number of one area, from 1; 0: all that hold firmware
    :raises InputError: not an image, malformed or truncated; or no firmware in
        the image or in the area
    :raises SecurityError: a tag does not match
    :raises OSError: the file cannot be read
    """
    where = key.context
    buffer, length = read_only(content(source, where))
    return Firmware._made(
        where, "sfi_image_firmware", buffer, length, key._pointer_in(where),
        checked_nonce(nonce), unsigned(area, 32, "number of the area"))


def check_image(source: Union[BytesLike, StrPath], chip: ChipLike, *,
                context: Optional[Context] = None) -> List[Finding]:
    """Check a finished image against a part, without its key.

    :param source: as for :func:`read_image`
    :return: every finding, in the order of the rules
    :raises InputError: not an image, malformed or truncated
    :raises OSError: the file cannot be read
    """
    where = chosen(context_for(context, chip))
    buffer, length = read_only(content(source, where))
    if not length:
        raise UsageError("the image is empty")
    return collect(where, where._state.library.sfi_image_check,
                   where._state.pointer, _chip(chip)._pointer_in(where),
                   buffer, length)
