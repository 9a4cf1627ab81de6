/* Many processes that begin at the same moment. */
#ifndef SFI_TESTS_TOGETHER_H
#define SFI_TESTS_TOGETHER_H

#include <stddef.h>

/* Run `work` in so many processes at once; the sum of what they return.  A
 * negative value is a status, and fails the test. */
int together(size_t processes, int (*work)(size_t which));

#endif
