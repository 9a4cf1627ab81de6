/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* State and counters of an HSM as text, in the words of ST's tools, and as
 * JSON. */
#include "cli/hsm_words.h"

#include <inttypes.h>
#include <string.h>

static bool
hsm_may_show(const char *parameter)
{
    static const char *const harmless[] = {
        "host=", "hostaddr=", "port=", "dbname=", "user=", "vault="};
    size_t i = 0;

    while (i < sizeof(harmless) / sizeof(*harmless) &&
           strncmp(parameter, harmless[i], strlen(harmless[i])) != 0)
        i++;
    return i < sizeof(harmless) / sizeof(*harmless);
}

/* A URI may have a password, before an "@" or in its parameters. */
const char *
cli_hsm_shown(const char *slot)
{
    static char shown[512];
    const char *scheme = strstr(slot, "://");
    const char *at;
    char before = '?';
    int used;

    if (strncmp(slot, "vault:postgres", strlen("vault:postgres")) != 0 ||
        scheme == NULL)
        return slot;
    at = strrchr(slot, '@') != NULL ? strrchr(slot, '@') + 1 : scheme + 3;
    used = snprintf(shown, sizeof(shown), "%.*s%.*s", (int)(scheme + 3 - slot),
                    slot, (int)strcspn(at, "?&"), at);
    for (at += strcspn(at, "?&"); *at != '\0'; at += strcspn(at, "&")) {
        at++;
        if (!hsm_may_show(at) || used < 0 || (size_t)used >= sizeof(shown))
            continue;
        used += snprintf(shown + used, sizeof(shown) - (size_t)used, "%c%.*s",
                         before, (int)strcspn(at, "&"), at);
        before = '&';
    }
    return shown;
}

/* A vault without a file is blank. */
sfi_status
cli_hsm_open(sfi_ctx *ctx, const char *slot, const char *blank, sfi_hsm **out,
             sfi_hsm_info *info)
{
    sfi_status st = sfi_hsm_open(ctx, slot, out);

    if (st == SFI_OK)
        st = sfi_hsm_get_info(*out, info);
    if (st == SFI_OK && info->state == SFI_HSM_BLANK &&
        strncmp(slot, "vault:", 6) == 0)
        st = cli_report(ctx, SFI_ERR_OS,
                        "%.400s: there is no such vault: correct its name, or "
                        "provision it first",
                        cli_hsm_shown(slot));
    else if (st == SFI_OK && info->state == SFI_HSM_BLANK && blank != NULL)
        st = cli_report(ctx, SFI_ERR_HSM_STATE, "%.400s: %s",
                        cli_hsm_shown(slot), blank);
    if (st == SFI_OK)
        return SFI_OK;
    sfi_hsm_free(*out);
    *out = NULL;
    return st;
}

bool
cli_hsm_has_pin(const char *slot)
{
    return strncmp(slot, "server:", 7) != 0;
}

sfi_status
cli_hsm_login(const struct cli *c, sfi_ctx *ctx, const char *slot, sfi_hsm *hsm,
              const char *file, bool twice)
{
    struct cli_pin pin;
    sfi_status st;

    if (!cli_hsm_has_pin(slot))
        return SFI_OK;
    st = cli_pin_read(c, ctx, file, twice, &pin);
    if (st == SFI_OK)
        st = sfi_hsm_login(hsm, pin.pin_secret, pin.len);
    cli_pin_wipe(&pin);
    return st;
}

const char *
hsm_state(const sfi_hsm_info *info)
{
    switch (info->state) {
    case SFI_HSM_BLANK:
        return "BLANK STATE";
    case SFI_HSM_OPERATIONAL:
        return "OPERATIONAL STATE";
    case SFI_HSM_EXHAUSTED:
        return "EXHAUSTED STATE";
    case SFI_HSM_BLOCKED:
        return "BLOCKED STATE";
    case SFI_HSM_RETIRED:
        return "RETIRED STATE";
    default:
        return "UNKNOWN STATE";
    }
}

/* Without tries an HSM is blocked, or has no PIN. */
static bool
hsm_tells_tries(const sfi_hsm_info *info)
{
    return info->pin_tries_left != 0 || info->state == SFI_HSM_BLOCKED;
}

void
hsm_print(FILE *out, const sfi_hsm_info *info)
{
    (void)fprintf(out, "HSM STATE: %s\n", hsm_state(info));
    if (info->state != SFI_HSM_BLANK) {
        (void)fprintf(out, "HSM FW IDENTIFIER: %s\n",
                      cli_visible(info->firmware_id));
        (void)fprintf(out, "HSM COUNTER: %" PRIu64 "\n", info->remaining);
        (void)fprintf(out, "HSM MAXIMUM COUNTER: %" PRIu64 "\n", info->maximum);
        (void)fprintf(out, "HSM PRODUCT ID: %s\n",
                      cli_visible(info->product_id));
        (void)fprintf(out, "HSM SERIAL NUMBER: %s\n",
                      cli_visible(info->serial));
        (void)fprintf(out, "HSM LOW WATER: %" PRIu64 "\n", info->low_water);
        (void)fprintf(out, "HSM AUDIT RECORDS: %" PRIu64 "\n", info->records);
        if ((info->flags & SFI_HSM_LIVE_ONLY) != 0)
            (void)fprintf(out, "HSM LICENSES: live only\n");
    }
    if (hsm_tells_tries(info))
        (void)fprintf(out, "HSM PIN TRIES LEFT: %" PRIu32 "\n",
                      info->pin_tries_left);
}

void
hsm_json(struct json *j, const sfi_hsm_info *info)
{
    json_text(j, "state", hsm_state(info));
    if (info->state != SFI_HSM_BLANK) {
        json_text(j, "firmware_id", info->firmware_id);
        json_number(j, "remaining", info->remaining);
        json_number(j, "maximum", info->maximum);
        json_text(j, "product_id", info->product_id);
        json_text(j, "serial", info->serial);
        json_number(j, "low_water", info->low_water);
        json_number(j, "records", info->records);
        json_bool(j, "live_only", (info->flags & SFI_HSM_LIVE_ONLY) != 0);
    }
    if (hsm_tells_tries(info))
        json_number(j, "pin_tries_left", info->pin_tries_left);
}

bool
hsm_is_low(const sfi_hsm_info *info)
{
    return info->remaining <= info->low_water;
}

void
hsm_left_json(struct json *j, const sfi_hsm_info *info)
{
    json_number(j, "hsm_remaining", info->remaining);
    json_bool(j, "hsm_low_water", hsm_is_low(info));
}
