//! What a host gives by pointer, read: NULL, lengths, UTF-8 and the sizes of structs are looked at here and nowhere else.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;

use crate::abi;
use crate::failure::Failure;

/// A struct of the header that begins with its own size.
///
/// # Safety
/// `repr(C)`, its first field is the `u32` of its size, and all zeros are a value of it.
pub(crate) unsafe trait Sized32: Copy {
    /// Its name, for messages.
    const NAME: &'static str;
    /// Its size in the first version of the library: who gives less has not set it.
    const FIRST: usize;
}

macro_rules! sized {
    ($($name:ident $first:expr;)*) => {$(
        // SAFETY: see abi.rs: `repr(C)`, `struct_size` first, and nothing but numbers, pointers and optional functions.
        unsafe impl Sized32 for abi::$name {
            const NAME: &'static str = stringify!($name);
            const FIRST: usize = $first;
        }
    )*};
}

sized! {
    quintet_settings size_of::<abi::quintet_settings>();
    quintet_transport size_of::<abi::quintet_transport>();
    quintet_source size_of::<abi::quintet_source>();
    quintet_file size_of::<abi::quintet_file>();
}

/// A copy of a struct: what an older caller's lacks is zero, what a newer one's has besides is left out.
///
/// # Safety
/// `given` is NULL or points to as many readable bytes as its first field says, and at least to that field.
pub(crate) unsafe fn copied<T: Sized32>(given: *const T) -> Result<T, Failure> {
    if given.is_null() {
        return Err(Failure::invalid(format_args!("{} is NULL", T::NAME)));
    }
    // SAFETY: the caller's promise; it need not be aligned.
    let size = unsafe { given.cast::<u32>().read_unaligned() } as usize;
    if size < T::FIRST {
        let (name, first) = (T::NAME, T::FIRST);
        return Err(Failure::invalid(format_args!(
            "{name}.struct_size is {size}: set it to sizeof({name}), which is {first} or more"
        )));
    }
    let mut copy = MaybeUninit::<T>::zeroed();
    // SAFETY: as many bytes as both have, from the caller's struct to one of our own; all zeros are a value of it.
    unsafe {
        let bytes = size.min(size_of::<T>());
        copy.as_mut_ptr()
            .cast::<u8>()
            .copy_from_nonoverlapping(given.cast(), bytes);
        Ok(copy.assume_init())
    }
}

/// As [`copied`], of a struct that may be left out.
///
/// # Safety
/// As there.
pub(crate) unsafe fn copied_or_none<T: Sized32>(given: *const T) -> Result<Option<T>, Failure> {
    match given.is_null() {
        true => Ok(None),
        // SAFETY: the caller's promise.
        false => unsafe { copied(given) }.map(Some),
    }
}

/// A text that must be there.
///
/// # Safety
/// `text` is NULL or ends with a NUL, and stays as it is during the call.
pub(crate) unsafe fn text<'a>(what: &str, text: *const c_char) -> Result<&'a str, Failure> {
    // SAFETY: the caller's promise.
    unsafe { text_or_none(what, text) }?
        .ok_or_else(|| Failure::invalid(format_args!("{what} is NULL")))
}

/// A text, or `None` for NULL.
///
/// # Safety
/// As of [`text`].
pub(crate) unsafe fn text_or_none<'a>(
    what: &str,
    text: *const c_char,
) -> Result<Option<&'a str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    utf8(what, text.to_bytes()).map(Some)
}

/// These bytes as a text.
pub(crate) fn utf8<'a>(what: &str, bytes: &'a [u8]) -> Result<&'a str, Failure> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Failure::invalid(format_args!("{what} is not UTF-8: see its byte {at}"))
    })
}

/// Bytes by their length. NULL with a length of 0 is none.
///
/// # Safety
/// `data` is NULL or points to `len` readable bytes that stay as they are during the call.
pub(crate) unsafe fn bytes<'a>(
    what: &str,
    data: *const c_void,
    len: usize,
) -> Result<&'a [u8], Failure> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Failure::invalid(format_args!(
            "{what} is NULL, and has a length of {len}"
        ))),
        (false, _) if isize::try_from(len).is_err() => Err(Failure::invalid(format_args!(
            "{what} has a length of {len}, which no memory has"
        ))),
        // SAFETY: the caller's promise; it is no longer than a slice may be.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(data.cast(), len) }),
    }
}

/// Gives a handle back, to a caller who wants it.
///
/// # Safety
/// `out` is NULL or may be written to.
pub(crate) unsafe fn put(out: *mut u64, handle: u64) {
    if !out.is_null() {
        // SAFETY: the caller's promise.
        unsafe { out.write_unaligned(handle) };
    }
}
