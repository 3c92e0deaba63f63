/* Uploads by libcurl's multi interface, as its manual has it: libcurl NAME UPLOADS URL FILE. */
#define _POSIX_C_SOURCE 200809L

#include <curl/curl.h>

#include "each.h"

static const char *url, *file;
static CURLM *all;
static CURL *handles[IN_FLIGHT];
static curl_mime *forms[IN_FLIGHT];

static size_t thrown_away(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    return size * count;
}

static void ask(int at)
{
    curl_mimepart *part;

    curl_mime_free(forms[at]);
    forms[at] = curl_mime_init(handles[at]);
    part = curl_mime_addpart(forms[at]);
    curl_mime_name(part, "album");
    curl_mime_data(part, "spring", CURL_ZERO_TERMINATED);
    part = curl_mime_addpart(forms[at]);
    curl_mime_name(part, "file");
    curl_mime_filedata(part, file);
    curl_easy_setopt(handles[at], CURLOPT_MIMEPOST, forms[at]);
    curl_multi_add_handle(all, handles[at]);
}

static int place(const CURL *handle)
{
    int at = 0;

    while (handles[at] != handle)
        at++;
    return at;
}

static void run(long uploads)
{
    long left = uploads, unended = uploads, status;
    int running, waiting, at;
    CURLMsg *message;
    CURL *handle;

    for (at = 0; at < IN_FLIGHT && left-- > 0; at++)
        ask(at);
    while (unended > 0) {
        curl_multi_perform(all, &running);
        while ((message = curl_multi_info_read(all, &waiting)) != NULL) {
            if (message->msg != CURLMSG_DONE)
                continue;
            handle = message->easy_handle;
            if (message->data.result != CURLE_OK)
                wrong("upload", curl_easy_strerror(message->data.result));
            curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
            if (status != 200)
                wrong("upload", "not 200");
            curl_multi_remove_handle(all, handle);
            unended--;
            if (left-- > 0)
                ask(place(handle));
        }
        if (unended > 0)
            curl_multi_poll(all, NULL, 0, 1000, NULL);
    }
}

int main(int argc, char **argv)
{
    int at;

    if (argc != 5)
        wrong("usage", "NAME UPLOADS URL FILE");
    url = argv[3];
    file = argv[4];
    curl_global_init(CURL_GLOBAL_ALL);
    all = curl_multi_init();
    for (at = 0; at < IN_FLIGHT; at++) {
        handles[at] = curl_easy_init();
        curl_easy_setopt(handles[at], CURLOPT_URL, url);
        curl_easy_setopt(handles[at], CURLOPT_WRITEFUNCTION, thrown_away);
    }
    each(run, atol(argv[2]));
    return 0;
}
