/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: words of ST's tool (UM2237) that it has no option for, and why.
 */
#include "sfi_program.h"

#define OTHER_PART "it belongs to other parts than libsfi knows"
#define NO_DEBUGGER \
    "libsfi is no debugger: OpenOCD and gdb show and change a running core"
#define NO_LOADER "libsfi programs the part's own flash, without a loader"

const struct cli_foreign program_foreign[] = {
    {"rsse", "these parts install without an RSSe file: their secure "
             "bootloader is in ROM"},
    {"rssekw", OTHER_PART},
    {"rssgetversion", OTHER_PART},
    {"dsecurity", "SECURITY of these parts is permanent: nothing takes it off"},
    {"setdefaultob", "libsfi has no table of defaults: -ob displ shows the "
                     "option bytes, -ob NAME=VALUE sets one"},
    {"ssfi", OTHER_PART},
    {"mcsv", OTHER_PART},
    {"ecsv", OTHER_PART},
    {"installipmodule", "a module is installed as a part of an image: "
                        "sfi-create puts it there"},
    {"updateipmodule", "a module is installed as a part of an image: "
                       "sfi-create puts it there"},
    {"a", "an install that was interrupted is repeated, or erased with -e all"},
    {"abort",
     "an install that was interrupted is repeated, or erased with -e all"},
    {"el", NO_LOADER},
    {"extload", NO_LOADER},
    {"elbl", NO_LOADER},
    {"extloadbl", NO_LOADER},
    {"run", NO_DEBUGGER},
    {"step", NO_DEBUGGER},
    {"score", NO_DEBUGGER},
    {"coreReg", NO_DEBUGGER},
    {"regdump", NO_DEBUGGER},
    {"hf", NO_DEBUGGER},
    {"swv", NO_DEBUGGER},
    {"startswv", NO_DEBUGGER},
    {"rstbl", "-hardRst resets a chip; the port's options reset= and boot0= "
              "name the lines that reset it into its bootloader"},
    {"tzenreg", OTHER_PART},
    {"tzenregression", OTHER_PART},
    {"lockRDP1", OTHER_PART},
    {"lockRDP2", OTHER_PART},
    {"unlockRDP1", OTHER_PART},
    {"unlockRDP2", OTHER_PART},
    {"fusgetstate", OTHER_PART},
    {"startfus", OTHER_PART},
    {"fwupgrade", OTHER_PART},
    {"fwdelete", OTHER_PART},
    {"otp", "these parts are set up with option bytes: -ob"},
    {"ssp", OTHER_PART},
    {"noreconnect", "option bytes are always read again, to confirm them"},
    {"fchecksum", "cksum, or another tool of the system, reads a file"},
    {"file-checksum", "cksum, or another tool of the system, reads a file"},
    {"sl", "sfi-program does not change the files that it writes"},
    {"safelib", "sfi-program does not change the files that it writes"},
    {"ms", "sfi-program does not change the files that it writes"},
    {"mergesbsfu", "sfi-program does not change the files that it writes"},
    {"pwr", "no link of libsfi switches the power"},
    {"power", "no link of libsfi switches the power"},
    {"script", "sfi-program has no script language: a shell runs several "
               "commands, and one command does several things in order"},
    {NULL, NULL},
};
