/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The PINs of a shift: typed once, kept until the shift is locked. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <string.h>

#include "station/station.h"

struct held {
    char serial[40];    /* of the HSM */
    struct cli_pin pin; /* len 0: none */
};

static struct {
    pthread_mutex_t lock;
    struct held held[STATION_HSMS_MAX];
    uint64_t touched_ms;
} shift = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct held *
shift_find(const char *serial)
{
    for (size_t i = 0; i < STATION_HSMS_MAX; i++) {
        if (shift.held[i].pin.len > 0 &&
            strcmp(shift.held[i].serial, serial) == 0)
            return &shift.held[i];
    }
    return NULL;
}

static void
shift_tell(void)
{
    bool is_open = false;

    for (size_t i = 0; i < STATION_HSMS_MAX; i++)
        is_open = is_open || shift.held[i].pin.len > 0;
    tell("shift", json_pack("{s:b}", "open", is_open));
}

void
shift_hold(const char *serial, const char *pin_secret)
{
    size_t len = strlen(pin_secret);
    struct held *h;

    (void)pthread_mutex_lock(&shift.lock);
    h = shift_find(serial);
    for (size_t i = 0; i < STATION_HSMS_MAX && h == NULL; i++) {
        if (shift.held[i].pin.len == 0)
            h = &shift.held[i];
    }
    if (h != NULL && len > 0 && len <= CLI_PIN_MAX && serial[0] != '\0' &&
        strlen(serial) < sizeof(h->serial)) {
        memcpy(h->serial, serial, strlen(serial) + 1);
        memcpy(h->pin.pin_secret, pin_secret, len + 1);
        h->pin.len = len;
        shift.touched_ms = cli_now_ms();
    }
    shift_tell();
    (void)pthread_mutex_unlock(&shift.lock);
}

bool
shift_pin(const char *serial, struct cli_pin *pin)
{
    struct held *h;

    (void)pthread_mutex_lock(&shift.lock);
    h = shift_find(serial);
    if (h != NULL)
        *pin = h->pin;
    (void)pthread_mutex_unlock(&shift.lock);
    return h != NULL;
}

bool
shift_has(const char *serial)
{
    bool has;

    (void)pthread_mutex_lock(&shift.lock);
    has = shift_find(serial) != NULL;
    (void)pthread_mutex_unlock(&shift.lock);
    return has;
}

void
shift_drop(const char *serial)
{
    struct held *h;

    (void)pthread_mutex_lock(&shift.lock);
    h = shift_find(serial);
    if (h != NULL)
        cli_wipe(h, sizeof(*h));
    shift_tell();
    (void)pthread_mutex_unlock(&shift.lock);
}

void
shift_lock(void)
{
    (void)pthread_mutex_lock(&shift.lock);
    cli_wipe(shift.held, sizeof(shift.held));
    shift_tell();
    (void)pthread_mutex_unlock(&shift.lock);
}

void
shift_touch(void)
{
    (void)pthread_mutex_lock(&shift.lock);
    shift.touched_ms = cli_now_ms();
    (void)pthread_mutex_unlock(&shift.lock);
}

void
shift_tick(unsigned idle_s)
{
    bool is_idle;

    (void)pthread_mutex_lock(&shift.lock);
    is_idle = cli_now_ms() - shift.touched_ms >= idle_s * UINT64_C(1000);
    (void)pthread_mutex_unlock(&shift.lock);
    if (is_idle)
        shift_lock();
}
