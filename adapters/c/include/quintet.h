/* The C interface of Quintet, an embeddable upload engine.
 *
 * Made from adapters/c/src by its tests; do not edit. See adapters/c/README.md for a tour.
 *
 * Every function is thread-safe, catches its own defects, and answers a number: 0 or more if it went well, else one of the negative
 * ones below; quintet_last_error then says more. There is nothing to initialise. Texts that are given in are UTF-8 with a NUL at
 * their end, and are copied; texts that are given out have a length, and live during the callback. A handle is a number that is
 * given once: to use one that is over is an error, never a crash.
 */

#ifndef QUINTET_H
#define QUINTET_H

#include <stddef.h>
#include <stdint.h>

// It went well.
#define QUINTET_OK 0

// An argument is wrong: NULL where something must be, no UTF-8, a number that means nothing here.
#define QUINTET_INVALID -1

// The handle is not one of this kind, or what it stood for is over. Never a crash: a handle is given once and never
// again.
#define QUINTET_STALE -2

// The call would wait for itself: waiting inside a callback, or polling an engine that is being polled.
#define QUINTET_BUSY -3

// The time that the call was given is over.
#define QUINTET_TIMEOUT -4

// This library was built without it, or this system has none of it.
#define QUINTET_UNSUPPORTED -5

// The system gave no thread, no descriptor or no access.
#define QUINTET_SYSTEM -6

// A defect of this library: it was caught, and the call did nothing that can be relied upon.
#define QUINTET_PANIC -7

// What a transport's callbacks answer when they can do nothing now: the engine asks again after quintet_wake.
#define QUINTET_PENDING -20

// A transport's answer: nobody took the connection.
#define QUINTET_REFUSED -21

// A transport's answer: the name has no address.
#define QUINTET_NOT_RESOLVED -22

// A transport's answer: there is no way there, or the network is down.
#define QUINTET_NO_ROUTE -23

// A transport's answer: the peer broke off.
#define QUINTET_RESET -24

// A transport's answer: the connection could not be secured, or is not secure any more.
#define QUINTET_INSECURE -25

// A transport's answer to a read, of one that secures by itself: the end came without the closing alert.
#define QUINTET_TRUNCATED -26

// A transport's answer: the host does not allow this connection.
#define QUINTET_FORBIDDEN -27

// The upload waits for a slot. `number` is how many were before it.
#define QUINTET_EVENT_QUEUED 1

// It has a slot.
#define QUINTET_EVENT_ADMITTED 2

// Bytes were sent: `bytes_sent`, `bytes_total`, `bytes_acked`, `speed` and `percent`. At most one in each interval,
// and a last one.
#define QUINTET_EVENT_PROGRESS 3

// The head of the answer is there: `status` and `headers`.
#define QUINTET_EVENT_HEADERS 4

// It is over, well or not: every field but `number` and `speed`. Comes exactly once for each upload, and nothing
// after it.
#define QUINTET_EVENT_DONE 5

// The server sent the upload elsewhere, by `status`.
#define QUINTET_EVENT_REDIRECTED 6

// It is tried again as attempt `number`, in a while.
#define QUINTET_EVENT_RETRYING 7

// It is paused.
#define QUINTET_EVENT_PAUSED 8

// It goes on.
#define QUINTET_EVENT_RESUMED 9

// For quintet_engine_set: how many uploads are active at once; 0 parks the queue.
#define QUINTET_ACTIVE_MAX 1

// For an engine, a request or a task: most bytes of bodies sent in a second; 0 for as many as the connection takes.
#define QUINTET_RATE_MAX 2

// For an engine: 1 admits nobody and pauses who is active, as a host does that goes into the background; 0 goes on.
#define QUINTET_SUSPENDED 3

// For a task: 1 pauses it, 0 goes on.
#define QUINTET_PAUSED 4

// For a request or a task: its turn in the queue, -128 to 127; higher ones go first, 0 by default.
#define QUINTET_PRIORITY 5

// For a request: longest time in milliseconds from its slot to its end; 0, the default, for none.
#define QUINTET_TIMEOUT_MS 6

// For a request: QUINTET_POST, QUINTET_PUT or QUINTET_PATCH.
#define QUINTET_METHOD 7

// For a request: most times that it is tried again in a row, after failures and answers that may pass; 0, the
// default, for never.
#define QUINTET_RETRIES_MAX 8

// For a request: shortest time in milliseconds between two of its progress events; 0 tells of every write.
#define QUINTET_PROGRESS_INTERVAL_MS 9

// For a request: the longest file that is sent, in bytes.
#define QUINTET_FILE_BYTES_MAX 10

// A value of QUINTET_METHOD, and the default.
#define QUINTET_POST 0

// A value of QUINTET_METHOD.
#define QUINTET_PUT 1

// A value of QUINTET_METHOD.
#define QUINTET_PATCH 2

// A flag of settings: events wait until quintet_poll is called, and on_event runs inside that call alone.
#define QUINTET_POLLED 1

// A flag of settings: progress, headers and done carry `json`.
#define QUINTET_JSON_EVENTS 2

// A flag of settings: nobody is trusted but the roots in `root_pem`, not those of Mozilla's that are built in.
#define QUINTET_ONLY_GIVEN_ROOTS 4

// A value of `redirects`: none is followed.
#define QUINTET_REDIRECTS_OFF 1

// A value of `redirects`, and the default: to the same scheme, host and port, and from http to https of the same
// host.
#define QUINTET_REDIRECTS_SAME_ORIGIN 2

// A value of `redirects`: to anywhere, but never from https to http.
#define QUINTET_REDIRECTS_ANY 3

// A kind of file: `path` names it. It is opened when the upload has its slot.
#define QUINTET_FILE_PATH 0

// A kind of file: the bytes at `data`, which are copied in the call.
#define QUINTET_FILE_BYTES 1

// A kind of file: an open descriptor, which is duplicated in the call; it stays the caller's. Of a regular file all
// of it is sent, wherever its offset stands; a pipe or socket is read to its end, once, and sent in chunks.
#define QUINTET_FILE_DESCRIPTOR 2

// A kind of file: what `source` reads.
#define QUINTET_FILE_SOURCE 3

// A flag of a file: it is the whole body as it is, with no form around it. Only for the first that is added to a
// request, before any field and header.
#define QUINTET_FILE_RAW 1

// A flag of a source: it is read once, from its first byte on, and an upload that would have to begin again fails.
#define QUINTET_SOURCE_ONCE 1

// A length that is not known before the end.
#define QUINTET_UNKNOWN UINT64_MAX

// A flag of a transport: it secures connections by itself when it is asked to. Without it https is this library's
// business, and the transport is only asked for plain connections.
#define QUINTET_TRANSPORT_SECURES 1

// An upload that was asked for. 0 is none.
typedef uint64_t quintet_task;

// Bytes with a length: no NUL ends them. `data` is never NULL, also where `len` is 0.
typedef struct quintet_text {
  // The first byte.
  const char *data;
  // How many.
  size_t len;
} quintet_text;

// A header of an answer, as received.
typedef struct quintet_header {
  // Its name, in the letters that the server chose.
  struct quintet_text name;
  // Its value, often UTF-8 and not always.
  struct quintet_text value;
} quintet_header;

// What happened to an upload. It and all that it points to lives during the call of on_event, and no longer: copy
// what you keep. A field that an event has nothing to say about is 0 or empty.
typedef struct quintet_event {
  // How many bytes of this struct the library knows: fields are only ever added at its end.
  uint32_t struct_size;
  // QUINTET_EVENT_...; pass over what you do not know, a later library may have more.
  int32_t kind;
  // The upload. May be given to any call, also to those that end it.
  quintet_task task;
  // As it was given to quintet_upload.
  void *user;
  // When, in microseconds of a clock that only goes forward; its zero means nothing.
  uint64_t at_us;
  // Bytes of the body that the transport took. Never falls.
  uint64_t bytes_sent;
  // Length of the body; 0 as long as only its end can tell.
  uint64_t bytes_total;
  // Of the bytes sent, those that the peer's system has confirmed; -1 where this system does not tell.
  int64_t bytes_acked;
  // Bytes a second, of late; 0 while it is not known.
  uint64_t speed;
  // Whole percent, rounded down; 100 exactly when everything is sent.
  int32_t percent;
  // The status of the answer; any status is a success of the upload. 0 if it failed.
  int32_t status;
  // 0 for a success, else the number of the failure: 102 the queue is full, 103 not supported, 104 a wrong parameter, or
  // no such file, 105 a host that may not be uploaded to, 106 a file that may not be read, 301 aborted, 302 a timeout,
  // 303 no network, 304 a defect, 305 any other trouble with the network or the file.
  int32_t error;
  // See the kinds.
  int32_t number;
  // `uploadFile:ok`, or `uploadFile:fail ` and a reason that is stable.
  struct quintet_text err_msg;
  // What exactly went wrong, for logs and people. Not stable.
  struct quintet_text detail;
  // Names the upload here and in the server's logs: it went out as x-request-id.
  struct quintet_text trace;
  // The body of the answer, as received.
  struct quintet_text body;
  // With QUINTET_JSON_EVENTS, the object that tt.uploadFile's callback would get.
  struct quintet_text json;
  // The headers of the answer, in their order.
  const struct quintet_header *headers;
  // How many they are.
  size_t headers_len;
} quintet_event;

// Called for every event of every upload of an engine, one at a time and in order.
//
// Without QUINTET_POLLED it runs on the engine's thread: it must return soon, for nothing is sent meanwhile. It may begin
// before quintet_upload has returned; for an upload of an engine that was shut down it runs inside quintet_upload. It may
// call everything here but what waits: quintet_task_wait and quintet_poll answer QUINTET_BUSY. No exception and no
// longjmp may leave it.
typedef void (*quintet_on_event)(void *user, const struct quintet_event *event);

// Called exactly once, when nothing will be called with `user` any more, on whichever thread was the last to need
// it.
typedef void (*quintet_on_drop)(void *user);

// Where to connect. Lives during the call.
typedef struct quintet_target {
  // How many bytes of this struct the library knows.
  uint32_t struct_size;
  // 1 if the connection must be secured by the transport, which then checks the host's certificate. Never 1
  // without QUINTET_TRANSPORT_SECURES.
  int32_t secure;
  // The name in lower-case ASCII, or an address without brackets. Ends with a NUL.
  const char *host;
  // The port. Never 0.
  uint16_t port;
} quintet_target;

// Tells the engine that a connection of the host's own transport can do more. 0 is none.
typedef uint64_t quintet_waker;

// A transport of the host's own: what carries the bytes instead of this library's sockets.
//
// All but `drop` are called on the engine's thread, also with QUINTET_POLLED, and must not wait: who can do nothing
// now answers QUINTET_PENDING and calls quintet_wake when that has changed, from any thread. A call too many of
// either does no harm. The struct is copied in quintet_engine_new; `user` must live until `drop`.
typedef struct quintet_transport {
  // sizeof(quintet_transport).
  uint32_t struct_size;
  // QUINTET_TRANSPORT_SECURES, or 0.
  uint32_t flags;
  // For the host: the first argument of each callback.
  void *user;
  // Begins to connect, and is called again with the same arguments while it answers QUINTET_PENDING. `*connection`
  // is NULL at first; what is put there is the first argument of the others. Answers QUINTET_OK once bytes can be
  // exchanged, or what is wrong. Each connection has a waker of its own, which is stale once the connection was
  // closed.
  int32_t (*connect)(void *user,
                     const struct quintet_target *target,
                     quintet_waker waker,
                     void **connection);
  // Takes bytes from the front of `data` and answers how many: at least one, once the layer below has them for
  // good. Or QUINTET_PENDING, or what is wrong; then none was taken. `len` is never 0.
  int64_t (*write)(void *user, void *connection, const void *data, size_t len);
  // Fills the front of `data` and answers how many bytes. 0 is the peer's orderly end, and stays so. Or
  // QUINTET_PENDING, or what is wrong. `len` is never 0.
  int64_t (*read)(void *user, void *connection, void *data, size_t len);
  // Ends the writing side in the transport's orderly way, as a FIN does; reading goes on. Answers QUINTET_OK, also
  // when called again, QUINTET_PENDING, or what is wrong. NULL for a transport that has no such end.
  int32_t (*finish)(void *user, void *connection);
  // Ends the connection at once and frees it; nothing more is written. Called exactly once for each that is not
  // NULL, also for one whose connecting failed or was given up.
  void (*close)(void *user, void *connection);
  // Called once, when the engine needs `user` no more. May be NULL.
  quintet_on_drop drop;
} quintet_transport;

// How an engine is to be. It is copied in the call, and what it points to too. Set the whole struct to zero first: a
// field that is 0 or NULL is as if it were not there.
typedef struct quintet_settings {
  // sizeof(quintet_settings).
  uint32_t struct_size;
  // QUINTET_POLLED, QUINTET_JSON_EVENTS, QUINTET_ONLY_GIVEN_ROOTS, or 0.
  uint32_t flags;
  // For the host: the first argument of on_event and on_drop.
  void *user;
  // Called for every event; see there for its thread. NULL hears nothing.
  quintet_on_event on_event;
  // Called once, when nothing will be called with `user` any more; also if quintet_engine_new fails.
  quintet_on_drop on_drop;
  // The host's own transport; NULL for TCP.
  const struct quintet_transport *transport;
  // The folder beneath which all paths lie: none leaves it, not by `..`, not by a link. NULL for any path of the
  // system.
  const char *root;
  // Certificates that are trusted too, in PEM.
  const char *root_pem;
  // How many bytes `root_pem` has.
  size_t root_pem_len;
  // Further settings as a JSON object, read before the fields below: see the README. A name that is not known is
  // an error.
  const char *json;
  // How many bytes `json` has.
  size_t json_len;
  // Most uploads active at once; 5.
  uint32_t active_max;
  // QUINTET_REDIRECTS_...: which redirects are followed.
  uint32_t redirects;
  // Longest time in milliseconds to make a connection; 30,000.
  uint64_t connect_timeout_ms;
  // Longest time in milliseconds without a byte either way; 60,000.
  uint64_t stall_timeout_ms;
  // Shortest time in milliseconds between two progress events of an upload; 100.
  uint64_t progress_interval_ms;
  // Longest body of an answer, in bytes; 32 MiB. A longer one fails the upload.
  uint64_t response_bytes_max;
} quintet_settings;

// An engine: it uploads files, at most five at a time unless told otherwise, and has one thread of its own. 0 is
// none.
typedef uint64_t quintet_engine;

// An upload that is being put together. 0 is none.
typedef uint64_t quintet_request;

// Bytes that the host reads. The struct is copied; `user` must live until `drop`.
//
// It is read on a thread of its own, by one upload at a time, and may wait for as long as it likes; an upload that
// is aborted meanwhile ends all the same, and `drop` comes when the read has returned.
typedef struct quintet_source {
  // sizeof(quintet_source).
  uint32_t struct_size;
  // QUINTET_SOURCE_ONCE, or 0.
  uint32_t flags;
  // For the host: the first argument of each callback.
  void *user;
  // How many bytes there are, or QUINTET_UNKNOWN: then they are read once, and sent in chunks.
  uint64_t length;
  // Fills the front of `data` with the bytes from `offset` on and answers how many; 0 is the end, and any negative
  // number fails the upload. Without QUINTET_SOURCE_ONCE it may be asked for bytes that it gave before.
  int64_t (*read_at)(void *user, uint64_t offset, void *data, size_t len);
  // Called once, when nothing will be read any more, on any thread. Also if the call that was given the source
  // failed. May be NULL.
  quintet_on_drop drop;
} quintet_source;

// A file to be sent. It is copied in the call, and what it points to too. Set the whole struct to zero first.
typedef struct quintet_file {
  // sizeof(quintet_file).
  uint32_t struct_size;
  // QUINTET_FILE_PATH, which is 0, or another kind: it says which of the fields below hold the file.
  int32_t kind;
  // QUINTET_FILE_RAW, or 0.
  uint32_t flags;
  // Of QUINTET_FILE_DESCRIPTOR.
  int32_t descriptor;
  // The key of the form; not used by QUINTET_FILE_RAW.
  const char *name;
  // Of QUINTET_FILE_PATH.
  const char *path;
  // Of QUINTET_FILE_BYTES. NULL if there are none.
  const void *data;
  // How many bytes `data` has.
  size_t data_len;
  // Of QUINTET_FILE_SOURCE.
  const struct quintet_source *source;
  // The file name told to the server; NULL or empty for the path's last segment.
  const char *file_name;
  // The media type; NULL or empty for that of the file name's extension.
  const char *mime_type;
  // The first byte that is sent.
  uint64_t offset;
  // How many bytes are sent from there; 0, with an offset of 0, for the whole file.
  uint64_t length;
} quintet_file;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The library's version, as in "0.1.0". Lives for ever.
const char *quintet_version(void);

// What went wrong in the last call of this thread that answered a negative number: a sentence for people, in UTF-8,
// with a NUL at its end. Never NULL; empty if nothing went wrong yet. It lives until the next such call of this
// thread: copy what you keep.
const char *quintet_last_error(void);

// Starts an engine. `settings` is copied. `*engine` is written on success alone.
//
// Answers QUINTET_OK, QUINTET_INVALID, QUINTET_UNSUPPORTED for what this library was built without, or
// QUINTET_SYSTEM if there was no thread or descriptor. End it by quintet_engine_free.
int32_t quintet_engine_new(const struct quintet_settings *settings,
                           quintet_engine *engine);

// Changes a number of an engine while it runs: QUINTET_ACTIVE_MAX, QUINTET_RATE_MAX or QUINTET_SUSPENDED. From any
// thread.
int32_t quintet_engine_set(quintet_engine engine,
                           int32_t what,
                           int64_t value);

// A descriptor that is readable while events wait: for poll, epoll, kqueue or an event loop, next to the program's
// own. It is the engine's: do not read from it and do not close it. It lives until quintet_engine_free.
//
// Answers the descriptor, 0 or more; or QUINTET_INVALID without QUINTET_POLLED, or QUINTET_UNSUPPORTED where there
// are none.
int32_t quintet_engine_descriptor(quintet_engine engine);

// Ends every upload, each with its QUINTET_EVENT_DONE, and lets no new one begin. Waits for it, two seconds at most;
// on the engine's own thread, inside a callback, it only begins.
//
// Answers QUINTET_OK if the engine has ended, else QUINTET_TIMEOUT. With QUINTET_POLLED the last events still wait
// then.
int32_t quintet_engine_shutdown(quintet_engine engine);

// Ends an engine as quintet_engine_shutdown does, and frees it and its tasks' handles. From any thread, and inside any
// callback. With QUINTET_POLLED the events that still wait are told inside this call, or by the quintet_poll that it was
// called from; an event that comes later, as of an upload that another thread was just asking for, is told where it
// comes. Hold no lock that on_event takes: this waits for it.
//
// Answers QUINTET_OK, or QUINTET_STALE, as for an engine that was freed before. on_drop is called when nothing will be
// told any more: before this returns, unless it was called inside a callback, another thread is inside a call for this
// engine, or an upload did not end within the two seconds.
int32_t quintet_engine_free(quintet_engine engine);

// Calls on_event, on this thread, for the events that wait: all that do when it begins. If there are none it waits
// for the first, at most so many milliseconds; 0 does not wait, and a negative number waits for as long as it takes.
// Only for an engine with QUINTET_POLLED. Of the progress of one upload the latest alone waits.
//
// Answers how many events were told, 0 if the time was over or the engine was freed; or QUINTET_BUSY if another thread
// polls this engine, or this one does already and calls from inside on_event.
int32_t quintet_poll(quintet_engine engine,
                     int32_t max_wait_ms);

// Begins to put an upload together: a form with one file, at `path`, under the key `name`. All are copied. With both
// NULL the form has no file yet; add one or more by quintet_request_file. `*request` is written on success alone.
//
// The texts are UTF-8 with a NUL at their end. What is wrong with an upload itself (the URL, a header, the file) is
// not told here but is its outcome, like every other failure. Belongs to one thread at a time. End it by
// quintet_upload or quintet_request_free.
int32_t quintet_request_new(const char *url,
                            const char *path,
                            const char *name,
                            quintet_request *request);

// Begins to put an upload together from a JSON object: the options that tt.uploadFile takes, of `len` bytes. More
// can be added. An option of a wrong type is that upload's outcome; what is no JSON object is QUINTET_INVALID.
int32_t quintet_request_from_json(const char *json,
                                  size_t len,
                                  quintet_request *request);

// Adds a request header. A name may repeat. Headers that are the engine's business (host, content-length and the
// like) are ignored.
int32_t quintet_request_header(quintet_request request,
                               const char *name,
                               const char *value);

// Adds a form field, after the fields and files that were added before. The file of quintet_request_new comes after the
// fields, and before the first file that is added. The value is any `len` bytes, sent as they are; NULL with a `len` of
// 0 is an empty field.
int32_t quintet_request_field(quintet_request request,
                              const char *name,
                              const void *value,
                              size_t len);

// Adds a file, after the fields and files that are there; or, with QUINTET_FILE_RAW, makes it the whole body.
int32_t quintet_request_file(quintet_request request,
                             const struct quintet_file *file);

// Sets a number of a request: QUINTET_TIMEOUT_MS, QUINTET_METHOD, QUINTET_RETRIES_MAX, QUINTET_RATE_MAX,
// QUINTET_PRIORITY, QUINTET_PROGRESS_INTERVAL_MS or QUINTET_FILE_BYTES_MAX.
int32_t quintet_request_set(quintet_request request,
                            int32_t what,
                            int64_t value);

// Frees a request that is not to be uploaded.
int32_t quintet_request_free(quintet_request request);

// Asks for an upload and returns at once. The request is over then, whatever is answered. `user` comes back with
// each event.
//
// `task` may be NULL: then the upload's handle is in its events alone, and is over with QUINTET_EVENT_DONE.
// Otherwise `*task` is written before the first event is told, on success alone, and is freed by quintet_task_free.
//
// Answers QUINTET_OK if the upload was taken: then its QUINTET_EVENT_DONE will come. From any thread, and inside a
// callback.
int32_t quintet_upload(quintet_engine engine,
                       quintet_request request,
                       void *user,
                       quintet_task *task);

// Aborts an upload, in any state, from any thread, also inside on_event. Its QUINTET_EVENT_DONE comes soon, with the
// error 301. Answers 1 if it took effect, and 0 if the upload was over or aborted already.
int32_t quintet_task_abort(quintet_task task);

// Changes a number of an upload: QUINTET_PAUSED, QUINTET_RATE_MAX or QUINTET_PRIORITY. From any thread. An upload
// that is over is not changed, which is no error.
int32_t quintet_task_set(quintet_task task,
                         int32_t what,
                         int64_t value);

// Waits until an upload's QUINTET_EVENT_DONE was told and on_event has returned from it, at most so many
// milliseconds; a negative number waits for as long as it takes. With QUINTET_POLLED it polls meanwhile, so on_event
// runs inside it.
//
// Answers QUINTET_OK, also if that was long ago, QUINTET_TIMEOUT, or QUINTET_BUSY inside a callback or where another
// thread polls.
int32_t quintet_task_wait(quintet_task task,
                          int32_t max_wait_ms);

// Frees a task's handle, in any state, also inside on_event. The upload goes on, and its events still come.
int32_t quintet_task_free(quintet_task task);

// Tells the engine to ask a connection of the host's own transport again. From any thread, also inside that
// transport's callbacks. Answers QUINTET_STALE once the connection was closed, which does no harm.
int32_t quintet_wake(quintet_waker waker);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* QUINTET_H */
