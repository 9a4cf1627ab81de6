/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads the configuration: inih splits it into sections and values, and here
 * each has its place, its kind and its limits. */
#define _POSIX_C_SOURCE 200809L
#include "served/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

#include "cli/cli.h"
#include "served/served.h"

#define FILE_MAX (1u << 20)

/* A station without numbers of its own has those of 64 ports that are never
 * idle. */
static const struct config_station station_defaults = {
    .requests_per_minute = 6000,
    .devices_per_day = 100000,
    .connections = 128,
};
#define DEFAULT_CONNECTIONS 1024u

struct reading {
    sfi_ctx *ctx;
    struct config *config;
    const char *path;
    const char *at; /* what is not read yet */
    int line;
    sfi_status st;
    char section[CONFIG_TEXT_MAX]; /* the one that `firmware` or ... is of */
    struct config_firmware *firmware;
    struct config_station *station;
    uint32_t given; /* values of this section, each a bit */
};

static sfi_status config_fail(struct reading *r, int line, const char *fmt, ...)
    CLI_PRINTF(3, 4);

static sfi_status
config_fail(struct reading *r, int line, const char *fmt, ...)
{
    char text[256];
    va_list args;

    if (r->st != SFI_OK)
        return r->st; /* the first one */
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    r->st = line > 0
                ? cli_report(r->ctx, SFI_ERR_FORMAT, "%s:%d: %s", r->path, line,
                             text)
                : cli_report(r->ctx, SFI_ERR_FORMAT, "%s: %s", r->path, text);
    return r->st;
}

/* ---- values ---- */

enum value_kind { VALUE_TEXT, VALUE_NUMBER, VALUE_YES_NO, VALUE_LISTEN };

struct value_place {
    const char *name;
    enum value_kind kind;
    size_t offset; /* in the struct of its section */
    uint32_t min, max;
    bool repeats;
};

#define PLACE(type, member) .offset = offsetof(struct type, member)

static const struct value_place server_values[] = {
    {"listen", VALUE_LISTEN, 0, 0, 0, true},
    {"certificate", VALUE_TEXT, PLACE(config, certificate)},
    {"key", VALUE_TEXT, PLACE(config, key)},
    {"ca", VALUE_TEXT, PLACE(config, ca)},
    {"crl", VALUE_TEXT, PLACE(config, crl)},
    {"metrics", VALUE_TEXT, PLACE(config, metrics)},
    {"connections", VALUE_NUMBER, PLACE(config, connections), .min = 1,
     .max = 60000},
};

static const struct value_place firmware_values[] = {
    {"ledger", VALUE_TEXT, PLACE(config_firmware, ledger)},
    {"pin-file", VALUE_TEXT, PLACE(config_firmware, pin_file)},
};

static const struct value_place station_values[] = {
    {"firmware", VALUE_TEXT, PLACE(config_station, firmware_names)},
    {"requests-per-minute", VALUE_NUMBER,
     PLACE(config_station, requests_per_minute), .min = 1, .max = 10000000},
    {"devices-per-day", VALUE_NUMBER, PLACE(config_station, devices_per_day),
     .min = 0, .max = 100000000},
    {"connections", VALUE_NUMBER, PLACE(config_station, connections), .min = 1,
     .max = 60000},
    {"lease", VALUE_YES_NO, PLACE(config_station, lease)},
};

bool
config_address(const char *text, char host[CONFIG_TEXT_MAX], uint16_t *port)
{
    bool bracket = text[0] == '[';
    const char *end = bracket ? strchr(text, ']') : strrchr(text, ':');
    const char *start = text + (bracket ? 1 : 0);
    uint64_t number;

    if (end == NULL || end == start ||
        (size_t)(end - start) >= CONFIG_TEXT_MAX ||
        (bracket && end[1] != ':') ||
        !cli_number(end + (bracket ? 2 : 1), 65535, &number))
        return false;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    *port = (uint16_t)number;
    return bracket || strchr(host, ':') == NULL;
}

static void
value_put_listen(struct reading *r, const char *value)
{
    struct config *c = r->config;
    char host[CONFIG_TEXT_MAX];
    uint16_t port;

    if (!config_address(value, host, &port))
        (void)config_fail(r, r->line,
                          "listen = %s, expected ADDRESS:PORT or "
                          "[ADDRESS]:PORT",
                          cli_visible(value));
    else if (c->listen_count == LISTENS_MAX)
        (void)config_fail(r, r->line, "listen stands more than %u times",
                          LISTENS_MAX);
    else
        (void)snprintf(c->listen[c->listen_count++], CONFIG_TEXT_MAX, "%s",
                       value);
}

static void
value_put_number(struct reading *r, const struct value_place *v, uint32_t *out,
                 const char *value)
{
    uint64_t number;

    if (!cli_number(value, v->max, &number) || number < v->min)
        (void)config_fail(r, r->line,
                          "%s = %s, expected a number from %u to "
                          "%u",
                          v->name, cli_visible(value), v->min, v->max);
    else
        *out = (uint32_t)number;
}

static void
value_put(struct reading *r, const struct value_place *v, void *to,
          const char *value)
{
    char *at = (char *)to + v->offset;

    switch (v->kind) {
    case VALUE_TEXT:
        if (value[0] == '\0')
            (void)config_fail(r, r->line, "%s has no value", v->name);
        else
            (void)snprintf(at, CONFIG_TEXT_MAX, "%s", value);
        break;
    case VALUE_NUMBER:
        value_put_number(r, v, (uint32_t *)(void *)at, value);
        break;
    case VALUE_YES_NO:
        if (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0)
            *(bool *)(void *)at = value[0] == 'y';
        else
            (void)config_fail(r, r->line, "%s = %s, expected yes or no",
                              v->name, cli_visible(value));
        break;
    case VALUE_LISTEN:
        value_put_listen(r, value);
        break;
    }
}

static void
value_find(struct reading *r, const struct value_place *values, size_t count,
           void *to, const char *name, const char *value)
{
    for (size_t i = 0; i < count; i++) {
        const struct value_place *v = &values[i];

        if (strcmp(v->name, name) != 0)
            continue;
        if ((r->given & 1u << i) != 0 && !v->repeats)
            (void)config_fail(r, r->line, "%s stands there twice", v->name);
        r->given |= 1u << i;
        value_put(r, v, to, value);
        return;
    }
    (void)config_fail(r, r->line, "unknown name \"%s\" in [%s]",
                      cli_visible(name), cli_visible(r->section));
}

/* ---- sections ---- */

static void
section_begin_firmware(struct reading *r, const char *name)
{
    struct config *c = r->config;

    for (size_t i = 0; i < c->firmware_count; i++) {
        if (strcmp(c->firmwares[i].name, name) == 0) {
            (void)config_fail(r, r->line, "[firmware %s] stands there twice",
                              cli_visible(name));
            return;
        }
    }
    if (!tls_name_is_good(name) || strlen(name) > SFI_FIRMWARE_ID_MAX) {
        (void)config_fail(r, r->line,
                          "[firmware %s]: expected a name of letters, digits, "
                          "\".\", \"-\" and \"_\"",
                          cli_visible(name));
        return;
    }
    if (c->firmware_count == FIRMWARES_MAX) {
        (void)config_fail(r, r->line, "more than %u firmwares", FIRMWARES_MAX);
        return;
    }
    r->firmware = &c->firmwares[c->firmware_count++];
    (void)snprintf(r->firmware->name, sizeof(r->firmware->name), "%s", name);
    r->firmware->line = r->line;
}

static void
section_begin_station(struct reading *r, const char *name)
{
    struct config *c = r->config;

    for (size_t i = 0; i < c->station_count; i++) {
        if (strcmp(c->stations[i].name, name) == 0) {
            (void)config_fail(r, r->line, "[station %s] stands there twice",
                              cli_visible(name));
            return;
        }
    }
    if (strcmp(name, "*") != 0 && !tls_name_is_good(name)) {
        (void)config_fail(r, r->line,
                          "[station %s]: expected * or a name of letters, "
                          "digits, \".\", \"-\" and \"_\"",
                          cli_visible(name));
        return;
    }
    if (c->station_count == CONFIG_STATIONS_MAX) {
        (void)config_fail(r, r->line, "more than %u stations",
                          CONFIG_STATIONS_MAX);
        return;
    }
    r->station = &c->stations[c->station_count++];
    *r->station = station_defaults;
    (void)snprintf(r->station->name, sizeof(r->station->name), "%s", name);
    r->station->line = r->line;
}

static void
section_begin(struct reading *r, const char *section)
{
    (void)snprintf(r->section, sizeof(r->section), "%s", section);
    r->given = 0;
    r->firmware = NULL;
    r->station = NULL;
    if (strlen(section) >= 49) /* inih cuts a longer one */
        (void)config_fail(r, r->line,
                          "a section's name of more than 48 "
                          "characters");
    else if (strncmp(section, "firmware ", 9) == 0)
        section_begin_firmware(r, section + 9);
    else if (strncmp(section, "station ", 8) == 0)
        section_begin_station(r, section + 8);
    else if (strcmp(section, "server") != 0)
        (void)config_fail(r, r->line,
                          "[%s], expected [server], [firmware NAME] or "
                          "[station NAME]",
                          cli_visible(section));
}

static int
config_take(void *user, const char *section, const char *name,
            const char *value)
{
    struct reading *r = user;

    if (strcmp(section, r->section) != 0)
        section_begin(r, section);
    if (r->st != SFI_OK)
        return 1;
    if (r->firmware != NULL)
        value_find(r, firmware_values,
                   sizeof(firmware_values) / sizeof(*firmware_values),
                   r->firmware, name, value);
    else if (r->station != NULL)
        value_find(r, station_values,
                   sizeof(station_values) / sizeof(*station_values), r->station,
                   name, value);
    else
        value_find(r, server_values,
                   sizeof(server_values) / sizeof(*server_values), r->config,
                   name, value);
    return 1;
}

/* ---- the file ---- */

/* inih's reader of lines, which must not cut one. */
static char *
config_read_line(char *out, int room, void *stream)
{
    struct reading *r = stream;
    const char *end = strchr(r->at, '\n');
    size_t len = end != NULL ? (size_t)(end - r->at) + 1 : strlen(r->at);

    if (len == 0)
        return NULL;
    r->line++;
    if (len >= (size_t)room) {
        (void)config_fail(r, r->line, "a line of more than %d characters",
                          room - 2);
        return NULL;
    }
    memcpy(out, r->at, len);
    out[len] = '\0';
    r->at += len;
    return out;
}

static sfi_status
config_read_file(sfi_ctx *ctx, const char *path, char **out)
{
    char *text = malloc(FILE_MAX + 1);
    size_t len = 0;
    int fd;
    sfi_status st =
        text != NULL ? cli_open(ctx, path, O_RDONLY, 0, &fd) : SFI_ERR_NOMEM;

    while (st == SFI_OK && len < FILE_MAX) {
        ssize_t got = read(fd, text + len, FILE_MAX - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            st = cli_report_os(ctx, errno, "%s: cannot read", path);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    if (text != NULL && st != SFI_ERR_NOMEM)
        text[len] = '\0';
    if (st == SFI_OK && (len == FILE_MAX || strlen(text) != len))
        st = cli_report(ctx, SFI_ERR_FORMAT,
                        "%s: not a configuration: longer than 1 MiB, or not "
                        "text",
                        path);
    if (st == SFI_OK)
        (void)close(fd);
    if (st != SFI_OK)
        free(text);
    *out = st == SFI_OK ? text : NULL;
    return st;
}

/* ---- what belongs together ---- */

static void
config_check_station(struct reading *r, struct config_station *s)
{
    char names[CONFIG_TEXT_MAX], *save = NULL;
    const struct config *c = r->config;

    (void)snprintf(names, sizeof(names), "%s", s->firmware_names);
    for (char *name = strtok_r(names, ", \t", &save); name != NULL;
         name = strtok_r(NULL, ", \t", &save)) {
        size_t i = 0;

        if (strcmp(name, "*") == 0) {
            s->firmwares = UINT32_MAX;
            continue;
        }
        while (i < c->firmware_count && strcmp(c->firmwares[i].name, name) != 0)
            i++;
        if (i == c->firmware_count)
            (void)config_fail(r, s->line,
                              "[station %s]: there is no [firmware %s]",
                              s->name, cli_visible(name));
        else
            s->firmwares |= 1u << i;
    }
    if (s->firmwares == 0)
        (void)config_fail(r, s->line,
                          "[station %s]: firmware is missing: names, or *",
                          s->name);
}

static bool
config_is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

static void
config_check_server(struct reading *r)
{
    struct config *c = r->config;
    const struct {
        const char *name, *value;
    } needed[] = {
        {"listen", c->listen[0]},
        {"certificate", c->certificate},
        {"key", c->key},
        {"ca", c->ca},
    };
    char host[CONFIG_TEXT_MAX];
    uint16_t port;

    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
        if (needed[i].value[0] == '\0')
            (void)config_fail(r, 0, "[server]: %s is missing", needed[i].name);
    }
    if (c->metrics[0] != '\0' &&
        (!config_address(c->metrics, host, &port) || !config_is_loopback(host)))
        (void)config_fail(r, 0,
                          "[server]: metrics = %s, expected a port of this "
                          "machine: it is served without TLS",
                          cli_visible(c->metrics));
}

static void
config_check(struct reading *r)
{
    struct config *c = r->config;

    config_check_server(r);
    if (c->firmware_count == 0)
        (void)config_fail(r, 0, "there is no [firmware NAME]");
    if (c->station_count == 0)
        (void)config_fail(r, 0,
                          "there is no [station NAME], so nobody would "
                          "be served");
    for (size_t i = 0; i < c->firmware_count; i++) {
        if (c->firmwares[i].ledger[0] == '\0')
            (void)config_fail(r, c->firmwares[i].line,
                              "[firmware %s]: ledger is missing",
                              c->firmwares[i].name);
    }
    for (size_t i = 0; i < c->station_count; i++)
        config_check_station(r, &c->stations[i]);
}

sfi_status
config_load(sfi_ctx *ctx, const char *path, struct config **out)
{
    struct reading r = {.ctx = ctx, .path = path};
    char *text = NULL;
    int line;
    sfi_status st;

    *out = NULL;
    st = config_read_file(ctx, path, &text);
    if (st != SFI_OK)
        return st;
    r.config = calloc(1, sizeof(*r.config));
    if (r.config != NULL)
        r.config->stations =
            calloc(CONFIG_STATIONS_MAX, sizeof(*r.config->stations));
    if (r.config == NULL || r.config->stations == NULL) {
        r.st = SFI_ERR_NOMEM;
    } else {
        r.config->connections = DEFAULT_CONNECTIONS;
        r.at = text;
        line = ini_parse_stream(config_read_line, &r, config_take, &r);
        if (line > 0)
            (void)config_fail(&r, line, "neither [SECTION] nor NAME = VALUE");
        if (r.st == SFI_OK)
            config_check(&r);
    }
    free(text);
    if (r.st != SFI_OK)
        config_free(r.config);
    else
        *out = r.config;
    return r.st;
}

void
config_free(struct config *config)
{
    if (config != NULL)
        free(config->stations);
    free(config);
}
