/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The data pages: found, read, written, left. */
#include "store.h"

#include <string.h>

#include "flash.h"
#include "store_map.h"
#include "util/mem.h"

#define ENTRIES \
    ((STORE_PAGE_LEN - DATA_PAGE_JOURNAL_AT) / (uint32_t)DATA_PAGE_ENTRY_LEN)

_Static_assert(DATA_PAGE_UNIT % FLASH_UNIT == 0, "a unit is programmed whole");

/* The page that counts. */
static struct {
    bool found;
    uint32_t page;
    uint32_t sequence;
    uint32_t next; /* the first entry behind all that were touched */
    bool is_old;   /* the other page may have been newer, and has decayed */
} store;

/* ---- one page ---- */

static bool
page_is_sealed(uint32_t page)
{
    uint8_t want[DATA_PAGE_UNIT];
    uint8_t found[DATA_PAGE_UNIT];

    sfi__data_page_seal(want);
    return flash_read(page + DATA_PAGE_SEAL_AT, found, sizeof(found)) == 0 &&
           sfi__equal(found, want, sizeof(want));
}

static bool
page_is_good(uint32_t page, uint32_t *sequence)
{
    uint8_t head_secret[DATA_PAGE_HEAD_LEN];
    bool good = page_is_sealed(page) &&
                flash_read(page, head_secret, sizeof(head_secret)) == 0 &&
                sfi__data_page_head_ok(head_secret, sequence);

    sfi__wipe(head_secret, sizeof(head_secret));
    return good;
}

static uint32_t
page_entry_at(uint32_t page, uint32_t i)
{
    return page + DATA_PAGE_JOURNAL_AT + i * DATA_PAGE_ENTRY_LEN;
}

static bool
page_has_bytes(uint32_t addr, uint32_t len, uint8_t byte)
{
    uint8_t unit[DATA_PAGE_UNIT];

    for (uint32_t at = 0; at < len; at += sizeof(unit)) {
        if (flash_read(addr + at, unit, sizeof(unit)) != 0)
            return false;
        for (uint32_t i = 0; i < sizeof(unit); i++) {
            if (unit[i] != byte)
                return false;
        }
    }
    return true;
}

/* Behind a torn entry others may follow, so the search begins at the end. */
static uint32_t
page_next_entry(uint32_t page)
{
    uint32_t next = ENTRIES;

    while (next > 0 && page_has_bytes(page_entry_at(page, next - 1),
                                      DATA_PAGE_ENTRY_LEN, 0xff))
        next--;
    return next;
}

/* Program, and read back. */
static bool
page_program(uint32_t addr, const uint8_t *data, uint32_t len)
{
    uint8_t back_secret[DATA_PAGE_UNIT];
    bool same = flash_program(addr, data, len) == 0;

    for (uint32_t at = 0; same && at < len; at += sizeof(back_secret)) {
        same = flash_read(addr + at, back_secret, sizeof(back_secret)) == 0 &&
               sfi__ct_equal(back_secret, data + at, sizeof(back_secret));
    }
    sfi__wipe(back_secret, sizeof(back_secret));
    return same;
}

/* ---- the one that counts ---- */

static void
store_use(uint32_t page, uint32_t sequence)
{
    store.found = true;
    store.page = page;
    store.sequence = sequence;
    store.next = page_next_entry(page);
    store.is_old = false;
}

/* A page that is full moves into the other one, whose seal is the last of it:
 * one that is neither good nor without a seal was perhaps the newer. */
static void
store_doubt(uint32_t other)
{
    store.is_old =
        store.next == ENTRIES &&
        !page_has_bytes(other + DATA_PAGE_SEAL_AT, DATA_PAGE_UNIT, 0xff);
}

int
store_start(void)
{
    uint32_t first, second;
    bool first_good = page_is_good(STORE_PAGE_0, &first);
    bool second_good = page_is_good(STORE_PAGE_1, &second);

    store.found = false;
    if (first_good && (!second_good || first > second))
        store_use(STORE_PAGE_0, first);
    else if (second_good)
        store_use(STORE_PAGE_1, second);
    if (first_good != second_good)
        store_doubt(first_good ? STORE_PAGE_1 : STORE_PAGE_0);
    return !store.found;
}

static int
store_read(uint32_t at, uint8_t *out, uint32_t len)
{
    if (store.found && flash_read(store.page + at, out, len) == 0)
        return 0;
    sfi__wipe(out, len);
    return 1;
}

int
store_certificate(uint8_t out[CERTIFICATE_LEN])
{
    return store_read(DATA_PAGE_CERTIFICATE_AT, out, CERTIFICATE_LEN);
}

int
store_device_secret(uint8_t out[DATA_PAGE_SECRET_LEN])
{
    return store_read(DATA_PAGE_SECRET_AT, out, DATA_PAGE_SECRET_LEN);
}

int
store_record_load(uint8_t out[DATA_PAGE_RECORD_LEN], bool *newest)
{
    uint8_t entry[DATA_PAGE_ENTRY_LEN];

    *newest = store.next == 0;
    if (!store.found) {
        sfi__zero(out, DATA_PAGE_RECORD_LEN);
        return 1;
    }
    for (uint32_t i = store.next; i > 0; i--) {
        if (flash_read(page_entry_at(store.page, i - 1), entry,
                       sizeof(entry)) == 0 &&
            sfi__data_page_entry_ok(entry)) {
            memcpy(out, entry, DATA_PAGE_RECORD_LEN);
            *newest = i == store.next && !store.is_old;
            return 0;
        }
    }
    sfi__fill(out, 0xff, DATA_PAGE_RECORD_LEN);
    return 0;
}

/* ---- into the other page ---- */

static bool
store_copy_head(uint32_t to, uint32_t sequence)
{
    uint8_t secret[DATA_PAGE_SECRET_LEN];
    uint8_t certificate[CERTIFICATE_LEN];
    uint8_t head_secret[DATA_PAGE_HEAD_LEN];
    bool copied =
        store_device_secret(secret) == 0 && store_certificate(certificate) == 0;

    if (copied) {
        sfi__data_page_head(head_secret, sequence, secret, certificate);
        copied = page_program(to, head_secret, sizeof(head_secret));
    }
    sfi__wipe(secret, sizeof(secret));
    sfi__wipe(head_secret, sizeof(head_secret));
    return copied;
}

/* The seal comes last: until then the page of before counts. */
static int
store_move(uint32_t to, const uint8_t entry[DATA_PAGE_ENTRY_LEN])
{
    uint32_t sequence = store.sequence + 1;
    uint8_t seal[DATA_PAGE_UNIT];

    sfi__data_page_seal(seal);
    if (flash_erase(to, STORE_PAGE_LEN) != 0 ||
        !store_copy_head(to, sequence) ||
        !page_program(page_entry_at(to, 0), entry, DATA_PAGE_ENTRY_LEN) ||
        !page_program(to + DATA_PAGE_SEAL_AT, seal, sizeof(seal)))
        return 1;
    store_use(to, sequence);
    return 0;
}

int
store_record_store(const uint8_t record[DATA_PAGE_RECORD_LEN])
{
    uint8_t entry[DATA_PAGE_ENTRY_LEN];

    if (!store.found)
        return 1;
    sfi__data_page_entry(entry, record);
    while (store.next < ENTRIES) {
        uint32_t at = page_entry_at(store.page, store.next++);

        if (page_program(at, entry, sizeof(entry)))
            return 0;
    }
    return store_move(store.page == STORE_PAGE_0 ? STORE_PAGE_1 : STORE_PAGE_0,
                      entry);
}

/* ---- the end ---- */

bool
store_is_leaving(void)
{
    return page_is_sealed(STORE_PAGE_1) &&
           page_has_bytes(STORE_PAGE_1 + DATA_PAGE_LEAVING_AT, DATA_PAGE_UNIT,
                          0x00);
}

/* What an install erases is page 0: the mark belongs into the other. */
static int
store_move_to_page_1(void)
{
    uint8_t record[DATA_PAGE_RECORD_LEN];
    uint8_t entry[DATA_PAGE_ENTRY_LEN];
    bool newest;

    if (store_record_load(record, &newest) != 0)
        return 1;
    sfi__data_page_entry(entry, record);
    return store.page == STORE_PAGE_1 ? 0 : store_move(STORE_PAGE_1, entry);
}

static int
store_zero(uint32_t addr)
{
    return flash_zero(addr, DATA_PAGE_UNIT) != 0 ||
           !page_has_bytes(addr, DATA_PAGE_UNIT, 0x00);
}

int
store_forget_key(void)
{
    store.found = false;
    return store_zero(STORE_PAGE_1 + DATA_PAGE_SECRET_AT) |
           store_zero(STORE_PAGE_0 + DATA_PAGE_SECRET_AT);
}

int
store_mark_leaving(void)
{
    if (!store_is_leaving() &&
        (store_move_to_page_1() != 0 ||
         store_zero(STORE_PAGE_1 + DATA_PAGE_LEAVING_AT) != 0))
        return 1;
    return store_forget_key();
}
