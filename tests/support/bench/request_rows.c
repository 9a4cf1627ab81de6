/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Requests of all zeros: what a part answers, row by row. */
#include "bench/request_rows.h"

#include <sfi/cause.h>

#include "wire/security.h"

#define OK SFI_CAUSE_NONE
#define ST SFI_CAUSE_STATE

const char *const situation_names[SITUATIONS] = {
    "new",    "ready",    "licensed",  "between areas",
    "within", "complete", "installed", "rebooted",
};

const struct request_row request_rows[REQUEST_ROWS] = {
    {SFI_CMD_INFO, 0, 0, {OK, OK, OK, OK, OK, OK, OK, OK}},
    {SFI_CMD_CERTIFICATE, 0, 0, {OK, OK, OK, OK, OK, OK, OK, OK}},
    {SFI_CMD_SECURE,
     1,
     0,
     {OK, OK, OK, OK, OK, OK, SFI_CAUSE_INSTALLED, SFI_CAUSE_INSTALLED}},
    {SFI_CMD_LICENSE,
     0,
     136,
     {ST, SFI_CAUSE_LICENSE_TYPE, ST, ST, ST, ST, ST, ST}},
    {SFI_CMD_HEADER,
     28,
     0,
     {ST, ST, SFI_CAUSE_HEADER_MAGIC, ST, ST, ST, ST, ST}},
    {SFI_CMD_AREA, 30, 0, {ST, ST, ST, SFI_CAUSE_AREA_TYPE, ST, ST, ST, ST}},
    {SFI_CMD_DATA, 4, 16, {ST, ST, ST, ST, OK, ST, ST, ST}},
    {SFI_CMD_FINISH, 0, 0, {ST, ST, ST, ST, ST, OK, OK, ST}},
    {SFI_CMD_ABORT, 0, 0, {OK, OK, OK, OK, OK, OK, OK, OK}},
    {SFI_CMD_SESSION, 0, 0, {OK, OK, OK, OK, OK, OK, OK, OK}},
    {SFI_CMD_RECEIPT,
     0,
     0,
     {ST, ST, ST, ST, ST, ST, SFI_CAUSE_NO_RECEIPT, SFI_CAUSE_NO_RECEIPT}},
    {0x5300,
     0,
     0,
     {SFI_CAUSE_UNKNOWN_COMMAND, SFI_CAUSE_UNKNOWN_COMMAND,
      SFI_CAUSE_UNKNOWN_COMMAND, SFI_CAUSE_UNKNOWN_COMMAND,
      SFI_CAUSE_UNKNOWN_COMMAND, SFI_CAUSE_UNKNOWN_COMMAND,
      SFI_CAUSE_UNKNOWN_COMMAND, SFI_CAUSE_UNKNOWN_COMMAND}},
};
