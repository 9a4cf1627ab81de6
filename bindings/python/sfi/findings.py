# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What checks find."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Callable, List, Optional

from . import _abi
from ._callback import during, void_callback
from ._handle import decode
from .context import Context
from .enums import Severity, Status

__all__ = ["Finding"]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One finding: why a part cannot install something, or should not."""

    #: how severe it is; only errors make a check fail
    severity: Severity
    #: the status of an error; else OK
    status: Status
    #: its name in doc/errors.md, which never changes
    rule: str
    #: what was found and expected, in one line
    message: str
    #: what to do, in one line
    remedy: str = ""
    #: the document that says so
    source: str = ""
    #: number of the area or segment; 0: none
    area: int = 0
    #: the first byte that it concerns
    address: int = 0
    #: how many bytes; 0: no place in memory
    size: int = 0
    #: the option-byte row, if it concerns one
    row: Optional[str] = None
    #: the option-byte field, if it concerns one
    field: Optional[str] = None
    #: the firmware file, if it concerns one
    file: Optional[str] = None
    #: the segment of that file, from 1; 0: none
    segment: int = 0

    def __str__(self) -> str:
        return f"{self.severity.name.lower()}: {self.message}"


def _maybe(text: Optional[bytes]) -> Optional[str]:
    return None if text is None else decode(text)


@void_callback(_abi.sfi_finding_fn)
def _on_finding(report: Callable[[Finding], Any], pointer: Any) -> None:
    f = pointer.contents
    report(Finding(
        severity=Severity(f.severity), status=Status(f.status),
        rule=decode(f.rule), message=decode(f.message),
        remedy=decode(f.remedy), source=decode(f.source), area=f.area,
        address=f.address, size=f.size, row=_maybe(f.row),
        field=_maybe(f.field), file=_maybe(f.file), segment=f.segment))


def collect(context: Context, function: Any, *arguments: Any
            ) -> List[Finding]:
    """Call a check, whose last arguments are a function for findings and its
    `user`; only a failure that no finding explains is raised."""
    found: List[Finding] = []
    state = context._state
    with state, during(found.append, state) as number:
        status = function(*arguments, _on_finding,
                          ctypes.c_void_p(number))
        explained = any(f.severity == Severity.ERROR and f.status == status
                        for f in found)
        state.check(Status.OK if explained else status)
    return found
