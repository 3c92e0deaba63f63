/* Every kind of source, each as the server received it: sources URL FILE. FILE holds 1,000 bytes. Prints the answers. */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "check.h"

static int32_t error;

static void on_event(void *user, const quintet_event *event)
{
    (void)user;
    if (event->kind == QUINTET_EVENT_DONE) {
        error = event->error;
        printf("%s %d %.*s\n", (const char *)event->user, (int)event->error, (int)event->body.len,
               event->body.data);
    }
}

/* Letters, the same at the same place. */
struct letters {
    uint64_t length;
    int fails;
    int dropped;
};

static int64_t read_at(void *user, uint64_t offset, void *data, size_t len)
{
    struct letters *letters = (struct letters *)user;
    size_t at;

    if (letters->fails)
        return -1;
    for (at = 0; at < len && at < 700 && offset + at < letters->length; at++)
        ((char *)data)[at] = (char)('a' + (offset + at) % 26);
    return (int64_t)at;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t was_dropped = PTHREAD_COND_INITIALIZER;

/* On the thread that read, perhaps a moment after the upload's end. */
static void on_drop(void *user)
{
    pthread_mutex_lock(&lock);
    ((struct letters *)user)->dropped++;
    pthread_cond_signal(&was_dropped);
    pthread_mutex_unlock(&lock);
}

static quintet_engine engine;
static const char *url;

static quintet_file file_of(int32_t kind, const char *name)
{
    quintet_file file;
    memset(&file, 0, sizeof file);
    file.struct_size = sizeof file;
    file.kind = kind;
    file.name = name;
    return file;
}

static void upload(const char *what, quintet_request request)
{
    quintet_task task;
    CHECK(quintet_upload(engine, request, (void *)what, &task) == QUINTET_OK);
    CHECK(quintet_task_wait(task, -1) == QUINTET_OK);
    CHECK(quintet_task_free(task) == QUINTET_OK);
}

static void upload_file(const char *what, const quintet_file *file)
{
    quintet_request request;
    CHECK(quintet_request_new(url, NULL, NULL, &request) == QUINTET_OK);
    CHECK(quintet_request_file(request, file) == QUINTET_OK);
    upload(what, request);
}

static void sources(uint32_t flags, uint64_t length, const char *what)
{
    struct letters letters = {100000, 0, 0};
    quintet_source source;
    quintet_file file = file_of(QUINTET_FILE_SOURCE, "letters");

    memset(&source, 0, sizeof source);
    source.struct_size = sizeof source;
    source.flags = flags;
    source.user = &letters;
    source.length = length;
    source.read_at = read_at;
    source.drop = on_drop;
    file.source = &source;
    upload_file(what, &file);
    CHECK(error == 0);
    letters.fails = 1;
    upload_file("fails", &file);
    CHECK(error == 305);
    pthread_mutex_lock(&lock);
    while (letters.dropped < 2)
        pthread_cond_wait(&was_dropped, &lock);
    pthread_mutex_unlock(&lock);
}

static void descriptors(const char *path)
{
    quintet_file file = file_of(QUINTET_FILE_DESCRIPTOR, "descriptor");
    int ends[2];
    char byte;

    file.descriptor = open(path, O_RDONLY);
    file.file_name = "a.txt";
    CHECK(file.descriptor >= 0 && read(file.descriptor, &byte, 1) == 1);
    upload_file("regular", &file);
    /* It is still the caller's, and stands where it stood. */
    CHECK(lseek(file.descriptor, 0, SEEK_CUR) == 1 && close(file.descriptor) == 0);

    CHECK(pipe(ends) == 0 && write(ends[1], "0123456789", 10) == 10 && close(ends[1]) == 0);
    file.descriptor = ends[0];
    upload_file("pipe", &file);
    CHECK(close(ends[0]) == 0);
}

static void raw_and_several(const char *path)
{
    quintet_file file = file_of(QUINTET_FILE_BYTES, NULL);
    quintet_request request;

    file.flags = QUINTET_FILE_RAW;
    file.data = "0123456789";
    file.data_len = 10;
    file.offset = 2;
    file.length = 5;
    file.mime_type = "text/x-test";
    CHECK(quintet_request_new(url, NULL, NULL, &request) == QUINTET_OK);
    CHECK(quintet_request_file(request, &file) == QUINTET_OK);
    CHECK(quintet_request_file(request, &file) == QUINTET_INVALID);
    CHECK(quintet_request_set(request, QUINTET_METHOD, QUINTET_PUT) == QUINTET_OK);
    upload("raw", request);

    CHECK(quintet_request_new(url, path, "first", &request) == QUINTET_OK);
    CHECK(quintet_request_field(request, "before", "\0x", 2) == QUINTET_OK);
    file.flags = 0;
    file.name = "second";
    CHECK(quintet_request_file(request, &file) == QUINTET_OK);
    file = file_of(QUINTET_FILE_PATH, "third");
    file.path = path;
    CHECK(quintet_request_file(request, &file) == QUINTET_OK);
    CHECK(quintet_request_field(request, "after", "z", 1) == QUINTET_OK);
    upload("several", request);
}

int main(int argc, char **argv)
{
    quintet_settings settings;
    quintet_file file = file_of(QUINTET_FILE_BYTES, "bytes");
    char hello[] = "hello";

    CHECK(argc == 3);
    url = argv[1];
    memset(&settings, 0, sizeof settings);
    settings.struct_size = sizeof settings;
    settings.on_event = on_event;
    CHECK(quintet_engine_new(&settings, &engine) == QUINTET_OK);

    file.data = hello;
    file.data_len = 5;
    file.file_name = "hello.json";
    upload_file("bytes", &file);
    descriptors(argv[2]);
    sources(0, 100000, "known");
    sources(QUINTET_SOURCE_ONCE, 100000, "once");
    sources(QUINTET_SOURCE_ONCE, QUINTET_UNKNOWN, "unknown");
    raw_and_several(argv[2]);
    CHECK(quintet_engine_free(engine) == QUINTET_OK);
    return 0;
}
