/* What the clients in C have in common: how they say what each upload took. */
#ifndef EACH_H
#define EACH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { IN_FLIGHT = 5, WARM_UP = 1000 };

static double microseconds(clockid_t of)
{
    struct timespec now;

    clock_gettime(of, &now);
    return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

/* Uploads by `run`, first some that do not count, and prints what each of the others took in microseconds: CPU of the process,
 * and wall. */
static void each(void (*run)(long uploads), long uploads)
{
    double cpu, wall;

    run(WARM_UP);
    cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID);
    wall = microseconds(CLOCK_MONOTONIC);
    run(uploads);
    cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = microseconds(CLOCK_MONOTONIC) - wall;
    printf("%f %f\n", cpu / uploads, wall / uploads);
}

static void wrong(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

#endif
