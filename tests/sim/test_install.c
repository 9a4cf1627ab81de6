/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The whole install, on both chips: what the chip holds afterwards, what was
 * counted, and which progress the caller received. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <sfi/device.h>

#include "util/mem.h"
#include "core/ctx.h"

#include <bench/station.h>

static const char *const chips[] = {"stm32h753xi", "stm32l462ce"};

/* ---- success ---- */

START_TEST(test_install)
{
    station_setup(chips[_i]);
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* An H7 can be installed again, uncounted, on request. */
START_TEST(test_install_again)
{
    sfi_dialect_info i;

    station_setup("stm32h753xi");
    ck_assert_ok(station_install(false));
    ck_assert_fails_about(station_install(false), SFI_ERR_DEVICE, "stream",
                          "installed", "mass erase");
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     SFI_CAUSE_INSTALLED);
    install_assert_complete(&station.package);
    ck_assert_ok(station_install(true));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_info(&i);
    ck_assert_uint_eq(i.state, SFI_DEVICE_INSTALLED);
    station_teardown();
}
END_TEST

/* An L462 does not answer after its one install. */
START_TEST(test_install_once)
{
    station_setup("stm32l462ce");
    ck_assert_ok(station_install(false));
    ck_assert_fails_about(station_install(true), SFI_ERR_TIMEOUT, "stream",
                          "0x7f", "5000 ms", "BOOT0");
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

/* A licence for the chip installs without an HSM. */
START_TEST(test_install_with_license)
{
    sfi_installer *in;

    station_setup(chips[_i]);
    in = station_prepare_licensed();
    ck_assert_ptr_null(sfi_installer_certificate(in));
    ck_assert_ptr_null(sfi_installer_chip(in));
    ck_assert_ptr_null(sfi_installer_license(in));
    ck_assert_ok(sfi_installer_run(in));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    ck_assert_mem_eq(sfi_license_data(sfi_installer_license(in), NULL),
                     station.package.license, SFI_LICENSE_LEN);
    ck_assert_ptr_nonnull(sfi_installer_chip(in));
    ck_assert_ptr_eq(sfi_installer_chip(in), station.package.chip);
    ck_assert_str_eq(sfi_certificate_product_id(sfi_installer_certificate(in)),
                     sfi_chip_product_id(sfi_sim_chip(board.sim)));
    station_teardown();
}
END_TEST

/* ---- progress ---- */

static struct {
    uint32_t phase;
    uint64_t done, total;
    unsigned calls;
    uint32_t phases; /* bits of those seen */
    sfi_installer *reenter;
    uint32_t cancel_in; /* phase; 0: never */
} heard;

static void
on_progress(void *user, const sfi_progress *p)
{
    int finished;

    ck_assert_ptr_eq(user, &heard);
    ck_assert_uint_eq(p->struct_size, sizeof(*p));
    ck_assert_uint_ge(p->phase, heard.phase);
    ck_assert_uint_ge(p->done, heard.done);
    ck_assert_uint_le(p->done, p->total);
    heard.phase = p->phase;
    heard.done = p->done;
    heard.total = p->total;
    heard.phases |= 1u << p->phase;
    heard.calls++;
    if (heard.reenter != NULL) {
        ck_assert_int_eq(sfi_installer_step(heard.reenter, &finished),
                         SFI_ERR_STATE);
        ck_assert_int_eq(sfi_installer_run(heard.reenter), SFI_ERR_STATE);
    }
    if (p->phase == heard.cancel_in)
        sfi_installer_cancel(station.installer);
}

static void
listen(sfi_installer *in)
{
    memset(&heard, 0, sizeof(heard));
    ck_assert_ok(sfi_installer_set_progress(in, on_progress, &heard));
}

START_TEST(test_progress)
{
    bool is_open = strcmp(chips[_i], "stm32h753xi") == 0;
    sfi_installer *in;
    size_t pieces;

    station_setup(chips[_i]);
    in = station_prepare();
    listen(in);
    heard.reenter = in;
    ck_assert_ok(sfi_installer_run(in));
    ck_assert_uint_eq(heard.phase, SFI_PHASE_DONE);
    /* each of 1 to 7; an L462 is secure from the beginning */
    ck_assert_uint_eq(heard.phases, is_open ? 0xfe : 0xfa);
    ck_assert_uint_eq(heard.total, station.package.image.len);
    ck_assert_uint_eq(heard.done, heard.total);
    pieces = 1 + 5 + 2 + 5 + 1 + 1 + 1; /* header, 5 areas, their frames */
    ck_assert_uint_eq(heard.calls, 1 + 12 + pieces);
    station_teardown();
}
END_TEST

START_TEST(test_steps)
{
    unsigned calls = 0;
    int finished = 1;
    sfi_installer *in;

    station_setup(chips[_i]);
    in = station_prepare();
    do {
        ck_assert_ok(sfi_installer_step(in, &finished));
        calls++;
    } while (!finished);
    install_assert_complete(&station.package);
    ck_assert_uint_eq(calls, 12 + 16);
    ck_assert_fails(sfi_installer_step(in, &finished), SFI_ERR_STATE, "",
                    "the install has ended: make another installer");
    ck_assert_int_eq(finished, 0);
    sfi_installer_cancel(in); /* too late: no effect */
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

/* ---- what it costs on the wire ---- */

/* AN3155, 3.15: a frame of 1024 bytes is 1047 on the wire with ours, both ways:
 * opcode, offset, lengths, checksums, ACKs and the status. */
START_TEST(test_wire)
{
    const size_t size = (256u << 10) + 4; /* too large for an L462 at 256 KiB */
    uint64_t wire;

    station_setup_sized(chips[_i], size);
    ck_assert_ok(station_install_licensed(false));
    wire = station.wire.sent + station.wire.received;
    ck_assert_uint_ge(wire, size / 1024 * 1047);
    ck_assert_msg(size * 100 >= wire * 97,
                  "%llu bytes on the wire for %zu of firmware",
                  (unsigned long long)wire, size);
    station_teardown();
}
END_TEST

/* ---- cancel ---- */

/* The last steps read the receipt and start the firmware, which the chip
 * already has. */
#define LEAVING 26u

/* Before step n, for every n: the chip is clean, and another install succeeds.
 */
START_TEST(test_cancel_each_step)
{
    bool ended = false;

    station_setup("stm32h753xi");
    for (size_t n = 0; !ended; n += test_step(5)) {
        sfi_installer *in = station_prepare();
        int finished = 0;

        ck_assert_ok(sfi_installer_set_erase(in, 1));
        for (size_t i = 0; i < n && !finished; i++)
            ck_assert_ok(sfi_installer_step(in, &finished));
        ended = finished;
        if (ended)
            break;
        sfi_installer_cancel(in);
        if (n >= LEAVING) { /* once it is in, it is in */
            while (!finished)
                ck_assert_ok(sfi_installer_step(in, &finished));
            install_assert_complete(&station.package);
            continue;
        }
        ck_assert_fails(sfi_installer_step(in, &finished), SFI_ERR_CANCELLED,
                        "", "cancelled");
        ck_assert_fails_about(sfi_installer_step(in, &finished), SFI_ERR_STATE,
                              "", "ended");
        install_assert_clean(&station.package);
    }
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

START_TEST(test_phase_names)
{
    static const char *const names[] = {
        "unknown", "connect", "secure",  "certificate", "license", "areas",
        "confirm", "done",    "check",   "erase",       "write",   "verify",
        "read",    "audit",   "records", "unknown",
    };

    for (uint32_t i = 0; i < ROWS(names); i++)
        ck_assert_str_eq(sfi_phase_name(i), names[i]);
    ck_assert_uint_eq(ROWS(names), SFI_PHASE_RECORDS + 2);
}
END_TEST

/* From within the callback, once in each phase. */
START_TEST(test_cancel_in_phase)
{
    sfi_status st;

    station_setup("stm32h753xi");
    station_prepare();
    listen(station.installer);
    heard.cancel_in = (uint32_t)_i;
    st = sfi_installer_run(station.installer);
    if (_i == SFI_PHASE_DONE) {
        ck_assert_ok(st);
    } else {
        ck_assert_fails(st, SFI_ERR_CANCELLED, "", "cancelled");
        install_assert_clean(&station.package);
    }
    station_teardown();
}
END_TEST

static void *
cancel_soon(void *arg)
{
    const struct timespec soon = {.tv_nsec = 50000000};

    (void)nanosleep(&soon, NULL);
    sfi_installer_cancel(arg);
    return NULL;
}

static sfi_status
never_read(void *user, uint8_t *buf, size_t len, size_t *got,
           uint32_t timeout_ms)
{
    (void)user;
    (void)buf;
    (void)len;
    (void)timeout_ms;
    *got = 0;
    return SFI_ERR_TIMEOUT;
}

static sfi_status
never_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)user;
    (void)buf;
    (void)len;
    (void)timeout_ms;
    return SFI_OK;
}

/* From another thread, while the installer waits for a silent chip in real
 * time. */
START_TEST(test_cancel_from_a_thread)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = never_read,
        .write = never_write,
    };
    const struct clock *clock = &sfi__clock_system;
    sfi_transport *silent;
    pthread_t thread;
    uint64_t began;

    station_setup("stm32h753xi");
    ctx->clock = clock;
    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, NULL, &silent));
    station_prepare();
    ck_assert_ok(sfi_installer_set_transport(station.installer, silent));
    ck_assert_ok(sfi_installer_set_timeout(station.installer, 60000));
    sfi_transport_free(silent); /* the installer has its own reference */
    ck_assert_int_eq(
        pthread_create(&thread, NULL, cancel_soon, station.installer), 0);
    began = clock->now_ms(clock->user);
    ck_assert_fails(sfi_installer_run(station.installer), SFI_ERR_CANCELLED, "",
                    "cancelled");
    ck_assert_uint_lt(clock->now_ms(clock->user) - began, 20000);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    station_teardown();
}
END_TEST

/* ---- the chip loses its power ---- */

/* Before step n, for every n: the chip holds all of the firmware or nothing. */
START_TEST(test_reset_before_each_step)
{
    size_t step = test_step(3), refused = 0;
    int finished = 0;

    station_setup("stm32h753xi");
    for (size_t n = 0;; n += step) {
        sfi_installer *in = station_prepare();
        sfi_status st = SFI_OK;

        ck_assert_ok(sfi_installer_set_erase(in, 1));
        for (size_t i = 0; i < n && !finished; i++)
            ck_assert_ok(sfi_installer_step(in, &finished));
        if (finished)
            break;
        ck_assert_ok(sfi_sim_power_on(board.sim));
        while (st == SFI_OK && !finished)
            st = sfi_installer_step(in, &finished);
        if (st == SFI_OK) {
            install_assert_complete(&station.package);
            finished = 0;
            continue;
        }
        refused++;
        ck_assert_fails_about(st, SFI_ERR_DEVICE, "stream", "restarted");
        ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                         SFI_CAUSE_INTERRUPTED);
        install_assert_clean(&station.package);
    }
    /* from after SECURE to before FINISH */
    ck_assert_uint_eq(refused, (1 + 16 + 1 + step - 1) / step);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* ---- the link dies at the last step ---- */

#define SEE "the answer to the last step was lost, and "
#define RUN_AGAIN                                                             \
    SEE "the chip has not answered since: it may hold its firmware; run the " \
        "install again to find out, a chip is not counted twice"
#define SEE_ITSELF                                                           \
    SEE "a stm32l462ce with its firmware does not answer: check whether it " \
        "runs"

static const struct {
    const char *chip;
    enum strike strike;
    bool from_chip;
    uint64_t at;
    sfi_status st;
    const char *message;
    bool complete; /* the chip received it */
} ends[] = {
    {"stm32h753xi", STRIKE_SILENCE, false, 0, SFI_ERR_TIMEOUT, RUN_AGAIN,
     false},
    {"stm32h753xi", STRIKE_SILENCE, true, 0, SFI_ERR_TIMEOUT, RUN_AGAIN, false},
    /* two ACKs came, and it was all sent */
    {"stm32h753xi", STRIKE_SILENCE, true, 2, SFI_ERR_TIMEOUT, RUN_AGAIN, true},
    {"stm32h753xi", STRIKE_GONE, true, 2, SFI_ERR_NO_DEVICE, RUN_AGAIN, true},
    {"stm32h753xi", STRIKE_GONE, false, 4, SFI_ERR_NO_DEVICE, RUN_AGAIN, false},
    /* the whole reply to FINISH; none to INFO */
    {"stm32h753xi", STRIKE_GONE, true, 9, SFI_ERR_NO_DEVICE, RUN_AGAIN, true},
    {"stm32l462ce", STRIKE_SILENCE, true, 2, SFI_ERR_TIMEOUT, SEE_ITSELF, true},
    {"stm32l462ce", STRIKE_GONE, true, 2, SFI_ERR_NO_DEVICE, SEE_ITSELF, true},
};

START_TEST(test_end_unseen)
{
    sfi_installer *in;
    int finished = 0;

    station_setup(ends[_i].chip);
    in = station_prepare();
    listen(in);
    while (heard.phase != SFI_PHASE_CONFIRM)
        ck_assert_ok(sfi_installer_step(in, &finished));
    station_strike(ends[_i].strike, ends[_i].from_chip, ends[_i].at);
    ck_assert_fails(sfi_installer_step(in, &finished), ends[_i].st, "stream",
                    ends[_i].message);
    station_strike(STRIKE_NONE, false, 0);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    if (!ends[_i].complete) {
        install_assert_clean(&station.package);
        ck_assert_ok(station_install(false));
    } else if (strcmp(ends[_i].chip, "stm32h753xi") == 0) {
        ck_assert_int_eq(station_install(false), SFI_ERR_DEVICE);
        ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                         SFI_CAUSE_INSTALLED);
    }
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* A chip that starts its firmware without a reply is not waited for as long as
 * an erase. */
START_TEST(test_leaves_silently)
{
    sfi_installer *in;
    int finished = 0;
    uint64_t began;

    station_setup("stm32h753xi");
    in = station_prepare();
    listen(in);
    while (heard.phase != SFI_PHASE_CONFIRM)
        ck_assert_ok(sfi_installer_step(in, &finished));
    ck_assert_ok(sfi_installer_step(in, &finished));
    ck_assert_ok(sfi_installer_step(in, &finished));
    ck_assert_ptr_nonnull(sfi_installer_receipt(in));
    ck_assert_int_eq(finished, 0);
    began = script_now;
    station_strike(STRIKE_SILENCE, true, 2); /* after the ACKs */
    ck_assert_ok(sfi_installer_step(in, &finished));
    ck_assert_int_eq(finished, 1);
    ck_assert(station.wire.struck);
    ck_assert_uint_le(script_now - began, 8000);
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

/* ---- missing settings, and when they can be set ---- */

START_TEST(test_missing)
{
    sfi_installer *in;
    int finished;

    station_setup("stm32h753xi");
    ck_assert_ok(sfi_installer_new(ctx, NULL, &in));
    ck_assert_fails(sfi_installer_run(in), SFI_ERR_STATE, "",
                    "no image is set");
    ck_assert_ok(sfi_installer_set_image(in, station.package.image.data,
                                         station.package.image.len));
    ck_assert_fails(sfi_installer_step(in, &finished), SFI_ERR_STATE, "",
                    "no link to a chip is set");
    ck_assert_ok(sfi_installer_set_transport(in, station.tp));
    ck_assert_fails(sfi_installer_run(in), SFI_ERR_STATE, "",
                    "no licence is set, and no store or HSM that could give "
                    "one");
    ck_assert_ok(sfi_installer_set_hsm(in, station.hsm));
    ck_assert_ok(sfi_installer_run(in)); /* it had not begun */
    sfi_installer_free(in);
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

START_TEST(test_too_late)
{
    static const char *message =
        "the install has begun: nothing can be set any more";
    const struct buf *image = &station.package.image;
    sfi_installer *in;
    int finished;

    station_setup("stm32h753xi");
    in = station_prepare();
    ck_assert_ok(sfi_installer_step(in, &finished));
    ck_assert_fails(sfi_installer_set_image(in, image->data, image->len),
                    SFI_ERR_STATE, "", message);
    ck_assert_fails(sfi_installer_set_image_file(in, "x"), SFI_ERR_STATE, "",
                    message);
    ck_assert_fails(sfi_installer_set_transport(in, station.tp), SFI_ERR_STATE,
                    "", message);
    ck_assert_fails(sfi_installer_set_hsm(in, station.hsm), SFI_ERR_STATE, "",
                    message);
    ck_assert_fails(sfi_installer_set_erase(in, 1), SFI_ERR_STATE, "", message);
    ck_assert_fails(sfi_installer_set_timeout(in, 1), SFI_ERR_STATE, "",
                    message);
    ck_assert_ok(sfi_installer_run(in));
    station_teardown();
}
END_TEST

START_TEST(test_arguments)
{
    static const uint8_t byte;
    sfi_installer *in;
    sfi_ctx *other;

    station_setup("stm32h753xi");
    ck_assert_int_eq(sfi_installer_new(ctx, NULL, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_installer_new(NULL, NULL, &in), SFI_ERR_ARGUMENT);
    ck_assert_ptr_null(in);
    ck_assert_int_eq(sfi_ctx_new(NULL, &other), SFI_OK);
    ck_assert_int_eq(sfi_installer_new(other, NULL, &in), SFI_OK);
    ck_assert_int_eq(sfi_installer_set_transport(in, station.tp),
                     SFI_ERR_ARGUMENT);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(other)),
                     "tp is of another context, expected a transport of this "
                     "one");
    ck_assert_int_eq(sfi_installer_set_hsm(in, station.hsm), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_installer_set_transport(in, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_installer_set_hsm(in, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_installer_set_license(in, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_installer_set_image(in, NULL, 1), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_installer_set_image_file(in, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_installer_set_image(in, &byte, (16u << 20) + 1),
                     SFI_ERR_LIMIT);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(other)),
                     "an image of 16777217 bytes, expected at most 16777216");
    ck_assert_int_eq(sfi_installer_step(in, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_installer_run(NULL), SFI_ERR_ARGUMENT);
    ck_assert_ptr_null(sfi_installer_certificate(NULL));
    ck_assert_ptr_null(sfi_installer_chip(NULL));
    ck_assert_ptr_null(sfi_installer_license(NULL));
    sfi_installer_cancel(NULL);
    sfi_installer_free(NULL);
    sfi_ctx_free(other);
    sfi_installer_free(in);
    station_teardown();
}
END_TEST

/* Each allocation fails once: a clean status, and a clean chip. */
START_TEST(test_no_memory)
{
    station_setup_sized("stm32h753xi", 40);
    ck_assert_ok(station_install_licensed(false));
    for (size_t n = 1;; n++) {
        sfi_installer *in = station_prepare_licensed();
        sfi_status st;

        ck_assert_ok(sfi_installer_set_erase(in, 1));
        memory.fail_at = n;
        st = sfi_installer_run(in);
        if (memory.fail_at != 0 && st == SFI_OK)
            break;
        memory.fail_at = 0;
        ck_assert_uint_lt(n, 1000);
        if (st != SFI_OK)
            ck_assert_ok(station_install_licensed(true));
    }
    memory.fail_at = 0;
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

/* Everything given may be released at once: the installer holds it. */
START_TEST(test_free_order)
{
    station_setup("stm32h753xi");
    station_prepare();
    sfi_transport_free(station.tp);
    sfi_transport_free(station.direct);
    station.tp = NULL;
    ck_assert_ok(sfi_sim_transport(board.sim, "usart", &station.direct));
    sfi_hsm_free(station.hsm);
    ck_assert_ok(sfi_installer_run(station.installer));
    install_assert_complete(&station.package);
    sfi_installer_free(station.installer);
    station.installer = NULL;
    station.hsm = NULL;
    station_teardown();
}
END_TEST

static TCase *
good_case(void)
{
    TCase *tc = tcase_create("good");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_install, 0, ROWS(chips));
    tcase_add_test(tc, test_install_again);
    tcase_add_test(tc, test_install_once);
    tcase_add_loop_test(tc, test_install_with_license, 0, ROWS(chips));
    tcase_add_loop_test(tc, test_progress, 0, ROWS(chips));
    tcase_add_loop_test(tc, test_steps, 0, ROWS(chips));
    tcase_add_loop_test(tc, test_wire, 0, ROWS(chips));
    return tc;
}

int
main(void)
{
    Suite *s = suite_create("install");
    TCase *tc = tcase_create("others");

    suite_add_tcase(s, good_case());
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_cancel_each_step);
    tcase_add_test(tc, test_phase_names);
    tcase_add_loop_test(tc, test_cancel_in_phase, SFI_PHASE_CONNECT,
                        SFI_PHASE_DONE + 1);
    tcase_add_test(tc, test_cancel_from_a_thread);
    tcase_add_test(tc, test_reset_before_each_step);
    tcase_add_test(tc, test_missing);
    tcase_add_test(tc, test_leaves_silently);
    tcase_add_loop_test(tc, test_end_unseen, 0, ROWS(ends));
    tcase_add_test(tc, test_too_late);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_no_memory);
    tcase_add_test(tc, test_free_order);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
