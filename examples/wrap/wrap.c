/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-sim wrap: set up the test bed, run the command in it, keep the chips'
 * clocks. */
#define _POSIX_C_SOURCE 200809L
#include "wrap/wrap.h"

#include <signal.h>
#include <sys/wait.h>

#include <glib-unix.h>

#include "wrap/bed.h"

#define TICK_MS 50u
/* There is no reset line, so an option byte change that needs a reset gets a
 * power cycle after the command was silent for so long.  It is less than the
 * 200 ms between two checks of the library for a reset. */
#define IDLE_US 120000
/* Who ends a command does not take the chip out at once: so long of the chip's
 * time the supply stays, in which an L4 erases its bootloader. */
#define AFTER_MS 2000u
#define PRELOAD "libumockdev-preload.so.0"

/* The device number of the root hub. */
#define HUB 1u

/* As in a shell: 128 and the number of the signal. */
#define BY_SIGNAL 128

static void
part_pass_time(struct part *p)
{
    gint64 now = g_get_monotonic_time();

    sfi_sim_wait(p->sim, (uint32_t)((now - p->waited_us) / 1000));
    p->waited_us += (now - p->waited_us) / 1000 * 1000;
}

void
part_enter(struct part *p)
{
    g_mutex_lock(&p->bed->lock);
    part_pass_time(p);
    p->used_us = g_get_monotonic_time();
}

void
part_leave(struct part *p)
{
    g_mutex_unlock(&p->bed->lock);
}

static void
part_tick(struct part *p)
{
    part_pass_time(p);
    if (sfi_sim_has_power(p->sim) && sfi_sim_reset_is_due(p->sim) &&
        p->waited_us - p->used_us >= IDLE_US &&
        sfi_sim_power_on(p->sim) != SFI_OK)
        g_main_loop_quit(p->bed->loop);
    if (p->usb != NULL)
        (void)part_usb_look(p, NULL);
}

static gboolean
bed_on_tick(gpointer user)
{
    struct bed *b = user;

    g_mutex_lock(&b->lock);
    for (unsigned i = 0; i < b->count; i++)
        part_tick(&b->parts[i]);
    g_mutex_unlock(&b->lock);
    return G_SOURCE_CONTINUE;
}

static gboolean
bed_on_pull_signal(gpointer user)
{
    struct bed *b = user;

    g_mutex_lock(&b->lock);
    for (unsigned i = 0; i < b->count; i++)
        part_probe_pull(&b->parts[i]);
    g_mutex_unlock(&b->lock);
    return G_SOURCE_CONTINUE;
}

static void
bed_on_command_exit(GPid pid, gint status, gpointer user)
{
    struct bed *b = user;

    b->status =
        WIFEXITED(status) ? WEXITSTATUS(status) : BY_SIGNAL + WTERMSIG(status);
    g_spawn_close_pid(pid);
    g_mutex_lock(&b->lock);
    for (unsigned i = 0; i < b->count; i++)
        sfi_sim_wait(b->parts[i].sim, AFTER_MS);
    g_mutex_unlock(&b->lock);
    g_main_loop_quit(b->loop);
}

/* umockdev's preloaded library goes before those of the caller. */
static gboolean
bed_spawn_command(struct bed *b, const char *const *command, GError **error)
{
    gchar **environment = g_get_environ();
    const char *others = g_environ_getenv(environment, "LD_PRELOAD");
    gchar *preload =
        g_strconcat(PRELOAD, others != NULL ? ":" : NULL, others, NULL);
    gchar **arguments = g_strdupv((gchar **)(uintptr_t)command);
    GPid pid = 0;
    gboolean ok;

    environment = g_environ_setenv(environment, "LD_PRELOAD", preload, TRUE);
    ok = g_spawn_async(NULL, arguments, environment,
                       G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                           G_SPAWN_CHILD_INHERITS_STDIN,
                       NULL, NULL, &pid, error);
    if (ok)
        (void)g_child_watch_add(pid, bed_on_command_exit, b);
    g_strfreev(arguments);
    g_free(preload);
    g_strfreev(environment);
    return ok;
}

static void
bed_run_main_loop(struct bed *b)
{
    guint tick = g_timeout_add(TICK_MS, bed_on_tick, b);
    guint pull = g_unix_signal_add(SIGUSR1, bed_on_pull_signal, b);

    g_main_loop_run(b->loop);
    (void)g_source_remove(tick);
    (void)g_source_remove(pull);
}

static bool
bed_start_part(struct bed *b, sfi_sim *sim, unsigned wired, GError **error)
{
    struct part *p = &b->parts[b->count];
    bool ok = true;

    p->bed = b;
    p->index = b->count++;
    p->sim = sim;
    p->waited_us = g_get_monotonic_time();
    p->used_us = p->waited_us;
    if ((wired & WRAP_USB) != 0)
        ok = part_usb_start(p, error);
    if (ok && (wired & WRAP_PROBE) != 0)
        ok = part_probe_start(p, error);
    if (ok && (wired & WRAP_SPI) != 0)
        ok = part_spi_start(p, error);
    return ok;
}

static void
bed_end_part(struct part *p)
{
    part_usb_end(p);
    part_probe_end(p);
    part_spi_end(p);
}

int
sim_wrap(const struct cli *c, sfi_sim *const *chips, size_t count,
         unsigned wired, const char *const *command)
{
    struct bed b = {
        .testbed = umockdev_testbed_new(),
        .loop = g_main_loop_new(NULL, FALSE),
        .last_number = HUB,
    };
    GError *error = NULL;
    bool ok = true;

    g_mutex_init(&b.lock);
    for (size_t i = 0; ok && i < count; i++)
        ok = bed_start_part(&b, chips[i], wired, &error);
    if (ok)
        ok = bed_spawn_command(&b, command, &error);
    if (ok)
        bed_run_main_loop(&b);
    else
        b.status = cli_fail_text(c, SFI_ERR_OS, "%s", error->message);
    g_clear_error(&error);
    g_mutex_lock(&b.lock);
    for (unsigned i = 0; i < b.count; i++)
        bed_end_part(&b.parts[i]);
    g_mutex_unlock(&b.lock);
    g_mutex_clear(&b.lock);
    g_main_loop_unref(b.loop);
    g_object_unref(b.testbed);
    return b.status;
}
