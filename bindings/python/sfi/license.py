# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Licences, and folders of licences."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Iterator, List, Optional, Tuple

from . import _abi, _lib
from ._callback import during, void_callback
from ._document import Document
from ._handle import (
    Handle,
    State,
    StrPath,
    decode,
    encode,
    encode_path,
)
from .certificate import Certificate
from .context import Context, chosen
from .enums import LicenseType, Status
from .errors import Error

__all__ = ["License", "LicenseStore", "StoredLicense"]


def license_bytes(pointer: Optional[int]) -> Optional[bytes]:
    """The bytes of a licence that libsfi lends; None for NULL."""
    if not pointer:
        return None
    length = ctypes.c_size_t()
    data = _lib.sfi().sfi_license_data(pointer, ctypes.byref(length))
    return ctypes.string_at(data, length.value)


class License(Document):
    """A firmware key, encrypted for one device, 136 bytes.  It is not secret.

    Only the device can verify that the licence is its own.
    """

    _FREE = "sfi_license_free"
    _PREFIX = "sfi_license"
    _MAKE = "License.load(), License.parse() or Hsm.license()"

    @property
    def type(self) -> LicenseType:
        """Whether it is static, or live: valid for one session, once."""
        return LicenseType(self._ask("sfi_license_type"))

    @property
    def session(self) -> int:
        """The session of its device for which a live licence is valid; 0 for a
        static one."""
        return int(self._ask("sfi_license_session"))

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.License closed>"
        return f"<sfi.License {self.type.name.lower()}>"


@dataclasses.dataclass(frozen=True)
class StoredLicense:
    """One file of a folder of licences."""

    #: the device, by the file's name
    device_id: str
    #: the licence; None if the file is damaged, or cannot be read
    license: Optional[License]
    #: why there is no licence
    error: Optional[Error]


class _Listing:
    """Collects the files of a store during a call."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.found: List[Tuple[str, Optional[bytes], Optional[Error]]] = []


@void_callback(_abi.sfi_license_store_fn)
def _on_stored(listing: _Listing, device_id: bytes, status: int,
               license: Optional[int]) -> None:
    listing.found.append((
        decode(device_id), license_bytes(license),
        None if status == Status.OK else listing.state.error(status)))


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

    def list(self) -> List[StoredLicense]:
        """The files of the store, in no particular order.

        :raises AccessError: the folder may not be read
        :raises MachineError: the folder cannot be read
        """
        listing = _Listing(self._context._state)
        with during(listing, listing.state) as number:
            self._call("sfi_license_store_each", _on_stored,
                       ctypes.c_void_p(number))
        found = []
        for device, data, error in listing.found:
            license = None
            if data is not None:
                license = License.parse(data, context=self._context)
            found.append(StoredLicense(device, license, error))
        return found

    def remove(self, device_id: str) -> None:
        """Remove the licence of a device.  An HSM gives it again, uncounted.

        :raises MissingFile: there is none
        :raises AccessError: the file may not be removed
        :raises MachineError: the file cannot be removed
        """
        self._call("sfi_license_store_remove", encode(device_id, "device"))

    def __len__(self) -> int:
        return len(self.list())

    def __iter__(self) -> Iterator[str]:
        """The devices that have a file in the store."""
        return iter([stored.device_id for stored in self.list()])

    def __delitem__(self, certificate: Certificate) -> None:
        self.remove(certificate.device_id)

    def __getitem__(self, certificate: Certificate) -> License:
        found = self.find(certificate)
        if found is None:
            raise KeyError(certificate.device_id)
        return found

    def __setitem__(self, certificate: Certificate, license: License) -> None:
        self.put(certificate, license)

    def __contains__(self, certificate: Certificate) -> bool:
        return self.find(certificate) is not None
