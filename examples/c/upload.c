/* Uploads one file and prints what the server answered: upload URL FILE. */
#include <stdio.h>
#include <string.h>

#include "quintet.h"

/* Called on the engine's thread, or inside the call that polls; here it does not matter which. */
static void on_event(void *user, const quintet_event *event)
{
    int *failed = (int *)event->user;

    (void)user;
    if (event->kind == QUINTET_EVENT_PROGRESS) {
        fprintf(stderr, "%d %%\n", (int)event->percent);
    } else if (event->kind == QUINTET_EVENT_DONE) {
        *failed = event->error != 0;
        printf("%.*s %d\n", (int)event->err_msg.len, event->err_msg.data, (int)event->status);
        printf("%.*s\n", (int)event->body.len, event->body.data);
    }
}

static int wrong(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, quintet_last_error());
    return 2;
}

int main(int argc, char **argv)
{
    quintet_settings settings;
    quintet_engine engine;
    quintet_request request;
    quintet_task task;
    int failed = 1;

    if (argc != 3) {
        fprintf(stderr, "usage: upload URL FILE\n");
        return 2;
    }
    memset(&settings, 0, sizeof settings);
    settings.struct_size = sizeof settings;
    settings.on_event = on_event;
    if (quintet_engine_new(&settings, &engine) != QUINTET_OK)
        return wrong("engine");

    if (quintet_request_new(argv[1], argv[2], "file", &request) != QUINTET_OK)
        return wrong("request");
    quintet_request_field(request, "album", "spring", 6);
    quintet_request_header(request, "x-from", "upload.c");
    quintet_request_set(request, QUINTET_TIMEOUT_MS, 60000);

    /* `failed` comes back as event->user. */
    if (quintet_upload(engine, request, &failed, &task) != QUINTET_OK)
        return wrong("upload");
    quintet_task_wait(task, -1);
    quintet_task_free(task);
    quintet_engine_free(engine);
    return failed;
}
