# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Secure firmware install (SFI) for STM32, with libsfi.

Build and check ``.sfi`` images, license devices with an HSM, and install images
or program open chips over USART, SPI, USB and debug probes; with virtual chips
in :mod:`sfi.sim`.

Importing the package loads nothing.  The first call loads libsfi, from the file
or folder that the environment variable ``LIBSFI_PATH`` names, from the package
itself, or from the system.
"""
from __future__ import annotations

from . import errors
from .audit import (
    AuditHead,
    AuditReader,
    AuditRecord,
    AuditSummary,
    AuditTotal,
    create_audit_key,
    generate_audit_key,
    load_audit_key,
    verify_audit,
    verify_audit_data,
    verify_audits,
)
from .batch import LicenseBatch, LicenseResult, generate_licenses
from .certificate import Certificate, Personalization
from .chip_definition import (
    ChipDefinition,
    ChipField,
    ChipMemoryRange,
    ChipRow,
    define_chip,
)
from .chips import Chip, chip, chip_by_id, chips
from .context import (
    Allocator,
    Context,
    context,
    escape,
    features,
    has_feature,
    version,
)
from .describe import Comparison, Description, Fact, describe
from .dialect import BootloaderLink, Dialect, DialectInfo, DialectTarget
from .enums import *  # noqa: F401,F403
from .enums import __all__ as _enums
from .errors import *  # noqa: F401,F403
from .errors import __all__ as _errors
from .findings import Finding
from .firmware import (
    Difference,
    Firmware,
    LeftOut,
    Segment,
    format_by_name,
)
from .gang import Gang, GangResult
from .hsm import CustomHsm, Hsm, HsmInfo, Reader, readers
from .image import (
    AreaBegin,
    AreaEnd,
    Data,
    Header,
    ImageBuilder,
    ImageEvent,
    ImageReader,
    check_image,
    image_firmware,
    read_image,
)
from .installer import Installer
from .journal import Journal, read_journal
from .keys import Key, Nonce
from .lease import HsmLoss, LeaseRequest
from .layout import Layout, LayoutArea, image_layout
from .license import License, LicenseStore, StoredLicense
from .names import causes, statuses, words
from .option_bytes import Field, OptionBytes
from .progress import Progress
from .receipt import Receipt, Reconciliation, ReconciliationSum
from .target import Target, TargetContents, TargetInfo
from .transport import (
    Link,
    MemoryLink,
    Port,
    PortKind,
    SpiLink,
    StreamLink,
    Transport,
    UsbLink,
    port_kinds,
    port_name,
    ports,
)

__version__ = "1.0.0"

__all__ = [
    "Allocator",
    "AreaBegin",
    "AreaEnd",
    "AuditHead",
    "AuditReader",
    "AuditRecord",
    "AuditSummary",
    "AuditTotal",
    "BootloaderLink",
    "Certificate",
    "Chip",
    "ChipDefinition",
    "ChipField",
    "ChipMemoryRange",
    "ChipRow",
    "Comparison",
    "Context",
    "CustomHsm",
    "Data",
    "Description",
    "Dialect",
    "DialectInfo",
    "DialectTarget",
    "Difference",
    "Fact",
    "Field",
    "Finding",
    "Firmware",
    "Gang",
    "GangResult",
    "Header",
    "Hsm",
    "HsmInfo",
    "HsmLoss",
    "ImageBuilder",
    "ImageEvent",
    "ImageReader",
    "Installer",
    "Journal",
    "Key",
    "Layout",
    "LayoutArea",
    "LeaseRequest",
    "LeftOut",
    "License",
    "LicenseBatch",
    "LicenseResult",
    "LicenseStore",
    "Link",
    "MemoryLink",
    "Nonce",
    "OptionBytes",
    "Personalization",
    "Port",
    "PortKind",
    "Progress",
    "Reader",
    "Receipt",
    "Reconciliation",
    "ReconciliationSum",
    "Segment",
    "SpiLink",
    "StoredLicense",
    "StreamLink",
    "Target",
    "TargetContents",
    "TargetInfo",
    "Transport",
    "UsbLink",
    "causes",
    "check_image",
    "chip",
    "chip_by_id",
    "chips",
    "context",
    "create_audit_key",
    "define_chip",
    "describe",
    "errors",
    "escape",
    "features",
    "format_by_name",
    "generate_audit_key",
    "generate_licenses",
    "has_feature",
    "image_firmware",
    "image_layout",
    "load_audit_key",
    "port_kinds",
    "port_name",
    "ports",
    "read_image",
    "read_journal",
    "readers",
    "statuses",
    "verify_audit",
    "verify_audit_data",
    "verify_audits",
    "version",
    "words",
]
__all__ += _enums + _errors
