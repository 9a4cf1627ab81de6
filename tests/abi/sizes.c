/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Every function that takes a public struct takes it from a program that was
 * compiled with older headers than the library, with the same and with newer
 * ones.  The build says which: NEWER, -Dtest-abi=next.
 *
 *     sizes AUDIT_LOG AUDIT_KEY
 *
 * A new struct needs one line here (tests/scripts/check_structs.py): IN for one
 * that a function reads, OUT for one that it fills in.  `s` is the struct. */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/dialect.h>
#include <sfi/sfi.h>
#include <sfi/sim_serve.h>

#ifndef NEWER
#define NEWER 0
#endif

#define GUARD 0xa5

static const char *audit_log;
static uint8_t audit_key[SFI_AUDIT_KEY_LEN];
static const uint8_t code[32] = {1, 2, 3};
static sfi_ctx *ctx;
static const sfi_chip *chip;
static int failures;
static int rows;

static void
expect(int holds, const char *type, const char *what, sfi_status st)
{
    if (holds)
        return;
    failures++;
    printf("%s: %s: %s %s\n", type, what, sfi_status_name(st),
           sfi_error_message(sfi_ctx_error(ctx)));
}

#if NEWER
#define SET_NEXT(s, v) ((s).test_next = (v))
#define GET_NEXT(s) ((s).test_next)
#else
#define SET_NEXT(s, v) ((void)0)
#define GET_NEXT(s) 0
#endif

/* The first call shows that it comes as far as the size; the second may fail
 * for any other reason: the struct is empty. */
#define IN(type, call)                                                         \
    do {                                                                       \
        type s;                                                                \
        sfi_status got;                                                        \
        rows++;                                                                \
        memset(&s, 0, sizeof(s));                                              \
        s.struct_size = 4;                                                     \
        got = (call);                                                          \
        expect(got == SFI_ERR_ABI, #type, "a size of 4 is taken", got);        \
        s.struct_size = sizeof(s);                                             \
        got = (call);                                                          \
        expect(got != SFI_ERR_ABI, #type, "is refused", got);                  \
        if (NEWER) {                                                           \
            SET_NEXT(s, 1);                                                    \
            got = (call);                                                      \
            expect(got == SFI_ERR_ABI, #type, "its new member is taken", got); \
        }                                                                      \
    } while (0)

/* `out` is followed by bytes that are not part of it. */
#define OUT(type, call)                                                     \
    do {                                                                    \
        struct {                                                            \
            type s;                                                         \
            uint8_t guard[64];                                              \
        } room;                                                             \
        type *out = &room.s;                                                \
        sfi_status got;                                                     \
        rows++;                                                             \
        memset(&room, GUARD, sizeof(room));                                 \
        out->struct_size = 4;                                               \
        got = (call);                                                       \
        expect(got == SFI_ERR_ABI, #type, "a size of 4 is taken", got);     \
        out->struct_size = sizeof(*out);                                    \
        got = (call);                                                       \
        expect(got == SFI_OK, #type, "is refused", got);                    \
        expect(out->struct_size == sizeof(*out), #type, "other size", got); \
        expect(GET_NEXT(*out) == 0, #type, "its new member is not 0", got); \
        for (size_t i = 0; i < sizeof(room.guard); i++)                     \
            expect(room.guard[i] == GUARD, #type, "written behind its end", \
                   got);                                                    \
    } while (0)

/* ---- contexts and what needs only one ---------------------------------- */

static sfi_status
take_ctx(const sfi_ctx_options *options)
{
    sfi_ctx *made;
    sfi_status st = sfi_ctx_new(options, &made);

    sfi_ctx_free(made);
    return st;
}

static sfi_status
take_definition(const sfi_chip_definition *definition)
{
    const sfi_chip *defined;

    return sfi_chip_define(ctx, definition, &defined);
}

static sfi_status
take_allocator(const sfi_allocator *allocator)
{
    const sfi_ctx_options o = {.struct_size = sizeof(o),
                               .allocator = allocator};

    return take_ctx(&o);
}

static void
ignore_fact(void *user, const sfi_fact *fact)
{
    (void)user;
    (void)fact;
}

static sfi_status
ignore_bytes(void *user, const uint8_t *data, size_t len)
{
    (void)user;
    (void)data;
    (void)len;
    return SFI_OK;
}

static void
try_files(void)
{
    IN(sfi_ctx_options, take_ctx(&s));
    IN(sfi_allocator, take_allocator(&s));
    IN(sfi_chip_definition, take_definition(&s));
    IN(sfi_describe_options,
       sfi_describe_file(ctx, audit_log, &s, ignore_fact, NULL));
    OUT(sfi_audit_total,
        sfi_audit_verify_all(ctx, (const char *const[]){audit_log}, 1,
                             audit_key, sizeof(audit_key), out));
    OUT(sfi_audit_summary, sfi_audit_verify(ctx, audit_log, audit_key,
                                            sizeof(audit_key), NULL, out));
}

/* ---- firmware, option bytes, images ------------------------------------ */

static sfi_status
take_load(const sfi_firmware_options *options)
{
    sfi_firmware *fw;
    sfi_status st = sfi_firmware_load_with(ctx, audit_log, options, &fw);

    sfi_firmware_free(fw);
    return st;
}

static sfi_status
take_selection(const sfi_firmware *fw, const sfi_firmware_selection *how)
{
    sfi_firmware *part;
    sfi_status st = sfi_firmware_select(fw, how, NULL, NULL, &part);

    sfi_firmware_free(part);
    return st;
}

static void
try_layout(sfi_image_builder *b)
{
    sfi_layout *layout;

    if (sfi_image_builder_layout(b, &layout) != SFI_OK)
        expect(0, "sfi_layout", "none", SFI_OK);
    IN(sfi_map_options, sfi_map_text(layout, &s, ignore_bytes, NULL));
    OUT(sfi_layout_area, sfi_layout_get_area(layout, 0, out));
    sfi_layout_free(layout);
}

static void
try_image(void)
{
    sfi_firmware *fw = NULL;
    sfi_image_builder *b = NULL;
    sfi_option_bytes *ob = NULL;
    sfi_image_reader *reader = NULL;

    if (sfi_firmware_parse(ctx, "bin", 0x08000000, code, sizeof(code), &fw) !=
            SFI_OK ||
        sfi_image_builder_new(ctx, chip, &b) != SFI_OK ||
        sfi_image_builder_add_firmware(b, fw) != SFI_OK ||
        sfi_option_bytes_new(ctx, chip, &ob) != SFI_OK ||
        sfi_image_reader_new(ctx, NULL, NULL, &reader) != SFI_OK)
        expect(0, "an image", "cannot begin", SFI_OK);
    IN(sfi_firmware_options, take_load(&s));
    IN(sfi_firmware_selection, take_selection(fw, &s));
    IN(sfi_firmware_save_options, sfi_firmware_save(fw, "no-such/a.hex", &s));
    OUT(sfi_option_field, sfi_option_bytes_get_field(ob, 0, out));
    OUT(sfi_image_event, sfi_image_reader_next(reader, out));
    try_layout(b);
    sfi_image_reader_free(reader);
    sfi_option_bytes_free(ob);
    sfi_image_builder_free(b);
    sfi_firmware_free(fw);
}

static void
try_comparison(const char *folder)
{
    sfi_description *d = NULL;
    sfi_firmware *fw = NULL;
    char path[64];

    (void)snprintf(path, sizeof(path), "%s/a.hex", folder);
    if (sfi_firmware_parse(ctx, "bin", 0x08000000, code, sizeof(code), &fw) !=
            SFI_OK ||
        sfi_firmware_save(fw, path, NULL) != SFI_OK ||
        sfi_description_new(ctx, &d) != SFI_OK ||
        sfi_description_read(d, path, NULL) != SFI_OK)
        expect(0, "a description", "cannot be read", SFI_OK);
    OUT(sfi_comparison, sfi_description_compare(d, d, NULL, NULL, NULL, out));
    OUT(sfi_comparison,
        sfi_description_compare_text(d, d, ignore_bytes, NULL, out));
    OUT(sfi_comparison,
        sfi_description_compare_json(d, d, ignore_bytes, NULL, out));
    sfi_description_free(d);
    sfi_firmware_free(fw);
}

/* ---- an HSM of the program's own --------------------------------------- */

static sfi_status
own_info(void *user, sfi_hsm_info *out)
{
    (void)user;
    out->state = SFI_HSM_OPERATIONAL;
    return SFI_OK;
}

static sfi_status
own_head(void *user, sfi_audit_head *out)
{
    (void)user;
    out->sequence = 1;
    return SFI_OK;
}

static sfi_status
own_known(void *user, uint64_t sequence, const uint8_t *head, size_t len,
          sfi_hsm_known *out)
{
    (void)user;
    (void)head;
    (void)len;
    out->sequence = sequence;
    out->lost = sequence;
    return SFI_OK;
}

static sfi_status
own_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    (void)user;
    out->sequence = sequence;
    return SFI_OK;
}

static sfi_status
own_provision(void *user, const uint8_t *key, size_t key_len,
              const uint8_t *nonce, size_t nonce_len, const char *firmware_id,
              uint64_t max_count, const uint8_t *perso, size_t perso_len,
              const sfi_provision_options *options)
{
    (void)user;
    (void)key;
    (void)key_len;
    (void)nonce;
    (void)nonce_len;
    (void)firmware_id;
    (void)max_count;
    (void)perso;
    (void)perso_len;
    (void)options;
    return SFI_OK;
}

static sfi_status
take_hsm(const sfi_hsm_ops *ops)
{
    sfi_hsm *hsm;
    sfi_status st = sfi_hsm_open_custom(ctx, ops, NULL, &hsm);

    sfi_hsm_free(hsm);
    return st;
}

static sfi_status
take_opener(const sfi_hsm_opener *opener)
{
    sfi_hsm *hsm;
    sfi_status st = sfi_hsm_open_late(ctx, opener, NULL, &hsm);

    sfi_hsm_free(hsm);
    return st;
}

static sfi_status
take_lock(sfi_hsm *hsm, const sfi_hsm_lock *lock)
{
    sfi_hsm *shared;
    sfi_status st = sfi_hsm_share(ctx, hsm, lock, NULL, &shared);

    sfi_hsm_free(shared);
    return st;
}

static void
try_hsm(void)
{
    static const sfi_hsm_ops ops = {.struct_size = sizeof(ops),
                                    .info = own_info,
                                    .provision = own_provision,
                                    .audit_head = own_head,
                                    .audit_record = own_record,
                                    .check_known = own_known};
    static const uint8_t head[32] = {1};
    sfi_hsm *hsm;

    if (sfi_hsm_open_custom(ctx, &ops, NULL, &hsm) != SFI_OK)
        expect(0, "an HSM", "does not open", SFI_OK);
    IN(sfi_hsm_ops, take_hsm(&s));
    IN(sfi_hsm_opener, take_opener(&s));
    IN(sfi_hsm_lock, take_lock(hsm, &s));
    IN(sfi_provision_options, sfi_hsm_check_provision(hsm, 12, "fw", 10, &s));
    OUT(sfi_hsm_info, sfi_hsm_get_info(hsm, out));
    OUT(sfi_audit_head, sfi_hsm_get_audit_head(hsm, out));
    OUT(sfi_audit_record, sfi_hsm_get_audit_record(hsm, 1, out));
    OUT(sfi_hsm_known, sfi_hsm_check_known(hsm, 1, head, out));
    sfi_hsm_free(hsm);
}

/* ---- links and chips --------------------------------------------------- */

#define TAKE_LINK(kind)                                                 \
    static sfi_status take_##kind(const sfi_##kind##_ops *ops)          \
    {                                                                   \
        sfi_transport *tp;                                              \
        sfi_status st = sfi_transport_open_##kind(ctx, ops, NULL, &tp); \
                                                                        \
        sfi_transport_free(tp);                                         \
        return st;                                                      \
    }

TAKE_LINK(stream)
TAKE_LINK(spi)
TAKE_LINK(usb)
TAKE_LINK(dap)

static void
try_links(void)
{
    IN(sfi_stream_ops, take_stream(&s));
    IN(sfi_spi_ops, take_spi(&s));
    IN(sfi_usb_ops, take_usb(&s));
    IN(sfi_dap_ops, take_dap(&s));
}

/* The functions that a dialect may use, while it runs. */
static sfi_status
own_speaks(void *user, sfi_target *t, uint32_t *yes)
{
    uint32_t status;

    (void)user;
    OUT(sfi_dialect_link, sfi_dialect_get_link(t, out));
    IN(sfi_request, sfi_dialect_request(t, &s, NULL, 0, &status));
    *yes = 0;
    return SFI_OK;
}

static void
try_target(sfi_target *t)
{
    sfi_firmware *fw;

    if (sfi_firmware_parse(ctx, "bin", 0x08000000, code, sizeof(code), &fw) !=
        SFI_OK)
        expect(0, "firmware", "none", SFI_OK);
    OUT(sfi_target_info, sfi_target_get_info(t, out));
    OUT(sfi_target_contents, sfi_target_inspect(t, out));
    IN(sfi_program_options, sfi_target_program(t, fw, &s));
    sfi_firmware_free(fw);
}

static sfi_status
take_dialect(sfi_transport *tp, const sfi_dialect_ops *dialect)
{
    const sfi_connect_options o = {.struct_size = sizeof(o),
                                   .chip = chip,
                                   .transport = tp,
                                   .dialect = dialect};
    sfi_target *t;
    sfi_status st = sfi_target_connect_with(ctx, &o, &t);

    if (st == SFI_OK)
        try_target(t);
    sfi_target_free(t);
    return st;
}

/* The form of a receipt, with the generator of P-256 as its key. */
static sfi_status
give_receipt(sfi_receipt_info *out)
{
    static const uint8_t key[64] = {
        0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
        0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
        0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f,
        0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a,
        0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e,
        0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};
    uint8_t data[SFI_RECEIPT_LEN] = "SFRC\1";
    sfi_receipt *r = NULL;
    sfi_status st;

    memcpy(data + 8, "45002001", 8);
    memcpy(data + 196, "45002001", 8);
    memcpy(data + 204, key, sizeof(key));
    st = sfi_receipt_parse(ctx, data, sizeof(data), &r);
    if (st == SFI_OK)
        st = sfi_receipt_get_info(r, out);
    sfi_receipt_free(r);
    return st;
}

static void
try_reconciliation(void)
{
    const char *const logs[] = {audit_log};
    sfi_reconciliation *r = NULL;
    sfi_status st =
        sfi_reconciliation_new(ctx, logs, 1, audit_key, sizeof(audit_key), &r);

    expect(st == SFI_OK, "a reconciliation", "does not begin", st);
    OUT(sfi_reconciliation_sum, sfi_reconciliation_get_sum(r, out));
    OUT(sfi_reconciled_device, sfi_reconciliation_get_device(r, 0, out));
    sfi_reconciliation_free(r);
}

static sfi_status
take_connect(const sfi_connect_options *options)
{
    sfi_target *t;
    sfi_status st = sfi_target_connect_with(ctx, options, &t);

    sfi_target_free(t);
    return st;
}

static sfi_status
take_job(const sfi_journal_job *job, const char *folder)
{
    char path[64];
    sfi_journal *journal;
    sfi_status st;

    (void)snprintf(path, sizeof(path), "%s/journal", folder);
    st = sfi_journal_open(ctx, path, &journal);
    if (st == SFI_OK)
        st = sfi_journal_add(journal, job);
    sfi_journal_free(journal);
    return st;
}

static int
stop_at_once(void *user)
{
    (void)user;
    return 1;
}

static void
try_chip(const char *folder)
{
    sfi_dialect_ops own = {.struct_size = sizeof(own)};
    sfi_sim *sim = NULL;
    sfi_transport *tp = NULL;
    char ca[64], state[64];
    sfi_status st;

    (void)snprintf(ca, sizeof(ca), "%s/ca", folder);
    (void)snprintf(state, sizeof(state), "%s/chip", folder);
    if (sfi_sim_manufacture(ctx, chip, ca, state) != SFI_OK ||
        sfi_sim_open(ctx, state, &sim) != SFI_OK ||
        sfi_sim_transport(sim, "usart", &tp) != SFI_OK)
        expect(0, "a chip", "does not start", SFI_OK);
    IN(sfi_sim_make_options, sfi_sim_manufacture_with(ctx, &s));
    IN(sfi_sim_links, sfi_sim_serve(sim, &s, stop_at_once, NULL));
    IN(sfi_journal_job, take_job(&s, folder));
    IN(sfi_connect_options, take_connect(&s));
    IN(sfi_dialect_ops, take_dialect(tp, &s));
    OUT(sfi_dialect_ops, sfi_dialect_get_own(out));
    OUT(sfi_receipt_info, give_receipt(out));
    try_reconciliation();
    expect(sfi_dialect_get_own(&own) == SFI_OK, "dialect", "none", SFI_OK);
    own.speaks = own_speaks;
    st = take_dialect(tp, &own);
    expect(st == SFI_OK, "a chip", "does not connect", st);
    sfi_transport_free(tp);
    sfi_sim_free(sim);
}

static void
try_journal(const char *folder)
{
    sfi_journal *journal = NULL;
    char path[64];

    (void)snprintf(path, sizeof(path), "%s/journal", folder);
    if (sfi_journal_open(ctx, path, &journal) != SFI_OK)
        expect(0, "a journal", "does not open", SFI_OK);
    IN(sfi_journal_job, sfi_journal_add(journal, &s));
    sfi_journal_free(journal);
}

static void
try_boards(const char *folder)
{
    sfi_boards *boards = NULL;
    char path[64];

    (void)snprintf(path, sizeof(path), "%s/boards", folder);
    if (sfi_boards_open(ctx, path, &boards) != SFI_OK ||
        sfi_boards_begin(boards, 0, "port", "serial", NULL) != SFI_OK)
        expect(0, "boards", "do not begin", SFI_OK);
    OUT(sfi_board, sfi_boards_get(boards, 1, out));
    sfi_boards_free(boards);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

int
main(int argc, char **argv)
{
    char folder[] = "/tmp/sfi-sizes-XXXXXX";

    if (argc != 3 || mkdtemp(folder) == NULL ||
        sfi_ctx_new(NULL, &ctx) != SFI_OK)
        return 64;
    if (sfi_audit_key_load(ctx, argv[2], audit_key) != SFI_OK)
        return 65;
    audit_log = argv[1];
    chip = sfi_chip_find("stm32h753xi");
    try_files();
    try_comparison(folder);
    try_image();
    try_hsm();
    try_links();
    try_chip(folder);
    try_journal(folder);
    try_boards(folder);
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    sfi_ctx_free(ctx);
    printf("%d structs, %d wrong\n", rows, failures);
    return failures == 0 ? 0 : 1;
}
