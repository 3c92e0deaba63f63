/* Rule S19: NULL and zero length are handled, stale handles are errors, and a callback may free its own task: s19 URL FILE. */
#include <pthread.h>

#include "check.h"

struct seen {
    quintet_engine engine;
    int events;
    int done;
    int32_t error;
    int dropped;
    int frees_task;
    int frees_engine;
    int aborts;
};

static void on_event(void *user, const quintet_event *event)
{
    struct seen *seen = (struct seen *)user;
    int32_t waited = quintet_task_wait(event->task, -1);

    seen->events++;
    CHECK(event->struct_size == sizeof *event);
    CHECK(event->user == user);
    CHECK(event->err_msg.data != NULL && event->body.data != NULL && event->json.data != NULL);
    /* What would wait for itself is refused, if it is not over by now. */
    CHECK(waited == QUINTET_BUSY || waited == QUINTET_STALE);
    if (seen->aborts)
        quintet_task_abort(event->task);
    if (seen->frees_task) {
        seen->frees_task = 0;
        CHECK(quintet_task_free(event->task) == QUINTET_OK);
        CHECK(quintet_task_free(event->task) == QUINTET_STALE);
        CHECK(quintet_task_abort(event->task) == QUINTET_STALE);
    }
    if (seen->frees_engine) {
        seen->frees_engine = 0;
        CHECK(quintet_engine_free(seen->engine) == QUINTET_OK);
        CHECK(quintet_engine_free(seen->engine) == QUINTET_STALE);
    }
    if (event->kind == QUINTET_EVENT_DONE) {
        seen->done++;
        seen->error = event->error;
        CHECK(event->trace.len > 0 && event->err_msg.len > 0);
    }
}

static void on_drop(void *user)
{
    ((struct seen *)user)->dropped++;
}

static quintet_settings settings_for(struct seen *seen, uint32_t flags)
{
    quintet_settings settings;
    memset(&settings, 0, sizeof settings);
    memset(seen, 0, sizeof *seen);
    settings.struct_size = sizeof settings;
    settings.flags = flags;
    settings.user = seen;
    settings.on_event = on_event;
    settings.on_drop = on_drop;
    return settings;
}

static quintet_engine engine_for(struct seen *seen, uint32_t flags)
{
    quintet_settings settings = settings_for(seen, flags);
    CHECK(quintet_engine_new(&settings, &seen->engine) == QUINTET_OK);
    CHECK(seen->engine != 0);
    return seen->engine;
}

static quintet_request request_for(const char *url, const char *path)
{
    quintet_request request = 0;
    CHECK(quintet_request_new(url, path, "file", &request) == QUINTET_OK);
    return request;
}

static void null_and_zero_length(const char *url, const char *path)
{
    struct seen seen;
    quintet_settings settings = settings_for(&seen, 0);
    quintet_engine engine;
    quintet_request request = request_for(url, path);
    quintet_file file;
    quintet_source source;
    quintet_transport transport;
    quintet_task task;

    CHECK(quintet_engine_new(NULL, &engine) == QUINTET_INVALID);
    CHECK(strstr(quintet_last_error(), "quintet_settings is NULL") != NULL);
    CHECK(quintet_engine_new(&settings, NULL) == QUINTET_INVALID && seen.dropped == 1);
    settings.struct_size = 0;
    CHECK(quintet_engine_new(&settings, &engine) == QUINTET_INVALID && seen.dropped == 1);
    settings.struct_size = sizeof settings;
    settings.root = "\xff";
    CHECK(quintet_engine_new(&settings, &engine) == QUINTET_INVALID && seen.dropped == 2);
    settings.root = NULL;
    settings.json_len = 1;
    CHECK(quintet_engine_new(&settings, &engine) == QUINTET_INVALID && seen.dropped == 3);
    settings.json_len = 0;
    settings.root_pem_len = (size_t)-1;
    settings.root_pem = "";
    CHECK(quintet_engine_new(&settings, &engine) == QUINTET_INVALID && seen.dropped == 4);
    settings.root_pem_len = 0;
    settings.redirects = 77;
    CHECK(quintet_engine_new(&settings, &engine) == QUINTET_INVALID && seen.dropped == 5);
    settings.redirects = 0;
    memset(&transport, 0, sizeof transport);
    transport.struct_size = sizeof transport;
    transport.user = &seen;
    transport.drop = on_drop;
    settings.transport = &transport;
    CHECK(quintet_engine_new(&settings, &engine) == QUINTET_INVALID && seen.dropped == 7);

    CHECK(quintet_request_new(NULL, path, "file", &request) == QUINTET_INVALID);
    CHECK(quintet_request_new(url, NULL, "file", &request) == QUINTET_INVALID);
    CHECK(quintet_request_new(url, path, NULL, &request) == QUINTET_INVALID);
    CHECK(quintet_request_new(url, path, "file", NULL) == QUINTET_INVALID);
    CHECK(quintet_request_new("\xc3\x28", path, "file", &request) == QUINTET_INVALID);
    CHECK(quintet_request_from_json(NULL, 0, &request) == QUINTET_INVALID);
    CHECK(quintet_request_from_json(NULL, 9, &request) == QUINTET_INVALID);
    CHECK(quintet_request_header(request, NULL, "") == QUINTET_INVALID);
    CHECK(quintet_request_header(request, "a", NULL) == QUINTET_INVALID);
    CHECK(quintet_request_field(request, NULL, "", 0) == QUINTET_INVALID);
    CHECK(quintet_request_field(request, "a", NULL, 1) == QUINTET_INVALID);
    CHECK(quintet_request_field(request, "a", NULL, 0) == QUINTET_OK);
    CHECK(quintet_request_file(request, NULL) == QUINTET_INVALID);
    memset(&file, 0, sizeof file);
    CHECK(quintet_request_file(request, &file) == QUINTET_INVALID);
    file.struct_size = sizeof file;
    CHECK(quintet_request_file(request, &file) == QUINTET_INVALID);
    file.kind = QUINTET_FILE_BYTES;
    file.name = "empty";
    file.data_len = 1;
    CHECK(quintet_request_file(request, &file) == QUINTET_INVALID);
    file.data_len = 0;
    CHECK(quintet_request_file(request, &file) == QUINTET_OK);
    file.kind = QUINTET_FILE_DESCRIPTOR;
    file.descriptor = -1;
    CHECK(quintet_request_file(request, &file) == QUINTET_INVALID);
    file.descriptor = 9999;
    CHECK(quintet_request_file(request, &file) == QUINTET_SYSTEM);
    file.kind = QUINTET_FILE_SOURCE;
    CHECK(quintet_request_file(request, &file) == QUINTET_INVALID);
    memset(&source, 0, sizeof source);
    source.struct_size = sizeof source;
    source.user = &seen;
    source.drop = on_drop;
    file.source = &source;
    seen.dropped = 0;
    CHECK(quintet_request_file(request, &file) == QUINTET_INVALID && seen.dropped == 1);
    file.kind = 99;
    CHECK(quintet_request_file(request, &file) == QUINTET_INVALID);
    CHECK(quintet_request_set(request, 0, 0) == QUINTET_INVALID);
    CHECK(quintet_request_set(request, QUINTET_TIMEOUT_MS, -1) == QUINTET_INVALID);
    CHECK(quintet_request_set(request, QUINTET_PRIORITY, 128) == QUINTET_INVALID);
    CHECK(quintet_request_set(request, QUINTET_METHOD, 3) == QUINTET_INVALID);

    /* What came through is sent. */
    engine = engine_for(&seen, 0);
    CHECK(quintet_upload(engine, request, &seen, &task) == QUINTET_OK);
    CHECK(quintet_task_wait(task, -1) == QUINTET_OK);
    CHECK(seen.done == 1 && seen.error == 0);
    CHECK(quintet_task_free(task) == QUINTET_OK);
    CHECK(quintet_engine_descriptor(engine) == QUINTET_INVALID);
    CHECK(quintet_poll(engine, 0) == QUINTET_INVALID);
    CHECK(quintet_engine_free(engine) == QUINTET_OK);
}

static void stale_and_foreign_handles(const char *url, const char *path)
{
    struct seen seen;
    quintet_engine engine = engine_for(&seen, 0);
    quintet_request request = request_for(url, path);
    quintet_task task;
    const uint64_t none[] = {0, (uint64_t)-1, (uint64_t)1 << 63};
    size_t at;

    for (at = 0; at < sizeof none / sizeof none[0]; at++) {
        CHECK(quintet_engine_free(none[at]) == QUINTET_STALE);
        CHECK(quintet_engine_shutdown(none[at]) == QUINTET_STALE);
        CHECK(quintet_engine_set(none[at], QUINTET_ACTIVE_MAX, 1) == QUINTET_STALE);
        CHECK(quintet_engine_descriptor(none[at]) == QUINTET_STALE);
        CHECK(quintet_poll(none[at], -1) == QUINTET_STALE);
        CHECK(quintet_request_header(none[at], "a", "b") == QUINTET_STALE);
        CHECK(quintet_request_field(none[at], "a", "b", 1) == QUINTET_STALE);
        CHECK(quintet_request_set(none[at], QUINTET_METHOD, 0) == QUINTET_STALE);
        CHECK(quintet_request_free(none[at]) == QUINTET_STALE);
        CHECK(quintet_task_abort(none[at]) == QUINTET_STALE);
        CHECK(quintet_task_set(none[at], QUINTET_PAUSED, 1) == QUINTET_STALE);
        CHECK(quintet_task_wait(none[at], -1) == QUINTET_STALE);
        CHECK(quintet_task_free(none[at]) == QUINTET_STALE);
        CHECK(quintet_wake(none[at]) == QUINTET_STALE);
    }
    /* One kind's handle is none of another. */
    CHECK(quintet_task_abort(engine) == QUINTET_STALE);
    CHECK(quintet_wake(engine) == QUINTET_STALE);
    CHECK(quintet_engine_free(request) == QUINTET_STALE);
    CHECK(quintet_request_free(engine) == QUINTET_STALE);

    /* A request is over with its upload, also with one that was not taken. */
    CHECK(quintet_upload(engine, request, &seen, &task) == QUINTET_OK);
    CHECK(quintet_request_header(request, "a", "b") == QUINTET_STALE);
    CHECK(quintet_upload(engine, request, &seen, NULL) == QUINTET_STALE);
    request = request_for(url, path);
    CHECK(quintet_upload(0, request, &seen, NULL) == QUINTET_STALE);
    CHECK(quintet_request_free(request) == QUINTET_STALE);
    request = request_for(url, path);
    CHECK(quintet_request_free(request) == QUINTET_OK);
    CHECK(quintet_request_free(request) == QUINTET_STALE);

    CHECK(quintet_task_wait(task, -1) == QUINTET_OK);
    CHECK(quintet_task_wait(task, 0) == QUINTET_OK);
    CHECK(quintet_task_abort(task) == 0);
    CHECK(quintet_task_set(task, QUINTET_PAUSED, 1) == QUINTET_OK);
    CHECK(seen.done == 1 && seen.error == 0);
    CHECK(quintet_engine_free(engine) == QUINTET_OK);
    CHECK(seen.dropped == 1);
    /* Its tasks' handles are over with it. */
    CHECK(quintet_task_wait(task, -1) == QUINTET_STALE);
    CHECK(quintet_task_free(task) == QUINTET_STALE);
}

static void callbacks_may_end_what_called_them(const char *url, const char *path)
{
    struct seen seen;
    quintet_engine engine;
    quintet_task task;
    uint32_t flags;

    for (flags = 0; flags <= QUINTET_POLLED; flags++) {
        /* Its task, whose handle the caller has. */
        engine = engine_for(&seen, flags);
        seen.frees_task = 1;
        CHECK(quintet_upload(engine, request_for(url, path), &seen, &task) == QUINTET_OK);
        while (flags == QUINTET_POLLED && seen.done == 0)
            CHECK(quintet_poll(engine, -1) >= 0);
        CHECK(quintet_engine_free(engine) == QUINTET_OK);
        CHECK(seen.done == 1 && seen.dropped == 1);

        /* Its task, whose handle nobody has; and it is aborted. */
        engine = engine_for(&seen, flags);
        seen.frees_task = seen.aborts = 1;
        CHECK(quintet_upload(engine, request_for(url, path), &seen, NULL) == QUINTET_OK);
        while (flags == QUINTET_POLLED && seen.done == 0)
            CHECK(quintet_poll(engine, -1) >= 0);
        CHECK(quintet_engine_free(engine) == QUINTET_OK);
        CHECK(seen.done == 1 && seen.dropped == 1);
        /* Who polls may hear of it when it is over. */
        CHECK(seen.error == 301 || flags == QUINTET_POLLED);
    }

    /* An engine that has ended tells so inside the call that asks. */
    engine = engine_for(&seen, 0);
    CHECK(quintet_engine_shutdown(engine) == QUINTET_OK);
    seen.aborts = 1;
    CHECK(quintet_upload(engine, request_for(url, path), &seen, &task) == QUINTET_OK);
    CHECK(quintet_task_wait(task, -1) == QUINTET_OK);
    CHECK(seen.done == 1 && seen.error == 301);
    CHECK(quintet_engine_free(engine) == QUINTET_OK);

    /* Its engine: the poll that it was called from tells the rest. */
    engine = engine_for(&seen, QUINTET_POLLED);
    seen.frees_engine = 1;
    CHECK(quintet_upload(engine, request_for(url, path), &seen, NULL) == QUINTET_OK);
    CHECK(quintet_upload(engine, request_for(url, path), &seen, NULL) == QUINTET_OK);
    CHECK(quintet_poll(engine, -1) > 0);
    CHECK(seen.done == 2 && seen.dropped == 1);
    CHECK(quintet_poll(engine, 0) == QUINTET_STALE);
}

static void *polls(void *engine)
{
    int32_t told = quintet_poll(*(quintet_engine *)engine, -1);
    CHECK(told == 0 || told == QUINTET_STALE);
    return NULL;
}

static void whoever_polls_is_let_go(void)
{
    struct seen seen;
    quintet_engine engine = engine_for(&seen, QUINTET_POLLED);
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, polls, &engine) == 0);
    CHECK(quintet_engine_free(engine) == QUINTET_OK);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(seen.dropped == 1);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    CHECK(strcmp(quintet_last_error(), "") == 0);
    CHECK(strlen(quintet_version()) >= 5);
    null_and_zero_length(argv[1], argv[2]);
    stale_and_foreign_handles(argv[1], argv[2]);
    callbacks_may_end_what_called_them(argv[1], argv[2]);
    whoever_polls_is_let_go();
    printf("all so\n");
    return 0;
}
