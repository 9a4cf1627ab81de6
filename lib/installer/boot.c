#include "installer/boot.h"

#include "util/clock.h"
#include "util/mem.h"
#include "util/rd.h"
#include "core/ctx.h"
#include "core/err.h"

/* AN3155 names no times; the host bounds every wait by itself.  A secure
 * bootloader of ours drops a half frame, with a NACK, after 1000 ms: waiting
 * longer for an ACK hears it. */
#define ACK_MS 1500u
/* Between the bytes of one answer, which come in one go. */
#define GAP_MS 250u
/* Programming a block, or erasing and writing the option bytes. */
#define WRITE_MS 3000u
/* AN2606: an H7's mass erase takes more than 13 s. */
#define ERASE_MS 35000u
#define REPEATS 3u
/* How often an answer may change before the line is to blame. */
#define ASKED_MAX 4u

/* Two quick ones, and one that is longer than a device waits in a half frame:
 * quick ones alone would keep it waiting there. */
static const uint32_t sync_ms[] = {250, 250, 1250};
#define SYNC_ROUND (sizeof(sync_ms) / sizeof(*sync_ms))
#define PROBE_MS 1250u

/* ---- phases ---- */

static sfi_status
take_ack(struct boot *b, uint32_t ms)
{
    sfi_ctx *ctx = b->link.ctx;
    uint8_t answer;
    sfi_status st = link_recv(&b->link, &answer, 1, NULL, ms);

    if (st != SFI_OK || answer == USART_ACK)
        return st;
    if (answer == USART_NACK)
        return sfi__fail(ctx, SFI_ERR_NACK, "the bootloader refused %s",
                         b->link.doing);
    return sfi__fail(ctx, SFI_ERR_PROTOCOL,
                     "0x%02x came in answer to %s, expected 0x79 or 0x1f",
                     answer, b->link.doing);
}

/* Send what goes out before the next wait, and wait for its ACK. */
static sfi_status
phase(struct boot *b, const uint8_t *frame, size_t len, uint32_t ms)
{
    sfi_status st = link_send(&b->link, frame, len);

    if (st != SFI_OK)
        return st;
    return take_ack(b, ms + sfi__transport_ms(b->link.tp, len));
}

static sfi_status
begin(struct boot *b, uint8_t cmd)
{
    uint8_t frame[USART_COMMAND_LEN];

    usart_command(frame, cmd);
    return phase(b, frame, sizeof(frame), ACK_MS);
}

static sfi_status
send_address(struct boot *b, uint32_t address)
{
    uint8_t frame[USART_ADDRESS_LEN];

    usart_address(frame, address);
    return phase(b, frame, sizeof(frame), ACK_MS);
}

/* The rest of an answer that has begun. */
static sfi_status
take(struct boot *b, uint8_t *buf, size_t len)
{
    return link_recv(&b->link, buf, len, NULL,
                     GAP_MS + sfi__transport_ms(b->link.tp, len));
}

/* ---- finding the way back ---- */

static sfi_status
send_byte(struct boot *b, uint8_t byte)
{
    return link_send(&b->link, &byte, 1);
}

/* An ACK or NACK to 0x7f; *garbage: something else came. */
static sfi_status
take_sync(struct boot *b, uint32_t ms, bool *garbage)
{
    struct deadline dl = deadline_in(b->link.ctx->clock, ms);

    for (;;) {
        uint8_t answer;
        sfi_status st =
            link_recv(&b->link, &answer, 1, NULL, deadline_left(&dl));

        if (st != SFI_OK)
            return st;
        if (answer == USART_ACK || answer == USART_NACK)
            return link_drain(&b->link); /* there may be a second NACK */
        *garbage = true;
    }
}

/* End any frame that the device may be in the middle of. */
static sfi_status
fill_up(struct boot *b)
{
    const struct clock *clock = b->link.ctx->clock;
    uint8_t filler[USART_PACKET_MAX];
    sfi_status st;

    sfi__fill(filler, USART_FILLER, sizeof(filler));
    st = link_send(&b->link, filler, sizeof(filler));
    if (st != SFI_OK)
        return st;
    clock->sleep_ms(clock->user, sfi__transport_ms(b->link.tp, sizeof(filler)));
    return link_drain(&b->link);
}

static sfi_status
find(struct boot *b, uint32_t ms)
{
    struct deadline dl = deadline_in(b->link.ctx->clock, ms);
    bool garbage = false;

    for (size_t i = 0; !deadline_passed(&dl); i++) {
        uint32_t left = deadline_left(&dl);
        uint32_t wait = sync_ms[i % SYNC_ROUND];
        sfi_status st = send_byte(b, USART_SYNC);

        if (st == SFI_OK)
            st = take_sync(b, wait < left ? wait : left, &garbage);
        if (st != SFI_ERR_TIMEOUT)
            return st;
        if (i % SYNC_ROUND == SYNC_ROUND - 1) {
            st = fill_up(b);
            if (st != SFI_OK)
                return st;
        }
    }
    if (garbage)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "only garbage came in answer to 0x7f; is the speed "
                         "right, and is this a bootloader");
    return sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                     "no answer to 0x7f within %u ms; is the chip powered, "
                     "and in its bootloader (BOOT0)",
                     ms);
}

static sfi_status
probe(struct boot *b)
{
    bool garbage = false;
    sfi_status st = send_byte(b, USART_SYNC);

    return st == SFI_OK ? take_sync(b, PROBE_MS, &garbage) : st;
}

/* A 0x7f is a bad command where a command is due, and the last byte of a frame
 * that lost one.  Some bootloaders want the complement too: two then. */
sfi_status
boot_resync(struct boot *b)
{
    sfi_status st = link_drain(&b->link);

    if (st == SFI_OK)
        st = probe(b);
    if (st != SFI_ERR_TIMEOUT)
        return st;
    st = fill_up(b);
    for (unsigned i = 0; i < 2 && (st == SFI_OK || st == SFI_ERR_TIMEOUT);
         i++) {
        st = probe(b);
        if (st == SFI_OK)
            return st;
    }
    if (st == SFI_ERR_TIMEOUT)
        return sfi__fail(b->link.ctx, st, "the chip stopped answering at %s",
                         b->link.doing);
    return st;
}

/* A second NACK, or the rest of an answer, is not the next command's. */
static sfi_status
give_up(struct boot *b, sfi_status st)
{
    struct sfi_error first = b->link.ctx->error;

    (void)link_drain(&b->link);
    b->link.ctx->error = first;
    return st;
}

/* One command from its first byte to its last; repeated as a whole when the
 * line spoilt it.  `had`: it has taken effect already, only the answer was
 * lost; NULL: it may be done twice. */
static sfi_status
transact(struct boot *b, const char *what,
         sfi_status (*once)(struct boot *b, void *arg),
         bool (*had)(struct boot *b, void *arg), void *arg)
{
    for (unsigned i = 0;; i++) {
        sfi_status st;

        b->link.doing = what;
        st = once(b, arg);
        if (!link_is_fault(st))
            return st;
        if (i == REPEATS)
            return give_up(b, st);
        sfi__log(b->link.ctx, SFI_LOG_DEBUG, "%s: %s; asking again", what,
                 b->link.ctx->error.message);
        st = boot_resync(b);
        if (st != SFI_OK)
            return st;
        if (had != NULL && had(b, arg))
            return SFI_OK;
    }
}

/* ---- Get and Get ID ---- */

static sfi_status
get_once(struct boot *b, void *arg)
{
    uint8_t answer[1 + 1 + UINT8_MAX + 1];
    size_t len = 0;
    sfi_status st = begin(b, USART_GET);

    (void)arg;
    if (st == SFI_OK)
        st = take(b, answer, 1);
    if (st != SFI_OK)
        return st;
    st = link_recv(&b->link, answer + 1, answer[0] + 2u, &len,
                   GAP_MS + sfi__transport_ms(b->link.tp, answer[0] + 2u));
    if (st != SFI_OK && st != SFI_ERR_TIMEOUT)
        return st;
    if (!usart_read_get(&b->get, answer, 1 + len))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to Get is %zu bytes of %u, expected a "
                         "version, commands and an ACK",
                         len, answer[0] + 2u);
    return SFI_OK;
}

static sfi_status
get_id_once(struct boot *b, void *arg)
{
    uint8_t answer[4];
    struct rd r;
    sfi_status st = begin(b, USART_GET_ID);

    (void)arg;
    if (st == SFI_OK)
        st = take(b, answer, sizeof(answer));
    if (st != SFI_OK)
        return st;
    rd_init(&r, answer, sizeof(answer));
    if (rd_u8(&r) != 1 || answer[3] != USART_ACK)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to Get ID is malformed, expected two "
                         "bytes and an ACK");
    b->device_id = rd_u16be(&r);
    return SFI_OK;
}

static bool
same_get(const struct usart_get *a, const struct usart_get *b)
{
    return a->version == b->version && a->count == b->count &&
           sfi__equal(a->commands, b->commands, a->count);
}

/* Answers carry no checksum: what all the rest hangs on is asked for until two
 * answers in a row agree. */
static sfi_status
identify(struct boot *b)
{
    for (unsigned i = 0; i < ASKED_MAX; i++) {
        struct usart_get get = b->get;
        uint16_t device_id = b->device_id;
        sfi_status st = transact(b, "Get", get_once, NULL, NULL);

        if (st == SFI_OK)
            st = transact(b, "Get ID", get_id_once, NULL, NULL);
        if (st != SFI_OK ||
            (i > 0 && device_id == b->device_id && same_get(&get, &b->get)))
            return st;
    }
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "every answer to Get and Get ID is another one; the line "
                     "is bad");
}

sfi_status
boot_connect(struct boot *b, uint32_t ms)
{
    sfi_status st = sfi__transport_flush(b->link.tp);

    b->link.doing = "0x7f";
    if (st == SFI_OK)
        st = find(b, ms);
    return st == SFI_OK ? identify(b) : st;
}

/* ---- the standard bootloader's memory ---- */

struct block {
    uint32_t address;
    const uint8_t *data;
    uint8_t *out;
    size_t len;
};

static sfi_status
read_once(struct boot *b, void *arg)
{
    const struct block *k = arg;
    uint8_t count[USART_COUNT_LEN];
    sfi_status st = begin(b, USART_READ);

    usart_count(count, k->len);
    if (st == SFI_OK)
        st = send_address(b, k->address);
    if (st == SFI_OK)
        st = phase(b, count, sizeof(count), ACK_MS);
    if (st == SFI_OK)
        st = take(b, k->out, k->len);
    return st;
}

sfi_status
boot_read(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    struct block k = {.address = address, .out = out, .len = len};

    return transact(b, "Read Memory", read_once, NULL, &k);
}

static sfi_status
write_once(struct boot *b, void *arg)
{
    const struct block *k = arg;
    uint8_t frame[USART_WRITE_MAX];
    sfi_status st = begin(b, USART_WRITE);

    if (st == SFI_OK)
        st = send_address(b, k->address);
    if (st == SFI_OK)
        st = phase(b, frame, usart_write(frame, k->data, k->len), WRITE_MS);
    return st;
}

/* Flash takes a word once: look before writing it again. */
static bool
is_written(struct boot *b, void *arg)
{
    const struct block *k = arg;
    uint8_t there[USART_BLOCK_MAX];
    struct block look = {
        .address = k->address,
        .out = there,
        .len = k->len,
    };

    return read_once(b, &look) == SFI_OK && sfi__equal(there, k->data, k->len);
}

sfi_status
boot_write(struct boot *b, uint32_t address, const uint8_t *data, size_t len)
{
    struct block k = {.address = address, .data = data, .len = len};

    return transact(b, "Write Memory", write_once, is_written, &k);
}

static sfi_status
go_once(struct boot *b, void *arg)
{
    const uint32_t *address = arg;
    sfi_status st = begin(b, USART_GO);

    return st == SFI_OK ? send_address(b, *address) : st;
}

sfi_status
boot_go(struct boot *b, uint32_t address)
{
    return transact(b, "Go", go_once, NULL, &address);
}

static sfi_status
erase_once(struct boot *b, void *arg)
{
    uint8_t frame[USART_ERASE_SPECIAL_LEN];
    sfi_status st = begin(b, USART_EXT_ERASE);

    (void)arg;
    usart_erase_special(frame, USART_ERASE_MASS);
    if (st == SFI_OK)
        st = phase(b, frame, sizeof(frame), ERASE_MS);
    return st;
}

sfi_status
boot_erase_mass(struct boot *b)
{
    return transact(b, "Extended Erase", erase_once, NULL, NULL);
}

/* ---- Special and Extended Special ---- */

static sfi_status
malformed_reply(struct boot *b)
{
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "the answer to %s has an impossible length",
                     b->link.doing);
}

/* A length in front of what it counts; after `ms` the first byte is here. */
static sfi_status
take_length(struct boot *b, size_t *len, uint32_t ms)
{
    uint8_t raw[2];
    sfi_status st = link_recv(&b->link, raw, 1, NULL, ms);

    if (st == SFI_OK)
        st = take(b, raw + 1, 1);
    *len = (size_t)raw[0] << 8 | raw[1];
    return st;
}

/* AN3155, 3.14 and 3.15: data (Special only), status, ACK; no checksum.  A
 * refusal may come without the data. */
static sfi_status
take_reply(struct boot *b, struct special *s)
{
    uint8_t tail[2]; /* status, ACK */
    size_t len = 0;
    size_t data_len = 0;
    sfi_status st;

    if (!s->extended) {
        st = take_length(b, &data_len, s->wait_ms);
        if (st == SFI_OK && data_len != 0 && data_len != s->reply_len)
            st = malformed_reply(b);
        if (st == SFI_OK)
            st = take(b, s->reply, data_len);
        if (st != SFI_OK)
            return st;
    }
    st = take_length(b, &len, s->extended ? s->wait_ms : GAP_MS);
    if (st == SFI_OK && len != 1)
        st = malformed_reply(b);
    if (st == SFI_OK)
        st = take(b, tail, sizeof(tail));
    if (st != SFI_OK)
        return st;
    if (tail[1] != USART_ACK || (tail[0] == 0 && data_len != s->reply_len))
        return malformed_reply(b);
    s->status = tail[0];
    return SFI_OK;
}

static sfi_status
send_packet(struct boot *b, const uint8_t *data, size_t len, uint32_t ms)
{
    uint8_t frame[USART_PACKET_MAX];

    return phase(b, frame, usart_packet(frame, data, len), ms);
}

static sfi_status
special_once(struct boot *b, void *arg)
{
    struct special *s = arg;
    uint8_t opcode[USART_OPCODE_LEN];
    sfi_status st = begin(b, s->extended ? USART_EXT_SPECIAL : USART_SPECIAL);

    usart_opcode(opcode, s->opcode);
    if (st == SFI_OK)
        st = phase(b, opcode, sizeof(opcode), ACK_MS);
    /* Some acknowledge the last packet before their work, some after it. */
    if (st == SFI_OK)
        st = send_packet(b, s->param, s->param_len,
                         s->extended ? ACK_MS : s->wait_ms);
    if (st == SFI_OK && s->extended)
        st = send_packet(b, s->data, s->data_len, s->wait_ms);
    return st == SFI_OK ? take_reply(b, s) : st;
}

sfi_status
boot_special(struct boot *b, struct special *s)
{
    return transact(b, s->what, special_once, NULL, s);
}
