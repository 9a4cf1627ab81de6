# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Licences for many devices."""
from __future__ import annotations

import ctypes
import dataclasses
from typing import Any, Callable, Iterable, Iterator, List, Optional, Union

from . import _abi
from ._callback import Slot, during, register_owned, void_callback
from ._handle import Handle, State, StrPath, decode, encode_path, unsigned
from .certificate import Certificate
from .context import Context
from .enums import Counted, Status
from .errors import Error, UsageError
from .license import License, LicenseStore, license_bytes

__all__ = ["LicenseBatch", "LicenseResult", "generate_licenses"]


@dataclasses.dataclass(frozen=True)
class LicenseResult:
    """What became of one certificate of several."""

    #: of the certificate, from 0
    index: int
    #: certificates in all
    total: int
    #: whether its licence used an installation
    counted: Counted
    #: whether the licence comes from the store; the HSM was not asked
    stored: bool
    #: the licence; None if the certificate was refused
    license: Optional[License]
    #: why it has no licence; None if it has one
    error: Optional[Error]
    #: the device; empty if the certificate could not be read
    device_id: str
    #: the certificate's file; empty if it has none
    path: str


class _Results:
    """Collects results during a call, and makes objects of them after it."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.raw: List[Any] = []

    def add(self, raw: Any) -> None:
        error = None
        if raw.status != Status.OK:
            error = self.state.error(raw.status)
        self.raw.append((
            raw.index, raw.total, Counted(raw.count), bool(raw.stored),
            license_bytes(raw.license), error, decode(raw.device_id),
            decode(raw.path)))

    def take(self, context: Context, first: int = 0,
             total: Optional[int] = None) -> List[LicenseResult]:
        raw, self.raw = self.raw, []
        found = []
        for index, count, counted, stored, data, error, device, path in raw:
            license = None
            if data is not None:
                license = License.parse(data, context=context)
            found.append(LicenseResult(
                first + index, count if total is None else total, counted,
                stored, license, error, device, path))
        return found


@void_callback(_abi.sfi_license_result_fn)
def _on_result(results: _Results, pointer: Any) -> None:
    results.add(pointer.contents)


def generate_licenses(hsm: Handle, certificates: Iterable[Certificate],
                      report: Optional[Callable[[LicenseResult], Any]] = None,
                      *, sessions: Optional[Iterable[int]] = None
                      ) -> List[LicenseResult]:
    """Ask an HSM for licences of many devices.

    A vault stores the counts of up to 1024 devices in one durable step, which
    is much faster than one after another.  A certificate that is refused does
    not end the work: its result has the error.  :class:`LicenseBatch` does the
    same from and into files.

    :param hsm: an :class:`Hsm`, logged in
    :param certificates: of the same context
    :param report: called for each result, after the step that it belongs to
    :param sessions: for each the session of its device, for which it gets a
        live licence, or 0 for a static one; None: all are static
    :raises HsmError: the HSM failed, or is not in a state to license.  Nothing
        is lost: a device that was counted gets its licence without cost when
        it is asked for again.
    :raises UsageError: a certificate belongs to another context, or there is
        not one session for each
    """
    every = list(certificates)
    live = [0] * len(every) if sessions is None else [
        unsigned(s, 32, "session") for s in sessions]
    if len(live) != len(every):
        raise UsageError(f"{len(live)} sessions, expected {len(every)}")
    results: List[LicenseResult] = []
    collected = _Results(hsm.context._state)
    for first in range(0, len(every), _abi.SFI_LICENSES_MAX):
        step = every[first:first + _abi.SFI_LICENSES_MAX]
        certs = (ctypes.c_void_p * len(step))(*[hsm._use(c) for c in step])
        numbers = (ctypes.c_uint32 * len(step))(
            *live[first:first + len(step)])
        with during(collected, hsm.context._state) as number:
            hsm._call("sfi_hsm_generate_licenses", certs, numbers, len(step),
                      None, _on_result, ctypes.c_void_p(number))
        done = collected.take(hsm.context, first, len(every))
        results += done
        if report is not None:
            for result in done:
                report(result)
    return results


class LicenseBatch(Handle):
    """Licences for any number of certificates, from and into files::

        batch = sfi.LicenseBatch(hsm, sfi.LicenseStore("licences", create=True))
        batch.add("certificates")
        for result in batch:
            print(result.index + 1, "of", result.total, result.error or "")

    A certificate whose licence is in the store needs no HSM.  The licences are
    on disk before they are told.  A certificate that is refused or damaged does
    not end the batch.  After an interruption, run another batch: what was
    counted is found in the store, or given again by the HSM, uncounted.

    :param hsm: an :class:`Hsm`, logged in, or one that is opened late
    :param store: where licences are found and put; None: nowhere
    :raises UsageError: the store belongs to another context
    """

    _FREE = "sfi_license_batch_free"

    _results: _Results
    _slot: Slot
    _finished: bool

    def __init__(self, hsm: Handle,
                 store: Optional[LicenseStore] = None) -> None:
        where = hsm.context
        self._make(where, "sfi_license_batch_new", where._state.pointer,
                   hsm._pointer,
                   None if store is None else store._pointer_in(where))
        self._finished = False
        self._results = _Results(where._state)
        self._slot = Slot(self._results, where._state)
        self._call("sfi_license_batch_set_result", _on_result,
                   ctypes.c_void_p(register_owned(self._slot)))

    def add(self, what: Union[Certificate, StrPath]) -> None:
        """Add a certificate, the file of one, or every file of a folder.

        A file is read when its turn comes; what is wrong with it is in its
        result.

        :raises UsageError: the batch has begun, or the certificate belongs to
            another context
        :raises AccessError: the folder may not be read
        :raises MachineError: the folder cannot be read
        """
        if isinstance(what, Certificate):
            self._call("sfi_license_batch_add_certificate", self._use(what))
        else:
            self._call("sfi_license_batch_add_path", encode_path(what))

    def step(self) -> List[LicenseResult]:
        """Do a piece of the batch: one step of the HSM, and the certificates
        that need none.

        :raises HsmError: the HSM failed, or is not in a state to license
        :raises MachineError: the store failed
        :raises Cancelled: by :meth:`cancel`
        """
        last = ctypes.c_int()
        self._call_long("sfi_license_batch_step", ctypes.byref(last),
                        cancel=self._cancel_if)
        self._finished = bool(last.value)
        return self._results.take(self._context)

    def __iter__(self) -> Iterator[LicenseResult]:
        """Do the batch, with a result for each certificate."""
        while not self._finished:
            yield from self.step()

    def run(self) -> List[LicenseResult]:
        """Do the whole batch, or what is left of it.

        :raises HsmError: as for :meth:`step`
        :raises MachineError: as for :meth:`step`
        :raises Cancelled: as for :meth:`step`
        """
        return list(self)

    def _cancel_if(self, on: bool) -> None:
        if on:
            self.cancel()

    def cancel(self) -> None:
        """Cancel the batch, from any thread.

        The step that runs ends first, and what it counted is stored.
        """
        owner = self._owner
        if owner is not None:
            owner.any_thread(self._lib().sfi_license_batch_cancel)
