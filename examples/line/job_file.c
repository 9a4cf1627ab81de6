/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The file of a job (doc/job.md), which inih parses.  It stands for a command
 * line of sfi-program --gang, and says how many boards and how they come. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

#include "cli/help.h"
#include "line/line.h"

#define JOB_FILE_MAX 65536u
#define JOB_LINE_MAX 198u /* of inih: 200 with the line's end and a NUL */
#define JOB_DAY (24 * 60 * 60)

struct job_reader {
    struct line *l;
    char *ports;     /* joined with commas */
    char wrong[400]; /* the first mistake */
    uint64_t seen;   /* a bit for each key */
    size_t port_count;
    char *image, *hsm, *store, *licenses, *protocol, *chip, *speed, *link;
    char *files[STATIONS_MAX];
    size_t file_count;
    char *option_bytes, *serial_at, *pin_file, *record, *timeout, *start;
    bool erase, verify, secure, reset;
};

static void
job_wrong(struct job_reader *r, const char *fmt, ...)
{
    va_list args;

    if (r->wrong[0] != '\0')
        return;
    va_start(args, fmt);
    (void)vsnprintf(r->wrong, sizeof(r->wrong), fmt, args);
    va_end(args);
}

static char *
job_copy(struct job_reader *r, const char *value)
{
    char *copy = strdup(value);

    if (copy == NULL)
        cli_nomem(r->l->p->cli.spec->program);
    return copy;
}

/* ---- values ---- */

static void
job_add_fact(struct job_reader *r, const char *name, const char *value)
{
    struct line *l = r->l;
    size_t size = strlen(name) + strlen(value) + 2;
    char *fact = malloc(size);

    if (fact == NULL)
        cli_nomem(l->p->cli.spec->program);
    (void)snprintf(fact, size, "%s%c%s", name, '\0', value);
    if (l->fact_count == LINE_WORDS_MAX) {
        job_wrong(r, "too many values");
        free(fact);
        return;
    }
    l->facts[l->fact_count++] = fact;
}

static bool
job_bool(struct job_reader *r, const char *value)
{
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        job_wrong(r, "\"%.60s\", expected yes or no", value);
    return strcmp(value, "yes") == 0;
}

static uint64_t
job_number(struct job_reader *r, const char *value, uint64_t min, uint64_t max)
{
    uint64_t n = 0;

    if (!cli_number(value, max, &n) || n < min)
        job_wrong(r,
                  "\"%.60s\", expected a number from %" PRIu64 " to %" PRIu64,
                  value, min, max);
    return n;
}

static void
job_take_ports(struct job_reader *r, const char *value)
{
    char *copy = job_copy(r, value), *rest = NULL, *port;

    for (port = strtok_r(copy, ", ", &rest); port != NULL;
         port = strtok_r(NULL, ", ", &rest)) {
        size_t size =
            (r->ports != NULL ? strlen(r->ports) + 1 : 0) + strlen(port) + 1;
        char *all = malloc(size);

        if (all == NULL)
            cli_nomem(r->l->p->cli.spec->program);
        (void)snprintf(all, size, "%s%s%s", r->ports != NULL ? r->ports : "",
                       r->ports != NULL ? "," : "", port);
        free(r->ports);
        r->ports = all;
        r->port_count++;
    }
    free(copy);
}

static void
job_take_next(struct job_reader *r, const char *value)
{
    struct line *l = r->l;

    if (strcmp(value, "none") == 0)
        l->next = LINE_NEXT_NONE;
    else if (strcmp(value, "enter") == 0)
        l->next = LINE_NEXT_ENTER;
    else if (strncmp(value, "socket:", 7) == 0 && value[7] != '\0') {
        l->next = LINE_NEXT_SOCKET;
        l->socket = job_copy(r, value + 7);
    } else
        job_wrong(r, "\"%.60s\", expected none, enter or socket:PATH", value);
}

static void
job_take_serial(struct job_reader *r, const char *value)
{
    struct line *l = r->l;

    if (strcmp(value, "none") == 0)
        l->serial = LINE_SERIAL_NONE;
    else if (strcmp(value, "scan") == 0)
        l->serial = LINE_SERIAL_SCAN;
    else if (strncmp(value, "counter:", 8) == 0) {
        l->serial = LINE_SERIAL_COUNTER;
        l->first_serial = job_number(r, value + 8, 0, UINT64_MAX / 2);
    } else
        job_wrong(r, "\"%.60s\", expected none, scan or counter:FIRST", value);
}

/* HH:MM, the next time that it is so late here; or +SECONDS from now. */
static void
job_take_shift_end(struct job_reader *r, const char *value)
{
    time_t now = time(NULL);
    struct tm local;
    unsigned hours, minutes;
    int end = 0;

    if (value[0] == '+') {
        r->l->shift_end = now + (time_t)job_number(r, value + 1, 1, JOB_DAY);
        return;
    }
    if (sscanf(value, "%2u:%2u%n", &hours, &minutes, &end) != 2 ||
        value[end] != '\0' || hours > 23 || minutes > 59 ||
        localtime_r(&now, &local) == NULL) {
        job_wrong(r, "\"%.60s\", expected HH:MM, or +SECONDS", value);
        return;
    }
    local.tm_hour = (int)hours;
    local.tm_min = (int)minutes;
    local.tm_sec = 0;
    local.tm_isdst = -1;
    r->l->shift_end = mktime(&local);
    if (r->l->shift_end > now)
        return;
    local.tm_mday++;
    local.tm_isdst = -1;
    r->l->shift_end = mktime(&local);
}

/* ---- keys ---- */

enum job_id {
    JOB_JOURNAL,
    JOB_PORTS,
    JOB_SPEED,
    JOB_CHIP,
    JOB_LINK,
    JOB_TIMEOUT,
    JOB_NEXT,
    JOB_SERIAL,
    JOB_COUNT,
    JOB_IMAGE,
    JOB_HSM,
    JOB_STORE,
    JOB_LICENSES,
    JOB_PROTOCOL,
    JOB_PIN_FILE,
    JOB_SECURE,
    JOB_ERASE,
    JOB_FILE,
    JOB_VERIFY,
    JOB_OPTION_BYTES,
    JOB_SERIAL_AT,
    JOB_START,
    JOB_RESET,
    JOB_FAILURES,
    JOB_SHIFT_END,
    JOB_CSV,
    JOB_RECORD,
    JOB_TEMPLATE,
    JOB_OUTPUT,
    JOB_KEYS
};

/* What makes the boards what they are is a fact of the whole job. */
static const struct {
    const char *section, *key;
    bool repeats, fact;
} job_keys[JOB_KEYS] = {
    [JOB_JOURNAL] = {"job", "journal", false, false},
    [JOB_PORTS] = {"job", "ports", true, false},
    [JOB_SPEED] = {"job", "speed", false, false},
    [JOB_CHIP] = {"job", "chip", false, true},
    [JOB_LINK] = {"job", "link", false, false},
    [JOB_TIMEOUT] = {"job", "timeout", false, false},
    [JOB_NEXT] = {"job", "next", false, true},
    [JOB_SERIAL] = {"job", "serial", false, true},
    [JOB_COUNT] = {"job", "count", false, true},
    [JOB_IMAGE] = {"install", "image", false, true},
    [JOB_HSM] = {"install", "hsm", false, true},
    [JOB_STORE] = {"install", "store", false, true},
    [JOB_LICENSES] = {"install", "licenses", false, true},
    [JOB_PROTOCOL] = {"install", "protocol", false, true},
    [JOB_PIN_FILE] = {"install", "pin-file", false, false},
    [JOB_SECURE] = {"install", "make-secure", false, false},
    [JOB_ERASE] = {"install", "erase", false, true},
    [JOB_FILE] = {"program", "file", true, true},
    [JOB_VERIFY] = {"program", "verify", false, false},
    [JOB_OPTION_BYTES] = {"program", "option-bytes", false, true},
    [JOB_SERIAL_AT] = {"program", "serial-at", false, true},
    [JOB_START] = {"program", "start", false, true},
    [JOB_RESET] = {"program", "reset", false, true},
    [JOB_FAILURES] = {"stop", "failures", false, false},
    [JOB_SHIFT_END] = {"stop", "shift-end", false, false},
    [JOB_CSV] = {"report", "csv", false, false},
    [JOB_RECORD] = {"report", "record", false, false},
    [JOB_TEMPLATE] = {"label", "template", false, false},
    [JOB_OUTPUT] = {"label", "output", false, false},
};

static void
job_take_file(struct job_reader *r, const char *value)
{
    if (r->file_count == STATIONS_MAX)
        job_wrong(r, "more than %u files", STATIONS_MAX);
    else
        r->files[r->file_count++] = job_copy(r, value);
}

static void
job_take_number_or_flag(struct job_reader *r, enum job_id id, const char *value)
{
    struct line *l = r->l;

    switch (id) {
    case JOB_COUNT:
        l->wanted = job_number(r, value, 1, UINT32_MAX);
        break;
    case JOB_FAILURES:
        l->row_max = job_number(r, value, 1, UINT32_MAX);
        break;
    case JOB_SECURE:
        r->secure = job_bool(r, value);
        break;
    case JOB_ERASE:
        r->erase = job_bool(r, value);
        break;
    case JOB_VERIFY:
        r->verify = job_bool(r, value);
        break;
    default:
        r->reset = job_bool(r, value);
        break;
    }
}

/* Where the text of a key goes; NULL: it is no plain text. */
static char **
job_text_of(struct job_reader *r, enum job_id id)
{
    struct line *l = r->l;
    char **const texts[JOB_KEYS] = {
        [JOB_JOURNAL] = &l->journal,
        [JOB_SPEED] = &r->speed,
        [JOB_CHIP] = &r->chip,
        [JOB_LINK] = &r->link,
        [JOB_TIMEOUT] = &r->timeout,
        [JOB_IMAGE] = &r->image,
        [JOB_HSM] = &r->hsm,
        [JOB_STORE] = &r->store,
        [JOB_LICENSES] = &r->licenses,
        [JOB_PROTOCOL] = &r->protocol,
        [JOB_PIN_FILE] = &r->pin_file,
        [JOB_OPTION_BYTES] = &r->option_bytes,
        [JOB_SERIAL_AT] = &r->serial_at,
        [JOB_START] = &r->start,
        [JOB_CSV] = &l->csv,
        [JOB_RECORD] = &r->record,
        [JOB_TEMPLATE] = &l->label,
        [JOB_OUTPUT] = &l->label_output,
    };

    return texts[id];
}

static void
job_take(struct job_reader *r, enum job_id id, const char *value)
{
    char **text = job_text_of(r, id);

    if (text != NULL) {
        free(*text);
        *text = job_copy(r, value);
    } else if (id == JOB_PORTS) {
        job_take_ports(r, value);
    } else if (id == JOB_NEXT) {
        job_take_next(r, value);
    } else if (id == JOB_SERIAL) {
        job_take_serial(r, value);
    } else if (id == JOB_SHIFT_END) {
        job_take_shift_end(r, value);
    } else if (id == JOB_FILE) {
        job_take_file(r, value);
    } else {
        job_take_number_or_flag(r, id, value);
    }
}

static void
job_refuse_key(struct job_reader *r, const char *section, const char *key)
{
    struct nearest n = nearest_word_start(key);
    bool known = false;

    for (size_t i = 0; i < JOB_KEYS; i++) {
        known = known || strcmp(job_keys[i].section, section) == 0;
        if (strcmp(job_keys[i].section, section) == 0)
            nearest_word_consider(&n, job_keys[i].key);
    }
    if (!known)
        job_wrong(r,
                  "unknown section [%.60s], expected [job], [install], "
                  "[program], [stop], [report] or [label]",
                  section);
    else if (n.word != NULL)
        job_wrong(r, "[%s] has no \"%.60s\", did you mean \"%s\"", section, key,
                  n.word);
    else
        job_wrong(r, "[%s] has no \"%.60s\"", section, key);
}

/* Called by inih for each line; 0: wrong. */
static int
job_on_value(void *user, const char *section, const char *key,
             const char *value)
{
    struct job_reader *r = user;
    char name[80];
    size_t id = 0;

    while (id < JOB_KEYS && (strcmp(job_keys[id].section, section) != 0 ||
                             strcmp(job_keys[id].key, key) != 0))
        id++;
    if (id == JOB_KEYS) {
        job_refuse_key(r, section, key);
        return 0;
    }
    if ((r->seen >> id & 1) != 0 && !job_keys[id].repeats)
        job_wrong(r, "%s is there twice", key);
    if (value[0] == '\0')
        job_wrong(r, "%s has no value", key);
    r->seen |= (uint64_t)1 << id;
    if (r->wrong[0] == '\0')
        job_take(r, (enum job_id)id, value);
    (void)snprintf(name, sizeof(name), "%s.%s", section, key);
    if (id == JOB_FILE)
        (void)snprintf(name, sizeof(name), "program.file %zu", r->file_count);
    if (r->wrong[0] == '\0' && job_keys[id].fact)
        job_add_fact(r, name, value);
    return r->wrong[0] == '\0';
}

/* ---- the command line that it stands for ---- */

void
line_add_word(struct line *l, const char *fmt, ...)
{
    va_list args;
    char word[4096];
    char *copy;

    va_start(args, fmt);
    (void)vsnprintf(word, sizeof(word), fmt, args);
    va_end(args);
    copy = strdup(word);
    if (copy == NULL || l->word_count == LINE_WORDS_MAX)
        cli_nomem(l->p->cli.spec->program);
    l->words[l->word_count++] = copy;
}

static void
job_add_split(struct line *l, const char *text)
{
    char copy[JOB_FILE_MAX / 16], *rest = NULL, *word;

    (void)snprintf(copy, sizeof(copy), "%s", text);
    for (word = strtok_r(copy, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest))
        line_add_word(l, "%s", word);
}

static void
job_add_link(struct job_reader *r)
{
    struct line *l = r->l;

    line_add_word(l, "--gang");
    l->words[l->word_count++] = job_copy(r, r->ports); /* may be long */
    if (r->speed != NULL)
        line_add_word(l, "br=%s", r->speed);
    if (r->chip != NULL)
        line_add_word(l, "chip=%s", r->chip);
    if (r->link != NULL)
        job_add_split(l, r->link);
    if (r->timeout != NULL) {
        line_add_word(l, "-t");
        line_add_word(l, "%s", r->timeout);
    }
    if (r->record != NULL) {
        line_add_word(l, "--record");
        line_add_word(l, "%s", r->record);
    }
}

static void
job_add_content(struct line *l, char *path)
{
    if (l->file_count < STATIONS_MAX)
        l->files[l->file_count++] = path;
}

static void
job_add_install(struct job_reader *r)
{
    struct line *l = r->l;

    if (r->erase) {
        line_add_word(l, "-e");
        line_add_word(l, "all");
    }
    line_add_word(l, "-sfi");
    if (r->protocol != NULL)
        line_add_word(l, "protocol=%s", r->protocol);
    line_add_word(l, "%s", r->image);
    line_add_word(l, "hsm=%d", r->hsm != NULL);
    if (r->hsm != NULL)
        line_add_word(l, "slot=%s", r->hsm);
    if (r->store != NULL)
        line_add_word(l, "store=%s", r->store);
    if (r->licenses != NULL)
        line_add_word(l, "%s", r->licenses);
    if (r->pin_file != NULL && !cli_has(&l->p->cli, OPT_PIN_FILE)) {
        line_add_word(l, "--pin-file");
        line_add_word(l, "%s", r->pin_file);
    }
    if (r->secure)
        line_add_word(l, "--yes");
    job_add_content(l, r->image);
    l->image = r->image;
    r->image = NULL;
}

/* "PATH", or "PATH ADDRESS". */
static void
job_add_file(struct job_reader *r, char *file)
{
    struct line *l = r->l;
    char *blank = strrchr(file, ' ');
    uint64_t address;

    line_add_word(l, "-w");
    if (blank != NULL && cli_number(blank + 1, UINT32_MAX, &address)) {
        *blank = '\0';
        line_add_word(l, "%s", file);
        line_add_word(l, "0x%" PRIx64, address);
    } else {
        line_add_word(l, "%s", file);
    }
    job_add_content(l, file);
}

static void
job_add_program(struct job_reader *r)
{
    struct line *l = r->l;

    for (size_t i = 0; i < r->file_count; i++) {
        job_add_file(r, r->files[i]);
        r->files[i] = NULL;
    }
    if (r->verify)
        line_add_word(l, "-v");
    if (r->serial_at != NULL) {
        line_add_word(l, "--serial-at");
        line_add_word(l, "%s", r->serial_at);
    }
    if (r->option_bytes != NULL) {
        line_add_word(l, "-ob");
        job_add_split(l, r->option_bytes);
    }
    if (r->reset)
        line_add_word(l, "--hardRst");
    if (r->start != NULL) {
        line_add_word(l, "-g");
        if (strcmp(r->start, "yes") != 0)
            line_add_word(l, "%s", r->start);
    }
}

/* ---- the whole ---- */

/* A key that appears later is a change, too. */
static void
job_add_absent_facts(struct job_reader *r)
{
    char name[80];

    for (size_t i = 0; i < JOB_KEYS; i++) {
        (void)snprintf(name, sizeof(name), "%s.%s", job_keys[i].section,
                       job_keys[i].key);
        if (job_keys[i].fact && !job_keys[i].repeats && (r->seen >> i & 1) == 0)
            job_add_fact(r, name, "(not set)");
    }
    (void)snprintf(name, sizeof(name), "%zu", r->file_count);
    job_add_fact(r, "number of files", name);
}

/* At fixed ports a board is the one of its port. */
static void
job_add_port_facts(struct job_reader *r)
{
    char *copy = job_copy(r, r->ports), *rest = NULL, *port, name[40];
    size_t count = 0;

    for (port = strtok_r(copy, ",", &rest); port != NULL;
         port = strtok_r(NULL, ",", &rest)) {
        (void)snprintf(name, sizeof(name), "port %zu", ++count);
        job_add_fact(r, name, port);
    }
    (void)snprintf(name, sizeof(name), "%zu", count);
    job_add_fact(r, "number of ports", name);
    free(copy);
}

/* What the parts of the file say together. */
static void
job_check(struct job_reader *r)
{
    struct line *l = r->l;
    bool installs = r->image != NULL;

    if (r->ports == NULL)
        job_wrong(r, "[job] ports is missing");
    if (installs == (r->file_count > 0))
        job_wrong(r, installs ? "[install] image and [program] file exclude "
                                "each other"
                              : "[install] image or [program] file is missing");
    if (installs && (r->hsm != NULL) == (r->licenses != NULL))
        job_wrong(r, "[install] needs either hsm or licenses");
    if (installs && r->serial_at != NULL)
        job_wrong(r, "[program] serial-at is for open parts: a secure image is "
                     "authenticated as a whole; the device id, which also "
                     "names the licence in a store, identifies the board");
    if (r->serial_at != NULL && l->serial == LINE_SERIAL_NONE)
        job_wrong(r, "[program] serial-at needs [job] serial");
    if (l->serial == LINE_SERIAL_SCAN && l->next == LINE_NEXT_NONE)
        job_wrong(r, "[job] serial = scan needs next = enter or socket:PATH");
    if ((l->label != NULL) != (l->label_output != NULL))
        job_wrong(r, "[label] needs template and output");
    if (l->next == LINE_NEXT_NONE && l->wanted > r->port_count)
        job_wrong(r, "[job] count is larger than the number of ports: it "
                     "needs next = enter or socket:PATH");
}

static char *
job_load(struct line *l, const char *path)
{
    char *text = calloc(1, JOB_FILE_MAX + 2);
    sfi_ctx *ctx = cli_context(&l->p->cli);
    size_t len;

    if (text == NULL)
        cli_nomem(l->p->cli.spec->program);
    if (line_read(ctx, path, text, JOB_FILE_MAX + 1, &len) != SFI_OK)
        cli_usage(&l->p->cli, "%s", sfi_error_message(sfi_ctx_error(ctx)));
    sfi_ctx_free(ctx);
    if (len > JOB_FILE_MAX || strlen(text) != len)
        cli_usage(&l->p->cli,
                  "%s: this is no job: expected a text of at most %u bytes",
                  path, JOB_FILE_MAX);
    return text;
}

/* inih cuts what is longer. */
static void
job_check_lines(const struct line *l, const char *path, const char *text)
{
    for (unsigned line = 1; *text != '\0'; line++) {
        size_t len = strcspn(text, "\n");

        if (len > JOB_LINE_MAX)
            cli_usage(&l->p->cli,
                      "%s:%u: a line of %zu bytes, expected at most %u: ports "
                      "and file may be there again and again",
                      path, line, len, JOB_LINE_MAX);
        text += len + (text[len] == '\n');
    }
}

/* Where the file is, the other names begin. */
static void
job_change_folder(const struct line *l, const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return;
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path + 1),
                   path);
    if (chdir(folder) != 0)
        cli_usage(&l->p->cli, "%s: cannot go to this folder: %s", folder,
                  strerror(errno));
}

static void
job_free(struct job_reader *r)
{
    char *texts[] = {r->ports,    r->image,        r->hsm,       r->store,
                     r->licenses, r->protocol,     r->chip,      r->speed,
                     r->link,     r->option_bytes, r->serial_at, r->pin_file,
                     r->record,   r->timeout,      r->start};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        free(texts[i]);
}

void
line_read_file(struct line *l, const char *path)
{
    struct job_reader r = {.l = l};
    const char *name =
        strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    char *text = job_load(l, path);
    int line;

    job_check_lines(l, path, text);
    line = ini_parse_string(text, job_on_value, &r);
    if (line != 0)
        cli_usage(&l->p->cli, "%s:%d: %s", path, line,
                  r.wrong[0] != '\0' ? r.wrong
                                     : "expected [SECTION] or KEY = VALUE");
    job_check(&r);
    if (r.wrong[0] != '\0')
        cli_usage(&l->p->cli, "%s: %s", path, r.wrong);
    free(text);
    job_change_folder(l, path);
    if (l->journal == NULL)
        l->journal = cli_text(&l->p->cli, "%s.journal", name);
    job_add_absent_facts(&r);
    if (l->next == LINE_NEXT_NONE)
        job_add_port_facts(&r);
    job_add_link(&r);
    if (r.image != NULL)
        job_add_install(&r);
    else
        job_add_program(&r);
    job_free(&r);
}

void
line_free_file(struct line *l)
{
    for (size_t i = 0; i < l->word_count; i++)
        free(l->words[i]);
    for (size_t i = 0; i < l->fact_count; i++)
        free(l->facts[i]);
    for (size_t i = 0; i < l->file_count; i++)
        free(l->files[i]);
    free(l->journal);
    free(l->socket);
    free(l->csv);
    free(l->label);
    free(l->label_output);
}
