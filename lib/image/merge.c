/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Bytes that two firmwares give to one address: equal ones are taken once,
 * others are kept apart for the rules to refuse. */
#include "util/mem.h"
#include "image/builder.h"

static uint64_t
piece_end(const struct piece *p)
{
    return p->address + p->len;
}

/* Where the common addresses of two pieces begin and end; false: none. */
static bool
pieces_common(const struct piece *a, const struct piece *b, uint64_t *from,
              uint64_t *to)
{
    *from = a->address > b->address ? a->address : b->address;
    *to = piece_end(a) < piece_end(b) ? piece_end(a) : piece_end(b);
    return *from < *to;
}

/* The first address in [from, to) where they differ; `to`: none. */
static uint64_t
pieces_find_difference(const struct piece *a, const struct piece *b,
                       uint64_t from, uint64_t to)
{
    const uint8_t *x = a->data + (from - a->address);
    const uint8_t *y = b->data + (from - b->address);

    if (sfi__equal(x, y, (size_t)(to - from)))
        return to;
    while (*x++ == *y++)
        from++;
    return from;
}

/* The first piece of the ascending list that ends above `address`. */
static size_t
pieces_find_above(const struct buf *list, uint64_t address)
{
    size_t i = piece_count(list);

    while (i > 0 && piece_end(piece_at(list, i - 1)) > address)
        i--;
    return i;
}

/* Does the list have other bytes for an address of the piece?  Notes it. */
static bool
merge_find_conflict(const struct merged *m, const struct piece *p,
                    struct layout_note *n)
{
    for (size_t i = pieces_find_above(&m->pieces, p->address);
         i < piece_count(&m->pieces); i++) {
        const struct piece *old = piece_at(&m->pieces, i);
        uint64_t from, to, at;

        if (!pieces_common(old, p, &from, &to))
            continue;
        at = pieces_find_difference(old, p, from, to);
        if (at == to)
            continue;
        *n = (struct layout_note){LAYOUT_CONFLICT, at, to - at, *old, *p};
        return true;
    }
    return false;
}

/* What is left of the piece follows the list's last byte: earlier pieces have
 * all addresses between. */
static bool
merge_add_rest(struct merged *m, const struct piece *p, sfi_layout *l)
{
    struct piece rest = *p;
    size_t count = piece_count(&m->pieces);

    for (size_t i = pieces_find_above(&m->pieces, p->address); i < count; i++) {
        struct layout_note n = {.kind = LAYOUT_REPEAT,
                                .first = *piece_at(&m->pieces, i),
                                .second = *p};
        uint64_t from, to;

        if (!pieces_common(&n.first, p, &from, &to))
            continue;
        n.address = from;
        n.size = to - from;
        if (!sfi__layout_add_note(l, &n))
            return false;
        rest.address = to;
        rest.data = p->data + (to - p->address);
        rest.len = (size_t)(piece_end(p) - to);
    }
    return rest.len == 0 || sfi__buf_append(&m->pieces, &rest, sizeof(rest));
}

bool
sfi__pieces_merge(const struct buf *pieces, struct merged *m, sfi_layout *l)
{
    for (size_t i = 0; i < piece_count(pieces); i++) {
        const struct piece *p = piece_at(pieces, i);
        struct layout_note n;

        if (!merge_find_conflict(m, p, &n)) {
            if (!merge_add_rest(m, p, l))
                return false;
        } else if (!sfi__layout_add_note(l, &n) ||
                   !sfi__buf_append(&m->conflicts, p, sizeof(*p))) {
            return false;
        }
    }
    return true;
}
