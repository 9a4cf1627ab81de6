/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The smartcard's command set, for both sides: ISO 7816-4 conventions, with
 * project-defined numbers, since ST's are not public.  Integers are big-endian,
 * as usual in APDUs. */
#ifndef SFI_WIRE_CARD_COMMAND_H
#define SFI_WIRE_CARD_COMMAND_H

#define CARD_VERSION 1u

/* F0 "SFIHSM" 01: proprietary, first nibble F */
#define CARD_AID "\xf0SFIHSM\x01"
#define CARD_AID_LEN 8u

#define CARD_CLA_ISO 0x00u /* SELECT, VERIFY, CHANGE, GET RESPONSE */
#define CARD_CLA_OURS 0x80u
#define CARD_CLA_CHAIN 0x10u /* set: more of this command follows */

enum card_ins {
    CARD_SELECT = 0xa4,       /* 00 A4 04 00 AID -> 6F .. 84 AID */
    CARD_VERIFY = 0x20,       /* 00 20 00 01 PIN */
    CARD_CHANGE_PIN = 0x24,   /* 00 24 00 01 length of the old PIN (1), old,
                                 new */
    CARD_GET_RESPONSE = 0xc0, /* 00 C0 00 00 */
    CARD_GET_DATA = 0xca,     /* 80 CA 01 object */
    CARD_PUT_DATA = 0xda,     /* 80 DA 01 object; while blank, kept in RAM */
    CARD_STATUS = 0xf0,       /* 80 F0 00 0F lock: provisions with what was
                                 put; 80 F0 00 0E retire */
    CARD_LICENSE = 0x2a,      /* 80 2A 00 00 certificate 136 [session 4] ->
                                 licence 136; 80 2A 00 02 header of an image 28:
                                 is it of this card's key and nonce? */
    CARD_RECORD = 0xb2,       /* 80 B2 00 00 sequence 8 -> record */
};
#define CARD_P2_PIN 0x01u
#define CARD_P2_LICENSE 0x00u
#define CARD_P2_IMAGE 0x02u
#define CARD_P2_LOCK 0x0fu
#define CARD_P2_RETIRE 0x0eu

/* Data objects, P1 = 01. */
enum card_object {
    CARD_DO_VERSION = 0x01,     /* get: 1 */
    CARD_DO_FIRMWARE_ID = 0x02, /* get, put: 1 to 63 characters */
    CARD_DO_REMAINING = 0x03,   /* get: 8 */
    CARD_DO_MAXIMUM = 0x04,     /* get, put: 8 */
    CARD_DO_STATE = 0x05,       /* get: 1, SFI_HSM_* */
    CARD_DO_AUDIT_HEAD = 0x06,  /* get: 32, hash of the last record */
    CARD_DO_PRODUCT_ID = 0x07,  /* get: 8 characters */
    CARD_DO_SERIAL = 0x08,      /* get: 16 */
    CARD_DO_PIN_TRIES = 0x09,   /* get: 1 */
    CARD_DO_LOW_WATER = 0x0a,   /* get, put: 8 */
    CARD_DO_FLAGS = 0x0b,       /* get, put: 4 */
    CARD_DO_RECORDS = 0x0c,     /* get: 8 */
    CARD_DO_INFO = 0x10,        /* get: all of the above at once, below */
    CARD_DO_AUDIT = 0x11,       /* get: audit head, below */
    CARD_DO_KEY = 0x20,         /* put: IV field 16 (nonce, 4 zeros), key 16 */
    CARD_DO_PERSO = 0x21,       /* put: personalisation file */
    CARD_DO_AUDIT_KEY = 0x22,   /* put: 32; optional */
};

/* version 1, state 1, PIN tries 1, 0, flags 4, remaining 8, maximum 8, low
 * water 8, records 8, serial 16, product id 8, firmware id 64 */
#define CARD_INFO_LEN 128u
/* flags 4, maximum 8, low water 8, remaining 8, sequence 8, firmware id 64,
 * product id 8, serial 16, CA 64, genesis 32, audit head 32, MAC 32: longer
 * than a short answer */
#define CARD_AUDIT_LEN 284u
/* kind 4, sequence 8, time 8, remaining 8, session 4, device 32, licence hash
 * 32, previous 32, hash 32, MAC 32 */
#define CARD_RECORD_LEN 192u

/* Status words. */
enum card_sw {
    CARD_SW_OK = 0x9000,
    CARD_SW_MORE = 0x6100,   /* low byte: bytes that wait, 00: 256 */
    CARD_SW_PIN = 0x63c0,    /* wrong PIN; low nibble: tries left */
    CARD_SW_MEMORY = 0x6581, /* state could not be stored */
    CARD_SW_LENGTH = 0x6700,
    CARD_SW_CHAIN = 0x6884,      /* chaining not supported here */
    CARD_SW_SECURITY = 0x6982,   /* VERIFY first */
    CARD_SW_BLOCKED = 0x6983,    /* no tries left */
    CARD_SW_CONDITIONS = 0x6985, /* not provisioned, locked, exhausted,
                                    retired: see GET DATA 05 */
    CARD_SW_DATA = 0x6a80,       /* certificate or object refused */
    CARD_SW_NOT_FOUND = 0x6a82,  /* no such application */
    CARD_SW_NO_RECORD = 0x6a83,
    CARD_SW_P1P2 = 0x6a86,
    CARD_SW_NO_OBJECT = 0x6a88, /* GET DATA: absent or unknown object */
    CARD_SW_INS = 0x6d00,
    CARD_SW_CLA = 0x6e00,
    CARD_SW_INTERNAL = 0x6f00,
};

#endif
