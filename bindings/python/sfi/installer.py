# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The whole secure firmware install of one chip (AN4992, section 3)."""
from __future__ import annotations

import ctypes
from typing import Iterator, Optional, Tuple, Union

from ._callback import Slot, register_owned
from ._handle import (
    BytesLike,
    Handle,
    StrPath,
    decode,
    encode_path,
    read_only,
)
from .certificate import Certificate
from .chips import (
    Chip,
    ChipLike,
    chip as find_chip,
    chip_at,
    context_for,
)
from .context import Context
from .dialect import Dialect
from .enums import Phase, Protocol
from .hsm import Hsm
from .license import License, LicenseStore
from .progress import OnProgress, Progress, Watch, on_progress
from .receipt import Receipt
from .target import milliseconds
from .transport import TransportLike, transport_of

__all__ = ["Installer"]


class Installer(Handle):
    """One install, which runs once::

        with sfi.Installer("blink.sfi", "serial:/dev/ttyUSB0", hsm) as install:
            for progress in install:
                print(progress)

    The image is checked, against the chip and the HSM too; an open chip becomes
    a secure one, for ever; the certificate is read; the licence is got, which
    counts the device; the chip gets licence and image, and starts its firmware.
    After any failure the chip holds nothing of the firmware, and another
    installer may try again.

    :param image: its bytes; or a path that is a ``str`` or path object
    :param transport: the link, or its name for :meth:`Transport.open`
    :param hsm: provides the licence, unless one is given or stored
    :param license: of this one chip, or its path; the HSM is then not asked
    :param store: searched before the HSM is asked, and filled by its answer; or
        the path of its folder, which is made if it does not exist
    :param chip: the expected part; None for any that libsfi knows
    :param erase: erase a chip that holds an installed firmware; otherwise it is
        refused before the HSM counts
    :param live: use a licence that is valid for this install only
    :param timeout: seconds to look for the chip; None: 5
    :param dialect: a security extension other than libsfi's own
    :raises UsageError: an argument belongs to another context
    :raises OSError: the image, `license` or `store` cannot be read
    :raises Error: as :meth:`Transport.open`
    """

    _FREE = "sfi_installer_free"

    _watch: Watch
    _slots: Tuple[Optional[Slot], Slot]
    _finished: bool

    def __init__(self, image: Union[BytesLike, StrPath],
                 transport: TransportLike, hsm: Optional[Hsm] = None, *,
                 license: Union[License, StrPath, None] = None,
                 store: Union[LicenseStore, StrPath, None] = None,
                 chip: Optional[ChipLike] = None, erase: bool = False,
                 live: bool = False, timeout: Optional[float] = None,
                 dialect: Optional[Dialect] = None,
                 context: Optional[Context] = None) -> None:
        for given in (hsm, license, store):
            if context is None and isinstance(given, Handle):
                context = given.context
        context = context_for(context, chip)
        link = transport_of(transport, context)
        where = link.context if context is None else context
        self._make(where, "sfi_installer_new", where._state.pointer,
                   None if chip is None else find_chip(chip)._pointer_in(where))
        self._finished = False
        self._call("sfi_installer_set_transport", self._use(link))
        self._set_image(image)
        if hsm is not None:
            self._call("sfi_installer_set_hsm", self._use(hsm))
        self._set_licenses(license, store)
        self._call("sfi_installer_set_erase", int(erase))
        self._call("sfi_installer_set_protocol",
                   int(Protocol.LIVE if live else Protocol.STATIC))
        self._call("sfi_installer_set_timeout", milliseconds(timeout))
        self._slots = (self._set_dialect(dialect), self._set_progress())

    def _set_image(self, image: Union[BytesLike, StrPath]) -> None:
        if isinstance(image, (bytes, bytearray, memoryview)):
            self._call("sfi_installer_set_image", *read_only(image))
        else:
            self._call("sfi_installer_set_image_file", encode_path(image))

    def _set_licenses(self, license: Union[License, StrPath, None],
                      store: Union[LicenseStore, StrPath, None]) -> None:
        for function, given, create in (
                ("sfi_installer_set_license", license, 0),
                ("sfi_installer_set_license_store", store, 1)):
            if isinstance(given, Handle):
                self._call(function, self._use(given))
            elif given is not None:
                self._call("sfi_installer_set_license_path",
                           encode_path(given), create)

    def _set_dialect(self, dialect: Optional[Dialect]) -> Optional[Slot]:
        if dialect is None:
            return None
        slot, table = dialect._begin(self._context._state)
        self._call("sfi_installer_set_dialect", ctypes.byref(table),
                   ctypes.c_void_p(register_owned(slot)))
        return slot

    def _set_progress(self) -> Slot:
        state, pointer, lib = self._context._state, self._pointer, self._lib()
        self._watch = Watch(
            state, lambda on: on and lib.sfi_installer_cancel(pointer))
        slot = Slot(self._watch, state)
        self._call("sfi_installer_set_progress", on_progress,
                   ctypes.c_void_p(register_owned(slot)))
        return slot

    def run(self, progress: Optional[OnProgress] = None) -> None:
        """Do the whole install, or what is left of it.

        Ctrl-C cancels it: the chip erases what it holds.

        :param progress: called at the begin and after each step
        :raises InputError: the image is invalid or does not fit the chip
        :raises SecurityError: the image was built with another key or nonce
            than the HSM has (nothing was counted), or the chip's certificate is
            not trusted
        :raises LinkError: the link failed
        :raises DeviceError: the chip refused; :attr:`Error.cause` says why
        :raises HsmError: the HSM refused
        :raises Cancelled: by :meth:`cancel`
        :raises UsageError: nothing gives a licence, or the install has ended
        """
        before, self._watch.tell = self._watch.tell, progress
        try:
            while not self.step():
                pass
        finally:
            self._watch.tell = before

    def step(self) -> bool:
        """Do one bounded piece of the install: a step, or one frame.

        :return: whether it was the last one
        :raises Error: as :meth:`run`
        """
        last = ctypes.c_int()
        self._call_long("sfi_installer_step", ctypes.byref(last),
                        cancel=self._watch.cancel)
        self._finished = bool(last.value)
        return self._finished

    def __iter__(self) -> Iterator[Progress]:
        """The progress after each step, while the install runs."""
        while not self._finished:
            self.step()
            if self._watch.last is not None:
                yield self._watch.last

    def cancel(self) -> None:
        """Cancel the install, from any thread.

        The current step, or the next one, stops within 100 ms, tells a chip
        that holds a part of the firmware to erase it (up to 1.5 s, or 8 s when
        it does not answer), and raises :class:`Cancelled`.  Once the chip has
        been told to finish, this has no effect.
        """
        owner = self._owner
        if owner is not None:
            owner.any_thread(self._lib().sfi_installer_cancel)

    @property
    def progress(self) -> Progress:
        """How far it is."""
        if self._watch.last is not None:
            return self._watch.last
        return Progress(Phase.CONNECT, 0, 0)

    @property
    def chip(self) -> Optional[Chip]:
        """The part; None before the chip was found."""
        return chip_at(self._ask("sfi_installer_chip"), self._context)

    @property
    def certificate(self) -> Optional[Certificate]:
        """The chip's certificate; None before it was read."""
        with self._context._state:
            pointer = self._ask("sfi_installer_certificate")
            if not pointer:
                return None
            length = ctypes.c_size_t()
            data = self._lib().sfi_certificate_data(
                pointer, ctypes.byref(length))
            return Certificate.parse(ctypes.string_at(data, length.value),
                                     context=self._context)

    @property
    def receipt(self) -> Optional[Receipt]:
        """What the chip proves to hold; None before it was read, or if the
        chip gives none: see :attr:`no_receipt`."""
        with self._context._state:
            pointer = self._ask("sfi_installer_receipt")
            if not pointer:
                return None
            length = ctypes.c_size_t()
            data = self._lib().sfi_receipt_data(pointer,
                                                ctypes.byref(length))
            return Receipt.parse(ctypes.string_at(data, length.value),
                                 context=self._context)

    @property
    def no_receipt(self) -> str:
        """Why an installed chip has no receipt; "" if it has one, or if that is
        not known yet."""
        return decode(self._ask("sfi_installer_no_receipt"))

    @property
    def license(self) -> Optional[License]:
        """The licence in use; None before there is one.

        A static licence opens this image on this chip again, uncounted.
        """
        with self._context._state:
            pointer = self._ask("sfi_installer_license")
            if not pointer:
                return None
            length = ctypes.c_size_t()
            data = self._lib().sfi_license_data(pointer, ctypes.byref(length))
            return License.parse(ctypes.string_at(data, length.value),
                                 context=self._context)

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.Installer closed>"
        return f"<sfi.Installer {self.progress.name}>"
