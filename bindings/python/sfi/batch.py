# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Licences for many devices."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Callable, Iterable, List, Optional, Sequence

from . import _abi
from ._callback import during, void_callback
from ._handle import Handle
from .certificate import Certificate
from .enums import Counted, Status
from .errors import Error
from .license import License

__all__ = ["LicenseResult", "generate_licenses"]


@dataclasses.dataclass(frozen=True)
class LicenseResult:
    """What became of one certificate of several."""

    #: of the certificate, from 0
    index: int
    #: whether its licence used an installation
    counted: Counted
    #: the licence; None if the certificate was refused
    license: Optional[License]
    #: why it has no licence; None if it has one
    error: Optional[Error]


class _Collector:
    """The results of one step; licences come after it."""

    def __init__(self, handle: Handle, first: int) -> None:
        self.state = handle.context._state
        self.first = first
        self.found: List[Any] = []

    def take(self, raw: Any) -> None:
        error = None
        if raw.status != Status.OK:
            error = self.state.error(raw.status)
        self.found.append((raw.index, Counted(raw.count), error))

    def results(self, licenses: Sequence[Optional[License]]
                ) -> List[LicenseResult]:
        return [LicenseResult(self.first + index, counted, licenses[index],
                              error)
                for index, counted, error in self.found]


@void_callback(_abi.sfi_license_result_fn)
def _on_result(collector: _Collector, pointer: Any) -> None:
    collector.take(pointer.contents)


def generate_licenses(hsm: Handle, certificates: Iterable[Certificate],
                      report: Optional[Callable[[LicenseResult], Any]] = None
                      ) -> List[LicenseResult]:
    """Ask an HSM for static licences of many devices.

    A vault stores the counts of up to 1024 devices in one durable step, which
    is much faster than one after another.  A certificate that is refused does
    not end the work: its result has the error.

    :param hsm: an :class:`Hsm`, logged in
    :param certificates: of the same context
    :param report: called for each result, after the step that it belongs to
    :raises HsmError: the HSM failed, or is not in a state to license.  Nothing
        is lost: a device that was counted gets its licence without cost when
        it is asked for again.
    :raises UsageError: a certificate belongs to another context
    """
    results: List[LicenseResult] = []
    every = list(certificates)
    for first in range(0, len(every), _abi.SFI_LICENSES_MAX):
        step = every[first:first + _abi.SFI_LICENSES_MAX]
        done = _one_step(hsm, step, first)
        results += done
        if report is not None:
            for result in done:
                report(result)
    return results


def _one_step(hsm: Handle, step: List[Certificate], first: int
              ) -> List[LicenseResult]:
    count = len(step)
    certs = (ctypes.c_void_p * count)(*[hsm._use(c) for c in step])
    out = (ctypes.c_void_p * count)()
    licenses: List[Optional[License]] = [None] * count
    collector = _Collector(hsm, first)
    state = hsm.context._state
    with state, during(collector, state) as number:
        try:
            hsm._call("sfi_hsm_generate_licenses", certs, count, out,
                      _on_result, ctypes.c_void_p(number))
        finally:
            for index, pointer in enumerate(out):
                if pointer:
                    made = License.__new__(License)
                    made._own(hsm.context, pointer)
                    licenses[index] = made
    return collector.results(licenses)
