/* Uploads by the C library: c NAME UPLOADS URL FILE. The end of one asks for the next, on the engine's thread. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <string.h>

#include "each.h"
#include "quintet.h"

static const char *url, *file;
static quintet_engine engine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
/* Uploads that were not asked for, and those that did not end. */
static long left, unended;
/* The longest body that progress told of. */
static uint64_t most;

static void ask(void)
{
    quintet_request request;
    int more;

    pthread_mutex_lock(&lock);
    more = left > 0;
    left -= more;
    pthread_mutex_unlock(&lock);
    if (!more)
        return;
    if (quintet_request_new(url, file, "file", &request) != QUINTET_OK ||
        quintet_request_field(request, "album", "spring", 6) != QUINTET_OK ||
        quintet_upload(engine, request, NULL, NULL) != QUINTET_OK)
        wrong("upload", quintet_last_error());
}

static void on_event(void *user, const quintet_event *event)
{
    (void)user;
    if (event->kind == QUINTET_EVENT_PROGRESS && event->bytes_sent > most)
        most = event->bytes_sent;
    if (event->kind != QUINTET_EVENT_DONE)
        return;
    if (event->status != 200)
        wrong("upload", event->err_msg.data);
    ask();
    pthread_mutex_lock(&lock);
    if (--unended == 0)
        pthread_cond_signal(&ended);
    pthread_mutex_unlock(&lock);
}

static void run(long uploads)
{
    int at;

    left = unended = uploads;
    for (at = 0; at < IN_FLIGHT; at++)
        ask();
    pthread_mutex_lock(&lock);
    while (unended > 0)
        pthread_cond_wait(&ended, &lock);
    pthread_mutex_unlock(&lock);
}

int main(int argc, char **argv)
{
    quintet_settings settings;

    if (argc != 5)
        wrong("usage", "NAME UPLOADS URL FILE");
    url = argv[3];
    file = argv[4];
    memset(&settings, 0, sizeof settings);
    settings.struct_size = sizeof settings;
    settings.on_event = on_event;
    if (quintet_engine_new(&settings, &engine) != QUINTET_OK)
        wrong("engine", quintet_last_error());
    each(run, atol(argv[2]));
    quintet_engine_free(engine);
    return 0;
}
