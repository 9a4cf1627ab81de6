# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Contexts: what a thread works in."""
from __future__ import annotations

import ctypes
import functools
import logging
import threading
import types
import weakref
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    List,
    Optional,
    Tuple,
    Type,
    Union,
)

from . import _abi, _lib
from ._callback import (
    Slot,
    null,
    register_owned,
    value_callback,
    void_callback,
)
from ._handle import (
    State,
    StrPath,
    decode,
    encode_path,
    make_error,
    read_only,
)
from .enums import FileKind, LogLevel

if TYPE_CHECKING:
    from .chip_definition import ChipDefinition
    from .chips import Chip

__all__ = ["Allocator", "Context", "context", "escape", "features",
           "has_feature", "version"]

#: Receives the lines of the log of contexts that have no other.
logger = logging.getLogger("sfi")
logger.addHandler(logging.NullHandler())

Log = Union[logging.Logger, Callable[[LogLevel, str], object]]

_TO_LOGGING = {
    LogLevel.WARNING: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
}


def _level_of(log: logging.Logger) -> LogLevel:
    """How much a logger would show."""
    effective = log.getEffectiveLevel()
    if effective <= logging.DEBUG:
        return LogLevel.DEBUG
    if effective <= logging.INFO:
        return LogLevel.INFO
    return LogLevel.WARNING


def _level_for(log: Log, level: Optional[LogLevel]) -> LogLevel:
    """The level that was given, or what suits the log."""
    if level is not None:
        return level
    if isinstance(log, logging.Logger):
        return _level_of(log)
    return LogLevel.INFO


@void_callback(_abi.sfi_log_fn, cancels=True)
def _on_log(log: Log, level: int, line: bytes) -> None:
    if isinstance(log, logging.Logger):
        log.log(_TO_LOGGING.get(LogLevel(level), logging.DEBUG), "%s",
                decode(line))
    else:
        log(LogLevel(level), decode(line))


class Allocator:
    """The memory of a context: subclass it to count, to limit, or to fail.

    Any thread that releases an object calls :meth:`free`.  The allocator lives
    until the context and all of its objects are released.
    """

    def alloc(self, size: int) -> int:
        """Allocate memory, aligned for any type.

        :return: its address; 0: no memory.  After an exception libsfi has no
            memory, and the exception is raised when its call has returned.
        """
        address: Optional[int] = _libc().malloc(size)
        return address or 0

    def free(self, address: int) -> None:
        """Free memory that :meth:`alloc` returned."""
        _libc().free(address)


@functools.lru_cache(maxsize=None)
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.restype, libc.free.argtypes = None, [ctypes.c_void_p]
    return libc


@value_callback(_abi.sfi_allocator_alloc)
def _on_alloc(allocator: Allocator, size: int) -> Optional[int]:
    return allocator.alloc(size) or None


@value_callback(_abi.sfi_allocator_free)
def _on_free(allocator: Allocator, address: int) -> None:
    allocator.free(address)


class Context:
    """The log and the last error of everything that is made in it.

    A context and its objects are used by one thread at a time; a second one
    gets a :class:`UsageError`.  Contexts share nothing, so that each thread
    works in its own.  Most programs need none: :func:`context` makes one for
    each thread.

    As a context manager it becomes the thread's context, and is closed at the
    end::

        with sfi.Context(log=print_line):
            fw = sfi.Firmware.load("blink.elf")

    :param log: a logger, or a function that gets a :class:`LogLevel` and a
        line; None for no log.  The default is the logger ``"sfi"``.
    :param level: up to which level lines are logged.  The default is what the
        logger shows, and INFO for a function.
    :param allocator: the memory of everything in the context; None: that of
        the C library
    :raises LibraryError: libsfi was not found or does not fit
    :raises NoMemory: no memory
    """

    def __init__(self, log: Optional[Log] = logger,
                 level: Optional[LogLevel] = None,
                 allocator: Optional[Allocator] = None) -> None:
        state = State()
        self._log: Optional[Slot] = None
        options = _abi.sfi_ctx_options(
            struct_size=ctypes.sizeof(_abi.sfi_ctx_options))
        if log is not None:
            level = _level_for(log, level)
            # only the context keeps the function, which may refer to it
            self._log = Slot(log, state)
            options.log_level = level
            options.log = _on_log
            options.log_user = register_owned(self._log)
        if allocator is not None:
            # memory is freed last of all: the state keeps the allocator
            state.allocator = Slot(allocator, state)
            table = _abi.sfi_allocator(
                struct_size=ctypes.sizeof(_abi.sfi_allocator),
                user=register_owned(state.allocator), alloc=_on_alloc,
                free=_on_free)
            options.allocator = ctypes.pointer(table)
        out = ctypes.c_void_p()
        status = state.library.sfi_ctx_new(
            ctypes.byref(options), ctypes.byref(out))
        if status:
            stored, state.exception = state.exception, None
            raise stored or make_error(
                status, decode(state.library.sfi_status_str(status)))
        state.pointer = out.value or 0
        self._state = state
        # parts of define_chip(), by their pointers; a part keeps its context
        self._definitions: Dict[int, ChipDefinition] = {}
        self._chips: weakref.WeakValueDictionary[int, Chip] = (
            weakref.WeakValueDictionary())
        self._finalizer = weakref.finalize(self, state.end)

    @property
    def closed(self) -> bool:
        """Whether the context was closed."""
        return self._state.closed or self._state.foreign

    def close(self) -> None:
        """Close the context, and with it all of its objects.

        Closing twice does nothing.

        :raises UsageError: another thread is using the context
        """
        if self._state.closed or self._state.foreign:
            return
        with self._state:
            pass  # refuse here while another thread is in a call
        self._finalizer()

    def cancel(self, on: bool = True) -> None:
        """Cancel the search for a chip, or the verification of an audit, from
        any thread.

        Opening a link, connecting to a chip and verifying an audit fail with
        :class:`Cancelled` within 100 ms, until this is called with False.  An
        install that has found its chip is not cancelled: that is
        ``Installer.cancel()``.
        """
        state = self._state
        with state.cancel_lock:
            if state.pointer and not state.foreign:
                state.library.sfi_ctx_cancel(state.pointer, int(on))

    def set_log(self, log: Optional[Log],
                level: Optional[LogLevel] = None) -> None:
        """Replace the log.

        :param log: as for the constructor; None: no log
        :param level: as for the constructor
        :raises UsageError: another thread is using the context
        """
        slot = None if log is None else Slot(log, self._state)
        with self._state:
            self._state.library.sfi_ctx_set_log(
                self._state.pointer,
                LogLevel.NONE if log is None else _level_for(log, level),
                null(_abi.sfi_log_fn) if slot is None else _on_log,
                None if slot is None else register_owned(slot))
        self._log = slot

    def file_kind(self, path: StrPath) -> FileKind:
        """Tell what a file is by its content, whatever its name.

        :raises AccessError: the file may not be read
        :raises MachineError: the file cannot be read
        """
        kind = ctypes.c_uint32()
        self._call("sfi_ctx_file_kind", encode_path(path), ctypes.byref(kind))
        return FileKind(kind.value)

    def check_path(self, path: StrPath) -> None:
        """Check that the program may open a file.

        A program that opens and closes a vault which it has open, under any
        name, takes the locks off it.  Ask this before opening a file whose name
        comes from others.

        :raises AccessError: the path is a vault, another SQLite database, or
            one of the files beside it
        """
        self._call("sfi_ctx_check_path", encode_path(path))

    def check_output(self, path: StrPath, kind: FileKind,
                     replace: bool = False) -> None:
        """Check that an output may take a name.

        :param kind: what the program will write there
        :param replace: also in the place of a file of another kind
        :raises AccessError: a file has this name and is not replaced
        :raises MachineError: the file cannot be read
        """
        self._call("sfi_ctx_check_output", encode_path(path), int(kind),
                   _abi.SFI_REPLACE if replace else 0)

    def save_output(self, path: StrPath, kind: FileKind,
                    data: Union[bytes, bytearray, memoryview],
                    replace: bool = False) -> None:
        """Write a file of the program's own, completely or not at all.

        :param kind: what is written there, as for :meth:`check_output`
        :raises AccessError: a file has this name and is not replaced
        :raises MachineError: the file cannot be written
        """
        buffer, length = read_only(data)
        self._call("sfi_ctx_save_output", encode_path(path), int(kind),
                   _abi.SFI_REPLACE if replace else 0, buffer, length)

    def _call(self, function: str, *arguments: Any) -> None:
        """Call a function of the context that returns a status."""
        self._state.call(getattr(self._state.library, function),
                         self._state.pointer, *arguments)

    def _call_long(self, function: str, *arguments: Any) -> None:
        """As _call(), for a call that can take long: Ctrl-C cancels it."""
        self._state.call_long(getattr(self._state.library, function),
                              self._state.pointer, *arguments)

    def __enter__(self) -> "Context":
        with self._state:
            _stack().append(self)
        return self

    def __exit__(self, kind: Optional[Type[BaseException]],
                 value: Optional[BaseException],
                 traceback: Optional[types.TracebackType]) -> None:
        stack = _stack()
        if self in stack:
            stack.remove(self)
        self.close()

    def __bool__(self) -> bool:
        """Whether the context is open."""
        return not self.closed

    def __repr__(self) -> str:
        return "<sfi.Context%s>" % (" closed" if self.closed else "")

    def __reduce__(self) -> Tuple[Any, ...]:
        raise TypeError("a Context cannot be pickled or copied")


_local = threading.local()


def _stack() -> List[Context]:
    stack: List[Context] = _local.__dict__.setdefault("stack", [])
    return stack


def context() -> Context:
    """The context of this thread: of the innermost ``with`` block, or a
    default one, which is made at the first call.

    :raises LibraryError: libsfi was not found or does not fit
    """
    stack = _stack()
    for found in reversed(stack):
        if not found.closed and not found._state.foreign:
            return found
    default: Optional[Context] = _local.__dict__.get("default")
    if default is None or default.closed or default._state.foreign:
        default = _local.default = Context()
    return default


def chosen(given: Optional[Context]) -> Context:
    """The context that an argument names; None for the thread's."""
    return context() if given is None else given


def version() -> str:
    """The version of the libsfi that is running, such as ``"1.0.0"``.

    :raises LibraryError: libsfi was not found or does not fit
    """
    return decode(_lib.sfi().sfi_version_str())


def has_feature(name: str) -> bool:
    """Whether an optional feature was built into libsfi.

    :param name: ``"network"``, ``"openocd"``, ``"pcsc"``, ``"pkcs11"``,
        ``"serial"``, ``"server"``, ``"spi"``, ``"usb"`` or ``"vault"``
    :raises LibraryError: libsfi was not found or does not fit
    """
    return bool(_lib.sfi().sfi_has_feature(name.encode("utf-8", "replace")))


def features() -> List[str]:
    """The names that :func:`has_feature` knows, built in or not.

    :raises LibraryError: libsfi was not found or does not fit
    """
    found: List[str] = []
    while True:
        name = _lib.sfi().sfi_feature_at(len(found))
        if name is None:
            return found
        found.append(decode(name))


def escape(text: str) -> str:
    """Make a text of others fit for a terminal or a log.

    Control characters, invisible characters, marks for the direction of writing
    and what is not UTF-8 become escapes such as ``\\x1b``.

    :raises LibraryError: libsfi was not found or does not fit
    """
    data = text.encode("utf-8", "surrogateescape").replace(b"\0", b"")
    room = ctypes.create_string_buffer(4 * len(data) + 1)
    _lib.sfi().sfi_text_escape(data, room, len(room))
    return decode(room.value)
