/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Any control transfers to a chip's USB.  The first byte selects the chip's
 * state; then comes a byte for each step (enum), and its operands. */
#include <string.h>

#include "proto/dfu.h"
#include "sim/boot.h"

#include "fuzz_chip.h"

enum step {
    STEP_DNLOAD, /* block, length, data */
    STEP_BLOCK,  /* the same and two GETSTATUS: done */
    STEP_UPLOAD, /* block, length */
    STEP_GETSTATUS,
    STEP_CLRSTATUS,
    STEP_GETSTATE,
    STEP_ABORT,
    STEP_DESCRIPTOR, /* type, index */
    STEP_STANDARD,   /* type, request, value */
    STEP_WILD,       /* type, request, value, index, length */
    STEP_WAIT,       /* 8 ms */
    STEP_ATTACH,
    STEP_RESET,
    STEPS
};

/* Some blocks and lengths say more than others. */
static uint16_t
number(struct fuzz_input *in)
{
    uint8_t low = fuzz_byte(in);

    return low < 0xf0 ? low : (uint16_t)(low << 8 | fuzz_byte(in));
}

/* The data stage is in memory of its exact length. */
static enum usb_answer
transfer(struct sfi_sim *sim, struct fuzz_input *in, struct usb_setup setup)
{
    uint8_t *data = malloc(setup.length > 0 ? setup.length : 1);
    enum usb_answer answer;
    size_t got = 1;

    FUZZ_HOLDS(data != NULL);
    memset(data, 0, setup.length);
    if ((setup.type & USB_IN) == 0)
        fuzz_bytes(in, data, setup.length);
    answer = sfi__dfu_device_control(sim, &setup, data, &got);
    FUZZ_HOLDS(got <= setup.length);
    if ((setup.type & USB_IN) != 0)
        fuzz_chip_says(data, got);
    free(data);
    return answer;
}

static enum usb_answer
ask(struct sfi_sim *sim, uint8_t type, uint8_t request, uint16_t value,
    uint16_t len)
{
    struct fuzz_input none = {0};
    const struct usb_setup setup = {type, request, value, 0, len};

    return transfer(sim, &none, setup);
}

/* A GETSTATUS is answered, unless the chip left. */
static void
get_status(struct sfi_sim *sim)
{
    FUZZ_HOLDS(ask(sim, DFU_IN, DFU_GETSTATUS, 0, DFU_REPORT_LEN) !=
               USB_STALLED);
}

static void
download(struct sfi_sim *sim, struct fuzz_input *in)
{
    uint16_t block = number(in);
    uint16_t len = number(in) % (DFU_TRANSFER_MAX + 64);

    (void)transfer(sim, in,
                   (struct usb_setup){DFU_OUT, DFU_DNLOAD, block, 0, len});
}

static void
upload(struct sfi_sim *sim, struct fuzz_input *in)
{
    uint16_t block = number(in);

    (void)ask(sim, DFU_IN, DFU_UPLOAD, block, number(in));
}

static void
wild(struct sfi_sim *sim, struct fuzz_input *in, bool all)
{
    struct usb_setup setup = {.type = fuzz_byte(in), .request = fuzz_byte(in)};

    setup.value = number(in);
    setup.index = all ? number(in) : 0;
    setup.length = all ? number(in) : 64;
    (void)transfer(sim, in, setup);
}

static void
step(struct sfi_sim *sim, struct fuzz_input *in)
{
    switch ((enum step)(fuzz_byte(in) % STEPS)) {
    case STEP_DNLOAD:
        download(sim, in);
        break;
    case STEP_BLOCK:
        download(sim, in);
        get_status(sim);
        get_status(sim);
        break;
    case STEP_UPLOAD:
        upload(sim, in);
        break;
    case STEP_GETSTATUS:
        get_status(sim);
        break;
    case STEP_CLRSTATUS:
        (void)ask(sim, DFU_OUT, DFU_CLRSTATUS, 0, 0);
        break;
    case STEP_GETSTATE:
        (void)ask(sim, DFU_IN, DFU_GETSTATE, 0, 1);
        break;
    case STEP_ABORT:
        (void)ask(sim, DFU_OUT, DFU_ABORT, 0, 0);
        break;
    case STEP_DESCRIPTOR:
        (void)ask(sim, USB_IN, USB_GET_DESCRIPTOR,
                  (uint16_t)(fuzz_byte(in) % 8 << 8 | fuzz_byte(in)), 255);
        break;
    case STEP_STANDARD:
        wild(sim, in, false);
        break;
    case STEP_WILD:
        wild(sim, in, true);
        break;
    case STEP_WAIT:
        sfi__sim_wait(sim, 8u * fuzz_byte(in));
        break;
    case STEP_ATTACH:
        (void)sfi__dfu_device_attach(sim);
        break;
    case STEP_RESET:
        sfi__sim_reset(sim);
        break;
    case STEPS:
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_input in = {data, len};
    struct sfi_sim *sim = fuzz_chip(fuzz_byte(&in) % FUZZ_STARTS);

    FUZZ_HOLDS(sfi__dfu_device_attach(sim));
    while (in.left > 0)
        step(sim, &in);
    fuzz_chip_end();
    return 0;
}
