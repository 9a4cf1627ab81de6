# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Install one image on many chips at once."""
from __future__ import annotations

import dataclasses
import os
import queue
import threading
import time
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Optional,
    Sequence,
    Union,
)

from ._handle import BytesLike, StrPath
from .chips import Chip, ChipLike
from .context import Context
from .enums import Phase
from .errors import Cancelled, Error, Unsupported, UsageError
from .hsm import Hsm
from .installer import Installer
from .journal import Journal
from .progress import Progress
from .transport import Transport

__all__ = ["Gang", "GangResult"]

#: The name of a link, or a function that opens one in a context.
GangPort = Union[str, Callable[[Context], Transport]]


@dataclasses.dataclass(frozen=True)
class GangResult:
    """How the install of one chip ended."""

    #: the number of the port, from 0
    index: int
    #: its name; of a function, ``"port N"``
    port: str
    #: why it failed; None: the chip has the firmware and runs it
    error: Optional[BaseException]
    #: the part; None if none was found
    chip: Optional[Chip]
    #: the device; empty if its certificate was not read
    device_id: str
    #: the phase that it was in at the end
    phase: Phase
    #: how long it took
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the chip has the firmware."""
        return self.error is None

    @property
    def hint(self) -> str:
        """What to do, in one line; empty if nothing is known."""
        return self.error.hint if isinstance(self.error, Error) else ""

    def __str__(self) -> str:
        if self.error is None:
            return f"{self.port}: installed {self.device_id}"
        return f"{self.port}: {self.error}"


class Gang:
    """One image, one HSM, many chips::

        for result in sfi.Gang("blink.sfi", ports, hsm):
            print(result)

    Each chip has a thread and a context; requests to the HSM run one at a time.
    Results come in the order in which the installs end.  While it runs, the
    HSM's context is the gang's: use it again after the last result.

    :param image: its bytes; or a path that is a ``str`` or path object
    :param ports: names for :meth:`Transport.open`, or functions that get a
        context and return a :class:`Transport` in it
    :param hsm: provides the licences that are not stored
    :param store: a folder of licences, as for :class:`Installer`
    :param chip: the expected part; None for any
    :param erase: erase chips that hold an installed firmware
    :param live: use live licences
    :param timeout: seconds to look for each chip; None: 5
    :param record: a :class:`Journal` that gets a line for each chip
    :param boards: the boards' own numbers for it, in the order of the ports
    :param progress: called in the chip's thread with the number of the port and
        its :class:`Progress`
    :raises UsageError: no ports, or neither `hsm` nor `store`
    :raises Unsupported: `chip` is one of :func:`define_chip`
    :raises OSError: the image cannot be read
    :raises Error: as :class:`Journal`
    """

    def __init__(self, image: Union[BytesLike, StrPath],
                 ports: Sequence[GangPort], hsm: Optional[Hsm] = None, *,
                 store: Optional[StrPath] = None,
                 chip: Optional[ChipLike] = None, erase: bool = False,
                 live: bool = False, timeout: Optional[float] = None,
                 record: Optional[StrPath] = None,
                 boards: Sequence[Optional[str]] = (),
                 progress: Optional[Callable[[int, Progress], object]] = None
                 ) -> None:
        if not ports:
            raise UsageError("a gang needs a port")
        if hsm is None and store is None:
            raise UsageError("a gang needs an HSM or a store of licences")
        if isinstance(chip, Chip) and chip.context is not None:
            raise Unsupported(f"{chip} was defined by this program: libsfi "
                              "assumes no security extension of it")
        if record is not None:
            Journal(record).close()  # complain now, not after an install
        if isinstance(image, (bytes, bytearray, memoryview)):
            self._image = bytes(image)
        else:
            with open(os.fsencode(image), "rb") as file:
                self._image = file.read()
        self._ports = list(ports)
        self._hsm = hsm
        self._store = store
        self._options: Dict[str, Any] = dict(
            chip=chip, erase=erase, live=live, timeout=timeout)
        self._record = record
        self._boards = dict(enumerate(boards))
        self._tell = progress
        self._lock = threading.Lock()
        self._cancelled = False
        self._contexts: Dict[int, Context] = {}
        self._installers: Dict[int, Installer] = {}
        self._progress: List[Optional[Progress]] = [None] * len(self._ports)
        self._results: "queue.SimpleQueue[GangResult]" = queue.SimpleQueue()
        self._threads: List[threading.Thread] = []

    @property
    def progress(self) -> List[Optional[Progress]]:
        """How far each chip is, from any thread; None: its link is not open."""
        return list(self._progress)

    def cancel(self) -> None:
        """Cancel all installs, from any thread; each ends with a result."""
        with self._lock:
            self._cancelled = True
            for context in self._contexts.values():
                context.cancel()
            for installer in self._installers.values():
                installer.cancel()

    def __iter__(self) -> Iterator[GangResult]:
        """Run; a result for each chip, as it ends.

        When the loop is left early, or by Ctrl-C, all installs are cancelled,
        and have ended when the loop has.
        """
        if self._threads:
            raise UsageError("a gang runs once")
        self._threads = [
            threading.Thread(target=self._work, args=(index,),
                             name=f"sfi-gang-{index}")
            for index in range(len(self._ports))]
        left = len(self._threads)
        try:
            for thread in self._threads:
                thread.start()
            while left:
                result = self._results.get()
                left -= 1
                yield result
        finally:
            if left:
                self.cancel()
            for thread in self._threads:
                if thread.ident is not None:
                    thread.join()

    def run(self) -> List[GangResult]:
        """Run, and return the results in the order of the ports."""
        return sorted(self, key=lambda result: result.index)

    def _work(self, index: int) -> None:
        """One chip, in its thread."""
        begin = time.monotonic()
        error: Optional[BaseException] = None
        facts: Dict[str, Any] = {"chip": None, "device_id": ""}
        try:
            with Context() as context:
                self._enter(index, context)
                try:
                    self._install(index, context, facts)
                finally:
                    self._leave(index)
        except BaseException as caught:
            error = caught
        last = self._progress[index]
        port = self._ports[index]
        self._results.put(GangResult(
            index=index,
            port=port if isinstance(port, str) else f"port {index}",
            error=error, phase=Phase.CONNECT if last is None else last.phase,
            seconds=time.monotonic() - begin, **facts))

    def _enter(self, index: int, context: Context) -> None:
        with self._lock:
            if self._cancelled:
                raise Cancelled("the gang was cancelled before it began")
            self._contexts[index] = context

    def _leave(self, index: int) -> None:
        with self._lock:
            self._contexts.pop(index, None)

    def _install(self, index: int, context: Context,
                 facts: Dict[str, Any]) -> None:
        port = self._ports[index]
        link = (Transport.open(port, context=context) if isinstance(port, str)
                else port(context))
        hsm = None if self._hsm is None else self._hsm.share(context)
        with Installer(self._image, link, hsm, store=self._store,
                       context=context, **self._options) as installer:
            with self._lock:
                self._installers[index] = installer
                if self._cancelled:
                    installer.cancel()
            error: Optional[Error] = None
            try:
                installer.run(lambda p: self._report(index, p))
            except Error as caught:
                error = caught
                raise
            finally:
                with self._lock:
                    del self._installers[index]
                facts["chip"] = installer.chip
                certificate = installer.certificate
                if certificate is not None:
                    facts["device_id"] = certificate.device_id
                if self._record is not None:
                    self._add_line(index, installer, error)

    def _add_line(self, index: int, installer: Installer,
                  error: Optional[Error]) -> None:
        with Journal(self._record or "", context=installer.context) as journal:
            journal.add_install(installer, error=error,
                                board_serial=self._boards.get(index))

    def _report(self, index: int, progress: Progress) -> None:
        self._progress[index] = progress
        if self._tell is not None:
            self._tell(index, progress)
