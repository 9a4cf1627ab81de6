# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""How far long work is."""
from __future__ import annotations

import contextlib
import ctypes
import dataclasses
from typing import Any, Callable, Iterator, Optional

from . import _abi, _lib
from ._callback import during, null, void_callback
from ._handle import State, decode
from .enums import Phase

__all__ = ["Progress"]


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far long work is."""

    #: the phase that is next, or under way
    phase: Phase
    #: bytes that are done, of the image or of this phase; of Phase.RECORDS
    #: records
    done: int
    #: in all; 0: not known
    total: int

    @property
    def fraction(self) -> float:
        """From 0.0 to 1.0."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def name(self) -> str:
        """The phase in words."""
        return decode(_lib.sfi().sfi_phase_name(int(self.phase)))

    def __str__(self) -> str:
        what = "records" if self.phase == Phase.RECORDS else "bytes"
        return f"{self.name}: {self.done} of {self.total} {what}"


#: Receives the progress.
OnProgress = Callable[[Progress], object]


class Watch:
    """Remembers the last progress, and passes it on."""

    def __init__(self, state: State, cancel: Callable[[bool], object]) -> None:
        self.state = state
        self.cancel = cancel  # the call, when `tell` raises an exception
        self.last: Optional[Progress] = None
        self.tell: Optional[OnProgress] = None


@void_callback(_abi.sfi_progress_fn)
def on_progress(watch: Watch, pointer: Any) -> None:
    """The C side of a watch."""
    p = pointer.contents
    watch.last = Progress(Phase(p.phase), p.done, p.total)
    if watch.tell is None:
        return
    try:
        watch.tell(watch.last)
    except BaseException:
        watch.state.cancel_call(watch.cancel)
        raise


@contextlib.contextmanager
def watched(state: State, progress: Optional[OnProgress]) -> Iterator[None]:
    """Meanwhile the context tells how far its long work is."""
    if progress is None:
        yield
        return
    watch = Watch(state, state.cancel_search)
    watch.tell = progress
    with state, during(watch, state) as number:
        state.library.sfi_ctx_set_progress(state.pointer, on_progress,
                                           ctypes.c_void_p(number))
        try:
            yield
        finally:
            state.library.sfi_ctx_set_progress(
                state.pointer, null(_abi.sfi_progress_fn), None)
