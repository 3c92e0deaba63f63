/* Uploads files from an event loop of the program's own, with no callback on any other thread: poll_loop URL FILE...
 * A line on standard input aborts what is not over. */
#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quintet.h"

struct upload {
    const char *path;
    quintet_task task;
    int is_over;
};

static int left;
static int failed;

/* Only ever called from inside quintet_poll, so that nothing here needs a lock. */
static void on_event(void *user, const quintet_event *event)
{
    struct upload *upload = (struct upload *)event->user;

    (void)user;
    switch (event->kind) {
    case QUINTET_EVENT_PROGRESS:
        printf("%s: %d %% of %llu bytes\n", upload->path, (int)event->percent,
               (unsigned long long)event->bytes_total);
        break;
    case QUINTET_EVENT_DONE:
        printf("%s: %.*s %d\n", upload->path, (int)event->err_msg.len, event->err_msg.data,
               (int)event->status);
        quintet_task_free(event->task);
        upload->is_over = 1;
        failed += event->error != 0;
        left--;
        break;
    default:
        break;
    }
}

static int wrong(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, quintet_last_error());
    return 2;
}

/* Waits on what the program waits on, and the engine's descriptor among it. */
static int loop(quintet_engine engine, struct upload *uploads, int count)
{
    struct pollfd on[2];
    char line[80];
    int at;

    on[0].fd = quintet_engine_descriptor(engine);
    on[1].fd = STDIN_FILENO;
    on[0].events = on[1].events = POLLIN;
    if (on[0].fd < 0)
        return wrong("descriptor");
    while (left > 0) {
        if (poll(on, 2, -1) < 0)
            return 2;
        if (on[0].revents && quintet_poll(engine, 0) < 0)
            return wrong("poll");
        if (on[1].revents && read(STDIN_FILENO, line, sizeof line) > 0) {
            for (at = 0; at < count; at++)
                if (!uploads[at].is_over)
                    quintet_task_abort(uploads[at].task);
        } else if (on[1].revents) {
            on[1].fd = -1; /* its end: nobody will say anything */
        }
    }
    return failed > 0;
}

int main(int argc, char **argv)
{
    quintet_settings settings;
    quintet_engine engine;
    quintet_request request;
    struct upload *uploads;
    int at, status;

    if (argc < 3) {
        fprintf(stderr, "usage: poll_loop URL FILE...\n");
        return 2;
    }
    memset(&settings, 0, sizeof settings);
    settings.struct_size = sizeof settings;
    settings.flags = QUINTET_POLLED;
    settings.on_event = on_event;
    if (quintet_engine_new(&settings, &engine) != QUINTET_OK)
        return wrong("engine");

    left = argc - 2;
    uploads = (struct upload *)calloc((size_t)left, sizeof *uploads);
    if (uploads == NULL)
        return 2;
    for (at = 0; at < argc - 2; at++) {
        uploads[at].path = argv[at + 2];
        if (quintet_request_new(argv[1], uploads[at].path, "file", &request) != QUINTET_OK ||
            quintet_upload(engine, request, &uploads[at], &uploads[at].task) != QUINTET_OK)
            return wrong("upload");
    }
    status = loop(engine, uploads, argc - 2);
    quintet_engine_free(engine);
    free(uploads);
    return status;
}
