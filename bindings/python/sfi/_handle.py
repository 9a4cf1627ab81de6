# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What every object with a handle of libsfi shares.

A :class:`State` belongs to one context of libsfi and outlives the Python object
of the context: it serialises the calls, remembers exceptions of callbacks, and
frees handles where that is allowed.  An :class:`Owner` owns one handle; when
nobody refers to it any more, in whatever thread the garbage collector runs, it
only tells the state.  A :class:`Handle` is the base of the public classes.
"""
from __future__ import annotations

import collections
import ctypes
import functools
import os
import threading
import weakref
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    ClassVar,
    Deque,
    Optional,
    Tuple,
    Type,
    TypeVar,
    Union,
)

from . import _interrupt, _lib
from ._abi import SFI_NONCE_LEN, Status
from .errors import ClosedError, Error, InputError, UsageError, error_class

if TYPE_CHECKING:
    from .context import Context

StrPath = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
BytesLike = Union[bytes, bytearray, memoryview]

Free = Callable[[int], None]

#: Cancels what is running (True), or does not any more (False).
Cancel = Callable[[bool], object]


def decode(text: Optional[bytes]) -> str:
    """A text of libsfi; bytes that are not UTF-8 are kept as surrogates."""
    return "" if text is None else text.decode("utf-8", "surrogateescape")


def encode(text: str, what: str = "text") -> bytes:
    """A text for libsfi, which ends it at a NUL."""
    data = text.encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise UsageError(f"the {what} contains a NUL character")
    return data


def encode_path(path: StrPath) -> bytes:
    """A path for libsfi."""
    data = os.fsencode(path)
    if b"\0" in data:
        raise UsageError("the path contains a NUL character")
    return data


def read_only(data: BytesLike) -> Tuple[Any, int]:
    """Bytes for a call that reads them: what to pass, and their number.

    Nothing is copied, unless the buffer cannot be passed as it is.
    """
    if isinstance(data, bytes):
        return data, len(data)
    view = memoryview(data)
    if not view.c_contiguous:
        copy = bytes(view)
        return copy, len(copy)
    if view.readonly:
        exact = view.obj
        if isinstance(exact, bytes) and len(exact) == view.nbytes:
            return exact, len(exact)
        copy = view.tobytes()
        return copy, len(copy)
    return (ctypes.c_uint8 * view.nbytes).from_buffer(view), view.nbytes


def checked_nonce(nonce: Optional[BytesLike]) -> Optional[bytes]:
    """A nonce for a function that does not ask its length."""
    if nonce is None:
        return None
    data = bytes(nonce)
    if len(data) != SFI_NONCE_LEN:
        raise InputError(f"a nonce of {len(data)} bytes, expected "
                         f"{SFI_NONCE_LEN}", status=Status.RANGE)
    return data


def content(source: Union[BytesLike, StrPath], context: "Context"
            ) -> BytesLike:
    """Bytes, or the content of the file that a path names."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return source
    context.check_path(source)
    with open(os.fsencode(source), "rb") as file:
        return file.read()


def unsigned(value: int, bits: int, what: str) -> int:
    """A number for libsfi, which ctypes would cut."""
    if not 0 <= value < 1 << bits:
        raise InputError(f"the {what} {value} is out of range",
                         status=Status.RANGE)
    return value


def wipe(data: BytesLike) -> None:
    """Overwrite a secret with zeros; nothing for what cannot be changed."""
    if isinstance(data, bytes):
        return
    view = memoryview(data)
    if not view.readonly and view.nbytes:
        flat = view.cast("B") if view.c_contiguous else view
        flat[:] = bytes(flat.nbytes)


def unraisable(error: BaseException) -> None:
    """Tell of an exception that nobody can catch, as Python does."""
    class Teller:
        def __del__(self) -> None:
            raise error

    Teller()


class State:
    """One context of libsfi; `with state:` around everything that uses it."""

    def __init__(self) -> None:
        self.library = _lib.sfi()
        self.pointer = 0
        self.lock = threading.RLock()
        self.cancel_lock = threading.RLock()
        self.depth = 0  # of calls, which callbacks nest
        self.guarded = False  # against a KeyboardInterrupt in a callback
        self.closed = False
        self.foreign = False  # made before a fork, by the parent
        self.allocator: Any = None  # its slot, until all memory is freed
        self.exception: Optional[BaseException] = None
        self.reported: Optional[BaseException] = None
        self.cancelling: Optional[Cancel] = None
        self.garbage: Deque[Tuple[Free, int]] = collections.deque()
        _states.add(self)

    # one call at a time

    def __enter__(self) -> "State":
        if self.foreign:
            raise ClosedError("the object belongs to the process that forked "
                              "this one: make a context here")
        if self.closed:
            raise ClosedError("the context is closed")
        self.acquire()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        late: Optional[BaseException] = None
        if self.depth == 1 and self.guarded:
            self.guarded = False
            _interrupt.end()
            late, self.exception = self.exception, None
        self.depth -= 1
        if self.foreign:  # forked inside a callback, with another lock
            return
        self.lock.release()
        if late is not None and kind is None:
            raise late

    def acquire(self) -> None:
        if not self.lock.acquire(blocking=False):
            raise UsageError(
                "another thread is using this context: give each thread a "
                "context of its own", status=Status.STATE)
        self.depth += 1
        if self.depth == 1:
            self.guarded = _interrupt.begin(self)
            if self.garbage:
                self.drain()

    def call(self, function: Any, *arguments: Any) -> None:
        """Call a function that returns a status; raise what it means."""
        with self:
            self.check(function(*arguments))

    def call_long(self, function: Any, *arguments: Any,
                  cancel: Optional[Cancel] = None) -> None:
        """As call(), for a call that can take long: Ctrl-C cancels it.

        `cancel` is called in another thread with True, and then with False;
        without it the context's search for a chip is cancelled.
        """
        cancel = cancel or self.cancel_search
        with self:
            with _interrupt.cancelling(functools.partial(cancel, True),
                                       functools.partial(cancel, False)):
                status = function(*arguments)
            self.check(status)

    def ask(self, function: Any, *arguments: Any) -> Any:
        """Call a function that returns a value and cannot fail."""
        with self:
            value = function(*arguments)
            self.check(Status.OK)
            return value

    # errors

    def check(self, status: int) -> None:
        """Raise the exception of a callback, or the error of libsfi."""
        stored, self.exception = self.exception, None
        reported, self.reported = self.reported, None
        cancelling, self.cancelling = self.cancelling, None
        if cancelling is not None:
            cancelling(False)
        if status == Status.OK and stored is None:
            return
        error = None if status == Status.OK else self.error(status)
        if stored is not None:
            raise stored from error
        assert error is not None
        raise error from reported

    def error(self, status: int) -> Error:
        """The error of the last call, with all that libsfi knows."""
        lib = self.library
        err = lib.sfi_ctx_error(self.pointer)
        if not err or lib.sfi_error_status(err) != status:
            return make_error(status, decode(lib.sfi_status_str(status)))
        return make_error(
            status, decode(lib.sfi_error_message(err)),
            decode(lib.sfi_error_where(err)), lib.sfi_error_os_code(err),
            lib.sfi_error_peer_code(err))

    def store(self, error: BaseException) -> None:
        """Keep an exception of a callback: the first one counts."""
        if self.exception is None:
            self.exception = error

    def report(self, error: BaseException,
               status: Optional[Status] = None) -> int:
        """Tell libsfi of an error that a callback raised."""
        if isinstance(error, Error) and status is None:
            status, peer_code = error.status, error.peer_code
        else:
            peer_code = 0
        self.reported = error
        if status is not None and self.is_last(error, status):
            return int(status)  # from a call that the callback made
        message = str(error).encode("utf-8", "surrogateescape")
        if message and self.pointer:
            self.library.sfi_ctx_report(
                self.pointer, status, peer_code, message)
        return int(status or Status.CALLBACK)

    def is_last(self, error: BaseException, status: Status) -> bool:
        """Whether libsfi itself has reported the error last."""
        last = self.library.sfi_ctx_error(self.pointer)
        return bool(
            last and isinstance(error, Error)
            and self.library.sfi_error_status(last) == status
            and decode(self.library.sfi_error_message(last)) == error.message)

    def cancel_call(self, cancel: Optional[Cancel] = None) -> None:
        """Cancel the call that is running, if libsfi can; no later one.

        :param cancel: cancels (True), or does not any more; None: what
            Context.cancel() does
        """
        if self.cancelling is None and self.pointer:
            self.cancelling = cancel or self.cancel_search
            self.cancelling(True)

    def cancel_search(self, on: bool) -> None:
        if self.pointer:
            self.library.sfi_ctx_cancel(self.pointer, int(on))

    # the end of handles

    def discard(self, free: Free, pointer: int) -> None:
        """Free a handle later: called by finalizers, in any thread."""
        if self.foreign:
            return
        self.garbage.append((free, pointer))
        if self.closed:
            self.drain_if_idle()

    def release(self, free: Free, pointer: int) -> None:
        """Free a handle now, or after the callback that is running."""
        if self.foreign:
            return
        if self.closed:
            self.discard(free, pointer)
            return
        with self:
            self.garbage.append((free, pointer))
            if self.depth == 1:
                self.drain()

    def drain(self) -> None:
        while True:
            try:
                free, pointer = self.garbage.popleft()
            except IndexError:
                return
            free(pointer)
            stored, self.exception = self.exception, None
            if stored is not None:
                unraisable(stored)

    def drain_if_idle(self) -> None:
        """Free what is left of a context that nobody can use any more."""
        while self.garbage and self.lock.acquire(blocking=False):
            try:
                if self.depth:
                    return
                self.depth = 1
                self.drain()
                self.depth = 0
            finally:
                self.lock.release()

    def end(self) -> None:
        """The context is closed, or nobody refers to it any more."""
        if self.foreign or self.closed:
            return
        self.closed = True
        with self.cancel_lock:
            pointer, self.pointer = self.pointer, 0
        if pointer:
            self.garbage.append((self.library.sfi_ctx_free, pointer))
        self.drain_if_idle()


_states: "weakref.WeakSet[State]" = weakref.WeakSet()


def _after_fork() -> None:
    """In the child: its copies of handles are the parent's."""
    for state in list(_states):
        state.foreign = True
        state.garbage.clear()
        state.lock = threading.RLock()
        state.cancel_lock = threading.RLock()
        state.guarded = False
    _interrupt.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def make_error(status: int, message: str, where: str = "", os_code: int = 0,
               peer_code: int = 0) -> Error:
    """An error of the class that its status asks for."""
    lib, hint = _lib.sfi(), ""
    if lib.has("sfi_status_hint"):
        hint = decode(lib.sfi_status_hint(status))
    return error_class(status, os_code)(
        message, status=status, where=where, os_code=os_code,
        peer_code=peer_code, hint=hint)


class Owner:
    """Owns a handle of libsfi, for a Handle and for views of its memory."""

    __slots__ = ("state", "free", "pointer", "views", "finalizer", "lock",
                 "closed", "__weakref__")

    def __init__(self, state: State, free: Free, pointer: int) -> None:
        self.state = state
        self.free = free
        self.pointer = pointer
        self.views: "weakref.WeakValueDictionary[int, Any]" = (
            weakref.WeakValueDictionary())
        self.finalizer = weakref.finalize(self, state.discard, free, pointer)
        self.lock = threading.RLock()  # between close() and any_thread()
        self.closed = False

    def any_thread(self, function: Any, *arguments: Any) -> None:
        """Call a function that any thread may call while the handle lives."""
        with self.lock:
            if not (self.closed or self.state.foreign):
                function(self.pointer, *arguments)

    def view(self, address: Optional[int], length: int) -> memoryview:
        """Borrowed bytes, which keep the handle alive."""
        if not address or not length:
            return memoryview(b"")
        array = (ctypes.c_uint8 * length).from_address(address)
        setattr(array, "_owner", self)
        self.views[id(array)] = array
        return memoryview(array).cast("B").toreadonly()

    def close(self) -> None:
        """Free the handle, now unless a view needs it."""
        if len(self.views):
            return
        with self.lock:
            self.closed = True
        try:
            self.state.release(self.free, self.pointer)
        except UsageError:
            self.closed = False
            raise
        self.finalizer.detach()


_H = TypeVar("_H", bound="Handle")


class Handle:
    """The base of everything that libsfi has a handle for.

    A handle is released by :meth:`close`, at the end of a ``with`` block, or by
    the garbage collector; the order never matters.  It belongs to its
    :attr:`context`, which one thread uses at a time.
    """

    #: The C function that releases the handle.
    _FREE: ClassVar[str] = ""
    #: How to make an object, for the message of the constructor.
    _MAKE: ClassVar[str] = ""

    _context: "Context"
    _owner: Optional[Owner] = None

    def __init__(self) -> None:
        raise TypeError(f"{type(self).__name__} has no constructor: use "
                        f"{self._MAKE}")

    @classmethod
    def _made(cls: Type[_H], context: "Context", function: str,
              *arguments: Any, long: bool = False) -> _H:
        """Make an object by a C function: context, arguments, &out."""
        self = cls.__new__(cls)
        self._make(context, function, context._state.pointer, *arguments,
                   long=long)
        return self

    def _make(self, context: "Context", function: str, *arguments: Any,
              long: bool = False, cancel: Optional[Cancel] = None) -> None:
        """Make the handle by a C function: arguments, &out.

        `long`: it can take long, and Ctrl-C cancels it, as _call_long() says.
        """
        out = ctypes.c_void_p()
        state = context._state
        call: Any = (functools.partial(state.call_long, cancel=cancel)
                     if long else state.call)
        with state:
            try:
                call(getattr(self._lib(), function), *arguments,
                     ctypes.byref(out))
            finally:
                if out.value:
                    self._own(context, out.value)

    def _own(self, context: "Context", pointer: int) -> None:
        self._context = context
        self._owner = Owner(context._state, getattr(self._lib(), self._FREE),
                            pointer)

    @staticmethod
    def _lib() -> _lib.Library:
        """The library with the functions of this handle."""
        return _lib.sfi()

    @property
    def context(self) -> "Context":
        """The context that the object belongs to."""
        return self._context

    @property
    def closed(self) -> bool:
        """Whether the object was closed, by itself or with its context."""
        owner = self._owner
        return owner is None or owner.state.closed or owner.state.foreign

    @property
    def _pointer(self) -> int:
        if self._owner is None or self._owner.state.closed:
            raise ClosedError(f"the {type(self).__name__} is closed")
        return self._owner.pointer

    def _call(self, function: str, *arguments: Any) -> None:
        """Call a function of this handle that returns a status."""
        pointer = self._pointer
        self._context._state.call(
            getattr(self._lib(), function), pointer, *arguments)

    def _call_long(self, function: str, *arguments: Any,
                   cancel: Optional[Cancel] = None) -> None:
        """As _call(), for a call that can take long: Ctrl-C cancels it, by
        `cancel` in another thread, or as Context.cancel() does."""
        pointer = self._pointer
        self._context._state.call_long(
            getattr(self._lib(), function), pointer, *arguments,
            cancel=cancel)

    def _ask(self, function: str, *arguments: Any) -> Any:
        """Call a function of this handle that cannot fail."""
        pointer = self._pointer
        return self._context._state.ask(
            getattr(self._lib(), function), pointer, *arguments)

    def _borrowed(self, function: str) -> bytes:
        """A copy of bytes that a function of this handle lends."""
        length = ctypes.c_size_t()
        with self._context._state:
            at = self._ask(function, ctypes.byref(length))
            return ctypes.string_at(at, length.value)

    def _use(self, other: "Handle") -> int:
        """The pointer of another handle, to be passed to a call of this."""
        return other._pointer_in(self._context)

    def _pointer_in(self, context: "Context") -> int:
        """The pointer, for a call in a context that must be the handle's."""
        pointer = self._pointer
        if self._context is not context:
            raise UsageError(f"the {type(self).__name__} belongs to another "
                             "context")
        return pointer

    def close(self) -> None:
        """Release the object; it cannot be used after that.

        Closing twice does nothing.  What was given to another object stays
        alive inside that.

        :raises UsageError: another thread is using the context
        """
        owner, self._owner = self._owner, None
        if owner is None:
            return
        try:
            owner.close()
        except UsageError:
            self._owner = owner
            raise

    def __enter__(self: _H) -> _H:
        self._pointer
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __bool__(self) -> bool:
        """Whether the object is open."""
        return not self.closed

    def __repr__(self) -> str:
        state = " closed" if self.closed else ""
        return f"<sfi.{type(self).__name__}{state}>"

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied")
