#include "vendor.h"

#include <string.h>

#include <sfi/device.h>

#include "chip/chip.h"
#include "proto/sfi_cmd.h"
#include "sim/sim.h"
#include "transport/transport.h"

struct vendor vendor;

enum opcode {
    WHO = 0x1001,
    HALF_CERT = 0x1002, /* which u8 -> 68 */
    TICKET = 0x1003,    /* -> u32, what a live licence names */
    WIPE = 0x1004,      /* 'F' all, 'N' not an install */
    KEY_A = 0x1105,     /* data: the first half of a licence */
    KEY_B = 0x1106,     /* the second */
    HEAD = 0x1007,
    AREA = 0x1008,
    PUT = 0x1109, /* offset u32, data */
    SEAL = 0x100a,
    BYE = 0x100b,
};
#define EXTENDED 0x0100u
#define HALF (SFI_CERTIFICATE_LEN / 2u)
#define WHO_LEN 26u
#define LIFE 0xe0u /* the state is this and ours */

/* ---- the part ---- */

/* Its numbers for our causes, and what a host makes of them. */
static const struct {
    uint8_t inside;
    uint8_t status;
    int32_t code;
    const char *text;
} refusals[] = {
    {SFI_CAUSE_INSTALLED, 0x91, SFI_CAUSE_INSTALLED, "the part is in use"},
    {SFI_CAUSE_STATE, 0x92, SFI_CAUSE_STATE, "the part is elsewhere"},
    {SFI_CAUSE_LICENSE, 0x93, SFI_CAUSE_LICENSE, "the part has another key"},
    {SFI_CAUSE_LICENSE_SESSION, 0x94, SFI_CAUSE_LICENSE_SESSION,
     "the part gave another ticket"},
    {SFI_CAUSE_HEADER_TAG, 0x95, SFI_CAUSE_HEADER_TAG,
     "the part takes another head"},
    {SFI_CAUSE_AREA_TAG, 0x96, SFI_CAUSE_AREA_TAG, "the part saw it altered"},
    {SFI_CAUSE_INTERRUPTED, 0x97, SFI_CAUSE_INTERRUPTED, "the part restarted"},
    {SFI_CAUSE_FLASH_ERASE, 0x98, VENDOR_CAUSE_WORN, "the part is worn out"},
};

/* Over a debug port: a block of RAM, words of it at these places. */
#define BLOCK_MAGIC 0x4d425856u /* as big-endian, which it is not read as */
#define AT_MAGIC 0x00u
#define AT_GO 0x04u /* not 0: a request; the part sets 0 when it is done */
#define AT_OPCODE 0x08u
#define AT_PARAM_LEN 0x0cu
#define AT_DATA_LEN 0x10u
#define AT_STATUS 0x14u
#define AT_REPLY_LEN 0x18u
#define AT_PARAM 0x20u
#define AT_REPLY 0xa0u
#define AT_DATA 0x200u
#define BLOCK_LEN 0x600u

static struct {
    uint64_t resets; /* of the chip, when it was asked last */
    uint8_t block[BLOCK_LEN];
    bool owes; /* the host has not read what came of its request */
    uint8_t license[SFI_LICENSE_LEN];
    struct usart_slave usart;
    struct spi_slave spi;
    uint8_t queue[2048];
    size_t at, len;
} part;

static uint8_t
to_status(int cause)
{
    if (cause == SFI_CAUSE_NONE)
        return 0;
    for (size_t i = 0; i < ROWS(refusals); i++) {
        if (refusals[i].inside == cause)
            return refusals[i].status;
    }
    return 0xff;
}

static uint8_t
inside(uint16_t opcode, const uint8_t *param, size_t param_len,
       const uint8_t *data, size_t data_len)
{
    return to_status(
        install_request(opcode, param, param_len, data, data_len, NULL, NULL));
}

static uint8_t
who(uint8_t *reply, size_t *reply_len)
{
    uint8_t raw[SFI_CMD_INFO_LEN];
    size_t len = sizeof(raw);
    struct cmd_info i;
    struct wr w;
    int r = install_request(SFI_CMD_INFO, NULL, 0, NULL, 0, raw, &len);

    if (r != 0)
        return to_status(r);
    cmd_read_info(&i, raw);
    wr_init(&w, reply, *reply_len);
    wr_bytes(&w, "VX", 2);
    wr_u8(&w, 1);
    wr_u8(&w, (uint8_t)(LIFE + i.state));
    wr_u16be(&w, i.device_id);
    wr_u16be(&w, (uint16_t)vendor.data_max);
    wr_u8(&w, to_status(i.cause));
    wr_u8(&w, (uint8_t)i.area);
    wr_bytes(&w, i.header_tag, sizeof(i.header_tag));
    *reply_len = wr_len(&w);
    return 0;
}

static uint8_t
half_cert(uint8_t which, uint8_t *reply, size_t *reply_len)
{
    uint8_t raw[SFI_CERTIFICATE_LEN];
    size_t len = sizeof(raw);
    int r = install_request(SFI_CMD_CERTIFICATE, NULL, 0, NULL, 0, raw, &len);

    if (r != 0 || which > 1)
        return to_status(r);
    memcpy(reply, raw + which * HALF, HALF);
    *reply_len = HALF;
    return 0;
}

static uint8_t
ticket(uint8_t *reply, size_t *reply_len)
{
    uint8_t raw[SFI_CMD_SESSION_LEN];
    size_t len = sizeof(raw);
    int r = install_request(SFI_CMD_SESSION, NULL, 0, NULL, 0, raw, &len);

    for (size_t i = 0; i < sizeof(raw); i++)
        reply[i] = raw[sizeof(raw) - 1 - i];
    *reply_len = sizeof(raw);
    return to_status(r);
}

static uint8_t
wipe(uint8_t how)
{
    const uint8_t flags = how == 'F' ? SFI_CMD_SECURE_ERASE : 0;
    uint8_t status = vendor.refuse;

    vendor.refuse = 0;
    return status != 0 ? status : inside(SFI_CMD_SECURE, &flags, 1, NULL, 0);
}

static uint8_t
put(const uint8_t *param, const uint8_t *data, size_t len)
{
    uint8_t offset[4];

    for (size_t i = 0; i < sizeof(offset); i++)
        offset[i] = param[sizeof(offset) - 1 - i];
    if (++vendor.puts == vendor.reset_at) {
        ck_assert_int_eq(sfi_sim_power_on(board.sim), SFI_OK);
        (void)install_sync();
    }
    return inside(SFI_CMD_DATA, offset, sizeof(offset), data, len);
}

/* One request, in its words. */
static uint8_t
on_special(void *user, uint16_t opcode, const uint8_t *param, size_t param_len,
           uint8_t *data, size_t data_len, uint8_t *reply, size_t *reply_len)
{
    size_t room = *reply_len;

    (void)user;
    *reply_len = 0;
    switch (opcode) {
    case WHO:
        *reply_len = room;
        return who(reply, reply_len);
    case HALF_CERT:
        return half_cert(param[0], reply, reply_len);
    case TICKET:
        return ticket(reply, reply_len);
    case WIPE:
        return wipe(param[0]);
    case KEY_A:
        memcpy(part.license, data, HALF);
        return 0;
    case KEY_B:
        memcpy(part.license + HALF, data, HALF);
        return inside(SFI_CMD_LICENSE, NULL, 0, part.license,
                      sizeof(part.license));
    case HEAD:
        return inside(SFI_CMD_HEADER, param, param_len, NULL, 0);
    case AREA:
        return inside(SFI_CMD_AREA, param, param_len, NULL, 0);
    case PUT:
        return put(param, data, data_len);
    case SEAL:
        return inside(SFI_CMD_FINISH, NULL, 0, NULL, 0);
    case BYE:
        return inside(SFI_CMD_ABORT, NULL, 0, NULL, 0);
    default:
        return 0xff;
    }
}

static bool
on_known(void *user, uint8_t cmd, uint16_t opcode)
{
    (void)user;
    return (opcode & 0xf000u) == 0x1000u &&
           ((opcode & EXTENDED) != 0) == (cmd == USART_EXT_SPECIAL);
}

static uint32_t
block_get(uint32_t at)
{
    struct rd r;

    rd_init(&r, part.block + at, 4);
    return rd_u32be(&r);
}

static void
block_put(uint32_t at, uint32_t word)
{
    struct wr w;

    wr_init(&w, part.block + at, 4);
    wr_u32be(&w, word);
}

static void
restart(void)
{
    static const uint8_t commands[] = {
        USART_GET,     USART_GET_VERSION, USART_GET_ID,
        USART_SPECIAL, USART_EXT_SPECIAL,
    };
    static const struct usart_handlers handlers = {
        .known = on_known,
        .special = on_special,
    };
    struct usart_slave_config config = {
        .handlers = &handlers,
        .version = 0x42,
        .product_id = (uint16_t)board.sim->chip->device_id,
        .commands = commands,
        .command_count = sizeof(commands),
    };

    part.resets = board.sim->resets;
    part.at = part.len = 0;
    part.owes = false;
    memset(part.block, 0, sizeof(part.block));
    block_put(AT_MAGIC, BLOCK_MAGIC);
    usart_slave_init(&part.usart, &config);
    config.spi = true;
    spi_slave_init(&part.spi, &config);
    if (board.sim->mode == SIM_SECURE)
        (void)install_sync();
}

/* Is it this part that the host hears?  An open one is the chip's own. */
static bool
is_secure(void)
{
    bool is_answering =
        part.at < part.len || !spi_slave_quiet(&part.spi) || part.owes;

    if (part.resets != board.sim->resets && !is_answering)
        restart();
    return board.sim->mode == SIM_SECURE || is_answering;
}

/* ---- its links ---- */

static sfi_status
on_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct wr w;

    (void)user;
    if (!is_secure())
        return sfi__transport_write(station.direct, buf, len, timeout_ms);
    if (part.at == part.len)
        part.at = part.len = 0;
    wr_init(&w, part.queue + part.len, sizeof(part.queue) - part.len);
    for (size_t i = 0; i < len; i++)
        usart_slave_byte(&part.usart, buf[i], &w);
    part.len += wr_len(&w);
    return SFI_OK;
}

static sfi_status
on_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    (void)user;
    *got = 0;
    if (!is_secure())
        return sfi__transport_read(station.direct, buf, len, got, timeout_ms);
    while (*got < len && part.at < part.len)
        buf[(*got)++] = part.queue[part.at++];
    return *got > 0 ? SFI_OK : SFI_ERR_TIMEOUT;
}

static sfi_status
on_select(void *user, int asserted)
{
    (void)user;
    return sfi__transport_select(station.direct, asserted != 0);
}

static sfi_status
on_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    sfi_status st = SFI_OK;

    (void)user;
    for (size_t i = 0; i < len && st == SFI_OK; i++) {
        uint8_t in = 0xff;

        if (is_secure())
            in = spi_slave_clock(&part.spi, tx[i]);
        else
            st = sfi__transport_transfer(station.direct, tx + i, &in, 1);
        if (rx != NULL)
            rx[i] = in;
    }
    return st;
}

static void
serve_block(void)
{
    size_t len = SFI_CMD_REPLY_MAX;
    size_t param_len = block_get(AT_PARAM_LEN);
    size_t data_len = block_get(AT_DATA_LEN);

    ck_assert_uint_le(param_len, SFI_REQUEST_PARAM_MAX);
    ck_assert_uint_le(data_len, SFI_REQUEST_DATA_MAX);
    block_put(AT_STATUS,
              on_special(NULL, (uint16_t)block_get(AT_OPCODE),
                         part.block + AT_PARAM, param_len, part.block + AT_DATA,
                         data_len, part.block + AT_REPLY, &len));
    block_put(AT_REPLY_LEN, (uint32_t)len);
    block_put(AT_GO, 0);
    part.owes = true;
}

/* Where in the block; BLOCK_LEN: beside it. */
static uint32_t
block_at(uint32_t address, size_t count)
{
    uint32_t at = address - board.sim->chip->mailbox.base;

    return at < BLOCK_LEN && count <= (BLOCK_LEN - at) / 4 ? at : BLOCK_LEN;
}

static sfi_status
on_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    uint32_t at = block_at(address, count);

    (void)user;
    if (!is_secure())
        return sfi__transport_read32(station.direct, address, words, count);
    if (at == BLOCK_LEN)
        return SFI_ERR_NACK;
    for (uint32_t i = 0; i < count; i++) {
        struct rd r;

        rd_init(&r, part.block + at + 4 * i, 4);
        words[i] = rd_u32le(&r);
        if (at + 4 * i == AT_STATUS)
            part.owes = false;
    }
    return SFI_OK;
}

static sfi_status
on_write32(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    uint32_t at = block_at(address, count);

    (void)user;
    if (!is_secure())
        return sfi__transport_write32(station.direct, address, words, count);
    if (at == BLOCK_LEN)
        return SFI_ERR_NACK;
    for (uint32_t i = 0; i < count; i++) {
        struct wr w;

        wr_init(&w, part.block + at + 4 * i, 4);
        wr_u32le(&w, words[i]);
    }
    if (block_get(AT_GO) != 0)
        serve_block();
    return SFI_OK;
}

static sfi_status
on_reset(void *user, int into_boot)
{
    sfi_status st = sfi__transport_reset(station.direct, into_boot != 0);

    (void)user;
    restart();
    return st;
}

void
vendor_open(const char *interface_name, uint32_t data_max)
{
    static const sfi_stream_ops stream = {
        .struct_size = sizeof(stream),
        .read = on_read,
        .write = on_write,
        .reset = on_reset,
    };
    static const sfi_spi_ops spi = {
        .struct_size = sizeof(spi),
        .select = on_select,
        .transfer = on_transfer,
        .reset = on_reset,
    };
    static const sfi_dap_ops dap = {
        .struct_size = sizeof(dap),
        .read32 = on_read32,
        .write32 = on_write32,
        .reset = on_reset,
    };

    sfi_transport_free(station.tp);
    sfi_transport_free(station.direct);
    ck_assert_ok(sfi_sim_transport(board.sim, interface_name, &station.direct));
    if (strcmp(interface_name, "spi") == 0)
        ck_assert_ok(sfi_transport_open_spi(ctx, &spi, NULL, &station.tp));
    else if (strcmp(interface_name, "jtag") == 0)
        ck_assert_ok(sfi_transport_open_dap(ctx, &dap, NULL, &station.tp));
    else
        ck_assert_ok(
            sfi_transport_open_stream(ctx, &stream, NULL, &station.tp));
    station.dialect = &vendor_dialect;
    vendor = (struct vendor){.data_max = data_max};
    memset(&part, 0, sizeof(part));
    restart();
}

/* ---- the dialect: what such a vendor would write ---- */

static uint32_t
block_base(void)
{
    return board.sim->chip->mailbox.base;
}

/* Bytes into the block, as whole words. */
static sfi_status
fill(sfi_target *t, uint32_t at, const uint8_t *bytes, size_t len)
{
    uint8_t padded[SFI_REQUEST_DATA_MAX] = {0};

    if (len == 0)
        return SFI_OK;
    memcpy(padded, bytes, len);
    return sfi_dialect_write(t, block_base() + at, padded, (len + 3) / 4 * 4);
}

static sfi_status
wait_block(sfi_target *t, uint32_t ms)
{
    sfi_status st = SFI_OK;

    for (uint32_t i = 0; st == SFI_OK && i < ms; i += 10) {
        uint8_t go[4];

        st = sfi_dialect_read(t, block_base() + AT_GO, go, sizeof(go));
        if (st == SFI_OK && memcmp(go, "\0\0\0", sizeof(go)) == 0)
            return SFI_OK;
        if (st == SFI_OK)
            st = sfi_dialect_wait(t, 10);
    }
    return st == SFI_OK ? SFI_ERR_TIMEOUT : st;
}

/* A debug port has no requests: its words are the dialect's business. */
static sfi_status
ask_by_memory(sfi_target *t, const sfi_request *r, uint8_t *reply,
              size_t reply_len, uint32_t *status)
{
    uint8_t head[16] = {0};
    struct rd from;
    struct wr w;
    sfi_status st = fill(t, AT_PARAM, r->param, r->param_len);

    if (st == SFI_OK)
        st = fill(t, AT_DATA, r->data, r->data_len);
    wr_init(&w, head, sizeof(head));
    wr_u32be(&w, 1); /* GO, and what is behind it */
    wr_u32be(&w, r->opcode);
    wr_u32be(&w, (uint32_t)r->param_len);
    wr_u32be(&w, (uint32_t)r->data_len);
    if (st == SFI_OK)
        st = sfi_dialect_write(t, block_base() + AT_GO, head, sizeof(head));
    if (st == SFI_OK)
        st = wait_block(t, r->timeout_ms);
    if (st == SFI_OK)
        st = sfi_dialect_read(t, block_base() + AT_REPLY, reply, reply_len);
    if (st == SFI_OK)
        st = sfi_dialect_read(t, block_base() + AT_STATUS, head, 4);
    rd_init(&from, head, 4);
    *status = rd_u32be(&from);
    return st;
}

static sfi_status
exchange(sfi_target *t, const sfi_request *r, uint8_t *reply, size_t reply_len,
         uint32_t *status)
{
    sfi_dialect_link link = {.struct_size = sizeof(link)};
    sfi_status st = sfi_dialect_get_link(t, &link);

    if (st != SFI_OK)
        return st;
    return link.kind == SFI_LINK_MEMORY
               ? ask_by_memory(t, r, reply, reply_len, status)
               : sfi_dialect_request(t, r, reply, reply_len, status);
}

static sfi_status
ask(sfi_target *t, const sfi_request *r, uint8_t *reply, size_t reply_len)
{
    uint32_t status = 0;
    sfi_status st = exchange(t, r, reply, reply_len, &status);

    if (st != SFI_OK || status == 0)
        return st;
    for (size_t i = 0; i < ROWS(refusals); i++) {
        if (refusals[i].status == status) {
            sfi_ctx_report(ctx, SFI_ERR_DEVICE, refusals[i].code,
                           refusals[i].text);
            return SFI_ERR_DEVICE;
        }
    }
    sfi_ctx_report(ctx, SFI_ERR_DEVICE, 0x1ff, "the part gives no reason");
    return SFI_ERR_DEVICE;
}

static sfi_status
special(sfi_target *t, const char *name, uint32_t opcode, const uint8_t *param,
        size_t param_len, uint8_t *reply, size_t reply_len)
{
    const sfi_request r = {
        .struct_size = sizeof(r),
        .opcode = opcode,
        .timeout_ms = 40000,
        .name = name,
        .param = param,
        .param_len = param_len,
    };

    return ask(t, &r, reply, reply_len);
}

static sfi_status
extended(sfi_target *t, const char *name, uint32_t opcode, const uint8_t *param,
         size_t param_len, const uint8_t *data, size_t len)
{
    const sfi_request r = {
        .struct_size = sizeof(r),
        .flags = SFI_REQUEST_EXTENDED,
        .opcode = opcode,
        .timeout_ms = 40000,
        .name = name,
        .param = param,
        .param_len = param_len,
        .data = data,
        .data_len = len,
    };

    return ask(t, &r, NULL, 0);
}

/* A part that libsfi does not know: no memory is shown but the block. */
static sfi_status
speaks_memory(sfi_target *t, uint32_t *yes)
{
    uint8_t magic[4];
    sfi_status st =
        sfi_dialect_read(t, block_base() + AT_MAGIC, magic, sizeof(magic));

    *yes = st == SFI_OK && memcmp(magic, "MBXV", sizeof(magic)) == 0;
    return st;
}

/* Not by what it has, but by its version. */
static sfi_status
speaks(void *user, sfi_target *t, uint32_t *yes)
{
    sfi_dialect_link link = {.struct_size = sizeof(link)};
    sfi_status st = sfi_dialect_get_link(t, &link);

    (void)user;
    *yes = link.bootloader_version == 0x42;
    if (st != SFI_OK || link.kind != SFI_LINK_MEMORY || link.flags != 0)
        return st;
    return speaks_memory(t, yes);
}

static sfi_status
info(void *user, sfi_target *t, sfi_dialect_info *out)
{
    uint8_t raw[WHO_LEN];
    sfi_status st = special(t, "WHO", WHO, NULL, 0, raw, sizeof(raw));
    uint8_t magic[2];
    struct rd r;

    (void)user;
    if (st != SFI_OK)
        return st;
    rd_init(&r, raw, sizeof(raw));
    rd_bytes(&r, magic, sizeof(magic));
    (void)rd_u8(&r);
    out->state = rd_u8(&r) - LIFE;
    out->device_id = rd_u16be(&r);
    out->data_max = rd_u16be(&r);
    out->cause = rd_u8(&r);
    for (size_t i = 0; i < ROWS(refusals); i++) {
        if (refusals[i].status == out->cause)
            out->cause = (uint32_t)refusals[i].code;
    }
    out->area_index = rd_u8(&r);
    rd_bytes(&r, out->header_tag, sizeof(out->header_tag));
    return SFI_OK;
}

static sfi_status
certificate(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    sfi_status st = SFI_OK;

    (void)user;
    ck_assert_uint_eq(*out_len, 2 * HALF);
    for (uint8_t i = 0; i < 2 && st == SFI_OK; i++)
        st = special(t, "CERT", HALF_CERT, &i, 1, out + i * HALF, HALF);
    return st;
}

static sfi_status
session(void *user, sfi_target *t, uint32_t *out)
{
    uint8_t raw[4];
    sfi_status st = special(t, "TICKET", TICKET, NULL, 0, raw, sizeof(raw));
    struct rd r;

    (void)user;
    rd_init(&r, raw, sizeof(raw));
    *out = rd_u32be(&r);
    return st;
}

static sfi_status
secure(void *user, sfi_target *t, uint32_t erase)
{
    const uint8_t how = erase ? 'F' : 'N';

    (void)user;
    return special(t, "WIPE", WIPE, &how, 1, NULL, 0);
}

static sfi_status
license(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    sfi_status st = extended(t, "KEY A", KEY_A, NULL, 0, data, HALF);

    (void)user;
    ck_assert_uint_eq(len, 2 * HALF);
    return st == SFI_OK
               ? extended(t, "KEY B", KEY_B, NULL, 0, data + HALF, HALF)
               : st;
}

static sfi_status
header(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    (void)user;
    return special(t, "HEAD", HEAD, data, len, NULL, 0);
}

static sfi_status
area(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    (void)user;
    return special(t, "AREA", AREA, data, len, NULL, 0);
}

/* More than a request takes goes in several. */
static sfi_status
data(void *user, sfi_target *t, uint32_t offset, const uint8_t *bytes,
     size_t len)
{
    sfi_status st = SFI_OK;

    (void)user;
    ck_assert_uint_le(len, vendor.data_max);
    for (size_t at = 0; at < len && st == SFI_OK; at += SFI_REQUEST_DATA_MAX) {
        size_t left = len - at;
        uint8_t param[4];
        struct wr w;

        wr_init(&w, param, sizeof(param));
        wr_u32be(&w, offset + (uint32_t)at);
        st =
            extended(t, "PUT", PUT, param, sizeof(param), bytes + at,
                     left < SFI_REQUEST_DATA_MAX ? left : SFI_REQUEST_DATA_MAX);
    }
    return st;
}

static sfi_status
finish(void *user, sfi_target *t)
{
    (void)user;
    return special(t, "SEAL", SEAL, NULL, 0, NULL, 0);
}

static sfi_status
abort_install(void *user, sfi_target *t)
{
    (void)user;
    return special(t, "BYE", BYE, NULL, 0, NULL, 0);
}

const sfi_dialect_ops vendor_dialect = {
    .struct_size = sizeof(vendor_dialect),
    .speaks = speaks,
    .info = info,
    .certificate = certificate,
    .session = session,
    .secure = secure,
    .license = license,
    .header = header,
    .area = area,
    .data = data,
    .finish = finish,
    .abort = abort_install,
};

/* ---- on the bench ---- */

sfi_target *
vendor_connect(const sfi_dialect_ops *dialect)
{
    const sfi_connect_options options = {
        .struct_size = sizeof(options),
        .transport = station.tp,
        .dialect = dialect,
    };
    sfi_target *t;

    ck_assert_ok(sfi_target_connect_with(ctx, &options, &t));
    return t;
}

sfi_target *
vendor_begin(void)
{
    sfi_target *t;

    station_setup("stm32h753xi");
    vendor_open("usart", 96);
    t = vendor_connect(&vendor_dialect);
    ck_assert_ok(sfi_target_activate_security(t));
    return t;
}

void
vendor_end(sfi_target *t)
{
    sfi_target_free(t);
    station_teardown();
}
