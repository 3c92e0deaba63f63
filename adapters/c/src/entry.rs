//! The functions of the C interface. Each reads its pointers, looks up its handles, and answers a number, whatever happens.
#![allow(unsafe_code)]
#![allow(
    clippy::missing_safety_doc,
    reason = "these are the header's sentences, and all of them are demands"
)]

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use quintet::{UploadSource, UploadTask};

use crate::abi::*;
use crate::callbacks::{Events, SourceCalls, TransportCalls, User};
use crate::descriptor;
use crate::failure::{self, Failure, answer};
use crate::handles::{self, Held};
use crate::host::{Asked, Host};
use crate::hub::Whose;
use crate::pointers::{bytes, copied, copied_or_none, put, text, text_or_none};
use crate::request::{File, Request};
use crate::source;
use crate::task::{self, Task};

/// The library's version, as in "0.1.0". Lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// What went wrong in the last call of this thread that answered a negative number: a sentence for people, in UTF-8,
/// with a NUL at its end. Never NULL; empty if nothing went wrong yet. It lives until the next such call of this
/// thread: copy what you keep.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_last_error() -> *const c_char {
    failure::last_error()
}

/// Starts an engine. `settings` is copied. `*engine` is written on success alone.
///
/// Answers QUINTET_OK, QUINTET_INVALID, QUINTET_UNSUPPORTED for what this library was built without, or
/// QUINTET_SYSTEM if there was no thread or descriptor. End it by quintet_engine_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn quintet_engine_new(
    settings: *const quintet_settings,
    engine: *mut quintet_engine,
) -> i32 {
    answer(|| {
        // SAFETY: the header's demands on the caller.
        let host = unsafe { start(settings, engine.is_null()) }?;
        // SAFETY: as above.
        unsafe { put(engine, handles::insert(Held::Engine(Arc::new(host)))?) };
        Ok(QUINTET_OK)
    })
}

/// Changes a number of an engine while it runs: QUINTET_ACTIVE_MAX, QUINTET_RATE_MAX or QUINTET_SUSPENDED. From any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_engine_set(engine: quintet_engine, what: i32, value: i64) -> i32 {
    answer(|| {
        handles::engine(engine)?.set(what, value)?;
        Ok(QUINTET_OK)
    })
}

/// A descriptor that is readable while events wait: for poll, epoll, kqueue or an event loop, next to the program's
/// own. It is the engine's: do not read from it and do not close it. It lives until quintet_engine_free.
///
/// Answers the descriptor, 0 or more; or QUINTET_INVALID without QUINTET_POLLED, or QUINTET_UNSUPPORTED where there
/// are none.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_engine_descriptor(engine: quintet_engine) -> i32 {
    answer(|| handles::engine(engine)?.hub.descriptor())
}

/// Ends every upload, each with its QUINTET_EVENT_DONE, and lets no new one begin. Waits for it, two seconds at most;
/// on the engine's own thread, inside a callback, it only begins.
///
/// Answers QUINTET_OK if the engine has ended, else QUINTET_TIMEOUT. With QUINTET_POLLED the last events still wait
/// then.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_engine_shutdown(engine: quintet_engine) -> i32 {
    answer(|| match handles::engine(engine)?.engine.shutdown() {
        true => Ok(QUINTET_OK),
        false => Err(Failure::new(QUINTET_TIMEOUT, "the engine is still ending")),
    })
}

/// Ends an engine as quintet_engine_shutdown does, and frees it and its tasks' handles. From any thread, and inside any
/// callback. With QUINTET_POLLED the events that still wait are told inside this call, or by the quintet_poll that it was
/// called from; an event that comes later, as of an upload that another thread was just asking for, is told where it
/// comes. Hold no lock that on_event takes: this waits for it.
///
/// Answers QUINTET_OK, or QUINTET_STALE, as for an engine that was freed before. on_drop is called when nothing will be
/// told any more: before this returns, unless it was called inside a callback, another thread is inside a call for this
/// engine, or an upload did not end within the two seconds.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_engine_free(engine: quintet_engine) -> i32 {
    answer(|| {
        let host = handles::take_engine(engine)?;
        host.engine.shutdown();
        host.hub.finish();
        drop(handles::remove_tasks_of(engine));
        Ok(QUINTET_OK)
    })
}

/// Calls on_event, on this thread, for the events that wait: all that do when it begins. If there are none it waits
/// for the first, at most so many milliseconds; 0 does not wait, and a negative number waits for as long as it takes.
/// Only for an engine with QUINTET_POLLED. Of the progress of one upload the latest alone waits.
///
/// Answers how many events were told, 0 if the time was over or the engine was freed; or QUINTET_BUSY if another thread
/// polls this engine, or this one does already and calls from inside on_event.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_poll(engine: quintet_engine, max_wait_ms: i32) -> i32 {
    answer(|| {
        let host = handles::engine(engine)?;
        host.hub.poll(task::longest(max_wait_ms))
    })
}

/// Begins to put an upload together: a form with one file, at `path`, under the key `name`. All are copied. With both
/// NULL the form has no file yet; add one or more by quintet_request_file. `*request` is written on success alone.
///
/// The texts are UTF-8 with a NUL at their end. What is wrong with an upload itself (the URL, a header, the file) is
/// not told here but is its outcome, like every other failure. Belongs to one thread at a time. End it by
/// quintet_upload or quintet_request_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn quintet_request_new(
    url: *const c_char,
    path: *const c_char,
    name: *const c_char,
    request: *mut quintet_request,
) -> i32 {
    answer(|| {
        // SAFETY: the header's demands on the caller.
        let (url, path, name) = unsafe {
            let path = text_or_none("path", path)?;
            (text("url", url)?, path, text_or_none("name", name)?)
        };
        let file = match (path, name) {
            (None, None) => None,
            (Some(path), Some(name)) => Some((path, name)),
            (None, _) => return Err(Failure::invalid("path is NULL, and name is not")),
            (_, None) => return Err(Failure::invalid("name is NULL, and path is not")),
        };
        // SAFETY: as above.
        unsafe { give(request, Request::new(url, file)) }
    })
}

/// Begins to put an upload together from a JSON object: the options that tt.uploadFile takes, of `len` bytes. More
/// can be added. An option of a wrong type is that upload's outcome; what is no JSON object is QUINTET_INVALID.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn quintet_request_from_json(
    json: *const c_char,
    len: usize,
    request: *mut quintet_request,
) -> i32 {
    answer(|| {
        // SAFETY: the header's demands on the caller.
        let json = unsafe { bytes("json", json.cast(), len) }?;
        // SAFETY: as above.
        unsafe { give(request, Request::from_json(json)?) }
    })
}

/// Adds a request header. A name may repeat. Headers that are the engine's business (host, content-length and the
/// like) are ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn quintet_request_header(
    request: quintet_request,
    name: *const c_char,
    value: *const c_char,
) -> i32 {
    answer(|| {
        // SAFETY: the header's demands on the caller.
        let (name, value) = unsafe { (text("name", name)?, text("value", value)?) };
        handles::request(request)?.header(name, value)?;
        Ok(QUINTET_OK)
    })
}

/// Adds a form field, after the fields and files that were added before. The file of quintet_request_new comes after the
/// fields, and before the first file that is added. The value is any `len` bytes, sent as they are; NULL with a `len` of
/// 0 is an empty field.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn quintet_request_field(
    request: quintet_request,
    name: *const c_char,
    value: *const c_void,
    len: usize,
) -> i32 {
    answer(|| {
        // SAFETY: the header's demands on the caller.
        let (name, value) = unsafe { (text("name", name)?, bytes("value", value, len)?) };
        handles::request(request)?.field(name, value)?;
        Ok(QUINTET_OK)
    })
}

/// Adds a file, after the fields and files that are there; or, with QUINTET_FILE_RAW, makes it the whole body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn quintet_request_file(
    request: quintet_request,
    file: *const quintet_file,
) -> i32 {
    answer(|| {
        // SAFETY: the header's demands on the caller, until the call ends.
        let file = unsafe { file_of(file) }?;
        handles::request(request)?.file(file)?;
        Ok(QUINTET_OK)
    })
}

/// Sets a number of a request: QUINTET_TIMEOUT_MS, QUINTET_METHOD, QUINTET_RETRIES_MAX, QUINTET_RATE_MAX,
/// QUINTET_PRIORITY, QUINTET_PROGRESS_INTERVAL_MS or QUINTET_FILE_BYTES_MAX.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_request_set(request: quintet_request, what: i32, value: i64) -> i32 {
    answer(|| {
        handles::request(request)?.set(what, value)?;
        Ok(QUINTET_OK)
    })
}

/// Frees a request that is not to be uploaded.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_request_free(request: quintet_request) -> i32 {
    answer(|| handles::take_request(request).map(|_| QUINTET_OK))
}

/// Asks for an upload and returns at once. The request is over then, whatever is answered. `user` comes back with
/// each event.
///
/// `task` may be NULL: then the upload's handle is in its events alone, and is over with QUINTET_EVENT_DONE.
/// Otherwise `*task` is written before the first event is told, on success alone, and is freed by quintet_task_free.
///
/// Answers QUINTET_OK if the upload was taken: then its QUINTET_EVENT_DONE will come. From any thread, and inside a
/// callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn quintet_upload(
    engine: quintet_engine,
    request: quintet_request,
    user: *mut c_void,
    task: *mut quintet_task,
) -> i32 {
    answer(|| {
        let (request, include) = handles::take_request(request)?.take()?;
        let host = handles::engine(engine)?;
        let held = Task::new(engine, &host.hub);
        let handle = handles::insert(Held::Task(held.clone()))?;
        // SAFETY: the header's demands on the caller.
        unsafe { put(task, handle) };
        let listener = host.hub.listener(Whose {
            task: handle,
            user: User::new(user),
            include,
            is_ours: task.is_null(),
            held: Arc::downgrade(&held),
        });
        let begins = Begins(&held);
        let upload = host.engine.upload(request.listener(listener));
        begins.0.begun(Some(upload));
        Ok(QUINTET_OK)
    })
}

/// Aborts an upload, in any state, from any thread, also inside on_event. Its QUINTET_EVENT_DONE comes soon, with the
/// error 301. Answers 1 if it took effect, and 0 if the upload was over or aborted already.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_task_abort(task: quintet_task) -> i32 {
    answer(|| {
        let held = handles::task(task)?;
        Ok(held.upload().is_some_and(UploadTask::abort).into())
    })
}

/// Changes a number of an upload: QUINTET_PAUSED, QUINTET_RATE_MAX or QUINTET_PRIORITY. From any thread. An upload
/// that is over is not changed, which is no error.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_task_set(task: quintet_task, what: i32, value: i64) -> i32 {
    answer(|| {
        handles::task(task)?.set(what, value)?;
        Ok(QUINTET_OK)
    })
}

/// Waits until an upload's QUINTET_EVENT_DONE was told and on_event has returned from it, at most so many
/// milliseconds; a negative number waits for as long as it takes. With QUINTET_POLLED it polls meanwhile, so on_event
/// runs inside it.
///
/// Answers QUINTET_OK, also if that was long ago, QUINTET_TIMEOUT, or QUINTET_BUSY inside a callback or where another
/// thread polls.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_task_wait(task: quintet_task, max_wait_ms: i32) -> i32 {
    answer(|| {
        let held = handles::task(task)?;
        held.wait(task::longest(max_wait_ms))?;
        Ok(QUINTET_OK)
    })
}

/// Frees a task's handle, in any state, also inside on_event. The upload goes on, and its events still come.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_task_free(task: quintet_task) -> i32 {
    answer(|| handles::take_task(task).map(|_| QUINTET_OK))
}

/// Tells the engine to ask a connection of the host's own transport again. From any thread, also inside that
/// transport's callbacks. Answers QUINTET_STALE once the connection was closed, which does no harm.
#[unsafe(no_mangle)]
pub extern "C" fn quintet_wake(waker: quintet_waker) -> i32 {
    answer(|| {
        handles::wakers(waker)?.wake();
        Ok(QUINTET_OK)
    })
}

/// Whoever asks for the upload meanwhile waits for it; if it could not begin, nobody does for ever.
struct Begins<'a>(&'a Task);

impl Drop for Begins<'_> {
    fn drop(&mut self) {
        self.0.begun(None);
    }
}

/// # Safety
/// As of [`put`].
unsafe fn give(out: *mut quintet_request, request: Request) -> Result<i32, Failure> {
    if out.is_null() {
        return Err(Failure::invalid("request is NULL: who would free it?"));
    }
    // SAFETY: the caller's promise.
    unsafe { put(out, handles::insert(Held::Request(Arc::new(request)))?) };
    Ok(QUINTET_OK)
}

/// # Safety
/// As the header demands of `settings`.
unsafe fn start(settings: *const quintet_settings, is_lost: bool) -> Result<Host, Failure> {
    // SAFETY: the caller's promise.
    unsafe {
        let settings = copied(settings)?;
        // First of all, so that what is to be dropped is dropped whatever is wrong.
        let events = Events::new(&settings);
        let transport = copied_or_none(settings.transport)?;
        let transport = transport
            .map(|table| TransportCalls::new(table))
            .transpose()?;
        if is_lost {
            return Err(Failure::invalid("engine is NULL: who would free it?"));
        }
        let (pem, pem_len) = (settings.root_pem.cast(), settings.root_pem_len);
        let (json, json_len) = (settings.json.cast(), settings.json_len);
        Host::start(Asked {
            numbers: &settings,
            events,
            transport,
            root: text_or_none("quintet_settings.root", settings.root)?,
            root_pem: bytes("quintet_settings.root_pem", pem, pem_len)?,
            json: bytes("quintet_settings.json", json, json_len)?,
        })
    }
}

/// # Safety
/// As the header demands of `file`, for as long as the result lives.
unsafe fn file_of<'a>(file: *const quintet_file) -> Result<File<'a>, Failure> {
    // SAFETY: the caller's promise.
    unsafe {
        let file = copied(file)?;
        // First of all, so that a source is dropped whatever is wrong.
        let source = source_of(&file)?;
        let name = match file.flags & QUINTET_FILE_RAW != 0 {
            true => None,
            false => Some(text("quintet_file.name", file.name)?),
        };
        let file_name = text_or_none("quintet_file.file_name", file.file_name)?;
        let mime_type = text_or_none("quintet_file.mime_type", file.mime_type)?;
        let is_whole = (file.offset, file.length) == (0, 0);
        Ok(File {
            name,
            source,
            file_name: file_name.unwrap_or_default(),
            mime_type: mime_type.unwrap_or_default(),
            range: (!is_whole).then_some((file.offset, file.length)),
        })
    }
}

/// # Safety
/// The pointers that belong to its kind are as the header demands.
unsafe fn source_of(file: &quintet_file) -> Result<UploadSource, Failure> {
    // SAFETY: the caller's promise.
    unsafe {
        match file.kind {
            QUINTET_FILE_PATH => Ok(UploadSource::path(text("quintet_file.path", file.path)?)),
            QUINTET_FILE_BYTES => {
                let bytes = bytes("quintet_file.data", file.data, file.data_len)?;
                Ok(UploadSource::bytes(bytes.to_vec()))
            }
            QUINTET_FILE_DESCRIPTOR => descriptor::of(file.descriptor),
            QUINTET_FILE_SOURCE => source::of(SourceCalls::new(copied(file.source)?)?),
            other => Err(Failure::invalid(format_args!(
                "quintet_file.kind is {other}, and is one of QUINTET_FILE_..."
            ))),
        }
    }
}
