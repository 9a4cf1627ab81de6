/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a journal says of an install: of one that was counted, counted before,
 * or not counted at all, and of one that failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/cause.h>
#include <sfi/journal.h>

#include "core/ctx.h"
#include "journal/json.h"

#include <bench/station.h>

static const char *const chips[] = {"stm32h753xi", "stm32l462ce"};

static sfi_journal_job
job_of(sfi_installer *in)
{
    sfi_journal_job job = {.struct_size = sizeof(job)};

    ck_assert_int_eq(sfi_installer_get_job(in, &job), SFI_OK);
    ck_assert_uint_eq(job.struct_size, sizeof(job));
    return job;
}

static void
assert_hsm(const sfi_journal_job *job, uint64_t remaining)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    ck_assert_ok(sfi_hsm_get_info(station.hsm, &info));
    ck_assert_str_eq(job->hsm_serial, info.serial);
    ck_assert_str_eq(job->hsm_firmware_id, info.firmware_id);
    ck_assert_uint_eq(job->hsm_low_water, info.low_water);
    ck_assert_uint_eq(job->hsm_remaining, remaining);
}

/* Nothing is known yet. */
START_TEST(test_before)
{
    sfi_journal_job job;
    sfi_installer *in;

    fixture_setup();
    ck_assert_ok(sfi_installer_new(ctx, NULL, &in));
    job = job_of(in);
    ck_assert_str_eq(job.phase, "connect");
    ck_assert_str_eq(job.protocol, "static");
    ck_assert_ptr_null(job.result);
    ck_assert_str_eq(job.image, "");
    ck_assert_ptr_null(job.image_tag);
    ck_assert_ptr_null(job.port);
    ck_assert_ptr_null(job.chip);
    ck_assert_ptr_null(job.license);
    ck_assert_ptr_null(job.hsm_serial);
    ck_assert_ptr_null(job.error);
    ck_assert_uint_eq(job.milliseconds, 0);
    job.struct_size = 8;
    ck_assert_fails_about(sfi_installer_get_job(in, &job), SFI_ERR_ABI, "",
                          "struct_size is 8");
    ck_assert_fails_about(sfi_installer_get_job(in, NULL), SFI_ERR_ARGUMENT, "",
                          "job != NULL");
    ck_assert_int_eq(sfi_installer_get_job(NULL, &job), SFI_ERR_ARGUMENT);
    sfi_installer_free(in);
    fixture_teardown();
}
END_TEST

START_TEST(test_counted_and_again)
{
    sfi_journal_job job;
    sfi_installer *in;

    station_setup(chips[_i]);
    in = station_prepare();
    ck_assert_ok(sfi_installer_run(in));
    job = job_of(in);
    ck_assert_str_eq(job.result, "installed");
    ck_assert_str_eq(job.phase, "done");
    ck_assert_str_eq(job.chip, chips[_i]);
    ck_assert_str_eq(job.device_id,
                     sfi_certificate_device_id(sfi_installer_certificate(in)));
    ck_assert_mem_eq(job.image_tag, station.package.image.data + 12, 16);
    ck_assert_uint_eq(job.image_version, station.package.image.data[29]);
    ck_assert_uint_gt(job.milliseconds, 0);
    ck_assert_str_eq(job.license, "counted");
    ck_assert_ptr_null(job.error);
    assert_hsm(&job, STATION_COUNT - 1);
    if (strcmp(chips[_i], "stm32h753xi") == 0) {
        in = station_prepare();
        ck_assert_ok(sfi_installer_set_erase(in, 1));
        ck_assert_ok(sfi_installer_run(in));
        job = job_of(in);
        ck_assert_str_eq(job.license, "again");
        assert_hsm(&job, STATION_COUNT - 1);
    }
    station_teardown();
}
END_TEST

START_TEST(test_live)
{
    sfi_journal_job job;
    sfi_installer *in;

    station_setup(chips[_i]);
    in = station_prepare_live();
    ck_assert_ok(sfi_installer_run(in));
    job = job_of(in);
    ck_assert_str_eq(job.protocol, "live");
    ck_assert_str_eq(job.license, "counted");
    assert_hsm(&job, STATION_COUNT - 1);
    station_teardown();
}
END_TEST

START_TEST(test_given)
{
    sfi_journal_job job;
    sfi_installer *in;

    station_setup(chips[_i]);
    in = station_prepare_licensed();
    ck_assert_ok(sfi_installer_run(in));
    job = job_of(in);
    ck_assert_str_eq(job.license, "given");
    ck_assert_ptr_null(job.hsm_serial);
    station_teardown();
}
END_TEST

/* The error is the install's, also when other calls follow, and the line has
 * it. */
START_TEST(test_failed)
{
    char path[1300], *text;
    struct json_line line;
    sfi_journal_job job;
    sfi_installer *in;
    sfi_journal *j;
    sfi_ctx *other;
    size_t len;

    station_setup(chips[_i]);
    station_check_nothing();
    station.package.image.data[station.package.image.len - 1] ^= 1;
    in = station_prepare();
    ck_assert_int_eq(sfi_installer_run(in), SFI_ERR_DEVICE);
    job = job_of(in);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     SFI_CAUSE_AREA_TAG);
    ck_assert_str_eq(job.phase, "areas");
    ck_assert_str_eq(job.license, "counted");
    ck_assert_int_eq(sfi_error_peer_code(job.error), SFI_CAUSE_AREA_TAG);
    ck_assert_int_eq(sfi_ctx_new(NULL, &other), SFI_OK);
    (void)snprintf(path, sizeof(path), "%s/journal", board.base);
    ck_assert_int_eq(sfi_journal_open(other, path, &j), SFI_OK);
    job.board_serial = "B-7";
    ck_assert_int_eq(sfi_journal_add(j, &job), SFI_OK);
    sfi_journal_free(j);
    sfi_ctx_free(other);
    text = test_read(path, &len);
    ck_assert(sfi__json_read_line(text, len - 1, &line));
    ck_assert_str_eq(line.result, "failed");
    ck_assert_ptr_nonnull(strstr(text, "\"board_serial\": \"B-7\""));
    ck_assert_ptr_nonnull(strstr(text, "\"peer_code\": 55}}\n"));
    free(text);
    ck_assert_int_eq(remove(path), 0);
    /* nothing was counted, and the HSM says so */
    in = station_prepare();
    station_strike(STRIKE_GONE, false, 0);
    ck_assert_int_ne(sfi_installer_run(in), SFI_OK);
    job = job_of(in);
    ck_assert_str_eq(job.phase, "connect");
    ck_assert_ptr_null(job.license);
    ck_assert_ptr_null(job.hsm_serial);
    station_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_journal");
    TCase *tc = tcase_create("journal");

    tcase_add_test(tc, test_before);
    tcase_add_loop_test(tc, test_counted_and_again, 0, (int)ROWS(chips));
    tcase_add_loop_test(tc, test_live, 0, (int)ROWS(chips));
    tcase_add_loop_test(tc, test_given, 0, (int)ROWS(chips));
    tcase_add_loop_test(tc, test_failed, 0, (int)ROWS(chips));
    tcase_set_timeout(tc, 60);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
