/* Uploads one file so many times, one after another, and says how many events it heard: cost URL FILE COUNT. See run.sh. */
#include "../tests/c/check.h"

static long heard;

static void on_event(void *user, const quintet_event *event)
{
    (void)user;
    heard += event->kind != 0;
}

int main(int argc, char **argv)
{
    quintet_settings settings;
    quintet_engine engine;
    quintet_request request;
    quintet_task task;
    long count;

    CHECK(argc == 4);
    memset(&settings, 0, sizeof settings);
    settings.struct_size = sizeof settings;
    settings.on_event = on_event;
    CHECK(quintet_engine_new(&settings, &engine) == QUINTET_OK);
    for (count = atol(argv[3]); count > 0; count--) {
        CHECK(quintet_request_new(argv[1], argv[2], "file", &request) == QUINTET_OK);
        CHECK(quintet_upload(engine, request, NULL, &task) == QUINTET_OK);
        CHECK(quintet_task_wait(task, -1) == QUINTET_OK);
        CHECK(quintet_task_free(task) == QUINTET_OK);
    }
    CHECK(quintet_engine_free(engine) == QUINTET_OK);
    printf("%ld\n", heard);
    return 0;
}
