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
from .chips import Chip, chip, chip_by_id, chips
from .context import Context, context, escape, has_feature, version
from .enums import *  # noqa: F401,F403
from .enums import __all__ as _enums
from .errors import *  # noqa: F401,F403
from .errors import __all__ as _errors
from .keys import Key, Nonce

__version__ = "1.0.0"

__all__ = [
    "Chip",
    "Context",
    "Key",
    "Nonce",
    "chip",
    "chip_by_id",
    "chips",
    "context",
    "errors",
    "escape",
    "has_feature",
    "version",
]
__all__ += _enums + _errors
