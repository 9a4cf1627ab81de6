/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bytes of a step: a request, right or wrong, and its frames over USART. */
#ifndef SFI_TESTS_BOARD_MESSAGE_H
#define SFI_TESTS_BOARD_MESSAGE_H

#include <bench/part.h>

#include "stream.h"

/* AN3155 allows 128 and 1024; some more, to be refused. */
#define MESSAGE_PARAM_MAX 160u
#define MESSAGE_DATA_MAX 1030u
#define MESSAGE_PACKETS_MAX 16u

struct message {
    uint16_t opcode;
    uint8_t carrier; /* USART_SPECIAL, _EXT_SPECIAL */
    uint8_t param[MESSAGE_PARAM_MAX];
    size_t param_len;
    uint8_t data[MESSAGE_DATA_MAX];
    size_t data_len;
};

/* What a step depends on. */
struct progress {
    struct security_info info;
    const struct test_image *image;
    uint16_t done;    /* areas */
    uint32_t session; /* 0: none is known */
    bool opens;       /* a licence may be good */
};

struct packet {
    uint8_t bytes[2 + MESSAGE_DATA_MAX + 1];
    size_t len;
};

/* Packets are sent one after the other; unless `all` is set, only while each is
 * acknowledged. */
struct script {
    struct packet packet[MESSAGE_PACKETS_MAX];
    size_t count;
    bool spi; /* set before: frames begin with 0x5a */
    bool all;
    bool resets;
    uint32_t wait_ms; /* behind the packets */
};

/* The right next request of an install. */
void message_next(struct message *m, const struct progress *p,
                  struct chance *c);
/* This request with the right content, whatever the state. */
void message_request(struct message *m, uint16_t opcode,
                     const struct progress *p, struct chance *c);
void message_frame(const struct message *m, struct script *s);
/* The step's bytes; `last` is the request before, and the one after. */
void message_step(const struct step *step, const struct progress *p,
                  struct message *last, struct script *s);

#endif
