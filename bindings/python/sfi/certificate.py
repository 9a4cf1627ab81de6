# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Certificates of devices, and which devices an HSM will license."""
from __future__ import annotations

from typing import Optional

from ._handle import (
    BytesLike,
    Handle,
    StrPath,
    decode,
    encode_path,
    read_only,
)
from .context import Context, chosen

__all__ = ["Certificate", "Personalization"]


class Certificate(Handle):
    """The certificate of a device: well-formed, not necessarily trusted."""

    _FREE = "sfi_certificate_free"
    _MAKE = "Certificate.load() or Certificate.parse()"

    @classmethod
    def parse(cls, data: BytesLike, *,
              context: Optional[Context] = None) -> "Certificate":
        """Make a certificate from 136 bytes.

        Its form is checked, but not its signature: see :meth:`verify`.

        :raises InputError: another length, or a malformed product id
        :raises SecurityError: the public key is not a point on P-256
        """
        return cls._made(chosen(context), "sfi_certificate_parse",
                         *read_only(data))

    @classmethod
    def load(cls, path: StrPath, *,
             context: Optional[Context] = None) -> "Certificate":
        """Read a certificate from a file.

        :raises InputError: as for :meth:`parse`
        :raises SecurityError: as for :meth:`parse`
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        return cls._made(chosen(context), "sfi_certificate_load",
                         encode_path(path))

    def save(self, path: StrPath) -> None:
        """Write the certificate to a file, completely or not at all.

        :raises AccessError: the file may not be written or is not replaced
        :raises MachineError: the file cannot be written
        """
        self._call("sfi_certificate_save", encode_path(path))

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self._borrowed("sfi_certificate_data")

    @property
    def product_id(self) -> str:
        """Eight characters that name the part, such as ``"45002001"``."""
        return decode(self._ask("sfi_certificate_product_id"))

    @property
    def device_id(self) -> str:
        """Characters that name the device, from a hash of its public key."""
        return decode(self._ask("sfi_certificate_device_id"))

    @property
    def public_key(self) -> bytes:
        """The public key of the device: 64 bytes, X and Y."""
        return self._borrowed("sfi_certificate_public_key")

    def verify(self, ca_public_key: BytesLike) -> None:
        """Check that a CA has signed the certificate.

        :param ca_public_key: 64 bytes, X and Y
        :raises SecurityError: the signature is not that of this CA
        :raises UsageError: the key has another length
        :raises InputError: the key is not a point on P-256
        """
        self._call("sfi_certificate_verify", *read_only(ca_public_key))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Certificate):
            return NotImplemented
        return self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.Certificate closed>"
        return f"<sfi.Certificate {self.product_id} {self.device_id}>"


class Personalization(Handle):
    """The product whose devices an HSM will license, and the CA it trusts."""

    _FREE = "sfi_personalization_free"
    _MAKE = "Personalization.load() or Personalization.parse()"

    @classmethod
    def parse(cls, data: BytesLike, *,
              context: Optional[Context] = None) -> "Personalization":
        """Make a personalisation from the bytes of a file.

        Its signature detects damage; anybody can make a CA and sign with it.

        :raises InputError: another length, magic, version or product id
        :raises SecurityError: the signature does not match, or the CA's key is
            not a point on P-256
        """
        return cls._made(chosen(context), "sfi_personalization_parse",
                         *read_only(data))

    @classmethod
    def load(cls, path: StrPath, *,
             context: Optional[Context] = None) -> "Personalization":
        """Read a personalisation file.  Take it only from the chip maker.

        :raises InputError: as for :meth:`parse`
        :raises SecurityError: as for :meth:`parse`
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        return cls._made(chosen(context), "sfi_personalization_load",
                         encode_path(path))

    @property
    def product_id(self) -> str:
        """Eight characters that name the part, such as ``"45002001"``."""
        return decode(self._ask("sfi_personalization_product_id"))

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self._borrowed("sfi_personalization_data")

    @property
    def ca_public_key(self) -> bytes:
        """The public key of the CA, for :meth:`Certificate.verify`."""
        return self._borrowed("sfi_personalization_ca_public_key")

    def save(self, path: StrPath) -> None:
        """Write the personalisation to a file, completely or not at all.

        :raises AccessError: the file may not be written or is not replaced
        :raises MachineError: the file cannot be written
        """
        self._call("sfi_personalization_save", encode_path(path))

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.Personalization closed>"
        return f"<sfi.Personalization {self.product_id}>"
