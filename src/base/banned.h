/* Functions nobody may call; included by the build into every file (-include). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_BANNED_H
#define PL_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atoll gets
#pragma GCC poison gmtime localtime asctime ctime mktemp tmpnam strncpy strncat

#endif
