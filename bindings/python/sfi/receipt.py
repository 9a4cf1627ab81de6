# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Receipts: what a chip holds after a success, signed by its device key; and
which of the counted devices are proven by theirs."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Iterator, Optional, Sequence, Tuple

from . import _abi
from ._document import Document
from ._handle import (
    BytesLike,
    Handle,
    StrPath,
    decode,
    encode_path,
    read_only,
)
from .certificate import Certificate
from .context import Context, chosen
from .option_bytes import OptionBytes

__all__ = ["Receipt", "Reconciliation", "ReconciliationSum"]


class Receipt(Document):
    """A well-formed receipt, 332 bytes, not necessarily a genuine one: see
    :meth:`verify`."""

    _FREE = "sfi_receipt_free"
    _PREFIX = "sfi_receipt"
    _MAKE = "Receipt.load(), Receipt.parse() or Installer.receipt"

    @property
    def certificate(self) -> Certificate:
        """The certificate of the key that signed."""
        with self._context._state:
            length = ctypes.c_size_t()
            data = self._lib().sfi_certificate_data(
                self._ask("sfi_receipt_certificate"), ctypes.byref(length))
            return Certificate.parse(ctypes.string_at(data, length.value),
                                     context=self._context)

    def _info(self) -> "_abi.sfi_receipt_info":
        raw = _abi.sfi_receipt_info(
            struct_size=ctypes.sizeof(_abi.sfi_receipt_info))
        self._call("sfi_receipt_get_info", ctypes.byref(raw))
        return raw

    @property
    def chip_id(self) -> int:
        """DEV_ID of the part, such as 0x450."""
        return int(self._info().chip_id)

    @property
    def product_id(self) -> str:
        """Eight characters that name the part, such as ``"45002001"``."""
        return decode(self._info().product_id)

    @property
    def device_id(self) -> str:
        """The chip, as :attr:`Certificate.device_id` has it."""
        return decode(self._info().device_id)

    @property
    def installs(self) -> int:
        """How many installs the chip had begun, this one included."""
        return int(self._info().installs)

    @property
    def header_tag(self) -> bytes:
        """The tag of the image's header, 16 bytes."""
        return bytes(self._info().header_tag)

    @property
    def areas(self) -> bytes:
        """The digest of the image's areas, 32 bytes."""
        return bytes(self._info().areas)

    @property
    def option_bytes(self) -> bytes:
        """The digest of the option bytes that were programmed, 32 bytes."""
        return bytes(self._info().option_bytes)

    def verify(self, ca_public_key: BytesLike) -> None:
        """Check that the receipt is genuine: the CA signed the certificate, and
        the certificate's key the receipt.

        :param ca_public_key: 64 bytes, X and Y
        :raises SecurityError: altered, of another chip, or its certificate is
            not signed by this CA
        :raises UsageError: the key has another length
        :raises InputError: the key is not a point on P-256
        """
        self._call("sfi_receipt_verify", *read_only(ca_public_key))

    def check_image(self, image: BytesLike) -> None:
        """Check that the chip holds this image, whose key is not needed.

        :raises DeviceError: it holds another one
        :raises InputError: not an image
        """
        self._call("sfi_receipt_check_image", *read_only(image))

    def check_image_file(self, path: StrPath) -> None:
        """Check that the chip holds the image in a file.

        :raises DeviceError: it holds another one
        :raises InputError: not an image
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        self._call("sfi_receipt_check_image_file", encode_path(path))

    def check_option_bytes(self, options: OptionBytes) -> None:
        """Check that the chip programmed these option bytes.

        :raises DeviceError: it programmed others
        """
        self._call("sfi_receipt_check_option_bytes", self._use(options))

    def check_install(self, installs: int) -> None:
        """Check that it is of the install with this number.

        :raises DeviceError: it is of another install of the chip
        """
        self._call("sfi_receipt_check_install", installs)

    def __repr__(self) -> str:
        if self.closed:
            return "<sfi.Receipt closed>"
        return f"<sfi.Receipt {self.device_id} install {self.installs}>"


@dataclasses.dataclass(frozen=True)
class ReconciliationSum:
    """What audit logs and receipts tell together."""

    #: devices in the audit logs: `installed` and `unproven`
    counted: int
    #: devices with a genuine receipt
    installed: int
    #: devices without one
    unproven: int
    #: how many receipts were added
    receipts: int
    #: of these: of a device that had one already
    repeated: int
    #: of these: genuine, of a device that was not counted
    foreign: int
    #: of these: not genuine, or of another image
    refused: int


class Reconciliation(Handle):
    """Which devices of an HSM's audit logs are proven to be installed::

        with sfi.Reconciliation(["hsm.audit"], key) as order:
            order.add_file("line.jsonl")
            print(order.sum())

    :param audits: the audit log of an HSM, and those of the leases it gave
    :param key: the audit key
    :raises SecurityError: a log was altered, or the key is another one
    :raises InputError: not an audit log
    :raises AccessError: a file may not be read
    :raises MachineError: a file cannot be read
    """

    _FREE = "sfi_reconciliation_free"

    def __init__(self, audits: Sequence[StrPath], key: BytesLike, *,
                 context: Optional[Context] = None) -> None:
        where = chosen(context)
        paths = [encode_path(path) for path in audits]
        self._make(where, "sfi_reconciliation_new", where._state.pointer,
                   (ctypes.c_char_p * len(paths))(*paths), len(paths),
                   *read_only(key))

    def set_image_file(self, path: StrPath) -> None:
        """Take only receipts of this image from now on.

        :raises InputError: not an image
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        self._call("sfi_reconciliation_set_image_file", encode_path(path))

    def add(self, receipt: Receipt) -> None:
        """Add a receipt.

        :raises SecurityError: it is not genuine
        :raises DeviceError: of a device that was not counted, or of another
            image
        """
        self._call("sfi_reconciliation_add", self._use(receipt))

    def add_file(self, path: StrPath) -> None:
        """Add what a file has: a receipt, or each one in a record.

        What :meth:`add` would refuse is a warning in the log, and in the sums.

        :raises InputError: neither a receipt nor a record
        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        self._call("sfi_reconciliation_add_file", encode_path(path))

    def sum(self) -> ReconciliationSum:
        """The sums so far."""
        raw = _abi.sfi_reconciliation_sum(
            struct_size=ctypes.sizeof(_abi.sfi_reconciliation_sum))
        self._call("sfi_reconciliation_get_sum", ctypes.byref(raw))
        return ReconciliationSum(raw.counted, raw.installed, raw.unproven,
                                 raw.receipts, raw.repeated, raw.foreign,
                                 raw.refused)

    def devices(self) -> Iterator[Tuple[str, bool]]:
        """Each device that was counted: its id, and whether it is proven to be
        installed."""
        raw = _abi.sfi_reconciled_device(
            struct_size=ctypes.sizeof(_abi.sfi_reconciled_device))
        for index in range(self.sum().counted):
            self._call("sfi_reconciliation_get_device", index,
                       ctypes.byref(raw))
            yield decode(raw.device_id), bool(raw.installed)
