//! A transport that is nothing but C callbacks keeps every rule of the conformance kit. Below the callbacks lies memory,
//! whose wakers ring by `quintet_wake`, as a host's network does.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use quintet_transport::conformance::{self, Pair};
use quintet_transport::memory::{self, Memory};
use quintet_transport::{
    Connect, ConnectError, ConnectErrorKind, Connection, Host, Target, Unwatched,
};

use crate::abi::{self, quintet_target, quintet_waker};
use crate::callbacks::TransportCalls;
use crate::entry::quintet_wake;
use crate::own_transport::OwnTransport;

/// The host's side of a connection.
struct Line {
    near: Memory,
    waker: Waker,
}

struct Ring(quintet_waker);

impl Wake for Ring {
    fn wake(self: Arc<Self>) {
        quintet_wake(self.0);
    }
}

/// What `user` points to.
#[derive(Default)]
struct Side {
    /// The next connection.
    next: RefCell<Option<Memory>>,
    /// What was asked last.
    secure: Cell<i32>,
}

unsafe extern "C" fn connect(
    user: *mut c_void,
    target: *const quintet_target,
    waker: quintet_waker,
    connection: *mut *mut c_void,
) -> i32 {
    // SAFETY: `user` is that of `transport`, `target` lives, and `connection` may be written to.
    unsafe {
        if (*connection).is_null() {
            // The first time it says that it must wait, and wakes at once.
            let side = &*user.cast::<Side>();
            side.secure.set((*target).secure);
            let near = side.next.take().expect("a line was laid");
            let waker = Arc::new(Ring(waker)).into();
            *connection = Box::into_raw(Box::new(Line { near, waker })).cast();
            (*(*connection).cast::<Line>()).waker.wake_by_ref();
            return abi::QUINTET_PENDING;
        }
    }
    abi::QUINTET_OK
}

unsafe extern "C" fn write(
    _user: *mut c_void,
    connection: *mut c_void,
    data: *const c_void,
    len: usize,
) -> i64 {
    // SAFETY: as `connect` left it, and as the header says of `data`.
    let (line, data) = unsafe {
        let data = std::slice::from_raw_parts(data.cast::<u8>(), len);
        (&mut *connection.cast::<Line>(), data)
    };
    let mut cx = Context::from_waker(&line.waker);
    answer(line.near.poll_write(&mut cx, data))
}

unsafe extern "C" fn read(
    _user: *mut c_void,
    connection: *mut c_void,
    data: *mut c_void,
    len: usize,
) -> i64 {
    // SAFETY: as `connect` left it, and as the header says of `data`.
    let (line, data) = unsafe {
        let data = std::slice::from_raw_parts_mut(data.cast::<u8>(), len);
        (&mut *connection.cast::<Line>(), data)
    };
    let mut cx = Context::from_waker(&line.waker);
    answer(line.near.poll_read(&mut cx, data))
}

unsafe extern "C" fn finish(_user: *mut c_void, connection: *mut c_void) -> i32 {
    // SAFETY: as `connect` left it.
    let line = unsafe { &mut *connection.cast::<Line>() };
    let mut cx = Context::from_waker(&line.waker);
    answer(line.near.poll_close(&mut cx).map_ok(|()| 0)) as i32
}

unsafe extern "C" fn close(_user: *mut c_void, connection: *mut c_void) {
    // SAFETY: as `connect` left it, and this is called once.
    drop(unsafe { Box::from_raw(connection.cast::<Line>()) });
}

fn answer(polled: Poll<io::Result<usize>>) -> i64 {
    match polled {
        Poll::Pending => abi::QUINTET_PENDING.into(),
        Poll::Ready(Ok(bytes)) => bytes as i64,
        Poll::Ready(Err(_)) => abi::QUINTET_RESET.into(),
    }
}

fn transport(side: &Side, flags: u32) -> OwnTransport {
    let table = abi::quintet_transport {
        struct_size: size_of::<abi::quintet_transport>() as u32,
        flags,
        user: std::ptr::from_ref(side).cast_mut().cast(),
        connect: Some(connect),
        write: Some(write),
        read: Some(read),
        finish: Some(finish),
        close: Some(close),
        drop: None,
    };
    // SAFETY: the functions are those above, and `side` outlives what is made here.
    let calls = unsafe { TransportCalls::new(table) };
    OwnTransport::new(calls.expect("a complete table"))
}

fn target(secure: bool) -> Target {
    Target {
        secure,
        host: Host::Name("upload.test".into()),
        port: 80,
    }
}

#[test]
fn a_transport_of_callbacks_keeps_every_rule() {
    let side = Side::default();
    let (transport, target) = (transport(&side, 0), target(false));
    let report = conformance::check_blocking(async || {
        let (near, far) = memory::pair(1000);
        side.next.replace(Some(near));
        let near = transport.connect(&target, &Unwatched).await?;
        Ok::<_, ConnectError>(Pair::new(near, far))
    });
    assert!(report.passed(), "{report}");
    assert_eq!(side.secure.get(), 0);
}

/// Connects by somebody who asks again whenever nothing is ready.
fn connected(transport: &OwnTransport, target: &Target) -> Result<(), ConnectErrorKind> {
    let mut connecting = pin!(transport.connect(target, &Unwatched));
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(connected) = connecting.as_mut().poll(&mut cx) {
            return connected.map(drop).map_err(|error| error.kind);
        }
    }
}

#[test]
fn a_transport_secures_if_it_says_so_and_is_not_asked_otherwise() {
    let side = Side::default();
    side.next.replace(Some(memory::pair(1000).0));
    let refused = connected(&transport(&side, 0), &target(true));
    assert_eq!(refused, Err(ConnectErrorKind::Unsupported));
    assert!(side.next.borrow().is_some());
    let secures = transport(&side, abi::QUINTET_TRANSPORT_SECURES);
    assert_eq!(connected(&secures, &target(true)), Ok(()));
    assert_eq!(side.secure.get(), 1);
}
