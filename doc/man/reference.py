# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Section 3: a page for each header, and a link to it for each name."""

import mdoc
from headers import CALLBACK, ENUM, FUNCTION, MACRO, OPAQUE, SCALAR, STRUCT
from mdoc import argument, characters
from pages import DOCUMENTS, page_of

LINKING = {
    "sfi": "libsfi (pkg-config sfi, \\-lsfi)",
    "sfi-sim": "libsfi\\-sim (pkg-config sfi\\-sim, \\-lsfi\\-sim \\-lsfi)",
    "sfi-device": "libsfi\\-device (libsfi\\-device.a, \\-lsfi\\-device)",
}


def write(pages, header):
    """The lines of a page, and the pages that it refers to."""
    name = page_of(header)
    w = mdoc.Writer(pages, name)
    functions = header.of(FUNCTION)
    names = [name] + [f.name for f in functions if f.name != name]
    w.section("Name")
    w.add(*(f".Nm {n} ," for n in names[:-1]), f".Nm {names[-1]}")
    w.add(f".Nd {w.flat(description(header))}")
    w.section("Library")
    w.add(LINKING[header.library])
    synopsis(w, header, functions)
    w.section("Description")
    # one sentence alone stands behind the name already
    if len(header.doc.blocks) > 1 or len(header.doc.blocks[0][1]) > \
            len(header.doc.summary) + 1:
        w.blocks(header.doc.blocks)
    for kinds, title in (([OPAQUE], ""), ([FUNCTION], ""),
                         ([STRUCT, CALLBACK, ENUM, SCALAR], ""),
                         ([MACRO], "Constants")):
        items = header.of(*kinds)
        if title and items:
            constants(w, title, items)
            continue
        for item in items:
            entry(w, item)
    returns(w, header, functions)
    see_also(w, header, name)
    return w.lines


def description(header):
    first = header.doc.summary
    begins = first[1:2].islower() or first.startswith("A ")
    return first[0].lower() + first[1:] if begins else first


def synopsis(w, header, functions):
    w.section("Synopsis")
    w.add(f".In sfi/{header.file}")
    for handle in header.of(OPAQUE):
        w.add(f".Vt typedef struct {handle.name} {handle.name} ;")
    for f in functions:
        prototype(w, f)


def prototype(w, f):
    w.add(f".Ft {argument(f.result, False)}", f".Fo {f.name}")
    w.add(*(f'.Fa "{characters(a)}"' for a in f.arguments), ".Fc")


def entry(w, item):
    """A subsection for a handle, a type or a function."""
    w.add(f".Ss {item.name}")
    if item.kind == FUNCTION:
        prototype(w, item)
        w.add(".Pp")
    elif item.kind in (CALLBACK, SCALAR):
        w.literal(item.declaration)
    if item.kind == STRUCT:
        w.literal("\n".join([f"typedef struct {item.name} {{",
                             *(f"    {m.declaration};" for m in item.members),
                             f"}} {item.name};"]))
    w.blocks(item.doc.blocks)
    if item.members:
        members(w, item)
    if item.doc.params:
        w.terms([(f"Fa {n}", b) for n, b in item.doc.params], "user_data")
    statuses(w, item)
    if item.kind == FUNCTION:
        w.add(".Pp")
        w.text(f"Blocks: {item.doc.waits}.")
        w.text(f"Thread: {item.doc.thread}.")
        w.text(f"Since: libsfi {item.doc.since}.")


def members(w, item):
    rows = []
    for m in item.members:
        blocks = list(m.blocks)
        if m.group:
            close(w, rows)
            w.add(".Pp")
            w.text(m.group[0].upper() + m.group[1:] + ":")
        head = f"Dv {argument(m.name)}" if item.kind == ENUM else \
            f"Fa {argument(m.name)}"
        if item.kind == ENUM:
            value = m.declaration.partition("=")[2].strip()
            head += f" No = {characters(value)}" if value else ""
        if item.kind == ENUM or blocks:
            rows.append((head, blocks))
    close(w, rows)


def close(w, rows):
    if rows:
        w.terms(rows, "Ds")
    rows.clear()


def statuses(w, item):
    doc = item.doc
    if not doc.returns:
        return
    w.add(".Pp")
    w.text(f"Returns {doc.returns}" +
           ("" if doc.statuses or doc.returns.endswith(".") else "."))
    if not doc.statuses:
        return
    rows = []
    for names, text in doc.statuses:
        content = [("text", text)] if names and text else []
        heads = [" , ".join(status(n) for n in names[at:at + 3])
                 for at in range(0, len(names), 3)] or [w.flat(text)]
        rows += [(h + " ,", []) for h in heads[:-1]] + [(heads[-1], content)]
    w.terms(rows)


def status(name):
    return f"Er {name}" if name.startswith("SFI") else f"No {name}"


def constants(w, title, items):
    w.add(f".Ss {title}")
    w.terms([(f"Dv {i.name} {argument(value_of(i), True)}", i.doc.blocks)
             for i in items])


def value_of(item):
    return item.declaration.split(None, 2)[2]


def returns(w, header, functions):
    if not any(f.result == "sfi_status" for f in functions):
        return
    w.section("Return values")
    w.text("A function that can fail returns SFI_OK, which is 0, or a negative "
           "sfi_status; the lists above are complete.")
    if header.library == "sfi-device":
        return
    w.text("The details of a failure are at the context: see sfi_ctx_error().")
    w.text("What to do about each: sfi-errors.")


def see_also(w, header, name):
    w.section("See also")
    more = {(f"sfi_{i[:-2]}", "3") for i in header.includes}
    more |= {(n, s) for n, s, *_ in DOCUMENTS if n.replace("-", "_") == name}
    known = {page_of(h) for h in w.pages.headers}
    found = {(n, s) for n, s in w.seen | more | {("sfi", "7")}
             if n != name and (s != "3" or n in known)}
    references(w, found)


def references(w, found):
    rows = sorted(found, key=lambda p: (p[1], p[0]))
    w.add(*(f".Xr {n} {s} ," for n, s in rows[:-1]),
          "".join(f".Xr {n} {s}" for n, s in rows[-1:]))
