/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Checks pages of an SQLite file before SQLite does. */
#include "hsm/vault/ledger_page.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"

/* sqlite.org/fileformat2.html, 1.3 and 1.6 */
#define HEADER_LEN 100u
#define AT_PAGE_SIZE 16u
#define AT_RESERVED 20u
#define AT_ENCODING 56u
#define AT_USER_VERSION 60u
#define AT_APPLICATION_ID 68u
#define UTF8 1u
#define PAGE_SIZE_MIN 4096u /* SQLite's default; the schema fits into it */
#define INDEX_INNER 0x02u
#define INDEX_LEAF 0x0au
#define TABLE_LEAF 0x0du
#define LEAF_HEADER_LEN 8u
#define CHILD_LEN 4u
#define VARINT_MAX 4 /* bytes: far more than any length in a page */
#define TYPE_NULL 0u
#define TYPE_TEXT 13u /* an odd number from here on: text of this length */
#define ROOT_BYTES_MAX 4u

const struct ledger_entry sfi__ledger_schema[LEDGER_ENTRIES] = {
    {"table", "vault", "vault",
     "CREATE TABLE vault ("
     " id INTEGER PRIMARY KEY CHECK (id = 1),"
     " flags INTEGER NOT NULL,"
     " serial BLOB NOT NULL,"
     " firmware_id TEXT NOT NULL,"
     " product_id TEXT NOT NULL,"
     " ca_public BLOB NOT NULL,"
     " maximum INTEGER NOT NULL,"
     " low_water INTEGER NOT NULL,"
     " genesis BLOB NOT NULL,"
     " remaining INTEGER NOT NULL,"
     " sequence INTEGER NOT NULL,"
     " log_head BLOB NOT NULL,"
     " mac BLOB NOT NULL,"
     " seal INTEGER NOT NULL,"
     " log2_n INTEGER NOT NULL,"
     " r INTEGER NOT NULL,"
     " p INTEGER NOT NULL,"
     " salt BLOB NOT NULL,"
     " sealed BLOB NOT NULL,"
     " sealed_check BLOB NOT NULL,"
     " pin_tries INTEGER NOT NULL)"},
    {"table", "record", "record",
     "CREATE TABLE record ("
     " sequence INTEGER PRIMARY KEY,"
     " kind INTEGER NOT NULL,"
     " time INTEGER NOT NULL,"
     " device BLOB NOT NULL,"
     " session INTEGER NOT NULL,"
     " remaining INTEGER NOT NULL,"
     " license BLOB NOT NULL,"
     " previous BLOB NOT NULL,"
     " hash BLOB NOT NULL,"
     " mac BLOB NOT NULL,"
     " UNIQUE (device, session))"},
    {"index", "sqlite_autoindex_record_1", "record", NULL},
    /* one record counts a device: kind 1 is SFI_AUDIT_COUNTED */
    {"index", "counted", "record",
     "CREATE UNIQUE INDEX counted ON record (device) WHERE kind = 1"},
};

static const struct ledger_finding sound;

static struct rd
page_read_at(const uint8_t *page, size_t len, size_t at)
{
    struct rd r;

    sfi__rd_init(&r, page, len);
    sfi__rd_skip(&r, at);
    return r;
}

/* More than VARINT_MAX bytes: UINT32_MAX. */
static uint32_t
page_read_varint(struct rd *r)
{
    uint32_t v = 0;

    for (int i = 0; i < VARINT_MAX; i++) {
        uint8_t byte = sfi__rd_u8(r);

        v = v << 7 | (byte & 0x7fu);
        if ((byte & 0x80u) == 0)
            return v;
    }
    return UINT32_MAX;
}

/* ---- the first page ---- */

static bool
page_has_text(struct rd *r, uint32_t type, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    const uint8_t *data;

    if (text == NULL)
        return type == TYPE_NULL;
    if (type != TYPE_TEXT + 2 * len)
        return false;
    data = sfi__rd_view(r, len);
    return data != NULL && sfi__equal(data, text, len);
}

/* A cell of sqlite_schema: its length, its row's number, the types of its five
 * columns, and the columns. */
static bool
page_has_entry(struct rd r, const struct ledger_entry *e)
{
    uint32_t payload = page_read_varint(&r), rowid = page_read_varint(&r);
    size_t left = sfi__rd_left(&r);
    uint32_t header = page_read_varint(&r), type[5];

    for (size_t i = 0; i < sizeof(type) / sizeof(*type); i++)
        type[i] = page_read_varint(&r);
    if (!sfi__rd_ok(&r) || rowid == UINT32_MAX || payload > left ||
        header != left - sfi__rd_left(&r))
        return false;
    if (!page_has_text(&r, type[0], e->type) ||
        !page_has_text(&r, type[1], e->name) ||
        !page_has_text(&r, type[2], e->table))
        return false;
    if (type[3] < 1 || type[3] > ROOT_BYTES_MAX)
        return false;
    sfi__rd_skip(&r, type[3]);
    return page_has_text(&r, type[4], e->sql) &&
           payload == left - sfi__rd_left(&r);
}

static uint32_t
page_find_other_entry(const uint8_t *page, size_t len)
{
    struct rd r = page_read_at(page, len, HEADER_LEN);
    uint8_t type = sfi__rd_u8(&r);
    uint16_t count;

    sfi__rd_skip(&r, 2); /* free blocks */
    count = sfi__rd_u16be(&r);
    sfi__rd_skip(&r, 3); /* begin of the cells, free bytes */
    for (uint32_t i = 0; i < LEDGER_ENTRIES; i++) {
        uint16_t at = sfi__rd_u16be(&r);

        if (type != TABLE_LEAF || i >= count ||
            !page_has_entry(page_read_at(page, len, at),
                            &sfi__ledger_schema[i]))
            return i + 1;
    }
    return count == LEDGER_ENTRIES ? 0 : LEDGER_ENTRIES + 1;
}

/* 65536 is stored as 1. */
static size_t
page_read_size(const uint8_t *page)
{
    return (size_t)page[AT_PAGE_SIZE] << 8 | (size_t)page[AT_PAGE_SIZE + 1]
                                                 << 16;
}

static uint32_t
page_read_u32(const uint8_t *page, size_t len, size_t at)
{
    struct rd r = page_read_at(page, len, at);

    return sfi__rd_u32be(&r);
}

bool
sfi__ledger_is_first_page(const uint8_t *page, size_t len)
{
    static const char magic[16] = "SQLite format 3";

    return len > HEADER_LEN && sfi__equal(page, magic, sizeof(magic));
}

struct ledger_finding
sfi__ledger_check_first_page(const uint8_t *page, size_t len)
{
    uint32_t id = page_read_u32(page, len, AT_APPLICATION_ID);
    uint32_t version = page_read_u32(page, len, AT_USER_VERSION);
    uint32_t entry;

    if (id != LEDGER_APPLICATION_ID)
        return (struct ledger_finding){LEDGER_OTHER_ID, id};
    if (version != LEDGER_SCHEMA_VERSION)
        return (struct ledger_finding){LEDGER_OTHER_VERSION, version};
    if (len < PAGE_SIZE_MIN || page_read_size(page) != len ||
        page[AT_RESERVED] != 0 || page_read_u32(page, len, AT_ENCODING) != UTF8)
        return (struct ledger_finding){LEDGER_OTHER_FORMAT, 0};
    entry = page_find_other_entry(page, len);
    if (entry != 0)
        return (struct ledger_finding){LEDGER_OTHER_SCHEMA, entry};
    return sound;
}

/* ---- any other page ---- */

struct ledger_finding
sfi__ledger_check_page(const uint8_t *page, size_t len)
{
    struct rd r = page_read_at(page, len, 0);
    uint8_t type = sfi__rd_u8(&r);
    uint32_t most =
        (uint32_t)(type == TABLE_LEAF ? len - 35 : (len - 12) * 64 / 255 - 23);
    uint16_t count;

    if (type != INDEX_INNER && type != INDEX_LEAF && type != TABLE_LEAF)
        return sound; /* it has no rows or keys */
    sfi__rd_skip(&r, 2);
    count = sfi__rd_u16be(&r);
    sfi__rd_skip(&r, LEAF_HEADER_LEN - 5);
    if (type == INDEX_INNER)
        sfi__rd_skip(&r, CHILD_LEN);
    for (uint16_t i = 0; i < count; i++) {
        size_t at = sfi__rd_u16be(&r);
        struct rd cell =
            page_read_at(page, len, type == INDEX_INNER ? at + CHILD_LEN : at);

        if (page_read_varint(&cell) > most || !sfi__rd_ok(&cell))
            return (struct ledger_finding){LEDGER_LONG_ROW, 0};
    }
    return sound;
}
