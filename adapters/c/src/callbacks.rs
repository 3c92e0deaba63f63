//! What a host is called by: its functions, each with the host's own pointer, as Rust calls them.
//!
//! Whoever makes one of these promises that its functions keep to the header; the rest of the crate then calls them safely.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{CStr, c_void};
use std::ptr;

use crate::abi;
use crate::failure::Failure;

/// A pointer of the host's, which is only ever handed back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User(*mut c_void);

// SAFETY: it is not followed here; the header says on which threads the host gets it back.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

impl User {
    pub(crate) fn new(user: *mut c_void) -> Self {
        Self(user)
    }

    pub(crate) fn as_ptr(self) -> *mut c_void {
        self.0
    }
}

thread_local! {
    /// How many callbacks of hosts this thread is inside of.
    static INSIDE: Cell<u32> = const { Cell::new(0) };
}

/// Whether this thread is inside a callback, where waiting might wait for itself.
pub(crate) fn is_inside() -> bool {
    INSIDE.try_with(Cell::get).unwrap_or(0) > 0
}

/// A number that no other living thread has.
pub(crate) fn thread_token() -> usize {
    INSIDE
        .try_with(|inside| ptr::from_ref(inside).addr())
        .unwrap_or(0)
}

fn inside<T>(call: impl FnOnce() -> T) -> T {
    // A callback cannot unwind through C, so nothing needs to be undone on that way.
    let add = |by: i32| {
        let _ = INSIDE.try_with(|inside| inside.set(inside.get().wrapping_add_signed(by)));
    };
    add(1);
    let result = call();
    add(-1);
    result
}

/// Calls a host's `drop` when it goes.
struct OnDrop {
    user: User,
    call: abi::quintet_on_drop,
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(call) = self.call {
            // SAFETY: promised by whoever made it; once, and last.
            inside(|| unsafe { call(self.user.0) });
        }
    }
}

/// `on_event` and `on_drop`.
pub(crate) struct Events {
    call: abi::quintet_on_event,
    on_drop: OnDrop,
}

impl Events {
    /// # Safety
    /// The functions keep to the header with this `user`.
    pub(crate) unsafe fn new(settings: &abi::quintet_settings) -> Self {
        Self {
            call: settings.on_event,
            on_drop: OnDrop {
                user: User(settings.user),
                call: settings.on_drop,
            },
        }
    }

    pub(crate) fn are_heard(&self) -> bool {
        self.call.is_some()
    }

    pub(crate) fn tell(&self, event: &abi::quintet_event) {
        if let Some(call) = self.call {
            // SAFETY: promised by whoever made it.
            inside(|| unsafe { call(self.on_drop.user.0, event) });
        }
    }
}

/// A host's transport.
pub(crate) struct TransportCalls {
    table: abi::quintet_transport,
    _on_drop: OnDrop,
}

// SAFETY: the header says that all but `drop` are called on the engine's thread, and `drop` on any.
unsafe impl Send for TransportCalls {}
// SAFETY: as above.
unsafe impl Sync for TransportCalls {}

/// A connection of the host's: `None` inside until the host has put one there.
pub(crate) struct HostConnection(*mut c_void);

impl HostConnection {
    pub(crate) fn none() -> Self {
        Self(ptr::null_mut())
    }
}

impl TransportCalls {
    /// # Safety
    /// The functions keep to the header with the table's `user`.
    pub(crate) unsafe fn new(table: abi::quintet_transport) -> Result<Self, Failure> {
        // First, so that the host's `drop` is called even if it is refused.
        let calls = Self {
            table,
            _on_drop: OnDrop {
                user: User(table.user),
                call: table.drop,
            },
        };
        let missing = [
            ("connect", table.connect.is_none()),
            ("write", table.write.is_none()),
            ("read", table.read.is_none()),
            ("close", table.close.is_none()),
        ];
        match missing.iter().find(|(_, is_missing)| *is_missing) {
            None => Ok(calls),
            Some((name, _)) => Err(Failure::invalid(format_args!(
                "quintet_transport.{name} is NULL"
            ))),
        }
    }

    pub(crate) fn secures(&self) -> bool {
        self.table.flags & abi::QUINTET_TRANSPORT_SECURES != 0
    }

    pub(crate) fn connect(
        &self,
        host: &CStr,
        port: u16,
        secure: bool,
        waker: abi::quintet_waker,
        connection: &mut HostConnection,
    ) -> i32 {
        let target = abi::quintet_target {
            struct_size: size_of::<abi::quintet_target>() as u32,
            secure: secure.into(),
            host: host.as_ptr(),
            port,
        };
        let call = self.table.connect;
        let (user, to) = (self.table.user, &raw mut connection.0);
        // SAFETY: promised by whoever made it.
        let call = call.map(|call| inside(|| unsafe { call(user, &target, waker, to) }));
        call.unwrap_or(abi::QUINTET_REFUSED)
    }

    pub(crate) fn write(&self, connection: &HostConnection, data: &[u8]) -> i64 {
        let (user, from, len) = (self.table.user, data.as_ptr().cast(), data.len());
        let call = self.table.write;
        // SAFETY: promised by whoever made it.
        let call = call.map(|call| inside(|| unsafe { call(user, connection.0, from, len) }));
        call.unwrap_or(abi::QUINTET_RESET.into())
    }

    pub(crate) fn read(&self, connection: &HostConnection, data: &mut [u8]) -> i64 {
        let (user, to, len) = (self.table.user, data.as_mut_ptr().cast(), data.len());
        let call = self.table.read;
        // SAFETY: promised by whoever made it.
        let call = call.map(|call| inside(|| unsafe { call(user, connection.0, to, len) }));
        call.unwrap_or(abi::QUINTET_RESET.into())
    }

    pub(crate) fn finish(&self, connection: &HostConnection) -> i32 {
        let call = self.table.finish;
        // SAFETY: promised by whoever made it.
        let call = call.map(|call| inside(|| unsafe { call(self.table.user, connection.0) }));
        call.unwrap_or(abi::QUINTET_OK)
    }

    /// Ends the connection, if there is one.
    pub(crate) fn close(&self, connection: &mut HostConnection) {
        let gone = std::mem::replace(&mut connection.0, ptr::null_mut());
        if let (Some(call), false) = (self.table.close, gone.is_null()) {
            // SAFETY: promised by whoever made it; once, since NULL stands there now.
            inside(|| unsafe { call(self.table.user, gone) });
        }
    }
}

/// A host's source.
pub(crate) struct SourceCalls {
    table: abi::quintet_source,
    _on_drop: OnDrop,
}

// SAFETY: the header says that it is read on a thread that the host does not choose.
unsafe impl Send for SourceCalls {}

impl SourceCalls {
    /// # Safety
    /// The functions keep to the header with the table's `user`.
    pub(crate) unsafe fn new(table: abi::quintet_source) -> Result<Self, Failure> {
        // First, so that the host's `drop` is called even if it is refused.
        let calls = Self {
            table,
            _on_drop: OnDrop {
                user: User(table.user),
                call: table.drop,
            },
        };
        match table.read_at {
            Some(_) => Ok(calls),
            None => Err(Failure::invalid("quintet_source.read_at is NULL")),
        }
    }

    /// How long it is, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        Some(self.table.length).filter(|length| *length != abi::QUINTET_UNKNOWN)
    }

    pub(crate) fn reads_once(&self) -> bool {
        self.table.flags & abi::QUINTET_SOURCE_ONCE != 0
    }

    pub(crate) fn read_at(&self, offset: u64, data: &mut [u8]) -> i64 {
        let (user, to, len) = (self.table.user, data.as_mut_ptr().cast(), data.len());
        let call = self.table.read_at;
        // SAFETY: promised by whoever made it.
        let call = call.map(|call| inside(|| unsafe { call(user, offset, to, len) }));
        call.unwrap_or(abi::QUINTET_INVALID.into())
    }
}
