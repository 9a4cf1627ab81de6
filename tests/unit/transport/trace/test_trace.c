/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Traces of each kind of link: what is recorded for a call, and how a script
 * plays it, up to the first difference. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "transport/base/transport.h"

#include "fixture.h"
#include <link/script.h>

static char dir[256], path[300], uri[320];
static char logged[512];

static void
log_line(void *user, int level, const char *line)
{
    (void)user;
    ck_assert_int_eq(level, SFI_LOG_WARNING);
    ck_assert_uint_lt(strlen(line), sizeof(logged));
    (void)strcpy(logged, line);
}

static void
setup(void)
{
    fixture_setup();
    script_now = 0;
    ctx->clock = &script_clock;
    ctx->log = log_line;
    ctx->log_level = SFI_LOG_WARNING;
    logged[0] = '\0';
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/trace", dir);
    (void)snprintf(uri, sizeof(uri), "script:%s", path);
}

static void
teardown(void)
{
    test_rmdir(dir);
    fixture_teardown();
}

/* ---- a link of each kind ---- */

static sfi_status answer_st; /* the results of the next calls */

static sfi_status
answer(void)
{
    if (answer_st != SFI_OK)
        sfi_ctx_report(ctx, answer_st, 0, "as told");
    return answer_st;
}

static sfi_status
on_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    (void)user;
    (void)len;
    (void)timeout_ms;
    *got = 0;
    if (answer_st == SFI_OK) {
        buf[0] = 0x79;
        *got = 1;
    }
    return answer();
}

static sfi_status
on_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)user;
    (void)buf;
    (void)len;
    (void)timeout_ms;
    script_now += 12;
    return answer();
}

static sfi_status
on_set_speed(void *user, uint32_t choice, uint32_t *baud, uint32_t *slower)
{
    (void)user;
    *baud = 115200;
    *slower = 2 - choice;
    return answer();
}

static sfi_status
on_select(void *user, int asserted)
{
    (void)user;
    (void)asserted;
    return answer();
}

static sfi_status
on_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    (void)user;
    for (size_t i = 0; rx != NULL && i < len; i++)
        rx[i] = (uint8_t)~tx[i];
    return answer();
}

static sfi_status
on_control(void *user, uint8_t request_type, uint8_t request, uint16_t value,
           uint16_t index, uint8_t *data, size_t len, size_t *got,
           uint32_t timeout_ms)
{
    (void)user;
    (void)request;
    (void)value;
    (void)index;
    (void)timeout_ms;
    *got = len / 2;
    if ((request_type & 0x80) != 0)
        memset(data, 0xa5, *got);
    return answer();
}

static sfi_status
on_reopen(void *user, uint32_t timeout_ms)
{
    (void)user;
    (void)timeout_ms;
    return answer();
}

static sfi_status
on_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++)
        words[i] = address + (uint32_t)i;
    return answer();
}

static sfi_status
on_write32(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    (void)user;
    (void)address;
    (void)words;
    (void)count;
    return answer();
}

static sfi_status
on_reset(void *user, int into_boot)
{
    (void)user;
    (void)into_boot;
    return answer();
}

static const sfi_stream_ops stream_ops = {.struct_size = sizeof(stream_ops),
                                          .read = on_read,
                                          .write = on_write,
                                          .reset = on_reset,
                                          .set_speed = on_set_speed};
static const sfi_spi_ops spi_ops = {.struct_size = sizeof(spi_ops),
                                    .select = on_select,
                                    .transfer = on_transfer,
                                    .reset = on_reset};
static const sfi_usb_ops usb_ops = {.struct_size = sizeof(usb_ops),
                                    .control = on_control,
                                    .reopen = on_reopen,
                                    .reset = on_reset};
static const sfi_dap_ops dap_ops = {.struct_size = sizeof(dap_ops),
                                    .read32 = on_read32,
                                    .write32 = on_write32,
                                    .reset = on_reset};

static sfi_transport *
open_kind(enum transport_kind kind)
{
    sfi_transport *tp = NULL;

    answer_st = SFI_OK;
    if (kind == TRANSPORT_STREAM)
        ck_assert_ok(sfi_transport_open_stream(ctx, &stream_ops, NULL, &tp));
    else if (kind == TRANSPORT_SPI)
        ck_assert_ok(sfi_transport_open_spi(ctx, &spi_ops, NULL, &tp));
    else if (kind == TRANSPORT_USB)
        ck_assert_ok(sfi_transport_open_usb(ctx, &usb_ops, NULL, &tp));
    else
        ck_assert_ok(sfi_transport_open_dap(ctx, &dap_ops, NULL, &tp));
    return tp;
}

/* ---- the same calls, of a link and of its trace ---- */

static void
talk_stream(sfi_transport *tp)
{
    uint8_t out[40], in[4];
    uint32_t slower;
    size_t got;

    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (uint8_t)i;
    answer_st = SFI_OK;
    ck_assert_ok(sfi__transport_set_speed(tp, 1, &slower));
    ck_assert_uint_eq(slower, 1);
    ck_assert_uint_eq(tp->baud, 115200);
    ck_assert_ok(sfi__transport_reset(tp, true));
    ck_assert_ok(sfi__transport_write(tp, out, sizeof(out), 100));
    ck_assert_ok(sfi__transport_read(tp, in, sizeof(in), &got, 100));
    ck_assert_uint_eq(got, 1);
    ck_assert_uint_eq(in[0], 0x79);
    answer_st = SFI_ERR_TIMEOUT;
    ck_assert_int_eq(sfi__transport_read(tp, in, 1, &got, 1), SFI_ERR_TIMEOUT);
    answer_st = SFI_ERR_NO_DEVICE;
    ck_assert_int_eq(sfi__transport_write(tp, out, 1, 1), SFI_ERR_NO_DEVICE);
}

static void
talk_spi(sfi_transport *tp)
{
    static const uint8_t out[] = {0x5a, 0x00, 0xff};
    uint8_t in[3];

    answer_st = SFI_OK;
    ck_assert_ok(sfi__transport_select(tp, true));
    ck_assert_ok(sfi__transport_transfer(tp, out, in, 3));
    ck_assert_mem_eq(in, ((const uint8_t[]){0xa5, 0xff, 0x00}), 3);
    ck_assert_ok(sfi__transport_transfer(tp, out, NULL, 2));
    answer_st = SFI_ERR_IO;
    ck_assert_int_eq(sfi__transport_transfer(tp, out, in, 1), SFI_ERR_IO);
    ck_assert_int_eq(sfi__transport_select(tp, false), SFI_ERR_IO);
    answer_st = SFI_OK;
    ck_assert_ok(sfi__transport_reset(tp, false));
}

static void
talk_usb(sfi_transport *tp)
{
    uint8_t data[6] = {1, 2, 3, 4, 5, 6};
    size_t got;

    answer_st = SFI_OK;
    ck_assert_ok(sfi__transport_control(tp, 0x21, 1, 2, 0, data, 6, &got, 100));
    ck_assert_uint_eq(got, 3);
    ck_assert_ok(sfi__transport_control(tp, 0xa1, 3, 0, 0, data, 6, &got, 100));
    ck_assert_uint_eq(got, 3);
    ck_assert_mem_eq(data, ((const uint8_t[]){0xa5, 0xa5, 0xa5, 4}), 4);
    ck_assert_ok(sfi__transport_control(tp, 0xa1, 3, 0, 0, data, 0, &got, 100));
    ck_assert_uint_eq(got, 0);
    answer_st = SFI_ERR_NACK;
    ck_assert_int_eq(
        sfi__transport_control(tp, 0xa1, 2, 0, 0, data, 6, &got, 100),
        SFI_ERR_NACK);
    ck_assert_uint_eq(got, 0);
    answer_st = SFI_OK;
    ck_assert_ok(sfi__transport_reopen(tp, 100));
    ck_assert_ok(sfi__transport_reset(tp, true));
}

static void
talk_memory(sfi_transport *tp)
{
    uint32_t words[9] = {0x5346494d};

    answer_st = SFI_OK;
    ck_assert_ok(sfi__transport_write32(tp, 0x24030000, words, 2));
    ck_assert_ok(sfi__transport_read32(tp, 0x5c001000, words, 9));
    ck_assert_uint_eq(words[8], 0x5c001008);
    answer_st = SFI_ERR_NACK;
    ck_assert_int_eq(sfi__transport_read32(tp, 0, words, 1), SFI_ERR_NACK);
    answer_st = SFI_OK;
    ck_assert_ok(sfi__transport_reset(tp, true));
}

static const struct {
    void (*talk)(sfi_transport *tp);
    const char *text;
} kinds[TRANSPORT_KINDS] = {
    [TRANSPORT_STREAM] =
        {talk_stream, "# stream\nkind stream\nspeed 1\n= 115200 1\nreset 1\n"
                      "> 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 "
                      "11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f\n"
                      "> 20 21 22 23 24 25 26 27\n~ 12\n< 79\n"
                      "read\n! SFI_ERR_TIMEOUT\n~ 1\n> 00\n"
                      "! SFI_ERR_NO_DEVICE\n"},
    [TRANSPORT_SPI] = {talk_spi,
                       "# SPI\nkind spi\nselect 1\ntransfer 3\n> 5a 00 ff\n"
                       "< a5 ff 00\ntransfer 2\n> 5a 00\ntransfer 1\n> 5a\n"
                       "! SFI_ERR_IO\nselect 0\n! SFI_ERR_IO\nreset 0\n"},
    [TRANSPORT_USB] = {talk_usb, "# USB\nkind usb\ncontrol 21 01 0002 0000 6\n"
                                 "> 01 02 03 04 05 06\n= 3\n"
                                 "control a1 03 0000 0000 6\n< a5 a5 a5\n"
                                 "control a1 03 0000 0000 0\n"
                                 "control a1 02 0000 0000 6\n! SFI_ERR_NACK\n"
                                 "reopen\nreset 1\n"},
    [TRANSPORT_DAP] = {talk_memory,
                       "# debug port\nkind memory\nwrite 24030000 2\n"
                       "> 5346494d 00000000\nread 5c001000 9\n"
                       "< 5c001000 5c001001 5c001002 5c001003 5c001004 "
                       "5c001005 5c001006 5c001007\n< 5c001008\n"
                       "read 00000000 1\n! SFI_ERR_NACK\nreset 1\n"},
};

START_TEST(test_trace)
{
    sfi_transport *tp = open_kind((enum transport_kind)_i);
    char *text;
    size_t len;

    ck_assert_ok(sfi_transport_capture(tp, path));
    kinds[_i].talk(tp);
    /* everything is written before the link is closed */
    text = test_read(path, &len);
    ck_assert_str_eq(text, kinds[_i].text);
    free(text);
    sfi_transport_free(tp);
    /* with the same message again */
    ck_assert_ok(sfi_transport_open(ctx, uri, &tp));
    ck_assert_int_eq(tp->kind, _i);
    ck_assert_str_eq(tp->name, uri);
    kinds[_i].talk(tp);
    sfi_transport_free(tp);
}
END_TEST

/* ---- differences ---- */

static void
write_trace(const char *text)
{
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

/* The script fails at the first line that was changed. */
static const struct {
    const char *trace;
    unsigned line;
    const char *message;
} differences[] = {
    {"kind memory\nwrite 24030000 2\n> 5346494d 01000000\n", 3,
     "byte 1 of 4 that the host sends is 0x00, the trace has 0x01"},
    {"kind memory\n# wrong\n\nwrite 24030004 2\n", 4,
     "the host's next step is \"write 24030000 2\", the trace has \"write "
     "24030004 "
     "2\""},
    {"kind memory\nwrite 24030000 2\n> 5346494d\n", 3,
     "the host's next step is \"> 00\", the trace has ended"},
    {"kind memory\nwrite 24030000 2\n! SFI_ERR_NACK\n", 3,
     "the host's next step is \"> 53\", the trace has \"! SFI_ERR_NACK\""},
    {"kind memory\n", 1,
     "the host's next step is \"write 24030000 2\", the trace has ended"},
};

START_TEST(test_difference)
{
    static const uint32_t words[] = {0x5346494d, 0};
    uint32_t in;
    char where[16];
    sfi_transport *tp;

    write_trace(differences[_i].trace);
    (void)snprintf(where, sizeof(where), "%u", differences[_i].line);
    ck_assert_ok(sfi_transport_open(ctx, uri, &tp));
    ck_assert_fails(sfi__transport_write32(tp, 0x24030000, words, 2),
                    SFI_ERR_IO, where, differences[_i].message);
    /* for any later call */
    ck_assert_fails(sfi__transport_read32(tp, 0x24030000, &in, 1), SFI_ERR_IO,
                    where, differences[_i].message);
    ck_assert_int_eq(sfi__transport_reset(tp, true), SFI_ERR_UNSUPPORTED);
    sfi_transport_free(tp);
}
END_TEST

/* The host may split its bytes, and wait, in other ways. */
START_TEST(test_stream_is_no_frames)
{
    uint8_t in[8];
    size_t got;
    sfi_transport *tp;

    write_trace("kind stream\r\n> 7f 00\r\n> 01\nread\n! SFI_ERR_TIMEOUT\n"
                "< 79 01\n~ 5\n< 02\nread\n! SFI_ERR_TIMEOUT\nread\n"
                "! SFI_ERR_TIMEOUT\n> 03\n");
    ck_assert_ok(sfi_transport_open(ctx, uri, &tp));
    ck_assert_ok(sfi__transport_write(tp, (const uint8_t[]){0x7f}, 1, 100));
    ck_assert_fails(sfi__transport_read(tp, in, 1, &got, 0), SFI_ERR_TIMEOUT,
                    "", "no data: the trace expects the host's next step");
    ck_assert_ok(
        sfi__transport_write(tp, (const uint8_t[]){0x00, 0x01}, 2, 100));
    ck_assert_fails(sfi__transport_read(tp, in, 1, &got, 0), SFI_ERR_TIMEOUT,
                    "", "this failure is recorded in the trace");
    ck_assert_ok(sfi__transport_read(tp, in, sizeof(in), &got, 0));
    ck_assert_uint_eq(got, 3);
    ck_assert_mem_eq(in, ((const uint8_t[]){0x79, 0x01, 0x02}), 3);
    /* no wait, instead of two */
    ck_assert_ok(sfi__transport_write(tp, (const uint8_t[]){0x03}, 1, 100));
    ck_assert_fails(sfi__transport_read(tp, in, 1, &got, 0), SFI_ERR_IO, "13",
                    "the host's next step is \"read\", the trace has ended");
    sfi_transport_free(tp);
}
END_TEST

static const struct {
    const char *trace;
    unsigned line;
    const char *message;
} bad[] = {
#define NO_KIND                                                               \
    "a trace must begin with \"kind stream\", \"kind spi\", \"kind usb\" or " \
    "\"kind memory\""
    {"", 0, NO_KIND},
    {"# nothing\n", 1, NO_KIND},
    {"kind i2c\n", 1, NO_KIND},
    {"> 79\nkind stream\n", 1, NO_KIND},
    {"kind stream\n> 7\n", 2, "expected bytes in hexadecimal"},
    {"kind stream\n> 79 7g\n", 2, "expected bytes in hexadecimal"},
    {"kind stream\nrtt 60001\n", 2, "expected \"rtt MILLISECONDS\""},
    {"kind stream\n\n<\n", 3, "expected bytes in hexadecimal"},
};

/* The host waits as long in a replay. */
START_TEST(test_round_trip)
{
    sfi_stream_ops slow = stream_ops;
    sfi_transport *tp;
    char *text;
    size_t len;

    slow.rtt_ms = 2000;
    ck_assert_ok(sfi_transport_open_stream(ctx, &slow, NULL, &tp));
    ck_assert_ok(sfi_transport_capture(tp, path));
    talk_stream(tp);
    sfi_transport_free(tp);
    text = test_read(path, &len);
    ck_assert_int_eq(strncmp(text, "# stream\nkind stream\nrtt 2000\n", 30), 0);
    free(text);
    ck_assert_ok(sfi_transport_open(ctx, uri, &tp));
    ck_assert_uint_eq(sfi__transport_rtt_ms(tp), 2000);
    talk_stream(tp);
    sfi_transport_free(tp);
}
END_TEST

START_TEST(test_bad_trace)
{
    char where[360];
    sfi_transport *tp;

    write_trace(bad[_i].trace);
    (void)snprintf(where, sizeof(where), "%s:%u", uri, bad[_i].line);
    ck_assert_fails(sfi_transport_open(ctx, uri, &tp), SFI_ERR_FORMAT, where,
                    bad[_i].message);
    ck_assert_ptr_null(tp);
}
END_TEST

/* Valid lines that are not the reply to this call. */
START_TEST(test_bad_answer)
{
    static const char *const traces[] = {
        "kind memory\nread 00000000 1\n< 0000\n",
        "kind memory\nread 00000000 1\n! SFI_ERR_NONE\n",
        "kind memory\nread 00000000 1\n! SFI_OK\n",
        "kind memory\nread 00000000 1\n",
    };
    uint32_t word;
    sfi_transport *tp;

    write_trace(traces[_i]);
    ck_assert_ok(sfi_transport_open(ctx, uri, &tp));
    ck_assert_int_eq(sfi__transport_read32(tp, 0, &word, 1), SFI_ERR_FORMAT);
    sfi_transport_free(tp);
}
END_TEST

START_TEST(test_long_line)
{
    char where[360];
    sfi_transport *tp;
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    (void)fprintf(f, "kind stream\n> %0600d\n", 0);
    (void)fclose(f);
    (void)snprintf(where, sizeof(where), "%s:2", uri);
    ck_assert_fails(sfi_transport_open(ctx, uri, &tp), SFI_ERR_FORMAT, where,
                    "the line is too long, or not text");
}
END_TEST

/* ---- files ---- */

START_TEST(test_files)
{
    sfi_transport *tp = open_kind(TRANSPORT_DAP);
    sfi_transport *none;
    char missing[400];

    (void)snprintf(missing, sizeof(missing), "%s/no/trace", dir);
    ck_assert_fails_about(sfi_transport_capture(tp, missing), SFI_ERR_OS,
                          missing, "write", "No such file");
    ck_assert_int_eq(sfi_transport_capture(tp, NULL), SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_transport_open(ctx, uri, &none), SFI_ERR_OS, uri,
                          "read", "No such file");
    ck_assert_int_eq(sfi_transport_open(ctx, "script:x?baud=1", &none),
                     SFI_ERR_ARGUMENT);
    /* the link is unchanged */
    talk_memory(tp);
    sfi_transport_free(tp);
}
END_TEST

/* The trace ends, and the link continues. */
START_TEST(test_full_disk)
{
    sfi_transport *tp = open_kind(TRANSPORT_DAP);

    ck_assert_ok(sfi_transport_capture(tp, "/dev/full"));
    ck_assert_str_eq(
        logged,
        "/dev/full: cannot write the trace, which ends here: No space left "
        "on device");
    logged[0] = '\0';
    talk_memory(tp);
    ck_assert_str_eq(logged, ""); /* warned once */
    sfi_transport_free(tp);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("trace");
    TCase *tc = tcase_create("trace");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_trace, 0, TRANSPORT_KINDS);
    tcase_add_loop_test(tc, test_difference, 0, (int)ROWS(differences));
    tcase_add_test(tc, test_stream_is_no_frames);
    tcase_add_test(tc, test_round_trip);
    tcase_add_loop_test(tc, test_bad_trace, 0, (int)ROWS(bad));
    tcase_add_loop_test(tc, test_bad_answer, 0, 4);
    tcase_add_test(tc, test_long_line);
    tcase_add_test(tc, test_files);
    tcase_add_test(tc, test_full_disk);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
