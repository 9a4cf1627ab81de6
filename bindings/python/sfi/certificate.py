# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Certificates of devices, and which devices an HSM will license."""
from __future__ import annotations

from ._document import Document
from ._handle import BytesLike, decode, read_only

__all__ = ["Certificate", "Personalization"]


class Certificate(Document):
    """The certificate of a device, 136 bytes: well-formed, not necessarily
    trusted.  See :meth:`verify`."""

    _FREE = "sfi_certificate_free"
    _PREFIX = "sfi_certificate"
    _MAKE = "Certificate.load() or Certificate.parse()"

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

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.Certificate closed>"
        return f"<sfi.Certificate {self.product_id} {self.device_id}>"


class Personalization(Document):
    """The product whose devices an HSM will license, and the CA it trusts.

    Take its file only from the chip maker: its signature detects damage, but
    anybody can make a CA and sign with it.
    """

    _FREE = "sfi_personalization_free"
    _PREFIX = "sfi_personalization"
    _MAKE = "Personalization.load() or Personalization.parse()"

    @property
    def product_id(self) -> str:
        """Eight characters that name the part, such as ``"45002001"``."""
        return decode(self._ask("sfi_personalization_product_id"))

    @property
    def ca_public_key(self) -> bytes:
        """The public key of the CA, for :meth:`Certificate.verify`."""
        return self._borrowed("sfi_personalization_ca_public_key")

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.Personalization closed>"
        return f"<sfi.Personalization {self.product_id}>"
