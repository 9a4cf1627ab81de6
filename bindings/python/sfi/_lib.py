# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Find and load libsfi and libsfi-sim.

Importing the package loads nothing: the first call does.  libsfi is looked for

1. where the environment variable LIBSFI_PATH says: a file, or a folder;
2. in the folder ``_bundled`` of the package, which wheels may have;
3. where the system's loader finds it.

What LIBSFI_PATH names must be there: nothing else is tried then.
"""
from __future__ import annotations

import ctypes
import ctypes.util
import os
import pathlib
import sys
import threading
from typing import Any, Dict, List, Optional, Tuple

from . import _abi
from .errors import LibraryMismatch, LibraryNotFound, Unsupported

VARIABLE = "LIBSFI_PATH"

Prototypes = Dict[str, Tuple[Any, List[Any]]]


class Library:
    """A shared library whose functions have the types of the headers.

    A function is looked up when it is used first, so that an older library
    works as long as nothing is called that it does not have.
    """

    def __init__(self, handle: ctypes.CDLL, name: str,
                 prototypes: Prototypes) -> None:
        self.handle = handle
        self.name = name
        self.prototypes = prototypes

    def __getattr__(self, function: str) -> Any:
        try:
            result, parameters = self.prototypes[function]
        except KeyError:
            raise AttributeError(function) from None
        try:
            found = getattr(self.handle, function)
        except AttributeError:
            raise Unsupported(f"{self.name} is too old: it has no {function}"
                              ) from None
        found.restype = result
        found.argtypes = parameters
        setattr(self, function, found)
        return found

    def has(self, function: str) -> bool:
        """Whether the library has a function of the headers."""
        return function in self.prototypes and hasattr(self.handle, function)

    def missing(self) -> List[str]:
        """The functions of the headers that the library does not have."""
        return [name for name in self.prototypes if not self.has(name)]


def file_names(stem: str) -> List[str]:
    """The names that a library's file can have here, the best first."""
    major = _abi.SFI_VERSION_NUMBER >> 24
    if sys.platform == "darwin":
        return [f"lib{stem}.{major}.dylib", f"lib{stem}.dylib"]
    if sys.platform == "win32":
        return [f"lib{stem}-{major}.dll", f"{stem}-{major}.dll",
                f"lib{stem}.dll", f"{stem}.dll"]
    return [f"lib{stem}.so.{major}", f"lib{stem}.so"]


def in_folder(folder: "os.PathLike[str]", stem: str) -> List[str]:
    """The files of a folder that can be the library, as they are found."""
    paths = [pathlib.Path(folder) / name for name in file_names(stem)]
    return [str(path) for path in paths if path.exists()]


def candidates(stem: str, near: Optional[pathlib.Path] = None
               ) -> Tuple[List[str], List[str]]:
    """What to load, in this order; and where it was looked for, in words."""
    wanted = os.environ.get(VARIABLE)
    if wanted:
        path = pathlib.Path(wanted)
        if path.is_dir():
            return in_folder(path, stem), [f"{VARIABLE}, the folder {wanted}"]
        if stem == "sfi":
            return [wanted], [f"{VARIABLE}, the file {wanted}"]
        return in_folder(path.parent, stem), [
            f"the folder of {VARIABLE}, {path.parent}"]
    bundled = pathlib.Path(__file__).parent / "_bundled"
    found, places = in_folder(bundled, stem), []
    if near is not None:
        found += in_folder(near, stem)
        places.append(f"the folder of libsfi, {near}")
    found += file_names(stem)[:1]
    by_name = ctypes.util.find_library(stem)
    if by_name and by_name not in found:
        found.append(by_name)
    return found, places + [f"the package, {bundled}", "the system"]


def open_library(stem: str, near: Optional[pathlib.Path] = None
                 ) -> Tuple[ctypes.CDLL, str]:
    """Load the first candidate that can be loaded."""
    names, places = candidates(stem, near)
    faults = []
    for name in names:
        try:
            return ctypes.CDLL(name), name
        except OSError as error:
            faults.append(str(error))
    looked = "; ".join(places)
    if faults and any(os.path.exists(name) for name in names):
        raise LibraryMismatch(
            f"lib{stem} cannot be loaded: " + "; ".join(faults))
    raise LibraryNotFound(
        f"lib{stem} was not found: looked in {looked}; install it, or set "
        f"{VARIABLE} to its file or folder")


def words(number: int) -> str:
    """A version number as text."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}"


def load_sfi() -> Library:
    handle, name = open_library("sfi")
    library = Library(handle, name, _abi.PROTOTYPES)
    if not library.has("sfi_version") or not library.has("sfi_ctx_new"):
        raise LibraryMismatch(f"{name} is not libsfi")
    number = int(library.sfi_version())
    if number >> 24 != _abi.SFI_VERSION_NUMBER >> 24:
        raise LibraryMismatch(
            f"{name} is libsfi {words(number)}, and this package is for "
            f"libsfi {_abi.SFI_VERSION_NUMBER >> 24}")
    return library


def load_sim() -> Library:
    main = sfi()
    folder = pathlib.Path(main.name).parent
    near = folder.resolve() if os.sep in main.name else None
    handle, name = open_library("sfi-sim", near)
    library = Library(handle, name, _abi.SIM_PROTOTYPES)
    if not library.has("sfi_sim_open"):
        raise LibraryMismatch(f"{name} is not libsfi-sim")
    if library.has("sfi_sim_version"):
        theirs, ours = int(library.sfi_sim_version()), int(main.sfi_version())
        if theirs != ours:
            raise LibraryMismatch(
                f"{name} is version {words(theirs)}, and {main.name} is "
                f"version {words(ours)}: both must come from one build")
    return library


_lock = threading.Lock()
_loaded: Dict[str, Library] = {}


def sfi() -> Library:
    """libsfi, loaded once."""
    library = _loaded.get("sfi")
    if library is None:
        with _lock:
            library = _loaded.get("sfi") or load_sfi()
            _loaded["sfi"] = library
    return library


def sim() -> Library:
    """libsfi-sim, loaded once."""
    library = _loaded.get("sim")
    if library is None:
        sfi()
        with _lock:
            library = _loaded.get("sim") or load_sim()
            _loaded["sim"] = library
    return library
