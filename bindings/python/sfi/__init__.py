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
from .batch import LicenseResult, generate_licenses
from .certificate import Certificate, Personalization
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
from .describe import Description, Fact, describe
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
from .journal import Journal, read_journal
from .keys import Key, Nonce
from .layout import Layout, LayoutArea, image_layout
from .license import License, LicenseStore
from .names import causes, statuses, words
from .option_bytes import Field, OptionBytes

__version__ = "1.0.0"

__all__ = [
    "Allocator",
    "AreaBegin",
    "AreaEnd",
    "Certificate",
    "Chip",
    "Context",
    "Data",
    "Description",
    "Difference",
    "Fact",
    "Field",
    "Finding",
    "Firmware",
    "Header",
    "ImageBuilder",
    "ImageEvent",
    "ImageReader",
    "Journal",
    "Key",
    "Layout",
    "LayoutArea",
    "LeftOut",
    "License",
    "LicenseResult",
    "LicenseStore",
    "Nonce",
    "OptionBytes",
    "Personalization",
    "Segment",
    "causes",
    "check_image",
    "chip",
    "chip_by_id",
    "chips",
    "context",
    "describe",
    "errors",
    "escape",
    "features",
    "format_by_name",
    "generate_licenses",
    "has_feature",
    "image_firmware",
    "image_layout",
    "read_image",
    "read_journal",
    "statuses",
    "version",
    "words",
]
__all__ += _enums + _errors
