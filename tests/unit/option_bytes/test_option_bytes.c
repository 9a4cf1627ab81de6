/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/option_bytes: every tolerated variation and every error of the
 * option-byte CSV, and the fields. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/option_bytes.h>

#include "fixture.h"
#include "option_bytes/option_bytes.h"

#define L462_1 "FLASH_OPTR,0xFBEFF8BB\n"
#define L462_2 "PCROP1SR,0xFFFFFFFF\n"
#define L462_3 "PCROP1ER,0x00000000\n"
#define L462_4 "WRP1AR,0xFF00FFFF\n"
#define L462_5 "WRP1BR,0xFF00FFFE\n"
#define H753_REST                                                              \
    "FPRAR_PRG_A,0x81000200\nFPRAR_PRG_B,0x81000200\nFSCAR_PRG_A,0x81000200\n" \
    "FSCAR_PRG_B,0x81000200\nFWPSN_PRG_A,FFFFFFFF\nFWPSN_PRG_B,FFFFFFFF\n"     \
    "FBOOT7_PRG,0x24000800\nRESERVED,0x10000810\n"

static const uint32_t l462_words[] = {
    0xfbeff8bb, 0xffffffff, 0x00000000, 0xff00ffff, 0xff00fffe,
};
static const uint32_t h753_words[] = {
    0x1026aad0, 0x81000200, 0x81000200, 0x81000200, 0x81000200,
    0xffffffff, 0xffffffff, 0x24000800, 0x10000810,
};

static const struct {
    const char *why;
    const char *csv;
} lenient[] = {
    {"as ST's tools have it", L462_1 L462_2 L462_3 L462_4 L462_5},
    {"no last line end", L462_1 L462_2 L462_3 L462_4 "WRP1BR,0xFF00FFFE"},
    {"no FLASH_", "OPTR,0xFBEFF8BB\n" L462_2 L462_3 L462_4 L462_5},
    {"FLASH_ throughout",
     "FLASH_OPTR,0xFBEFF8BB\nFLASH_PCROP1SR,0xFFFFFFFF\n"
     "FLASH_PCROP1ER,0\nFLASH_WRP1AR,0xFF00FFFF\nFLASH_WRP1BR,0xFF00FFFE\n"},
    {"lower case", "flash_optr,0xfbeff8bb\npcrop1sr,0xffffffff\npcrop1er,0x0\n"
                   "wrp1ar,0xff00ffff\nwrp1br,0Xff00fffe\n"},
    {"no 0x", "FLASH_OPTR,FBEFF8BB\nPCROP1SR,FFFFFFFF\nPCROP1ER,0\n"
              "WRP1AR,FF00FFFF\nWRP1BR,ff00fffe\n"},
    {"leading zeros",
     "FLASH_OPTR,0x00000000FBEFF8BB\n" L462_2 L462_3 L462_4 L462_5},
    {"blanks",
     " FLASH_OPTR , 0xFBEFF8BB \n\tPCROP1SR\t,\t0xFFFFFFFF\t\n" L462_3 L462_4
         L462_5},
    {"empty lines", "\n" L462_1 "\n  \n" L462_2 L462_3 L462_4 L462_5 "\n\n"},
    {"CRLF", "FLASH_OPTR,0xFBEFF8BB\r\nPCROP1SR,0xFFFFFFFF\r\nPCROP1ER,0\r\n"
             "WRP1AR,0xFF00FFFF\r\nWRP1BR,0xFF00FFFE\r\n"},
    {"CR", "FLASH_OPTR,0xFBEFF8BB\rPCROP1SR,0xFFFFFFFF\rPCROP1ER,0\r"
           "WRP1AR,0xFF00FFFF\rWRP1BR,0xFF00FFFE"},
    {"semicolons", "FLASH_OPTR;0xFBEFF8BB\nPCROP1SR ; 0xFFFFFFFF\n"
                   "PCROP1ER;0;\nWRP1AR;0xFF00FFFF;;\nWRP1BR;0xFF00FFFE\n"},
    {"tabs", "FLASH_OPTR\t0xFBEFF8BB\nPCROP1SR\t\t0xFFFFFFFF\t\n"
             "PCROP1ER \t 0\nWRP1AR\t0xFF00FFFF\nWRP1BR\t0xFF00FFFE\n"},
    {"quotes",
     "\"FLASH_OPTR\",\"0xFBEFF8BB\"\n\" PCROP1SR \" , \" 0xFFFFFFFF \" \n"
     "PCROP1ER,\"0\"\n\"WRP1AR\",FF00FFFF\n" L462_5},
    {"header", "Name,Value\n" L462_1 L462_2 L462_3 L462_4 L462_5},
    {"header of three",
     "\n# first\n\"Register name\";\"Value (hex)\";Remark\n" L462_1 L462_2
         L462_3 L462_4 L462_5},
    {"header in Greek",
     "\xce\x9f\t\xce\xa4\n" L462_1 L462_2 L462_3 L462_4 L462_5},
    {"comments",
     "# why\n" L462_1 "  #, \"\n" L462_2 "#\n" L462_3
     "\"# in quotes, as a spreadsheet has it\";\n" L462_4 L462_5 "# end"},
    {"empty columns",
     L462_1 "PCROP1SR,0xFFFFFFFF,\nPCROP1ER,0x0 , ,\n"
            "WRP1AR,0xFF00FFFF,\"\"\n" L462_5 ";;\n,\n\"\",\"\"\n"},
    {"digits that mean the same",
     L462_1 L462_2 "PCROP1ER,0000000000\n" L462_4 "WRP1BR,FF00FFFE\n"},
    {"mark", "\xef\xbb\xbf" L462_1 L462_2 L462_3 L462_4 L462_5},
};

static const sfi_chip *
l462(void)
{
    return sfi_chip_find("stm32l462ce");
}

static const sfi_chip *
h753(void)
{
    return sfi_chip_find("stm32h753xi");
}

static void
check_words(const sfi_option_bytes *ob, const sfi_chip *chip,
            const uint32_t *words)
{
    ck_assert_uint_eq(sfi_option_bytes_count(ob), chip->ob_count);
    for (size_t i = 0; i < chip->ob_count; i++) {
        const char *name;
        uint32_t value;

        ck_assert_ok(sfi_option_bytes_get(ob, i, &name, &value));
        ck_assert_str_eq(name, chip->ob[i].name);
        ck_assert_msg(value == words[i], "%s is 0x%08x, expected 0x%08x", name,
                      value, words[i]);
    }
}

START_TEST(test_lenient)
{
    const char *csv = lenient[_i].csv;
    sfi_option_bytes *ob;
    sfi_status st = sfi_option_bytes_parse(ctx, l462(), csv, strlen(csv), &ob);

    ck_assert_msg(st == SFI_OK, "%s: %s: %s", lenient[_i].why,
                  sfi_error_where(sfi_ctx_error(ctx)),
                  sfi_error_message(sfi_ctx_error(ctx)));
    check_words(ob, l462(), l462_words);
    sfi_option_bytes_free(ob);
}
END_TEST

START_TEST(test_words)
{
    sfi_option_bytes *ob;

    ck_assert_ok(sfi_option_bytes_from_words(ctx, l462(), l462_words,
                                             ROWS(l462_words), &ob));
    check_words(ob, l462(), l462_words);
    ck_assert_ptr_eq(sfi_option_bytes_chip(ob), l462());
    sfi_option_bytes_free(ob);
    ck_assert_fails(
        sfi_option_bytes_from_words(ctx, h753(), l462_words, 5, &ob),
        SFI_ERR_CHIP_RULE, "", "5 words of option bytes, stm32h753xi has 9");
    ck_assert_ptr_null(ob);
    ck_assert_fails_about(
        sfi_option_bytes_from_words(ctx, h753(), NULL, 8, &ob),
        SFI_ERR_ARGUMENT, "", "words");
    ck_assert_ptr_null(sfi_option_bytes_chip(NULL));
}
END_TEST

/* FOPTSR_PRG is the FLASH_OPTSR_PRG of the manual. */
START_TEST(test_h753_names)
{
    static const char *const first[] = {
        "FOPTSR_PRG,1026AAD0\n",
        "FLASH_OPTSR_PRG,1026AAD0\n",
        "optsr_prg,1026aad0\n",
        "FLASH_FOPTSR_PRG,0x1026AAD0\n",
    };
    char csv[512];
    sfi_option_bytes *ob;

    (void)snprintf(csv, sizeof(csv), "%s%s", first[_i], H753_REST);
    ck_assert_ok(sfi_option_bytes_parse(ctx, h753(), csv, strlen(csv), &ob));
    check_words(ob, h753(), h753_words);
    sfi_option_bytes_free(ob);
}
END_TEST

/* As RM0433 and RM0399 spell them, and what people call the last row. */
START_TEST(test_manual_names)
{
    static const char *const names[][8] = {
        {"FLASH_OPTSR_PRG", "FLASH_PRAR_PRG1", "FLASH_PRAR_PRG2",
         "FLASH_SCAR_PRG1", "FLASH_SCAR_PRG2", "FLASH_WPSN_PRG1R",
         "FLASH_WPSN_PRG2R", "FLASH_BOOT_PRGR"},
        {"OPTSR_PRG", "PRAR_PRG1", "PRAR_PRG2", "SCAR_PRG1", "SCAR_PRG2",
         "WPSN_PRG1", "WPSN_PRG2", "BOOT7_PRG"},
        {"flash_optsr_prg", "flash_prar_prg1", "flash_prar_prg2",
         "flash_scar_prg1", "flash_scar_prg2", "flash_wpsgn_prg1",
         "flash_wpsgn_prg2", "flash_boot7_prgr"},
    };
    static const char *const last[] = {"RESERVED", "RFU", "rsvd", "FBOOT4",
                                       "FLASH_BOOT4_PRGR"};

    for (size_t i = 0; i < ROWS(names) * ROWS(last); i++) {
        char csv[512];
        size_t len = 0;
        sfi_option_bytes *ob;

        for (size_t row = 0; row < 9; row++)
            len += (size_t)snprintf(csv + len, sizeof(csv) - len, "%s,0x%08x\n",
                                    row < 8 ? names[i / ROWS(last)][row]
                                            : last[i % ROWS(last)],
                                    h753_words[row]);
        ck_assert_ok(sfi_option_bytes_parse(ctx, h753(), csv, len, &ob));
        check_words(ob, h753(), h753_words);
        sfi_option_bytes_free(ob);
    }
}
END_TEST

static const struct {
    const char *csv;
    sfi_status st;
    const char *where, *message;
} bad[] = {
    /* missing rows */
    {L462_2 L462_3 L462_4 L462_5, SFI_ERR_CHIP_RULE, "1:1",
     "option byte \"FLASH_OPTR\" is missing, found 4 of the 5 rows of "
     "stm32l462ce"},
    {L462_1 L462_2 "\n  WRP1AR,0\n" L462_5, SFI_ERR_CHIP_RULE, "4:3",
     "option byte \"PCROP1ER\" is missing, found 4 of the 5 rows of "
     "stm32l462ce"},
    {L462_1 L462_2 L462_3 L462_4, SFI_ERR_CHIP_RULE, "4:18",
     "option byte \"WRP1BR\" is missing, found 4 of the 5 rows of "
     "stm32l462ce"},
    {L462_1, SFI_ERR_CHIP_RULE, "1:22",
     "option byte \"PCROP1SR\" is missing, found 1 of the 5 rows of "
     "stm32l462ce"},
    {"", SFI_ERR_FORMAT, "", "no rows, expected the 5 of stm32l462ce"},
    {"\xef\xbb\xbf\n \r\n", SFI_ERR_FORMAT, "",
     "no rows, expected the 5 of stm32l462ce"},
    /* reordered rows */
    {L462_2 L462_1 L462_3 L462_4 L462_5, SFI_ERR_CHIP_RULE, "1:1",
     "option byte \"PCROP1SR\" is out of order, expected \"FLASH_OPTR\""},
    {L462_1 L462_2 L462_3 L462_5 L462_4, SFI_ERR_CHIP_RULE, "4:1",
     "option byte \"WRP1BR\" is out of order, expected \"WRP1AR\""},
    /* extra rows */
    {L462_1 L462_2 L462_2 L462_3 L462_4 L462_5, SFI_ERR_CHIP_RULE, "3:1",
     "option byte \"PCROP1SR\" is repeated, line 2 already has it"},
    {L462_1 L462_2 L462_3 L462_4 L462_5 L462_1, SFI_ERR_CHIP_RULE, "6:1",
     "option byte \"FLASH_OPTR\" is repeated, line 1 already has it"},
    {L462_1 L462_2 L462_3 L462_4 L462_5 " WPSN_PRG,0\n", SFI_ERR_CHIP_RULE,
     "6:2",
     "option byte \"WPSN_PRG\" follows the last row, expected 5 rows of "
     "stm32l462ce"},
    /* unknown rows */
    {L462_1 "PCROPS1R,0\n", SFI_ERR_CHIP_RULE, "2:1",
     "unknown option byte \"PCROPS1R\", did you mean \"PCROP1SR\""},
    {"flash_opt,0\n", SFI_ERR_CHIP_RULE, "1:1",
     "unknown option byte \"FLASH_OPT\", did you mean \"FLASH_OPTR\""},
    /* no header row: not the first, like a row, like a number */
    {L462_1 "Name,Value\n", SFI_ERR_CHIP_RULE, "2:1",
     "unknown option byte \"NAME\", expected \"PCROP1SR\" of stm32l462ce"},
    {"FLASH_OPTS,Value\n", SFI_ERR_CHIP_RULE, "1:1",
     "unknown option byte \"FLASH_OPTS\", did you mean \"FLASH_OPTR\""},
    {"OPTR,Value\n", SFI_ERR_FORMAT, "1:6",
     "found 'V', expected a hexadecimal value"},
    {"Name,0\n", SFI_ERR_CHIP_RULE, "1:1",
     "unknown option byte \"NAME\", expected \"FLASH_OPTR\" of stm32l462ce"},
    {"Name,FACE\n", SFI_ERR_CHIP_RULE, "1:1",
     "unknown option byte \"NAME\", expected \"FLASH_OPTR\" of stm32l462ce"},
    {"Name,\n", SFI_ERR_CHIP_RULE, "1:1",
     "unknown option byte \"NAME\", expected \"FLASH_OPTR\" of stm32l462ce"},
    {L462_1 "FOPTSR_PRG,0x1026AAD0\n", SFI_ERR_CHIP_RULE, "2:1",
     "unknown option byte \"FOPTSR_PRG\", expected \"PCROP1SR\" of "
     "stm32l462ce"},
    {"AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDD,0\n", SFI_ERR_CHIP_RULE, "1:1",
     "unknown option byte \"AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDD\", expected "
     "\"FLASH_OPTR\" of stm32l462ce"},
    /* bad rows */
    {"0xFBEFF8BB\n", SFI_ERR_FORMAT, "1:11",
     "found the end of the line, expected a comma, a semicolon or a tab after "
     "the name"},
    {"FLASH_OPTR 0xFBEFF8BB\n", SFI_ERR_FORMAT, "1:12",
     "found '0', ... comma, a semicolon or a tab after the name"},
    {"FLASH_OPTR:0xFBEFF8BB\n", SFI_ERR_FORMAT, "1:11",
     "found ':', ... comma, ... after the name"},
    {L462_1 "`PCROP1SR`,0\n", SFI_ERR_FORMAT, "2:1",
     "found '`', expected the name of an option byte"},
    {"\"FLASH_OPTR,0xFB\n", SFI_ERR_FORMAT, "1:12",
     "found ',', expected the closing quote"},
    {"FLASH_OPTR,\"0xFB\n", SFI_ERR_FORMAT, "1:17",
     "found the end of the line, expected the closing quote"},
    {"\"FLASH_OPTR\"0xFB\n", SFI_ERR_FORMAT, "1:13",
     "found '0', ... comma, ... after the name"},
    {",0\n", SFI_ERR_FORMAT, "1:1",
     "found ',', expected the name of an option byte"},
    {"\xff\xfe\x46", SFI_ERR_FORMAT, "1:1",
     "found 0xff, expected the name of an option byte"},
    /* bad values */
    {"FLASH_OPTR,\n", SFI_ERR_FORMAT, "1:12",
     "found the end of the line, expected a hexadecimal value"},
    {"FLASH_OPTR, 0x\n", SFI_ERR_FORMAT, "1:15",
     "found the end of the line, expected a hexadecimal value"},
    {"FLASH_OPTR,-1\n", SFI_ERR_FORMAT, "1:12",
     "found '-', expected a hexadecimal value"},
    {"FLASH_OPTR,0xFBEGF8BB\n", SFI_ERR_FORMAT, "1:17",
     "found 'G', ... hexadecimal digit"},
    {"FLASH_OPTR,0xFB\xc2\xa0\n", SFI_ERR_FORMAT, "1:16",
     "found 0xc2, ... hexadecimal digit"},
    {"FLASH_OPTR,0x1,,2\n", SFI_ERR_FORMAT, "1:17",
     "found '2', expected two columns, name and value"},
    {"FLASH_OPTR,0x1,\"\",\"2\"\n", SFI_ERR_FORMAT, "1:19",
     "found '\"', expected two columns, name and value"},
    {"FLASH_OPTR,0x1 # why\n", SFI_ERR_FORMAT, "1:16",
     "found '#', expected two columns, name and value"},
    /* what people and spreadsheets make of numbers */
    {"FLASH_OPTR,24000800\n", SFI_ERR_FORMAT, "1:12",
     "a number without 0x can be hexadecimal, 0x24000800, or decimal, "
     "0x016e3920: expected one of the two"},
    {L462_1 "PCROP1SR;\"10\"\n", SFI_ERR_FORMAT, "2:11",
     "a number without 0x ... 0x00000010, ... decimal, 0x0000000a: ... two"},
    {"FLASH_OPTR,0x1 2\n", SFI_ERR_FORMAT, "1:16",
     "found '2', expected two columns, name and value"},
    {"FLASH_OPTR, 0x100000000\n", SFI_ERR_RANGE, "1:13",
     "value has more than 32 bits, expected at most 0xffffffff"},
    {"FLASH_OPTR,FBEFF8BB0\n", SFI_ERR_RANGE, "1:12",
     "value has more than 32 bits, expected at most 0xffffffff"},
};

START_TEST(test_bad)
{
    const char *csv = bad[_i].csv;
    sfi_option_bytes *ob = (sfi_option_bytes *)1;

    ck_assert_fails(sfi_option_bytes_parse(ctx, l462(), csv, strlen(csv), &ob),
                    bad[_i].st, bad[_i].where, bad[_i].message);
    ck_assert_ptr_null(ob);
}
END_TEST

START_TEST(test_nul)
{
    static const char csv[] = "FLASH\0_OPTR,0\n";
    sfi_option_bytes *ob;

    ck_assert_fails(
        sfi_option_bytes_parse(ctx, l462(), csv, sizeof(csv) - 1, &ob),
        SFI_ERR_FORMAT, "1:6", "found 0x00, ... comma, ... after the name");
}
END_TEST

START_TEST(test_files)
{
    sfi_option_bytes *ob;
    const char *path = test_path("data/ob-stm32h753xi.csv");
    char where[1100];

    ck_assert_ok(sfi_option_bytes_load(ctx, h753(), path, &ob));
    check_words(ob, h753(), h753_words);
    sfi_option_bytes_free(ob);

    /* the other part's file */
    (void)snprintf(where, sizeof(where), "%s:1:1", path);
    ck_assert_fails(sfi_option_bytes_load(ctx, l462(), path, &ob),
                    SFI_ERR_CHIP_RULE, where,
                    "unknown option byte \"FOPTSR_PRG\", expected "
                    "\"FLASH_OPTR\" of stm32l462ce");
    ck_assert_ptr_null(ob);

    path = test_path("data/no-such.csv");
    ck_assert_fails_about(sfi_option_bytes_load(ctx, l462(), path, &ob),
                          SFI_ERR_OS, path, "read", "No such file");
    ck_assert_ptr_null(ob);
}
END_TEST

/* "RDP=0xBB": what people write. */
static const struct {
    const char *word;
    sfi_status st;
    const char *message; /* NULL: taken */
} set_words[] = {
    {"RDP=0xBB", SFI_OK, NULL},
    {"rdp=187", SFI_OK, NULL},
    {"FOPTSR_PRG=0x1026bbd0", SFI_OK, NULL},
    {"RDP", SFI_ERR_FORMAT, "\"RDP\", expected NAME=VALUE, as RDP=0xBB"},
    {"RDP=", SFI_ERR_FORMAT, "\"RDP=\", expected NAME=VALUE, as RDP=0xBB"},
    {"=1", SFI_ERR_FORMAT, "\"=1\", expected NAME=VALUE, as RDP=0xBB"},
    {"RDP=on", SFI_ERR_FORMAT, "\"RDP=on\", expected NAME=VALUE, as RDP=0xBB"},
    {"RDP=0x100000000", SFI_ERR_FORMAT,
     "\"RDP=0x100000000\", expected NAME=VALUE, as RDP=0xBB"},
    {"a23456789012345678901234567890123456789012345678901234567890123456=1",
     SFI_ERR_FORMAT,
     "\"a23456789012345678901234567890123456789012345678901234567890123456=1\","
     " expected NAME=VALUE, as RDP=0xBB"},
    {"RPD=1", SFI_ERR_CHIP_RULE,
     "stm32h753xi has no option byte \"RPD\", did you mean \"RDP\""},
    {"RDP=256", SFI_ERR_RANGE, "RDP is 0x100, expected at most 0xff"},
};

START_TEST(test_set_word)
{
    sfi_option_bytes *ob;

    ck_assert_ok(sfi__option_bytes_new(ctx, sfi_chip_find("stm32h753xi"),
                                       h753_words, &ob));
    if (set_words[_i].message == NULL) {
        ck_assert_ok(sfi_option_bytes_set_word(ob, set_words[_i].word));
        ck_assert_uint_eq(ob->values[0], 0x1026bbd0);
        ck_assert(ob->rdp_given);
    } else {
        ck_assert_fails(sfi_option_bytes_set_word(ob, set_words[_i].word),
                        set_words[_i].st, "", set_words[_i].message);
        ck_assert_uint_eq(ob->values[0], h753_words[0]);
    }
    ck_assert_int_eq(sfi_option_bytes_set_word(ob, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_option_bytes_set_word(NULL, "RDP=1"),
                     SFI_ERR_ARGUMENT);
    sfi_option_bytes_free(ob);
}
END_TEST

START_TEST(test_permanent)
{
    sfi_option_bytes *ob;

    ck_assert_ok(sfi__option_bytes_new(ctx, sfi_chip_find("stm32h753xi"),
                                       h753_words, &ob));
    ck_assert_ptr_null(sfi_option_bytes_permanent(NULL));
    ck_assert_ok(sfi_option_bytes_set_word(ob, "SECURITY=0"));
    ck_assert_ptr_null(sfi_option_bytes_permanent(ob));
    ck_assert_ok(sfi_option_bytes_set_word(ob, "RDP=0xBB"));
    ck_assert_ptr_null(sfi_option_bytes_permanent(ob));
    ck_assert_ok(sfi_option_bytes_set_word(ob, "SECURITY=1"));
    ck_assert_str_eq(sfi_option_bytes_permanent(ob),
                     "SECURITY is irreversible");
    ck_assert_ok(sfi_option_bytes_set_word(ob, "RDP=0xCC"));
    ck_assert_str_eq(sfi_option_bytes_permanent(ob),
                     "RDP level 2 is irreversible: the chip can never be read "
                     "or changed again");
    sfi_option_bytes_free(ob);
}
END_TEST

START_TEST(test_limit)
{
    size_t len = 64 * 1024 + 1;
    char *csv = malloc(len);
    sfi_option_bytes *ob;

    ck_assert_ptr_nonnull(csv);
    for (size_t i = 0; i < len; i++)
        csv[i] = '\n';
    ck_assert_fails_about(sfi_option_bytes_parse(ctx, l462(), csv, len, &ob),
                          SFI_ERR_LIMIT, "", "longer than 65536 bytes");
    ck_assert_fails_about(
        sfi_option_bytes_parse(ctx, l462(), csv, len - 1, &ob), SFI_ERR_FORMAT,
        "", "no rows", "stm32l462ce");
    free(csv);
}
END_TEST

START_TEST(test_arguments)
{
    static const char csv[] = L462_1 L462_2 L462_3 L462_4 L462_5;
    size_t len = sizeof(csv) - 1;
    sfi_option_bytes *ob;
    const char *name;
    uint32_t value;

    ck_assert_int_eq(sfi_option_bytes_parse(NULL, l462(), csv, len, &ob),
                     SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_option_bytes_parse(ctx, l462(), csv, len, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_fails_about(sfi_option_bytes_parse(ctx, NULL, csv, len, &ob),
                          SFI_ERR_ARGUMENT, "", "chip != NULL");
    ck_assert_fails_about(sfi_option_bytes_parse(ctx, l462(), NULL, len, &ob),
                          SFI_ERR_ARGUMENT, "", "csv != NULL || len == 0");
    ck_assert_fails_about(sfi_option_bytes_load(ctx, l462(), NULL, &ob),
                          SFI_ERR_ARGUMENT, "", "csv_path != NULL");
    ck_assert_fails_about(sfi_option_bytes_load(ctx, NULL, "x", &ob),
                          SFI_ERR_ARGUMENT, "", "chip != NULL");
    ck_assert_fails_about(sfi_option_bytes_load(ctx, l462(), "x", NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_ok(sfi_option_bytes_parse(ctx, l462(), csv, len, &ob));
    ck_assert_fails_about(sfi_option_bytes_get(ob, 5, &name, &value),
                          SFI_ERR_ARGUMENT, "", "index < ob->chip->ob_count");
    ck_assert_fails_about(sfi_option_bytes_get(ob, 0, NULL, &value),
                          SFI_ERR_ARGUMENT, "", "name != NULL");
    ck_assert_fails_about(sfi_option_bytes_get(ob, 0, &name, NULL),
                          SFI_ERR_ARGUMENT, "", "value != NULL");
    ck_assert_int_eq(sfi_option_bytes_get(NULL, 0, &name, &value),
                     SFI_ERR_ARGUMENT);
    ck_assert_uint_eq(sfi_option_bytes_count(NULL), 0);
    sfi_option_bytes_free(ob);
    sfi_option_bytes_free(NULL);
}
END_TEST

/* Each allocation in turn is refused: a clean status, no handle, no leak. */
START_TEST(test_memory)
{
    const char *path = test_path("data/ob-stm32l462ce.csv");
    sfi_option_bytes *ob;
    sfi_status st = SFI_ERR_NOMEM;
    size_t live = memory.live;
    size_t n = 0;

    while (st != SFI_OK) {
        memory.fail_at = ++n;
        st = sfi_option_bytes_load(ctx, l462(), path, &ob);
        if (st == SFI_OK)
            break;
        ck_assert_int_eq(st, SFI_ERR_NOMEM);
        ck_assert_int_eq(sfi_error_status(sfi_ctx_error(ctx)), SFI_ERR_NOMEM);
        ck_assert_ptr_null(ob);
        ck_assert_uint_eq(memory.live, live);
    }
    memory.fail_at = 0;
    ck_assert_uint_ge(n, 3);
    sfi_option_bytes_free(ob);
}
END_TEST

/* ---- fields ---- */

/* The current value of a field, by name. */
static sfi_option_field
field(const sfi_option_bytes *ob, const char *name)
{
    sfi_option_field f = {.struct_size = sizeof(f)};

    for (size_t i = 0; i < sfi_option_bytes_field_count(ob); i++) {
        ck_assert_ok(sfi_option_bytes_get_field(ob, i, &f));
        if (strcmp(f.name, name) == 0)
            return f;
    }
    ck_abort_msg("no field %s", name);
    return f;
}

static sfi_option_bytes *
parsed(const sfi_chip *chip, const char *csv)
{
    sfi_option_bytes *ob;

    ck_assert_ok(sfi_option_bytes_parse(ctx, chip, csv, strlen(csv), &ob));
    return ob;
}

#define L462_ALL L462_1 L462_2 L462_3 L462_4 L462_5
#define H753_ALL "FOPTSR_PRG,1BC6AAF0\n" H753_REST

/* Expected values from RM0433 and RM0394. */
static const struct {
    const char *chip, *name;
    uint32_t row, value;
    const char *text;
} fields[] = {
    {"stm32h753xi", "RDP", 0, 0xaa, "level 0: no protection"},
    {"stm32h753xi", "BOR_LEV", 0, 0, "threshold 0"},
    {"stm32h753xi", "IWDG1_SW", 0, 1, "started by software"},
    {"stm32h753xi", "SECURITY", 0, 0, "off"},
    {"stm32h753xi", "ST_RAM_SIZE", 0, 0, "2 KB"},
    {"stm32h753xi", "SWAP_BANK_OPT", 0, 0, "off"},
    {"stm32h753xi", "PROT_AREA_START1", 1, 0x200, ""},
    {"stm32h753xi", "PROT_AREA_END2", 2, 0x100, ""},
    {"stm32h753xi", "DMES2", 4, 1, "erased"},
    {"stm32h753xi", "nWRP15", 6, 1, "not protected"},
    {"stm32h753xi", "BOOT_CM7_ADD0", 7, 0x0800, ""},
    {"stm32h753xi", "BOOT_CM7_ADD1", 7, 0x2400, ""},
    {"stm32l462ce", "RDP", 0, 0xbb, "level 1: memory cannot be read"},
    {"stm32l462ce", "nSWBOOT0", 0, 0, "the bit nBOOT0"},
    {"stm32l462ce", "nBOOT0", 0, 1, "BOOT0 is low"},
    {"stm32l462ce", "SRAM2_PE", 0, 1, "off"},
    {"stm32l462ce", "PCROP_RDP", 2, 0, "kept"},
    {"stm32l462ce", "WRP1A_STRT", 3, 0xff, ""},
    {"stm32l462ce", "WRP1B_END", 4, 0, ""},
};

START_TEST(test_fields)
{
    bool h7 = strcmp(fields[_i].chip, "stm32h753xi") == 0;
    sfi_option_bytes *ob =
        h7 ? parsed(h753(), H753_ALL) : parsed(l462(), L462_ALL);
    sfi_option_field f = field(ob, fields[_i].name);

    ck_assert_uint_eq(sfi_option_bytes_field_count(ob), h7 ? 41 : 21);
    ck_assert_uint_eq(f.row, fields[_i].row);
    ck_assert_msg(f.value == fields[_i].value, "%s is 0x%x", f.name,
                  (unsigned)f.value);
    ck_assert_str_eq(f.text, fields[_i].text);
    ck_assert_str_ne(f.about, "");
    sfi_option_bytes_free(ob);
}
END_TEST

/* Only the field's own bits change. */
START_TEST(test_set)
{
    sfi_option_bytes *ob = parsed(h753(), H753_ALL);

    ck_assert_ok(sfi_option_bytes_set(ob, "rdp", 0xbb));
    ck_assert_ok(sfi_option_bytes_set(ob, "SECURITY", 1));
    ck_assert_ok(sfi_option_bytes_set(ob, "nWRP9", 0));
    ck_assert_ok(sfi_option_bytes_set(ob, "BOOT_CM7_ADD1", 0xffff));
    ck_assert_ok(sfi_option_bytes_set(ob, "FSCAR_PRG_A", 0x1));
    ck_assert_ok(sfi_option_bytes_set(ob, "flash_scar_prg1", 0x12345678));
    ck_assert_uint_eq(ob->values[0], 0x1be6bbf0);
    ck_assert_uint_eq(ob->values[6], 0xfffffffd);
    ck_assert_uint_eq(ob->values[7], 0xffff0800);
    ck_assert_uint_eq(ob->values[3], 0x12345678);
    ck_assert_str_eq(field(ob, "nWRP9").text, "protected");
    ck_assert_fails(sfi_option_bytes_set(ob, "RDP", 0x100), SFI_ERR_RANGE, "",
                    "RDP is 0x100, expected at most 0xff");
    ck_assert_fails(sfi_option_bytes_set(ob, "SECURITIES", 1),
                    SFI_ERR_CHIP_RULE, "",
                    "stm32h753xi has no option byte \"SECURITIES\"");
    ck_assert_fails(sfi_option_bytes_set(ob, "BORLEV", 1), SFI_ERR_CHIP_RULE,
                    "",
                    "stm32h753xi has no option byte \"BORLEV\", did you mean "
                    "\"BOR_LEV\"");
    ck_assert_uint_eq(ob->values[0], 0x1be6bbf0);
    sfi_option_bytes_free(ob);
}
END_TEST

START_TEST(test_field_arguments)
{
    sfi_option_bytes *ob = parsed(l462(), L462_ALL);
    sfi_option_field f = {.struct_size = sizeof(f)};

    ck_assert_fails_about(sfi_option_bytes_get_field(ob, 21, &f),
                          SFI_ERR_ARGUMENT, "", "index < count");
    ck_assert_int_eq(sfi_option_bytes_get_field(ob, 0, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_option_bytes_get_field(NULL, 0, &f), SFI_ERR_ARGUMENT);
    f.struct_size = 3;
    ck_assert_int_eq(sfi_option_bytes_get_field(ob, 0, &f), SFI_ERR_ABI);
    ck_assert_int_eq(sfi_option_bytes_set(ob, NULL, 0), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_option_bytes_set(NULL, "RDP", 0), SFI_ERR_ARGUMENT);
    ck_assert_uint_eq(sfi_option_bytes_field_count(NULL), 0);
    sfi_option_bytes_free(ob);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("option_bytes");
    TCase *tc = tcase_create("csv");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_lenient, 0, (int)ROWS(lenient));
    tcase_add_test(tc, test_words);
    tcase_add_loop_test(tc, test_h753_names, 0, 4);
    tcase_add_test(tc, test_manual_names);
    tcase_add_loop_test(tc, test_bad, 0, (int)ROWS(bad));
    tcase_add_test(tc, test_nul);
    tcase_add_test(tc, test_files);
    tcase_add_loop_test(tc, test_set_word, 0, (int)ROWS(set_words));
    tcase_add_test(tc, test_permanent);
    tcase_add_test(tc, test_limit);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_memory);
    suite_add_tcase(s, tc);
    tc = tcase_create("fields");
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_fields, 0, (int)ROWS(fields));
    tcase_add_test(tc, test_set);
    tcase_add_test(tc, test_field_arguments);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
