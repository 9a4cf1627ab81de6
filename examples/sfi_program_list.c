/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program -l: list the connected ports. */
#include <string.h>

#include "sfi_program.h"

#define KIND_LAST 3u /* of the words of -l */

struct list {
    struct json *out;
    size_t kind, last; /* the one whose title was printed, and the last */
    bool filled;       /* a port of it was printed */
    sfi_status st;     /* only USB devices can fail to be listed */
};

/* "FT232R USB UART, FTDI, serial number A50285BI" below its port, which is
 * serial when it has no scheme. */
static void
device_show(const sfi_transport_found *f, const char *remedy, struct json *j)
{
    const char *const names[] = {"product", "manufacturer", "serial"};
    const char *const texts[] = {f->product, f->manufacturer, f->serial};
    size_t scheme = strcmp(f->kind, "serial") == 0 ? strlen("serial:") : 0;
    const char *port = f->uri + scheme;
    const char *lead = "\n    ";

    json_open_object(j, NULL);
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
    if (f->lasting_uri[0] != '\0') {
        port = f->lasting_uri + scheme;
        json_text(j, "lasting_port", port);
        cli_print("    also port=%s\n", cli_visible(port));
    }
    if ((f->flags & SFI_FOUND_DENIED) != 0)
        cli_print("    access denied: %s\n", remedy);
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
    const sfi_port_kind *k = sfi_port_kind_at(l->kind);
    bool failed = l->st != SFI_OK && strcmp(k->feature, "usb") == 0;

    if (!l->filled)
        cli_print("  %s\n", sfi_has_feature(k->feature) == 0
                                ? "this libsfi was built without this kind"
                            : failed ? "listing failed"
                                     : k->none);
    l->filled = false;
    if (l->kind++ < l->last)
        cli_print("%s:\n", sfi_port_kind_at(l->kind)->title);
}

/* The library lists kind by kind. */
static void
list_on_found(void *user, const sfi_transport_found *found)
{
    struct list *l = user;
    size_t i = l->kind;

    while (i <= l->last && strcmp(sfi_port_kind_at(i)->kind, found->kind) != 0)
        i++;
    if (i > l->last)
        return;
    while (l->kind < i)
        list_end_kind(l);
    l->filled = true;
    device_show(found, sfi_port_kind_at(i)->remedy, l->out);
}

sfi_status
program_list(struct program *p)
{
    size_t first = (size_t)cli_value_number(&p->cli, OPT_LIST, 0);
    size_t last = (size_t)cli_value_number(&p->cli, OPT_LIST, KIND_LAST);
    struct list l = {.out = &p->out, .kind = first, .last = last};

    cli_print("%s:\n", sfi_port_kind_at(first)->title);
    json_open_array(&p->out, "found");
    l.st = sfi_transport_list(p->ctx, list_on_found, &l);
    while (l.kind <= last)
        list_end_kind(&l);
    json_close(&p->out);
    json_open_array(&p->out, "not_built_in");
    for (size_t i = first; i <= last; i++) {
        const sfi_port_kind *k = sfi_port_kind_at(i);

        if (sfi_has_feature(k->feature) == 0)
            json_text(&p->out, NULL, k->kind);
    }
    json_close(&p->out);
    return strcmp(sfi_port_kind_at(last)->feature, "usb") == 0 ? l.st : SFI_OK;
}
