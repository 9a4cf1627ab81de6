/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The PIN that a job needs: the shift's, or one that is typed for it. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/hsm_words.h"
#include "station/line.h"

#define VAULT "vault:"

void
line_hsm(const struct line *l, const char *slot, char out[STATION_PATH_MAX])
{
    char path[STATION_PATH_MAX * 2], real[STATION_PATH_MAX];
    const char *file = slot + sizeof(VAULT) - 1;
    size_t len;

    (void)snprintf(out, STATION_PATH_MAX, "%s", slot);
    if (strncmp(slot, VAULT, sizeof(VAULT) - 1) != 0)
        return;
    len = strcspn(file, "?"); /* a token follows */
    (void)snprintf(path, sizeof(path), "%s%s%.*s",
                   file[0] == '/' ? "" : l->folder, file[0] == '/' ? "" : "/",
                   (int)len, file);
    if (realpath(path, real) != NULL)
        (void)snprintf(out, STATION_PATH_MAX, VAULT "%.2000s%.2000s", real,
                       file + len);
}

/* A wrong PIN costs a try here, and none of a board. */
static bool
line_try_pin(struct desk *d, sfi_hsm *h, const sfi_hsm_info *info,
             const struct ask *a, struct reply *r)
{
    const char *pin_secret = ask_text(a, "pin");
    sfi_status st;

    if (info->pin_tries_left == 1 && !ask_bool(a, "last_try")) {
        reply_refuse(r, SFI_ERR_HSM_PIN, "last_try",
                     "one try is left: another wrong PIN blocks the HSM");
        return false;
    }
    st = sfi_hsm_login(h, pin_secret, strlen(pin_secret));
    if (st == SFI_OK)
        shift_hold(info->serial, pin_secret);
    else
        reply_refuse(r, st, "pin", "%s",
                     sfi_error_message(sfi_ctx_error(d->ctx)));
    return st == SFI_OK;
}

/* The PIN of the HSM that is there now, by its serial number. */
static bool
line_shift_pin(struct desk *d, const struct ask *a, const char *slot,
               struct cli_pin *pin, struct reply *r)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    char name[STATION_PATH_MAX];
    sfi_hsm *h = NULL;
    sfi_status st;
    bool has = false;

    line_hsm(d->data, slot, name);
    st = sfi_hsm_open(d->ctx, name, &h);
    if (st == SFI_OK)
        st = sfi_hsm_get_info(h, &info);
    if (st != SFI_OK)
        reply_refuse(r, st, "hsm", "%s",
                     sfi_error_message(sfi_ctx_error(d->ctx)));
    else if (ask_text(a, "pin")[0] == '\0' || line_try_pin(d, h, &info, a, r)) {
        has = shift_pin(info.serial, pin);
        if (!has)
            reply_refuse(r, SFI_ERR_HSM_PIN, "pin",
                         "the shift has no PIN of %s: type it once", slot);
    }
    sfi_hsm_free(h);
    return has;
}

bool
line_get_pin(struct desk *d, const struct ask *a, struct cli_pin *pin,
             bool *has, struct reply *r)
{
    struct line *l = d->data;
    const char *slot = json_string_value(json_object_get(l->plan, "slot"));

    *has = false;
    if (slot == NULL || !cli_hsm_has_pin(slot) ||
        json_is_true(json_object_get(l->plan, "pin_file")))
        return true;
    *has = line_shift_pin(d, a, slot, pin, r);
    return *has;
}
