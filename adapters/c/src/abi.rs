//! The types and numbers of the C interface, under their C names. Their documentation is the header's, for people who write
//! C: so it says `NULL`, and nothing of Rust.
#![allow(
    non_camel_case_types,
    reason = "these are the names that the header has"
)]

use std::ffi::{c_char, c_void};

/// An engine: it uploads files, at most five at a time unless told otherwise, and has one thread of its own. 0 is
/// none.
pub type quintet_engine = u64;
/// An upload that is being put together. 0 is none.
pub type quintet_request = u64;
/// An upload that was asked for. 0 is none.
pub type quintet_task = u64;
/// Tells the engine that a connection of the host's own transport can do more. 0 is none.
pub type quintet_waker = u64;

/// It went well.
pub const QUINTET_OK: i32 = 0;
/// An argument is wrong: NULL where something must be, no UTF-8, a number that means nothing here.
pub const QUINTET_INVALID: i32 = -1;
/// The handle is not one of this kind, or what it stood for is over. Never a crash: a handle is given once and never
/// again.
pub const QUINTET_STALE: i32 = -2;
/// The call would wait for itself: waiting inside a callback, or polling an engine that is being polled.
pub const QUINTET_BUSY: i32 = -3;
/// The time that the call was given is over.
pub const QUINTET_TIMEOUT: i32 = -4;
/// This library was built without it, or this system has none of it.
pub const QUINTET_UNSUPPORTED: i32 = -5;
/// The system gave no thread, no descriptor or no access.
pub const QUINTET_SYSTEM: i32 = -6;
/// A defect of this library: it was caught, and the call did nothing that can be relied upon.
pub const QUINTET_PANIC: i32 = -7;

/// What a transport's callbacks answer when they can do nothing now: the engine asks again after quintet_wake.
pub const QUINTET_PENDING: i32 = -20;
/// A transport's answer: nobody took the connection.
pub const QUINTET_REFUSED: i32 = -21;
/// A transport's answer: the name has no address.
pub const QUINTET_NOT_RESOLVED: i32 = -22;
/// A transport's answer: there is no way there, or the network is down.
pub const QUINTET_NO_ROUTE: i32 = -23;
/// A transport's answer: the peer broke off.
pub const QUINTET_RESET: i32 = -24;
/// A transport's answer: the connection could not be secured, or is not secure any more.
pub const QUINTET_INSECURE: i32 = -25;
/// A transport's answer to a read, of one that secures by itself: the end came without the closing alert.
pub const QUINTET_TRUNCATED: i32 = -26;
/// A transport's answer: the host does not allow this connection.
pub const QUINTET_FORBIDDEN: i32 = -27;

/// The upload waits for a slot. `number` is how many were before it.
pub const QUINTET_EVENT_QUEUED: i32 = 1;
/// It has a slot.
pub const QUINTET_EVENT_ADMITTED: i32 = 2;
/// Bytes were sent: `bytes_sent`, `bytes_total`, `bytes_acked`, `speed` and `percent`. At most one in each interval,
/// and a last one.
pub const QUINTET_EVENT_PROGRESS: i32 = 3;
/// The head of the answer is there: `status` and `headers`.
pub const QUINTET_EVENT_HEADERS: i32 = 4;
/// It is over, well or not: every field but `number` and `speed`. Comes exactly once for each upload, and nothing
/// after it.
pub const QUINTET_EVENT_DONE: i32 = 5;
/// The server sent the upload elsewhere, by `status`.
pub const QUINTET_EVENT_REDIRECTED: i32 = 6;
/// It is tried again as attempt `number`, in a while.
pub const QUINTET_EVENT_RETRYING: i32 = 7;
/// It is paused.
pub const QUINTET_EVENT_PAUSED: i32 = 8;
/// It goes on.
pub const QUINTET_EVENT_RESUMED: i32 = 9;

/// For quintet_engine_set: how many uploads are active at once; 0 parks the queue.
pub const QUINTET_ACTIVE_MAX: i32 = 1;
/// For an engine, a request or a task: most bytes of bodies sent in a second; 0 for as many as the connection takes.
pub const QUINTET_RATE_MAX: i32 = 2;
/// For an engine: 1 admits nobody and pauses who is active, as a host does that goes into the background; 0 goes on.
pub const QUINTET_SUSPENDED: i32 = 3;
/// For a task: 1 pauses it, 0 goes on.
pub const QUINTET_PAUSED: i32 = 4;
/// For a request or a task: its turn in the queue, -128 to 127; higher ones go first, 0 by default.
pub const QUINTET_PRIORITY: i32 = 5;
/// For a request: longest time in milliseconds from its slot to its end; 0, the default, for none.
pub const QUINTET_TIMEOUT_MS: i32 = 6;
/// For a request: QUINTET_POST, QUINTET_PUT or QUINTET_PATCH.
pub const QUINTET_METHOD: i32 = 7;
/// For a request: most times that it is tried again in a row, after failures and answers that may pass; 0, the
/// default, for never.
pub const QUINTET_RETRIES_MAX: i32 = 8;
/// For a request: shortest time in milliseconds between two of its progress events; 0 tells of every write.
pub const QUINTET_PROGRESS_INTERVAL_MS: i32 = 9;
/// For a request: the longest file that is sent, in bytes.
pub const QUINTET_FILE_BYTES_MAX: i32 = 10;

/// A value of QUINTET_METHOD, and the default.
pub const QUINTET_POST: i32 = 0;
/// A value of QUINTET_METHOD.
pub const QUINTET_PUT: i32 = 1;
/// A value of QUINTET_METHOD.
pub const QUINTET_PATCH: i32 = 2;

/// A flag of settings: events wait until quintet_poll is called, and on_event runs inside that call alone.
pub const QUINTET_POLLED: u32 = 1;
/// A flag of settings: progress, headers and done carry `json`.
pub const QUINTET_JSON_EVENTS: u32 = 2;
/// A flag of settings: nobody is trusted but the roots in `root_pem`, not those of Mozilla's that are built in.
pub const QUINTET_ONLY_GIVEN_ROOTS: u32 = 4;

/// A value of `redirects`: none is followed.
pub const QUINTET_REDIRECTS_OFF: u32 = 1;
/// A value of `redirects`, and the default: to the same scheme, host and port, and from http to https of the same
/// host.
pub const QUINTET_REDIRECTS_SAME_ORIGIN: u32 = 2;
/// A value of `redirects`: to anywhere, but never from https to http.
pub const QUINTET_REDIRECTS_ANY: u32 = 3;

/// A kind of file: `path` names it. It is opened when the upload has its slot.
pub const QUINTET_FILE_PATH: i32 = 0;
/// A kind of file: the bytes at `data`, which are copied in the call.
pub const QUINTET_FILE_BYTES: i32 = 1;
/// A kind of file: an open descriptor, which is duplicated in the call; it stays the caller's. Of a regular file all
/// of it is sent, wherever its offset stands; a pipe or socket is read to its end, once, and sent in chunks.
pub const QUINTET_FILE_DESCRIPTOR: i32 = 2;
/// A kind of file: what `source` reads.
pub const QUINTET_FILE_SOURCE: i32 = 3;

/// A flag of a file: it is the whole body as it is, with no form around it. Only for the first that is added to a
/// request, before any field and header.
pub const QUINTET_FILE_RAW: u32 = 1;

/// A flag of a source: it is read once, from its first byte on, and an upload that would have to begin again fails.
pub const QUINTET_SOURCE_ONCE: u32 = 1;
/// A length that is not known before the end.
pub const QUINTET_UNKNOWN: u64 = u64::MAX;

/// A flag of a transport: it secures connections by itself when it is asked to. Without it https is this library's
/// business, and the transport is only asked for plain connections.
pub const QUINTET_TRANSPORT_SECURES: u32 = 1;

/// Bytes with a length: no NUL ends them. `data` is never NULL, also where `len` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct quintet_text {
    /// The first byte.
    pub data: *const c_char,
    /// How many.
    pub len: usize,
}

/// A header of an answer, as received.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct quintet_header {
    /// Its name, in the letters that the server chose.
    pub name: quintet_text,
    /// Its value, often UTF-8 and not always.
    pub value: quintet_text,
}

/// What happened to an upload. It and all that it points to lives during the call of on_event, and no longer: copy
/// what you keep. A field that an event has nothing to say about is 0 or empty.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct quintet_event {
    /// How many bytes of this struct the library knows: fields are only ever added at its end.
    pub struct_size: u32,
    /// QUINTET_EVENT_...; pass over what you do not know, a later library may have more.
    pub kind: i32,
    /// The upload. May be given to any call, also to those that end it.
    pub task: quintet_task,
    /// As it was given to quintet_upload.
    pub user: *mut c_void,
    /// When, in microseconds of a clock that only goes forward; its zero means nothing.
    pub at_us: u64,
    /// Bytes of the body that the transport took. Never falls.
    pub bytes_sent: u64,
    /// Length of the body; 0 as long as only its end can tell.
    pub bytes_total: u64,
    /// Of the bytes sent, those that the peer's system has confirmed; -1 where this system does not tell.
    pub bytes_acked: i64,
    /// Bytes a second, of late; 0 while it is not known.
    pub speed: u64,
    /// Whole percent, rounded down; 100 exactly when everything is sent.
    pub percent: i32,
    /// The status of the answer; any status is a success of the upload. 0 if it failed.
    pub status: i32,
    /// 0 for a success, else the number of the failure: 102 the queue is full, 103 not supported, 104 a wrong parameter, or
    /// no such file, 105 a host that may not be uploaded to, 106 a file that may not be read, 301 aborted, 302 a timeout,
    /// 303 no network, 304 a defect, 305 any other trouble with the network or the file.
    pub error: i32,
    /// See the kinds.
    pub number: i32,
    /// `uploadFile:ok`, or `uploadFile:fail ` and a reason that is stable.
    pub err_msg: quintet_text,
    /// What exactly went wrong, for logs and people. Not stable.
    pub detail: quintet_text,
    /// Names the upload here and in the server's logs: it went out as x-request-id.
    pub trace: quintet_text,
    /// The body of the answer, as received.
    pub body: quintet_text,
    /// With QUINTET_JSON_EVENTS, the object that tt.uploadFile's callback would get.
    pub json: quintet_text,
    /// The headers of the answer, in their order.
    pub headers: *const quintet_header,
    /// How many they are.
    pub headers_len: usize,
}

/// Called for every event of every upload of an engine, one at a time and in order.
///
/// Without QUINTET_POLLED it runs on the engine's thread: it must return soon, for nothing is sent meanwhile. It may begin
/// before quintet_upload has returned; for an upload of an engine that was shut down it runs inside quintet_upload. It may
/// call everything here but what waits: quintet_task_wait and quintet_poll answer QUINTET_BUSY. No exception and no
/// longjmp may leave it.
pub type quintet_on_event =
    Option<unsafe extern "C" fn(user: *mut c_void, event: *const quintet_event)>;

/// Called exactly once, when nothing will be called with `user` any more, on whichever thread was the last to need
/// it.
pub type quintet_on_drop = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// Where to connect. Lives during the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct quintet_target {
    /// How many bytes of this struct the library knows.
    pub struct_size: u32,
    /// 1 if the connection must be secured by the transport, which then checks the host's certificate. Never 1
    /// without QUINTET_TRANSPORT_SECURES.
    pub secure: i32,
    /// The name in lower-case ASCII, or an address without brackets. Ends with a NUL.
    pub host: *const c_char,
    /// The port. Never 0.
    pub port: u16,
}

/// A transport of the host's own: what carries the bytes instead of this library's sockets.
///
/// All but `drop` are called on the engine's thread, also with QUINTET_POLLED, and must not wait: who can do nothing
/// now answers QUINTET_PENDING and calls quintet_wake when that has changed, from any thread. A call too many of
/// either does no harm. The struct is copied in quintet_engine_new; `user` must live until `drop`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct quintet_transport {
    /// sizeof(quintet_transport).
    pub struct_size: u32,
    /// QUINTET_TRANSPORT_SECURES, or 0.
    pub flags: u32,
    /// For the host: the first argument of each callback.
    pub user: *mut c_void,
    /// Begins to connect, and is called again with the same arguments while it answers QUINTET_PENDING. `*connection`
    /// is NULL at first; what is put there is the first argument of the others. Answers QUINTET_OK once bytes can be
    /// exchanged, or what is wrong. Each connection has a waker of its own, which is stale once the connection was
    /// closed.
    pub connect: Option<
        unsafe extern "C" fn(
            user: *mut c_void,
            target: *const quintet_target,
            waker: quintet_waker,
            connection: *mut *mut c_void,
        ) -> i32,
    >,
    /// Takes bytes from the front of `data` and answers how many: at least one, once the layer below has them for
    /// good. Or QUINTET_PENDING, or what is wrong; then none was taken. `len` is never 0.
    pub write: Option<
        unsafe extern "C" fn(
            user: *mut c_void,
            connection: *mut c_void,
            data: *const c_void,
            len: usize,
        ) -> i64,
    >,
    /// Fills the front of `data` and answers how many bytes. 0 is the peer's orderly end, and stays so. Or
    /// QUINTET_PENDING, or what is wrong. `len` is never 0.
    pub read: Option<
        unsafe extern "C" fn(
            user: *mut c_void,
            connection: *mut c_void,
            data: *mut c_void,
            len: usize,
        ) -> i64,
    >,
    /// Ends the writing side in the transport's orderly way, as a FIN does; reading goes on. Answers QUINTET_OK, also
    /// when called again, QUINTET_PENDING, or what is wrong. NULL for a transport that has no such end.
    pub finish: Option<unsafe extern "C" fn(user: *mut c_void, connection: *mut c_void) -> i32>,
    /// Ends the connection at once and frees it; nothing more is written. Called exactly once for each that is not
    /// NULL, also for one whose connecting failed or was given up.
    pub close: Option<unsafe extern "C" fn(user: *mut c_void, connection: *mut c_void)>,
    /// Called once, when the engine needs `user` no more. May be NULL.
    pub drop: quintet_on_drop,
}

/// Bytes that the host reads. The struct is copied; `user` must live until `drop`.
///
/// It is read on a thread of its own, by one upload at a time, and may wait for as long as it likes; an upload that
/// is aborted meanwhile ends all the same, and `drop` comes when the read has returned.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct quintet_source {
    /// sizeof(quintet_source).
    pub struct_size: u32,
    /// QUINTET_SOURCE_ONCE, or 0.
    pub flags: u32,
    /// For the host: the first argument of each callback.
    pub user: *mut c_void,
    /// How many bytes there are, or QUINTET_UNKNOWN: then they are read once, and sent in chunks.
    pub length: u64,
    /// Fills the front of `data` with the bytes from `offset` on and answers how many; 0 is the end, and any negative
    /// number fails the upload. Without QUINTET_SOURCE_ONCE it may be asked for bytes that it gave before.
    pub read_at: Option<
        unsafe extern "C" fn(user: *mut c_void, offset: u64, data: *mut c_void, len: usize) -> i64,
    >,
    /// Called once, when nothing will be read any more, on any thread. Also if the call that was given the source
    /// failed. May be NULL.
    pub drop: quintet_on_drop,
}

/// A file to be sent. It is copied in the call, and what it points to too. Set the whole struct to zero first.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct quintet_file {
    /// sizeof(quintet_file).
    pub struct_size: u32,
    /// QUINTET_FILE_PATH, which is 0, or another kind: it says which of the fields below hold the file.
    pub kind: i32,
    /// QUINTET_FILE_RAW, or 0.
    pub flags: u32,
    /// Of QUINTET_FILE_DESCRIPTOR.
    pub descriptor: i32,
    /// The key of the form; not used by QUINTET_FILE_RAW.
    pub name: *const c_char,
    /// Of QUINTET_FILE_PATH.
    pub path: *const c_char,
    /// Of QUINTET_FILE_BYTES. NULL if there are none.
    pub data: *const c_void,
    /// How many bytes `data` has.
    pub data_len: usize,
    /// Of QUINTET_FILE_SOURCE.
    pub source: *const quintet_source,
    /// The file name told to the server; NULL or empty for the path's last segment.
    pub file_name: *const c_char,
    /// The media type; NULL or empty for that of the file name's extension.
    pub mime_type: *const c_char,
    /// The first byte that is sent.
    pub offset: u64,
    /// How many bytes are sent from there; 0, with an offset of 0, for the whole file.
    pub length: u64,
}

/// How an engine is to be. It is copied in the call, and what it points to too. Set the whole struct to zero first: a
/// field that is 0 or NULL is as if it were not there.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct quintet_settings {
    /// sizeof(quintet_settings).
    pub struct_size: u32,
    /// QUINTET_POLLED, QUINTET_JSON_EVENTS, QUINTET_ONLY_GIVEN_ROOTS, or 0.
    pub flags: u32,
    /// For the host: the first argument of on_event and on_drop.
    pub user: *mut c_void,
    /// Called for every event; see there for its thread. NULL hears nothing.
    pub on_event: quintet_on_event,
    /// Called once, when nothing will be called with `user` any more; also if quintet_engine_new fails.
    pub on_drop: quintet_on_drop,
    /// The host's own transport; NULL for TCP.
    pub transport: *const quintet_transport,
    /// The folder beneath which all paths lie: none leaves it, not by `..`, not by a link. NULL for any path of the
    /// system.
    pub root: *const c_char,
    /// Certificates that are trusted too, in PEM.
    pub root_pem: *const c_char,
    /// How many bytes `root_pem` has.
    pub root_pem_len: usize,
    /// Further settings as a JSON object, read before the fields below: see the README. A name that is not known is
    /// an error.
    pub json: *const c_char,
    /// How many bytes `json` has.
    pub json_len: usize,
    /// Most uploads active at once; 5.
    pub active_max: u32,
    /// QUINTET_REDIRECTS_...: which redirects are followed.
    pub redirects: u32,
    /// Longest time in milliseconds to make a connection; 30,000.
    pub connect_timeout_ms: u64,
    /// Longest time in milliseconds without a byte either way; 60,000.
    pub stall_timeout_ms: u64,
    /// Shortest time in milliseconds between two progress events of an upload; 100.
    pub progress_interval_ms: u64,
    /// Longest body of an answer, in bytes; 32 MiB. A longer one fails the upload.
    pub response_bytes_max: u64,
}
