//! A list whose first few items need no allocation.

use alloc::vec::Vec;

/// At most `N` items in place; more than that in a `Vec`, all of them.
#[derive(Clone)]
pub(crate) enum ShortList<T, const N: usize> {
    Inline { items: [T; N], len: usize },
    Spilled(Vec<T>),
}

impl<T: Copy, const N: usize> ShortList<T, N> {
    /// No items; `filler` is what the unused places hold.
    pub(crate) const fn new(filler: T) -> Self {
        Self::Inline {
            items: [filler; N],
            len: 0,
        }
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::Inline { items, len } => &items[..*len],
            Self::Spilled(items) => items,
        }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            Self::Inline { items, len } => &mut items[..*len],
            Self::Spilled(items) => items,
        }
    }

    pub(crate) fn push(&mut self, item: T) {
        match self {
            Self::Inline { items, len } if *len < N => {
                items[*len] = item;
                *len += 1;
            }
            Self::Inline { items, .. } => {
                let mut spilled = Vec::with_capacity(2 * N + 2);
                spilled.extend_from_slice(items);
                spilled.push(item);
                *self = Self::Spilled(spilled);
            }
            Self::Spilled(items) => items.push(item),
        }
    }
}

impl<T: Copy + PartialEq, const N: usize> PartialEq for ShortList<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<T: Copy + Eq, const N: usize> Eq for ShortList<T, N> {}
