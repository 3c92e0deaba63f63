/* What the test programs say and count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quintet.h"

#define CHECK(what)                                                                  \
    do {                                                                             \
        if (!(what)) {                                                               \
            fprintf(stderr, "line %d: not so: %s (%s)\n", __LINE__, #what, quintet_last_error()); \
            exit(1);                                                                 \
        }                                                                            \
    } while (0)
