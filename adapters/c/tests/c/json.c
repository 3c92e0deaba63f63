/* Uploads what each line of standard input says in JSON, one after another, and prints its events in JSON: json SETTINGS ROOT */
#include "check.h"

static void print(const char *what, quintet_text text)
{
    printf("%s %.*s\n", what, (int)text.len, text.data);
}

static void on_event(void *user, const quintet_event *event)
{
    (void)user;
    switch (event->kind) {
    case QUINTET_EVENT_PROGRESS:
        print("progress", event->json);
        break;
    case QUINTET_EVENT_HEADERS:
        CHECK(event->headers_len > 0);
        print("headers", event->json);
        break;
    case QUINTET_EVENT_DONE:
        print("done", event->json);
        break;
    default:
        CHECK(event->json.len == 0);
    }
}

int main(int argc, char **argv)
{
    static char line[200000];
    quintet_settings settings;
    quintet_engine engine;
    quintet_request request;
    quintet_task task;

    CHECK(argc == 3);
    memset(&settings, 0, sizeof settings);
    settings.struct_size = sizeof settings;
    settings.flags = QUINTET_POLLED | QUINTET_JSON_EVENTS;
    settings.on_event = on_event;
    settings.root = argv[2];
    settings.json = argv[1];
    settings.json_len = strlen(argv[1]);
    CHECK(quintet_engine_new(&settings, &engine) == QUINTET_OK);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (quintet_request_from_json(line, strlen(line), &request) != QUINTET_OK) {
            printf("refused %s\n", quintet_last_error());
            continue;
        }
        CHECK(quintet_upload(engine, request, NULL, &task) == QUINTET_OK);
        CHECK(quintet_task_wait(task, -1) == QUINTET_OK);
        CHECK(quintet_task_free(task) == QUINTET_OK);
    }
    CHECK(quintet_engine_free(engine) == QUINTET_OK);
    return 0;
}
