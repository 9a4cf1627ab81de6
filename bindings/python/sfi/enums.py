# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The enums and flags of libsfi.

The enums come from the headers.  A value that a later libsfi returns becomes a
member such as ``UNKNOWN_42``, so that a program keeps working.
"""
from __future__ import annotations

import enum

from . import _abi
from ._abi import (
    AreaKind,
    AuditKind,
    BoardKey,
    BoardState,
    CardEventKind,
    Cause,
    CheckResult,
    Counted,
    DeviceState,
    DifferenceKind,
    EventKind,
    FactKind,
    FileKind,
    HsmState,
    LeftOutReason,
    LicenseType,
    LinkKind,
    LogLevel,
    MapFlag,
    MemoryKind,
    Padding,
    Phase,
    Protocol,
    Readout,
    Severity,
    SimArea,
    Status,
    TargetState,
)

__all__ = [
    "AreaKind",
    "AuditKind",
    "BoardKey",
    "BoardState",
    "CardEventKind",
    "Cause",
    "CheckResult",
    "Counted",
    "DeviceState",
    "DifferenceKind",
    "EventKind",
    "FactKind",
    "FileKind",
    "FirmwareFlag",
    "HsmState",
    "LeftOutReason",
    "LicenseType",
    "LinkKind",
    "LogLevel",
    "MapFlag",
    "MemoryKind",
    "Padding",
    "Phase",
    "Protocol",
    "Readout",
    "ResetKind",
    "Severity",
    "SimArea",
    "Status",
    "TargetState",
]


class FirmwareFlag(enum.IntFlag):
    """Deviations that reading a firmware file allows; each allows one."""

    #: a missing end record (Intel HEX, S-records) is a warning
    NO_END_RECORD = _abi.SFI_FIRMWARE_NO_END_RECORD
    #: Intel HEX data past the end of a type 02 segment wraps to its start
    SEGMENT_WRAPS = _abi.SFI_FIRMWARE_SEGMENT_WRAPS
    #: Intel HEX data past the end of a type 02 segment continues behind it
    SEGMENT_RUNS_ON = _abi.SFI_FIRMWARE_SEGMENT_RUNS_ON
    #: place ELF segments at their virtual addresses
    VIRTUAL_ADDRESS = _abi.SFI_FIRMWARE_VIRTUAL_ADDRESS
    #: text after an end record is that of another file
    PAST_END = _abi.SFI_FIRMWARE_PAST_END


class ResetKind(enum.IntEnum):
    """How a chip is reset."""

    #: by the link's line to NRST, with BOOT0 low: the firmware starts
    LINE = _abi.SFI_RESET_LINE
    #: by the core, over a debug port
    CORE = _abi.SFI_RESET_CORE
