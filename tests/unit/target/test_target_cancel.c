/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi_target_cancel() from other threads, while the context's thread works with
 * a chip.  Also for -Db_sanitize=thread. */
#include <pthread.h>
#include <semaphore.h>

#include <sfi/program.h>
#include <sfi/sim.h>
#include <sfi/target.h>

#include "fixture.h"
#include <link/script.h>
#include "core/ctx.h"

#define BASE 0x08000000u
#define ROUNDS 20u
#define CANCELLERS 3u

static sfi_sim *chip;
static sfi_transport *tp;
static sfi_target *t;

/* What a thread that cancels waits for, and says. */
static sem_t begun, cancelled;
/* The link waits for a cancel in its next read. */
static bool is_armed;

static void
post(sem_t *s)
{
    ck_assert_int_eq(sem_post(s), 0);
}

static void
await(sem_t *s)
{
    while (sem_wait(s) != 0)
        ;
}

static sfi_status
link_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    (void)user;
    if (is_armed) {
        is_armed = false;
        post(&begun);
        await(&cancelled);
    }
    *got = len;
    ck_assert_ok(sfi_sim_usart(chip, NULL, 0, buf, got));
    if (*got > 0)
        return SFI_OK;
    script_now += timeout_ms;
    return SFI_ERR_TIMEOUT;
}

static sfi_status
link_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    size_t none = 0;

    (void)user;
    (void)timeout_ms;
    return sfi_sim_usart(chip, buf, len, NULL, &none);
}

static void
setup(void)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = link_read,
        .write = link_write,
    };
    const sfi_sim_make_options options = {
        .struct_size = sizeof(options),
        .chip = sfi_chip_find("stm32h753xi"),
    };

    fixture_setup();
    is_armed = false;
    script_now = 0;
    ctx->clock = &script_clock;
    ck_assert_int_eq(sem_init(&begun, 0, 0), 0);
    ck_assert_int_eq(sem_init(&cancelled, 0, 0), 0);
    ck_assert_ok(sfi_sim_make_in_memory(ctx, &options, &chip));
    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, NULL, &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
}

static void
teardown(void)
{
    sfi_target_free(t);
    sfi_transport_free(tp);
    sfi_sim_free(chip);
    ck_assert_int_eq(sem_destroy(&begun), 0);
    ck_assert_int_eq(sem_destroy(&cancelled), 0);
    fixture_teardown();
}

static void
start(pthread_t *thread, void *(*work)(void *))
{
    ck_assert_int_eq(pthread_create(thread, NULL, work, NULL), 0);
}

static void
join(pthread_t thread)
{
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

static void *
cancel_when_begun(void *user)
{
    (void)user;
    await(&begun);
    sfi_target_cancel(t, 1);
    post(&cancelled);
    return NULL;
}

/* ---- what is cancelled ---- */

static sfi_status
work_read(void)
{
    static uint8_t data[4096];

    return sfi_target_read(t, BASE, data, sizeof(data));
}

static sfi_status
work_write(void)
{
    static const uint8_t data[4096];

    ck_assert_ok(sfi_sim_erase_flash(chip));
    return sfi_target_write(t, BASE, data, sizeof(data));
}

static sfi_status
work_erase(void)
{
    static const uint32_t sectors[] = {0, 1, 2};

    return sfi_target_erase(t, sectors, ROWS(sectors));
}

static sfi_status
work_erase_all(void)
{
    return sfi_target_erase_all(t);
}

static sfi_status
work_program(void)
{
    static const uint8_t data[4096] = {1};
    sfi_firmware *fw;
    sfi_status st;

    ck_assert_ok(sfi_firmware_parse(ctx, "bin", BASE, data, sizeof(data), &fw));
    st = sfi_target_program(t, fw, NULL);
    sfi_firmware_free(fw);
    return st;
}

static sfi_status
work_info(void)
{
    sfi_target_info info = {.struct_size = sizeof(info)};

    return sfi_target_get_info(t, &info);
}

static sfi_status (*const works[])(void) = {
    work_read, work_write, work_erase, work_erase_all, work_program, work_info,
};

/* Another thread cancels while the link waits for the chip: the call ends with
 * that, and so does each later one until the cancel is taken back. */
START_TEST(test_link_waits)
{
    pthread_t thread;

    start(&thread, cancel_when_begun);
    is_armed = true;
    ck_assert_fails(works[_i](), SFI_ERR_CANCELLED, "", "cancelled");
    join(thread);
    ck_assert_int_eq(work_read(), SFI_ERR_CANCELLED);
    sfi_target_cancel(t, 0);
    sfi_target_free(t);
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
    ck_assert_ok(work_read());
}
END_TEST

/* At any moment: before a call, in it, or between two. */
START_TEST(test_any_moment)
{
    for (size_t i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        sfi_status st = SFI_OK;

        start(&thread, cancel_when_begun);
        post(&begun);
        while (st == SFI_OK)
            st = works[_i]();
        ck_assert_fails(st, SFI_ERR_CANCELLED, "", "cancelled");
        join(thread);
        await(&cancelled);
        sfi_target_cancel(t, 0);
        sfi_target_free(t);
        ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
    }
}
END_TEST

static void *
cancel_and_resume(void *user)
{
    (void)user;
    await(&begun);
    for (int on = 0; on < 1000; on++)
        sfi_target_cancel(t, on & 1);
    sfi_target_cancel(t, 1);
    return NULL;
}

/* Several threads cancel and take it back; the last word is a cancel. */
START_TEST(test_several_threads)
{
    pthread_t threads[CANCELLERS];
    sfi_status st = SFI_OK;

    for (size_t i = 0; i < CANCELLERS; i++)
        start(&threads[i], cancel_and_resume);
    for (size_t i = 0; i < CANCELLERS; i++)
        post(&begun);
    while (st == SFI_OK)
        st = work_read();
    ck_assert_int_eq(st, SFI_ERR_CANCELLED);
    for (size_t i = 0; i < CANCELLERS; i++)
        join(threads[i]);
    ck_assert_int_eq(work_read(), SFI_ERR_CANCELLED);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_cancel");
    TCase *tc = tcase_create("threads");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_link_waits, 0, (int)ROWS(works));
    tcase_add_loop_test(tc, test_any_moment, 0, (int)ROWS(works));
    tcase_add_test(tc, test_several_threads);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
