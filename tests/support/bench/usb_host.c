/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A DFU host of a few lines. */
#include <bench/usb_host.h>

#include <string.h>

#include <bench/board.h>

sfi_status
host_control(uint8_t type, uint8_t request, uint16_t value, void *bytes,
             size_t len, size_t *got)
{
    size_t n;

    return sfi_sim_usb_control(board.sim, type, request, value, 0, bytes, len,
                               got != NULL ? got : &n);
}

void
host_status(struct dfu_report *r)
{
    uint8_t raw[DFU_REPORT_LEN];
    size_t got;

    ck_assert_ok(
        host_control(DFU_IN, DFU_GETSTATUS, 0, raw, sizeof(raw), &got));
    ck_assert_uint_eq(got, sizeof(raw));
    sfi__dfu_read_report(r, raw);
}

uint8_t
host_state(void)
{
    uint8_t s = 0;

    ck_assert_ok(host_control(DFU_IN, DFU_GETSTATE, 0, &s, 1, NULL));
    return s;
}

sfi_status
host_download(uint16_t block, const void *bytes, size_t len)
{
    static uint8_t copy[4096];

    memcpy(copy, bytes, len);
    return host_control(DFU_OUT, DFU_DNLOAD, block, copy, len, NULL);
}

/* Send a block, busy first and then done.  Returns the status. */
uint8_t
host_run_block(uint16_t block, const void *bytes, size_t len)
{
    struct dfu_report r;

    ck_assert_ok(host_download(block, bytes, len));
    ck_assert_uint_eq(host_state(), DFU_DNLOAD_SYNC);
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_DNBUSY);
    ck_assert_uint_eq(r.status, DFU_OK);
    host_status(&r);
    ck_assert_uint_eq(r.state,
                      r.status == DFU_OK ? DFU_DNLOAD_IDLE : DFU_ERROR);
    if (r.status != DFU_OK)
        ck_assert_ok(host_control(DFU_OUT, DFU_CLRSTATUS, 0, NULL, 0, NULL));
    return r.status;
}

uint8_t
host_command(uint8_t code, uint32_t address)
{
    uint8_t raw[DFU_ADDRESS_LEN];

    sfi__dfu_write_address(raw, code, address);
    return host_run_block(0, raw, sizeof(raw));
}

void
host_idle(void)
{
    ck_assert_ok(host_control(DFU_OUT, DFU_ABORT, 0, NULL, 0, NULL));
    ck_assert_uint_eq(host_state(), DFU_IDLE);
}

void
host_assert_stalls(sfi_status st)
{
    struct dfu_report r;

    ck_assert_int_eq(st, SFI_ERR_NACK);
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_ERROR);
    ck_assert_ok(host_control(DFU_OUT, DFU_CLRSTATUS, 0, NULL, 0, NULL));
}
