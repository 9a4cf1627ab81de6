/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program -l: list the connected ports. */
#include <string.h>

#include "sfi_program.h"

/* The kinds of ports, in the order of the words of -l. */
static const struct kind {
    const char *kind;
    const char *feature; /* also the name of the meson option */
    const char *title;
    const char *none;
    const char *remedy; /* when access is denied */
} kinds[] = {
    {"serial", "serial", "Serial ports", "no serial port is connected",
     "join its group, often dialout"},
    {"spi", "spi", "SPI ports", "no SPI port (/dev/spidev*) was found",
     "add a udev rule for it"},
    {"usb", "usb", "USB devices in DFU mode",
     "no chip in DFU mode is connected", "add a udev rule for it"},
    {"cmsis-dap", "usb", "Debug probes",
     "no CMSIS-DAP probe is connected; openocd knows others",
     "add a udev rule for it"},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(*kinds))

struct list {
    struct json *out;
    uint64_t first, last; /* the wanted kinds */
    uint64_t kind;        /* the one whose title was printed */
    bool filled;          /* a port of it was printed */
    sfi_status st;        /* only USB devices can fail to be listed */
};

/* A port without a scheme is serial. */
static const char *
uri_as_port_name(const char *uri)
{
    return strncmp(uri, "serial:", 7) == 0 ? uri + 7 : uri;
}

/* "FT232R USB UART, FTDI, serial number A50285BI" below its port. */
static void
device_show(const struct kind *k, const sfi_transport_found *f, struct json *j)
{
    const char *const names[] = {"product", "manufacturer", "serial"};
    const char *const texts[] = {f->product, f->manufacturer, f->serial};
    const char *port = uri_as_port_name(f->uri);
    const char *lasting = uri_as_port_name(f->lasting_uri);
    const char *lead = "\n    ";

    json_object(j, NULL);
    json_text(j, "kind", f->kind);
    json_text(j, "uri", f->uri);
    json_text(j, "port", port);
    cli_print("  port=%s", cli_visible(port));
    for (int i = 0; i < 3; i++) {
        json_text(j, names[i], texts[i]);
        if (texts[i][0] == '\0')
            continue;
        cli_print("%s%s%s", lead, i == 2 ? "serial number " : "",
                  cli_visible(texts[i]));
        lead = ", ";
    }
    cli_print("\n");
    if (lasting[0] != '\0') {
        json_text(j, "lasting_port", lasting);
        cli_print("    also port=%s\n", cli_visible(lasting));
    }
    if ((f->flags & SFI_FOUND_DENIED) != 0)
        cli_print("    access denied: %s\n", k->remedy);
    if ((f->flags & SFI_FOUND_BUSY) != 0)
        cli_print("    in use by another program\n");
    json_bool(j, "denied", (f->flags & SFI_FOUND_DENIED) != 0);
    json_bool(j, "busy", (f->flags & SFI_FOUND_BUSY) != 0);
    json_close(j);
}

/* End a kind, which may be empty, and begin the next one. */
static void
list_end_kind(struct list *l)
{
    const struct kind *k = &kinds[l->kind];
    const char *why = k->none;

    if (l->st != SFI_OK && strcmp(k->feature, "usb") == 0)
        why = "listing failed";
    if (sfi_has_feature(k->feature) == 0)
        why = "this libsfi was built without this kind";
    if (!l->filled)
        cli_print("  %s\n", why);
    l->filled = false;
    if (l->kind++ < l->last)
        cli_print("%s:\n", kinds[l->kind].title);
}

/* The library lists kind by kind. */
static void
list_on_found(void *user, const sfi_transport_found *found)
{
    struct list *l = user;
    uint64_t i = l->first;

    while (i <= l->last && strcmp(kinds[i].kind, found->kind) != 0)
        i++;
    if (i > l->last)
        return;
    while (l->kind < i)
        list_end_kind(l);
    l->filled = true;
    device_show(&kinds[i], found, l->out);
}

sfi_status
program_list(struct program *p)
{
    struct list l = {
        .out = &p->out,
        .first = cli_value_number(&p->cli, OPT_LIST, 0),
        .last = cli_value_number(&p->cli, OPT_LIST, KIND_COUNT - 1),
    };

    l.kind = l.first;
    cli_print("%s:\n", kinds[l.kind].title);
    json_array(&p->out, "found");
    l.st = sfi_transport_list(p->ctx, list_on_found, &l);
    while (l.kind <= l.last)
        list_end_kind(&l);
    json_close(&p->out);
    json_array(&p->out, "not_built_in");
    for (uint64_t i = l.first; i <= l.last; i++) {
        if (sfi_has_feature(kinds[i].feature) == 0)
            json_text(&p->out, NULL, kinds[i].kind);
    }
    json_close(&p->out);
    return strcmp(kinds[l.last].feature, "usb") == 0 ? l.st : SFI_OK;
}
