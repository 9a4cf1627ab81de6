# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Licences, and folders of licences."""
from __future__ import annotations

import ctypes
from typing import Optional

from ._handle import BytesLike, Handle, StrPath, encode_path, read_only
from .certificate import Certificate
from .context import Context, chosen
from .enums import LicenseType

__all__ = ["License", "LicenseStore"]


class License(Handle):
    """A firmware key, encrypted for one device.  It is not secret."""

    _FREE = "sfi_license_free"
    _MAKE = "License.load(), License.parse() or Hsm.license()"

    @classmethod
    def parse(cls, data: BytesLike, *,
              context: Optional[Context] = None) -> "License":
        """Make a licence from 136 bytes.

        What is not encrypted is checked; only the device can verify that the
        licence is its own.

        :raises InputError: another length, an unknown type or version, or an
            ephemeral key that is not a point on P-256
        """
        return cls._made(chosen(context), "sfi_license_parse",
                         *read_only(data))

    @classmethod
    def load(cls, path: StrPath, *,
             context: Optional[Context] = None) -> "License":
        """Read a licence from a file.

        :raises InputError: as for :meth:`parse`
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        return cls._made(chosen(context), "sfi_license_load",
                         encode_path(path))

    def save(self, path: StrPath) -> None:
        """Write the licence to a file, completely or not at all.

        :raises AccessError: the file may not be written or is not replaced
        :raises MachineError: the file cannot be written
        """
        self._call("sfi_license_save", encode_path(path))

    @property
    def data(self) -> bytes:
        """Its bytes."""
        length = ctypes.c_size_t()
        with self._context._state:
            at = self._ask("sfi_license_data", ctypes.byref(length))
            return ctypes.string_at(at, length.value)

    @property
    def type(self) -> LicenseType:
        """Whether it is static, or live: valid for one session, once."""
        return LicenseType(self._ask("sfi_license_type"))

    @property
    def session(self) -> int:
        """The session of its device for which a live licence is valid; 0 for a
        static one."""
        return int(self._ask("sfi_license_session"))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, License):
            return NotImplemented
        return self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.License closed>"
        return f"<sfi.License {self.type.name.lower()}>"


class LicenseStore(Handle):
    """A folder of licences, found by their device.

    It is filled where the HSM is, and used where the HSM is not.  Use a folder
    for each firmware.  Any number of processes may use one folder at once::

        store = sfi.LicenseStore("licences", create=True)
        store[certificate] = hsm.license(certificate)

    :param path: the folder
    :param create: make the folder if it does not exist
    :raises MachineError: the folder does not exist or cannot be made
    :raises AccessError: the folder may not be used
    """

    _FREE = "sfi_license_store_free"

    def __init__(self, path: StrPath, create: bool = False, *,
                 context: Optional[Context] = None) -> None:
        where = chosen(context)
        self._make(where, "sfi_license_store_open", where._state.pointer,
                   encode_path(path), int(create))

    def find(self, certificate: Certificate) -> Optional[License]:
        """The licence of a device; None if there is none.

        :raises InputError: the device's file is damaged, or not a static
            licence
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        :raises UsageError: the certificate belongs to another context
        """
        made = License.__new__(License)
        made._make(self._context, "sfi_license_store_find", self._pointer,
                   self._use(certificate))
        return None if made._owner is None else made

    def put(self, certificate: Certificate, license: License) -> None:
        """Store the licence of a device; it is on disk when this returns.

        An earlier licence of the device is replaced.

        :raises InputError: the licence is live
        :raises AccessError: the file may not be written
        :raises MachineError: the file cannot be written
        :raises UsageError: an argument belongs to another context
        """
        self._call("sfi_license_store_put", self._use(certificate),
                   self._use(license))

    def __getitem__(self, certificate: Certificate) -> License:
        found = self.find(certificate)
        if found is None:
            raise KeyError(certificate.device_id)
        return found

    def __setitem__(self, certificate: Certificate, license: License) -> None:
        self.put(certificate, license)

    def __contains__(self, certificate: Certificate) -> bool:
        return self.find(certificate) is not None
