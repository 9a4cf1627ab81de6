/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* AES as in RM0394, 25 (L4): ECB, CBC, CTR, GCM and GMAC with 128 and 256 bits.
 * CCM, CMAC and DMA are not modelled.  The block cipher is Nettle's: another
 * one than that of the firmware. */
#include <string.h>

#include <nettle/aes.h>

#include "periph.h"
#include "sim/board/wire.h"

enum {
    AES_CR = 0x00,
    AES_SR = 0x04,
    AES_DINR = 0x08,
    AES_DOUTR = 0x0c,
    AES_KEYR0 = 0x10,
    AES_IVR0 = 0x20,
    AES_KEYR4 = 0x30,
    AES_SUSP0R = 0x40,
    AES_END = 0x60,
};
/* CR */
#define EN (1u << 0)
#define DATATYPE_SHIFT 1
#define MODE_SHIFT 3
#define CHMOD (1u << 16 | 3u << 5)
#define CCFC (1u << 7)
#define ERRC (1u << 8)
#define CCFIE (1u << 9)
#define ERRIE (1u << 10)
#define DMA (3u << 11)
#define GCMPH_SHIFT 13
#define KEYSIZE (1u << 18)
#define CR_MASK (0x7e7fu | 1u << 16 | KEYSIZE)
/* What cannot be changed while EN is 1. */
#define CR_LOCKED (3u << DATATYPE_SHIFT | 3u << MODE_SHIFT | CHMOD | KEYSIZE)
/* SR */
#define CCF (1u << 0)
#define RDERR (1u << 1)
#define WRERR (1u << 2)
#define BUSY (1u << 3)

enum { MODE_ENCRYPT, MODE_DERIVE, MODE_DECRYPT, MODE_DERIVE_AND_DECRYPT };
enum chain { CHAIN_ECB, CHAIN_CBC, CHAIN_CTR, CHAIN_GCM };
enum { PHASE_INIT, PHASE_HEADER, PHASE_PAYLOAD, PHASE_FINAL };
enum step { STEP_INPUT, STEP_COMPUTE, STEP_OUTPUT };

#define BLOCK 16u

struct aes {
    uint32_t cr, flags, last_sr;
    uint32_t key[8];     /* KEYR0 first: the end of the key */
    bool key_is_derived; /* mode 2 has put the last round key there */
    uint8_t iv[BLOCK];   /* IVR3 first, as the cipher has it */
    uint8_t hash[BLOCK]; /* GHASH so far: SUSP0R to 3 */
    uint8_t h[BLOCK];    /* the hash subkey: SUSP4R to 7 */
    uint8_t in[BLOCK], out[BLOCK];
    unsigned words; /* of in[] or out[] done */
    enum step step;
    board_time ready;
    bool broken; /* never completes: WIRE_FAULT_AES */
};

static enum chain
chain(const struct aes *a)
{
    return (enum chain)((a->cr >> 5 & 3) | (a->cr >> 16 & 1) << 2);
}

static unsigned
mode(const struct aes *a)
{
    unsigned mode = a->cr >> MODE_SHIFT & 3;

    /* 25.7.1: mode 4 is one of ECB and CBC; elsewhere it is mode 3. */
    if (mode == MODE_DERIVE_AND_DECRYPT && chain(a) > CHAIN_CBC)
        return MODE_DECRYPT;
    return mode;
}

static unsigned
phase(const struct aes *a)
{
    return a->cr >> GCMPH_SHIFT & 3;
}

/* 25.4.13: what DATATYPE does to a word on its way in or out. */
static uint32_t
swapped(const struct aes *a, uint32_t word)
{
    uint32_t out = 0;
    unsigned i;

    switch (a->cr >> DATATYPE_SHIFT & 3) {
    case 0:
        return word;
    case 1:
        return word << 16 | word >> 16;
    case 2:
        return word << 24 | (word & 0xff00) << 8 | (word >> 8 & 0xff00) |
               word >> 24;
    default:
        for (i = 0; i < 32; i++)
            out |= (word >> i & 1) << (31 - i);
        return out;
    }
}

static void
put_word(uint8_t *block, unsigned at, uint32_t word)
{
    block[4 * at] = (uint8_t)(word >> 24);
    block[4 * at + 1] = (uint8_t)(word >> 16);
    block[4 * at + 2] = (uint8_t)(word >> 8);
    block[4 * at + 3] = (uint8_t)word;
}

static uint32_t
get_word(const uint8_t *block, unsigned at)
{
    return (uint32_t)block[4 * at] << 24 | (uint32_t)block[4 * at + 1] << 16 |
           (uint32_t)block[4 * at + 2] << 8 | block[4 * at + 3];
}

/* The key as the cipher has it.  A decryption with a key that was not derived,
 * and an encryption with one that was, give something: not what was meant. */
static unsigned
key_bytes(const struct aes *a, bool decrypt, uint8_t key[32])
{
    unsigned words = (a->cr & KEYSIZE) != 0 ? 8 : 4, i;
    bool wrong = decrypt && mode(a) == MODE_DECRYPT ? !a->key_is_derived
                                                    : a->key_is_derived;

    for (i = 0; i < words; i++)
        put_word(key, i, a->key[words - 1 - i] ^ (wrong ? UINT32_MAX : 0));
    return words;
}

static void
encrypt(const struct aes *a, const uint8_t in[BLOCK], uint8_t out[BLOCK])
{
    struct aes256_ctx long_key;
    struct aes128_ctx short_key;
    uint8_t key[32];

    if (key_bytes(a, false, key) == 8) {
        aes256_set_encrypt_key(&long_key, key);
        aes256_encrypt(&long_key, BLOCK, out, in);
    } else {
        aes128_set_encrypt_key(&short_key, key);
        aes128_encrypt(&short_key, BLOCK, out, in);
    }
}

static void
decrypt(const struct aes *a, const uint8_t in[BLOCK], uint8_t out[BLOCK])
{
    struct aes256_ctx long_key;
    struct aes128_ctx short_key;
    uint8_t key[32];

    if (key_bytes(a, true, key) == 8) {
        aes256_set_decrypt_key(&long_key, key);
        aes256_decrypt(&long_key, BLOCK, out, in);
    } else {
        aes128_set_decrypt_key(&short_key, key);
        aes128_decrypt(&short_key, BLOCK, out, in);
    }
}

static void
xor_block(uint8_t *to, const uint8_t *with)
{
    unsigned i;

    for (i = 0; i < BLOCK; i++)
        to[i] ^= with[i];
}

/* The counter is the last 32 bits of the block: 25.4.9 and 25.4.10. */
static void
count(uint8_t block[BLOCK])
{
    put_word(block, 3, get_word(block, 3) + 1);
}

/* NIST SP 800-38D, 6.3: the hash so far, with one block more, times H. */
static void
hash_block(struct aes *a, const uint8_t block[BLOCK])
{
    uint8_t product[BLOCK] = {0}, v[BLOCK];
    unsigned bit, i;

    xor_block(a->hash, block);
    memcpy(v, a->h, BLOCK);
    for (bit = 0; bit < 128; bit++) {
        bool carry = v[BLOCK - 1] & 1;

        if ((a->hash[bit / 8] >> (7 - bit % 8) & 1) != 0)
            xor_block(product, v);
        for (i = BLOCK - 1; i > 0; i--)
            v[i] = (uint8_t)(v[i] >> 1 | v[i - 1] << 7);
        v[0] >>= 1;
        if (carry)
            v[0] ^= 0xe1;
    }
    memcpy(a->hash, product, BLOCK);
}

/* 25.4.10.  Encryption hashes the whole block that comes out: there is no NPBLB
 * here, so that the tag over a part of a block needs the work-around of ST's
 * driver.  A decryption does not: its padding is zeros. */
static void
gcm_block(struct aes *a)
{
    uint8_t pad[BLOCK], first[BLOCK];

    switch (phase(a)) {
    case PHASE_INIT:
        memset(a->hash, 0, BLOCK);
        memset(first, 0, BLOCK);
        encrypt(a, first, a->h);
        break;
    case PHASE_HEADER:
        hash_block(a, a->in);
        break;
    case PHASE_PAYLOAD:
        encrypt(a, a->iv, pad);
        count(a->iv);
        memcpy(a->out, a->in, BLOCK);
        xor_block(a->out, pad);
        hash_block(a, mode(a) == MODE_ENCRYPT ? a->out : a->in);
        break;
    default:
        /* The counter of the tag is 1, whatever the payload's is now. */
        hash_block(a, a->in);
        memcpy(first, a->iv, BLOCK);
        put_word(first, 3, 1);
        encrypt(a, first, a->out);
        xor_block(a->out, a->hash);
        break;
    }
}

static void
cipher_block(struct aes *a)
{
    bool deciphers = mode(a) != MODE_ENCRYPT;

    switch (chain(a)) {
    case CHAIN_ECB:
        if (deciphers)
            decrypt(a, a->in, a->out);
        else
            encrypt(a, a->in, a->out);
        break;
    case CHAIN_CBC:
        if (deciphers) {
            decrypt(a, a->in, a->out);
            xor_block(a->out, a->iv);
            memcpy(a->iv, a->in, BLOCK);
        } else {
            xor_block(a->in, a->iv);
            encrypt(a, a->in, a->out);
            memcpy(a->iv, a->out, BLOCK);
        }
        break;
    case CHAIN_CTR:
        encrypt(a, a->iv, a->out);
        count(a->iv);
        xor_block(a->out, a->in);
        break;
    case CHAIN_GCM:
        gcm_block(a);
        break;
    default:
        memset(a->out, 0, BLOCK);
        break;
    }
}

/* 25.6, processing latency, in cycles of HCLK. */
static unsigned
latency(const struct aes *a)
{
    static const uint16_t cipher[2][4] = {{202, 80, 202, 276},
                                          {286, 109, 286, 380}};
    static const uint16_t gcm[2][4] = {{215, 67, 202, 202},
                                       {299, 67, 286, 286}};
    bool longer = (a->cr & KEYSIZE) != 0;

    if (chain(a) == CHAIN_GCM)
        return gcm[longer][phase(a)];
    return cipher[longer][mode(a)];
}

static void
begin(struct board *b, struct aes *a)
{
    uint32_t hz = board_clock_hz(b, BOARD_CLOCK_HCLK);

    a->step = STEP_COMPUTE;
    a->words = 0;
    a->ready = a->broken || hz == 0
                   ? BOARD_NEVER
                   : board_now(b) + latency(a) * BOARD_PS_PER_S / hz;
}

static bool
makes_no_output(const struct aes *a)
{
    return mode(a) == MODE_DERIVE ||
           (chain(a) == CHAIN_GCM && phase(a) <= PHASE_HEADER);
}

static void
complete(struct aes *a)
{
    a->flags |= CCF;
    a->ready = BOARD_NEVER;
    a->step = makes_no_output(a) ? STEP_INPUT : STEP_OUTPUT;
    if (mode(a) == MODE_DERIVE) {
        a->key_is_derived = true;
        a->cr &= ~EN; /* 25.7.1: by itself here and after GCM's first phase */
        return;
    }
    cipher_block(a);
    if (chain(a) == CHAIN_GCM && phase(a) == PHASE_INIT)
        a->cr &= ~EN;
}

static void
run(struct board *b, struct aes *a)
{
    if (a->step == STEP_COMPUTE && a->ready <= board_now(b))
        complete(a);
    board_schedule(b, a, a->step == STEP_COMPUTE ? a->ready : BOARD_NEVER);
    board_interrupt(
        b, a,
        ((a->cr & CCFIE) != 0 && (a->flags & CCF) != 0) ||
            ((a->cr & ERRIE) != 0 && (a->flags & (RDERR | WRERR)) != 0));
}

static uint32_t
data_out(struct board *b, struct aes *a)
{
    uint32_t word;

    if (a->step != STEP_OUTPUT) {
        board_note(b, "AES: DOUTR was read without a result");
        a->flags |= RDERR;
        return 0;
    }
    word = swapped(a, get_word(a->out, a->words++));
    if (a->words == 4) {
        a->words = 0;
        a->step = STEP_INPUT;
    }
    return word;
}

static void
data_in(struct board *b, struct aes *a, uint32_t word)
{
    if ((a->cr & EN) == 0)
        return;
    if (a->step != STEP_INPUT) {
        board_note(b, "AES: DINR was written while %s",
                   a->step == STEP_OUTPUT ? "a result waits" : "it computes");
        a->flags |= WRERR;
        return;
    }
    put_word(a->in, a->words++, swapped(a, word));
    if (a->words == 4)
        begin(b, a);
}

static uint32_t
aes_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    struct aes *a = state;
    uint32_t value = 0;

    if (size != 4)
        board_note(b, "AES: is read by words only");
    run(b, a);
    if (offset == AES_CR)
        return a->cr;
    if (offset == AES_SR) {
        value = a->flags;
        if (a->step == STEP_COMPUTE && chain(a) == CHAIN_GCM &&
            phase(a) == PHASE_PAYLOAD)
            value |= BUSY;
        periph_awaited(b, value, &a->last_sr, a->ready);
        return value;
    }
    board_busy(b);
    if (offset == AES_DOUTR)
        value = data_out(b, a);
    else if (offset >= AES_KEYR0 && offset < AES_IVR0)
        value = a->key[(offset - AES_KEYR0) / 4];
    else if (offset >= AES_IVR0 && offset < AES_KEYR4)
        value = get_word(a->iv, 3 - (offset - AES_IVR0) / 4);
    else if (offset >= AES_KEYR4 && offset < AES_SUSP0R)
        value = a->key[4 + (offset - AES_KEYR4) / 4];
    else if (offset >= AES_SUSP0R && offset < AES_SUSP0R + 16)
        value = get_word(a->hash, (offset - AES_SUSP0R) / 4);
    else if (offset >= AES_SUSP0R + 16 && offset < AES_END)
        value = get_word(a->h, (offset - AES_SUSP0R) / 4 - 4);
    run(b, a);
    return value;
}

/* What begins by EN alone: a key's derivation, and GCM's first phase. */
static void
enabled(struct board *b, struct aes *a)
{
    a->step = STEP_INPUT;
    a->words = 0;
    if (chain(a) > CHAIN_GCM)
        board_note(b, "AES: CCM is not modelled");
    if (mode(a) == MODE_DERIVE ||
        (chain(a) == CHAIN_GCM && phase(a) == PHASE_INIT)) {
        if (chain(a) == CHAIN_GCM && (a->cr >> DATATYPE_SHIFT & 3) != 0)
            board_note(b, "AES: ST's driver keeps DATATYPE 0 in GCM's first "
                          "phase on this version");
        begin(b, a);
    }
}

static void
write_control(struct board *b, struct aes *a, uint32_t value)
{
    uint32_t old = a->cr;

    if ((value & CCFC) != 0)
        a->flags &= ~CCF;
    if ((value & ERRC) != 0)
        a->flags &= ~(RDERR | WRERR);
    value &= CR_MASK & ~(CCFC | ERRC);
    if ((value & DMA) != 0)
        board_note(b, "AES: DMA is not modelled");
    if ((old & value & EN) != 0) {
        if (((old ^ value) & CR_LOCKED) != 0)
            board_note(b,
                       "AES: CR bits 0x%08x can be written only while EN "
                       "is 0",
                       (old ^ value) & CR_LOCKED);
        value = (value & ~CR_LOCKED) | (old & CR_LOCKED);
    }
    a->cr = value;
    if ((old & EN) != 0 && (value & EN) == 0) {
        /* 25.7.1: EN 0 and 1 begins anew, so that what was hashed is lost
         * ("the AES peripheral must not be disabled, otherwise the result is
         * wrong"); H stays for a message that is resumed. */
        memset(a->hash, 0, BLOCK);
        a->step = STEP_INPUT;
        a->words = 0;
    }
    if ((old & EN) == 0 && (value & EN) != 0)
        enabled(b, a);
}

static void
write_block_word(struct board *b, struct aes *a, uint8_t *block, unsigned at,
                 uint32_t value)
{
    if ((a->cr & EN) != 0)
        board_note(b, "AES: keys, vectors and SUSPxR can be written only "
                      "while EN is 0");
    else
        put_word(block, at, value);
}

static void
write_key(struct board *b, struct aes *a, unsigned at, uint32_t value)
{
    if ((a->cr & EN) != 0) {
        board_note(b, "AES: a key can be written only while EN is 0");
        return;
    }
    a->key[at] = value;
    a->key_is_derived = false;
}

static void
aes_write(struct board *b, void *state, uint32_t offset, uint32_t value,
          unsigned size)
{
    struct aes *a = state;

    /* "32-bit word single accesses only (otherwise an AHB bus error is
     * generated and write accesses are ignored)" */
    if (size != 4) {
        board_note(b, "AES: is written by words only");
        return;
    }
    run(b, a);
    board_busy(b);
    if (offset == AES_CR)
        write_control(b, a, value);
    else if (offset == AES_DINR)
        data_in(b, a, value);
    else if (offset >= AES_KEYR0 && offset < AES_IVR0)
        write_key(b, a, (offset - AES_KEYR0) / 4, value);
    else if (offset >= AES_IVR0 && offset < AES_KEYR4)
        write_block_word(b, a, a->iv, 3 - (offset - AES_IVR0) / 4, value);
    else if (offset >= AES_KEYR4 && offset < AES_SUSP0R)
        write_key(b, a, 4 + (offset - AES_KEYR4) / 4, value);
    else if (offset >= AES_SUSP0R && offset < AES_SUSP0R + 16)
        write_block_word(b, a, a->hash, (offset - AES_SUSP0R) / 4, value);
    else if (offset >= AES_SUSP0R + 16 && offset < AES_END)
        write_block_word(b, a, a->h, (offset - AES_SUSP0R) / 4 - 4, value);
    run(b, a);
}

static void
aes_tick(struct board *b, void *state)
{
    run(b, state);
}

static void
aes_reset(struct board *b, void *state, enum board_reset why)
{
    struct aes *a = state;
    bool broken = a->broken;

    (void)why;
    memset(a, 0, sizeof(*a));
    a->ready = BOARD_NEVER;
    a->broken = broken;
    run(b, a);
}

static bool
aes_fault(struct board *b, void *state, unsigned what, uint32_t value)
{
    struct aes *a = state;

    (void)b;
    if (what != WIRE_FAULT_AES)
        return false;
    a->broken = value != 0;
    return true;
}

const struct board_model board_aes_l4 = {
    .name = "AES",
    .state_size = sizeof(struct aes),
    .read = aes_read,
    .write = aes_write,
    .tick = aes_tick,
    .reset = aes_reset,
    .fault = aes_fault,
};
