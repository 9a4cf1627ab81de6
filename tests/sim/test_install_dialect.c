/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A security extension other than libsfi's own: the whole install with it, its
 * refusals with its own messages, and functions that fail. */
#include <stdio.h>
#include <string.h>

#include <sfi/device.h>

#include <bench/vendor.h>

/* Each chip on each of its links, the link's name in errors, and more or fewer
 * bytes at once than libsfi's own. */
static const struct {
    const char *chip, *link, *name;
} benches[] = {
    {"stm32h753xi", "usart", "stream"}, {"stm32h753xi", "spi", "SPI"},
    {"stm32h753xi", "usb", "USB"},      {"stm32h753xi", "jtag", "debug port"},
    {"stm32l462ce", "usart", "stream"}, {"stm32l462ce", "spi", "SPI"},
};
#define BENCHES ((int)ROWS(benches))
#define OF_H7 4
static const uint32_t sizes[] = {96, 4096};

/* ---- installs ---- */

START_TEST(test_install)
{
    int bench = _i % BENCHES;
    uint32_t size = sizes[_i / BENCHES];

    station_setup(benches[bench].chip);
    vendor_open(benches[bench].link, size);
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    ck_assert_uint_gt(vendor.puts, size == 96 ? 10 : 1);
    station_teardown();
}
END_TEST

START_TEST(test_install_live)
{
    station_setup_live_only(benches[_i].chip);
    vendor_open(benches[_i].link, 96);
    ck_assert_ok(station_install_live(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* With the target's functions alone, as a test bench does. */
START_TEST(test_target)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    sfi_target *t = vendor_begin("usart");
    const struct buf *image = &station.package.image;
    sfi_certificate *cert;
    sfi_license *lic;

    ck_assert_ok(sfi_target_get_certificate(t, &cert));
    ck_assert_ok(sfi_license_parse(ctx, station.package.license,
                                   sizeof(station.package.license), &lic));
    ck_assert_ok(sfi_target_send_license(t, lic));
    ck_assert_ok(sfi_target_send_image(t, image->data, image->len));
    ck_assert_ok(sfi_target_get_info(t, &info));
    ck_assert_uint_eq(info.secure, 1);
    ck_assert_uint_eq(info.bootloader_version, 0x42);
    ck_assert_uint_eq(info.device_state, SFI_DEVICE_INSTALLED);
    ck_assert_mem_eq(info.header_tag, image->data + 12, 16);
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_ok(sfi_target_get_info(t, &info));
    ck_assert_uint_eq(info.device_state, SFI_DEVICE_EMPTY);
    install_assert_clean(&station.package);
    sfi_license_free(lic);
    sfi_certificate_free(cert);
    vendor_end(t);
}
END_TEST

/* Without a dialect libsfi speaks its own, which the other vendor's part does
 * not. */
START_TEST(test_ours_is_not_theirs)
{
    station_setup("stm32h753xi");
    vendor_open("usart", 96);
    station.dialect = NULL;
    ck_assert_int_eq(station_install(false), SFI_ERR_NACK);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    station.dialect = &vendor_dialect;
    ck_assert_ok(station_install(false));
    /* and libsfi does not take the vendor's part for its own: by its version it
     * is neither a secure part nor an open one */
    station_teardown();
    station_setup("stm32l462ce");
    station.dialect = &vendor_dialect;
    ck_assert_fails_about(station_install(false), SFI_ERR_DEVICE, "stream",
                          "stm32l462ce", "one install");
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    station_teardown();
}
END_TEST

/* ---- refusals ---- */

static void
assert_refused(sfi_status got, int32_t code, const char *where,
               const char *message)
{
    ck_assert_fails(got, SFI_ERR_DEVICE, where, message);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)), code);
}

START_TEST(test_installed)
{
    sfi_target *t = vendor_begin("usart");
    sfi_license *lic;

    ck_assert_ok(station_install(false));
    /* libsfi's own refusal, after `info` */
    assert_refused(station_install(false), SFI_CAUSE_INSTALLED, "stream",
                   "the chip holds an installed firmware; ... mass erase ...");
    /* and the part's */
    ck_assert_ok(sfi_license_parse(ctx, station.package.license,
                                   sizeof(station.package.license), &lic));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    sfi_target_free(t);
    t = vendor_connect(&vendor_dialect);
    assert_refused(sfi_target_send_license(t, lic), SFI_CAUSE_INSTALLED,
                   "stream", "the part is in use");
    ck_assert_ok(station_install(true));
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    sfi_license_free(lic);
    vendor_end(t);
}
END_TEST

/* Each with the dialect's message, and libsfi's number of the same meaning or
 * one of the dialect's own. */
START_TEST(test_refusals)
{
    struct buf *image;
    sfi_target *t = vendor_begin("usart");

    image = &station.package.image;
    sfi_target_free(t);
    vendor.refuse = 0x98;
    assert_refused(station_install(false), VENDOR_CAUSE_WORN, "stream",
                   "the part is worn out");
    vendor.refuse = 0x77;
    assert_refused(station_install(false), 0x1ff, "stream",
                   "the part gives no reason");
    image->data[image->len - 1] ^= 1;
    assert_refused(station_install(false), SFI_CAUSE_AREA_TAG, "stream:area 5",
                   "the part saw it altered");
    image->data[image->len - 1] ^= 1;
    image->data[12] ^= 1;
    station_check_nothing();
    assert_refused(station_install(false), SFI_CAUSE_HEADER_TAG, "stream",
                   "the part takes another head");
    image->data[12] ^= 1;
    station.package.license[SFI_LICENSE_LEN - 1] ^= 1;
    assert_refused(station_install_licensed(false), SFI_CAUSE_LICENSE, "stream",
                   "the part has another key");
    ck_assert_ok(station_install(false));
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* A power loss during the install: libsfi recognises it by `info`. */
START_TEST(test_restarts)
{
    station_setup("stm32h753xi");
    vendor_open(benches[_i].link, 96);
    vendor.reset_at = 4;
    assert_refused(station_install(false), SFI_CAUSE_INTERRUPTED,
                   benches[_i].name,
                   "the chip restarted ... nothing ... left ...");
    install_assert_clean(&station.package);
    ck_assert_ok(station_install(false));
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* ---- a table that fails ---- */

enum op {
    OP_SPEAKS,
    OP_INFO,
    OP_CERTIFICATE,
    OP_SESSION,
    OP_SECURE,
    OP_LICENSE,
    OP_HEADER,
    OP_AREA,
    OP_DATA,
    OP_FINISH,
    OP_ABORT,
    OPS
};

static const char *const op_names[OPS] = {
    "speaks", "info", "certificate", "session", "secure", "license",
    "header", "area", "data",        "finish",  "abort",
};

/* Which call (from 1) of which function fails, and how. */
static struct {
    enum op op;
    uint32_t at;
    sfi_status st;
    bool mute;  /* says no reason */
    bool after; /* the part has done it */
    uint32_t calls[OPS];
} fault;

static bool
is_due(enum op op)
{
    return ++fault.calls[op] == fault.at && fault.op == op;
}

static sfi_status
give_up(void)
{
    if (!fault.mute)
        sfi_ctx_report(ctx, fault.st, 0x1aa, "made to fail");
    return fault.st;
}

#define CALL(op, call)               \
    do {                             \
        bool due = is_due(op);       \
        sfi_status st = SFI_OK;      \
                                     \
        (void)user;                  \
        if (!due || fault.after)     \
            st = (call);             \
        return due ? give_up() : st; \
    } while (0)

static sfi_status
on_speaks(void *user, sfi_target *t, uint32_t *yes)
{
    CALL(OP_SPEAKS, vendor_dialect.speaks(NULL, t, yes));
}

static sfi_status
on_info(void *user, sfi_target *t, sfi_dialect_info *out)
{
    CALL(OP_INFO, vendor_dialect.info(NULL, t, out));
}

static sfi_status
on_certificate(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    CALL(OP_CERTIFICATE, vendor_dialect.certificate(NULL, t, out, out_len));
}

static sfi_status
on_session(void *user, sfi_target *t, uint32_t *out)
{
    CALL(OP_SESSION, vendor_dialect.session(NULL, t, out));
}

static sfi_status
on_secure(void *user, sfi_target *t, uint32_t erase)
{
    CALL(OP_SECURE, vendor_dialect.secure(NULL, t, erase));
}

static sfi_status
on_license(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    CALL(OP_LICENSE, vendor_dialect.license(NULL, t, data, len));
}

static sfi_status
on_header(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    CALL(OP_HEADER, vendor_dialect.header(NULL, t, data, len));
}

static sfi_status
on_area(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    CALL(OP_AREA, vendor_dialect.area(NULL, t, data, len));
}

static sfi_status
on_data(void *user, sfi_target *t, uint32_t offset, const uint8_t *data,
        size_t len)
{
    CALL(OP_DATA, vendor_dialect.data(NULL, t, offset, data, len));
}

static sfi_status
on_finish(void *user, sfi_target *t)
{
    CALL(OP_FINISH, vendor_dialect.finish(NULL, t));
}

static sfi_status
on_abort(void *user, sfi_target *t)
{
    CALL(OP_ABORT, vendor_dialect.abort(NULL, t));
}

static sfi_status
on_deaf_finish(void *user, sfi_target *t)
{
    (void)user;
    (void)t;
    fault.calls[OP_FINISH]++;
    fault.st = SFI_ERR_TIMEOUT;
    return give_up();
}

static const sfi_dialect_ops failing = {
    .struct_size = sizeof(failing),
    .speaks = on_speaks,
    .info = on_info,
    .certificate = on_certificate,
    .session = on_session,
    .secure = on_secure,
    .license = on_license,
    .header = on_header,
    .area = on_area,
    .data = on_data,
    .finish = on_finish,
    .abort = on_abort,
};

/* The statuses of a failure; one is not a status at all. */
static const sfi_status failures[] = {
    SFI_ERR_DEVICE,
    SFI_ERR_TIMEOUT,
    SFI_ERR_PROTOCOL,
    SFI_ERR_NO_DEVICE,
    SFI_ERR_IO,
    SFI_ERR_NOMEM,
    42,
};

static bool
is_lost(void)
{
    return fault.st == SFI_ERR_PROTOCOL ||
           (fault.st <= -400 && fault.st > -500);
}

static sfi_status
expected(void)
{
    return fault.st > 0 ? SFI_ERR_CALLBACK : fault.st;
}

/* It succeeds all the same if the last step or its reply is lost once, as
 * libsfi asks the part; and a part starts its firmware without being told to.
 */
static bool
is_survived(void)
{
    if (fault.op == OP_ABORT)
        return true;
    return fault.op == OP_FINISH && is_lost();
}

/* The end is valid: all or nothing in the part, counted once or not at all. */
static void
assert_ended(sfi_status st, const char *what)
{
    bool is_counted = fault.op >= OP_SECURE;
    const char *said = sfi_error_message(sfi_ctx_error(ctx));
    bool is_told = fault.mute || fault.st > 0 || st == SFI_OK ||
                   strcmp(said, "made to fail") == 0;

    ck_assert_msg(st == (is_survived() ? SFI_OK : expected()) && is_told,
                  "%s: %s \"%s\"", what, sfi_status_name(st), said);
    if (st == SFI_OK)
        install_assert_complete(&station.package);
    else if (fault.op != OP_FINISH || !fault.after)
        install_assert_clean(&station.package);
    ck_assert_msg(station_remaining() == STATION_COUNT - (is_counted ? 1 : 0),
                  "%s: %u left", what, (unsigned)station_remaining());
}

/* Each function in turn fails in each way: the install fails with that status,
 * the next one succeeds, and the part is counted once. */
START_TEST(test_fails_at_each)
{
    for (size_t i = 0; i < 4 * ROWS(failures); i += test_step(37)) {
        char what[128];

        memset(&fault, 0, sizeof(fault));
        fault.op = (enum op)_i;
        fault.at = 1;
        fault.st = failures[i / 4];
        fault.mute = i % 2 == 1;
        fault.after = i / 2 % 2 == 1;
        (void)snprintf(what, sizeof(what), "%s, %s%s%s", op_names[_i],
                       sfi_status_name(fault.st),
                       fault.after ? ", after it" : "",
                       fault.mute ? ", mute" : "");
        station_setup_sized("stm32h753xi", 300);
        vendor_open("usart", 96);
        station.dialect = &failing;
        assert_ended(_i == OP_SESSION ? station_install_live(false)
                                      : station_install(false),
                     what);
        ck_assert_ok(sfi_sim_power_on(board.sim));
        ck_assert_ok(station_install(true));
        install_assert_complete(&station.package);
        ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
        station_teardown();
    }
}
END_TEST

/* The last step is lost, and sent a second time. */
START_TEST(test_finish_never_heard)
{
    sfi_dialect_ops deaf = vendor_dialect;

    deaf.finish = on_deaf_finish;
    memset(&fault, 0, sizeof(fault));
    station_setup_sized("stm32h753xi", 300);
    vendor_open("usart", 96);
    station.dialect = &deaf;
    ck_assert_fails_about(station_install(false), SFI_ERR_DEVICE, "stream",
                          "state 4", "5 (installed)");
    ck_assert_uint_eq(fault.calls[OP_FINISH], 2);
    install_assert_clean(&station.package);
    station.dialect = &vendor_dialect;
    ck_assert_ok(station_install(true));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_dialect");
    TCase *tc = tcase_create("dialect");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_install, 0, BENCHES * (int)ROWS(sizes));
    tcase_add_loop_test(tc, test_install_live, 0, BENCHES);
    tcase_add_test(tc, test_target);
    tcase_add_test(tc, test_ours_is_not_theirs);
    tcase_add_test(tc, test_installed);
    tcase_add_test(tc, test_refusals);
    tcase_add_loop_test(tc, test_restarts, 0, OF_H7);
    tcase_add_loop_test(tc, test_fails_at_each, 0, OPS);
    tcase_add_test(tc, test_finish_never_heard);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
