#include "proto/an3155.h"

#include "util/rd.h"
#include "util/wr.h"

static uint8_t
checksum(const uint8_t *data, size_t len)
{
    uint8_t x = 0;

    for (size_t i = 0; i < len; i++)
        x = (uint8_t)(x ^ data[i]);
    return x;
}

static size_t
seal(struct wr *w)
{
    wr_u8(w, checksum(w->start, wr_len(w)));
    return wr_ok(w) ? wr_len(w) : 0;
}

/* AN3155, 3: of one byte the checksum is the complement. */
void
usart_command(uint8_t out[USART_COMMAND_LEN], uint8_t cmd)
{
    out[0] = cmd;
    out[1] = (uint8_t)~cmd;
}

void
usart_address(uint8_t out[USART_ADDRESS_LEN], uint32_t address)
{
    struct wr w;

    wr_init(&w, out, USART_ADDRESS_LEN);
    wr_u32be(&w, address);
    (void)seal(&w);
}

void
usart_count(uint8_t out[USART_COUNT_LEN], size_t len)
{
    usart_command(out, (uint8_t)(len - 1));
}

size_t
usart_write(uint8_t out[USART_WRITE_MAX], const uint8_t *data, size_t len)
{
    struct wr w;

    wr_init(&w, out, USART_WRITE_MAX);
    wr_u8(&w, (uint8_t)(len - 1));
    wr_bytes(&w, data, len);
    return seal(&w);
}

void
usart_erase_special(uint8_t out[USART_ERASE_SPECIAL_LEN], uint16_t code)
{
    usart_opcode(out, code);
}

size_t
usart_erase_pages(uint8_t out[USART_ERASE_MAX], const uint16_t *pages,
                  size_t count)
{
    struct wr w;

    wr_init(&w, out, USART_ERASE_MAX);
    wr_u16be(&w, (uint16_t)(count - 1));
    for (size_t i = 0; i < count; i++)
        wr_u16be(&w, pages[i]);
    return seal(&w);
}

void
usart_opcode(uint8_t out[USART_OPCODE_LEN], uint16_t opcode)
{
    struct wr w;

    wr_init(&w, out, USART_OPCODE_LEN);
    wr_u16be(&w, opcode);
    (void)seal(&w);
}

size_t
usart_packet(uint8_t out[USART_PACKET_MAX], const uint8_t *data, size_t len)
{
    struct wr w;

    wr_init(&w, out, USART_PACKET_MAX);
    wr_u16be(&w, (uint16_t)len);
    wr_bytes(&w, data, len);
    return seal(&w);
}

bool
usart_read_get(struct usart_get *out, const uint8_t *data, size_t len)
{
    struct rd r;
    size_t announced;

    rd_init(&r, data, len);
    announced = rd_u8(&r);
    out->version = rd_u8(&r);
    if (!rd_ok(&r) || rd_left(&r) == 0 || data[len - 1] != USART_ACK)
        return false;
    out->count = rd_left(&r) - 1;
    if (out->count > announced || out->count > USART_COMMANDS_MAX)
        return false;
    rd_bytes(&r, out->commands, out->count);
    return true;
}

bool
usart_has(const struct usart_get *get, uint8_t cmd)
{
    for (size_t i = 0; i < get->count; i++) {
        if (get->commands[i] == cmd)
            return true;
    }
    return false;
}
