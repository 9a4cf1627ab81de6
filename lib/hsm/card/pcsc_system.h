/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* PC/SC of Windows and that of libpcsclite: what one has and the other not. */
#ifndef SFI_HSM_CARD_PCSC_SYSTEM_H
#define SFI_HSM_CARD_PCSC_SYSTEM_H

#include <winscard.h>

/* Windows has no such limits; these are those of libpcsclite. */
#ifndef MAX_READERNAME
#define MAX_READERNAME 128
#endif
#ifndef PCSCLITE_MAX_READERS_CONTEXTS
#define PCSCLITE_MAX_READERS_CONTEXTS 16
#endif

/* What to do when the service is not there. */
extern const char sfi__pcsc_no_service[];

/* What a code without a sentence of ours means, in English. */
const char *sfi__pcsc_error_text(LONG code);

#endif
