/* The log messages, in a place of their own: a translation replaces only them.
 */
#include "board.h"

#define TEXT __attribute__((section(".messages"), used)) static const char

TEXT marker[] = "LIBSFI-PLAINTEXT-MARKER messages c83f19be";
TEXT boot[] = "libsfi demo firmware 1.0, configuration checked, .data ";
TEXT blink[] = "blinking: the state machine runs from flash";
TEXT breathe[] = "breathing: the sine table is where it should be";
TEXT rest[] = "resting for a second before the next round";
TEXT fault[] = "fault: the configuration block does not match its checksum";

__attribute__((section(".messages.table"), used))
const char *const messages[MSG_COUNT] = {
    [MSG_BOOT] = boot, [MSG_BLINK] = blink, [MSG_BREATHE] = breathe,
    [MSG_REST] = rest, [MSG_FAULT] = fault,
};
