/* Calls in any order, from two threads, with handles that may be over: nothing crashes, nothing is lost, and each upload that was
 * taken is told its end once: sequences URL FILE SEED */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>

#include "check.h"

#define CALLS 3000
#define ENGINES 3
#define KEPT 16

/* What both threads put there and take from there. */
static uint64_t kept[3][KEPT];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *url;
static const char *path;

static int engines, dropped, taken, done;

static void count(int *what)
{
    pthread_mutex_lock(&lock);
    (*what)++;
    pthread_mutex_unlock(&lock);
}

static void on_event(void *user, const quintet_event *event)
{
    (void)user;
    if (event->kind == QUINTET_EVENT_DONE)
        count(&done);
    else if (event->at_us % 7 == 0)
        quintet_task_abort(event->task);
    if (event->at_us % 5 == 0)
        quintet_task_free(event->task);
}

static void on_drop(void *user)
{
    (void)user;
    count(&dropped);
}

static uint64_t state(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

enum { ENGINE, REQUEST, TASK };

static uint64_t any(uint64_t *seed, int of)
{
    uint64_t handle;
    pthread_mutex_lock(&lock);
    /* Mostly of the right kind. */
    handle = kept[state(seed) % 20 == 0 ? state(seed) % 3 : (uint64_t)of][state(seed) % KEPT];
    pthread_mutex_unlock(&lock);
    return handle;
}

static void keep(uint64_t *seed, int of, uint64_t handle)
{
    uint64_t before;
    int at = (int)(state(seed) % (of == ENGINE ? ENGINES : KEPT));
    pthread_mutex_lock(&lock);
    before = kept[of][at];
    kept[of][at] = handle;
    pthread_mutex_unlock(&lock);
    /* Nobody could free it any more. */
    if (of == ENGINE)
        quintet_engine_free(before);
    else if (of == REQUEST)
        quintet_request_free(before);
    else
        quintet_task_free(before);
}

static void new_engine(uint64_t *seed)
{
    quintet_settings settings;
    quintet_engine engine;

    memset(&settings, 0, sizeof settings);
    settings.struct_size = sizeof settings;
    settings.flags = state(seed) % 2 ? QUINTET_POLLED : 0;
    settings.on_event = on_event;
    settings.on_drop = on_drop;
    settings.active_max = 1 + (uint32_t)(state(seed) % 3);
    CHECK(quintet_engine_new(&settings, &engine) == QUINTET_OK);
    count(&engines);
    keep(seed, ENGINE, engine);
}

static void new_request(uint64_t *seed)
{
    quintet_request request;
    const char *from = state(seed) % 4 ? path : "/nowhere/at/all";
    CHECK(quintet_request_new(url, from, "file", &request) == QUINTET_OK);
    keep(seed, REQUEST, request);
}

static void upload(uint64_t *seed)
{
    quintet_task task = 0;
    int keeps = state(seed) % 2;
    if (quintet_upload(any(seed, ENGINE), any(seed, REQUEST), NULL, keeps ? &task : NULL) != 0)
        return;
    count(&taken);
    if (keeps)
        keep(seed, TASK, task);
}

static void *calls(void *argument)
{
    uint64_t seed = *(uint64_t *)argument;
    int at;

    for (at = 0; at < CALLS; at++) {
        switch (state(&seed) % 16) {
        case 0:
            if (at % 8 == 0)
                new_engine(&seed);
            break;
        case 1:
        case 2:
        case 3:
            new_request(&seed);
            break;
        case 4:
        case 5:
        case 6:
            upload(&seed);
            break;
        case 7:
            quintet_task_abort(any(&seed, TASK));
            break;
        case 8:
            quintet_task_set(any(&seed, TASK), QUINTET_PAUSED, (int64_t)(state(&seed) % 2));
            break;
        case 9:
            quintet_task_wait(any(&seed, TASK), (int32_t)(state(&seed) % 2));
            break;
        case 10:
            quintet_task_free(any(&seed, TASK));
            break;
        case 11:
            quintet_poll(any(&seed, ENGINE), (int32_t)(state(&seed) % 2));
            break;
        case 12:
            quintet_request_field(any(&seed, REQUEST), "a", "b", 1);
            quintet_request_header(any(&seed, REQUEST), "a", "b");
            break;
        case 13:
            quintet_engine_set(any(&seed, ENGINE), QUINTET_RATE_MAX, (int64_t)(state(&seed) % 2) << 24);
            break;
        case 14:
            quintet_wake(any(&seed, REQUEST));
            quintet_request_free(any(&seed, REQUEST));
            break;
        default:
            if (at % 32 == 0)
                quintet_engine_free(any(&seed, ENGINE));
            else
                quintet_engine_descriptor(any(&seed, ENGINE));
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    uint64_t seeds[2];
    int at;

    CHECK(argc == 4);
    url = argv[1];
    path = argv[2];
    for (at = 0; at < 2; at++) {
        seeds[at] = strtoull(argv[3], NULL, 10) * 2 + (uint64_t)at;
        CHECK(pthread_create(&threads[at], NULL, calls, &seeds[at]) == 0);
    }
    for (at = 0; at < 2; at++)
        CHECK(pthread_join(threads[at], NULL) == 0);
    for (at = 0; at < KEPT; at++) {
        quintet_engine_free(kept[ENGINE][at]);
        quintet_request_free(kept[REQUEST][at]);
        quintet_task_free(kept[TASK][at]);
    }
    printf("engines %d dropped %d, uploads %d done %d\n", engines, dropped, taken, done);
    CHECK(engines > 0 && engines == dropped && taken > 0 && taken == done);
    return 0;
}
