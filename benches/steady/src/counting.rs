//! The global allocator, counting: the only file of this crate with unsafe code.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts calls and bytes, and leaves the work to the system's allocator.
pub(crate) struct Counting;

#[global_allocator]
static GLOBAL: Counting = Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);

/// What was asked of the allocator since the program began, by all threads.
#[derive(Clone, Copy)]
pub(crate) struct Allocated {
    /// Allocations; one that is grown or shrunk counts once more.
    pub(crate) calls: u64,
    /// Bytes asked for; one that is grown or shrunk counts with its new size.
    pub(crate) bytes: u64,
    /// Bytes asked for and not given back.
    pub(crate) live: u64,
}

pub(crate) fn allocated() -> Allocated {
    let bytes = BYTES.load(Relaxed);
    Allocated {
        calls: CALLS.load(Relaxed),
        bytes,
        live: bytes.wrapping_sub(FREED.load(Relaxed)),
    }
}

fn count(bytes: usize) {
    CALLS.fetch_add(1, Relaxed);
    BYTES.fetch_add(bytes as u64, Relaxed);
}

// SAFETY: every method hands its arguments on, unchanged, to the system's allocator, whose contract is the same.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        FREED.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: `block` came from one of the other methods, thus from `System`, with this layout.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        FREED.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: `block` came from one of the other methods, thus from `System`, with this layout.
        unsafe { System.realloc(block, layout, size) }
    }
}
