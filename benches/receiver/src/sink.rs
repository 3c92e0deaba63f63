//! Where the parts of a body go: into a hash, into the folder if there is one, and into the report.

use crate::problem::Problem;
use crate::store::{Store, Stored};
use crate::upload::Shared;
use crate::{Field, File, Received};
use sha2::{Digest, Sha256};

/// What one body has brought so far.
pub(crate) struct Sink<'a> {
    store: Option<&'a Store>,
    digest: bool,
    received: &'a mut Received,
    /// Files by their place in `received`, removed again unless they are kept.
    stored: Vec<(usize, Stored)>,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(shared: &'a Shared, received: &'a mut Received) -> Self {
        let (store, digest) = (shared.store.as_ref(), shared.settings.digest);
        Self {
            store,
            digest,
            received,
            stored: Vec::new(),
        }
    }

    pub(crate) fn parts(&self) -> usize {
        self.received.fields.len() + self.received.files.len()
    }

    /// Begins a part; only files are stored.
    pub(crate) fn content(
        &self,
        is_file: bool,
        client_name: Option<&str>,
    ) -> Result<Content, Problem> {
        let stored = match self.store {
            Some(store) if is_file => Some(
                store
                    .create(client_name)
                    .map_err(|error| Problem::storing(&error))?,
            ),
            _ => None,
        };
        Ok(Content {
            size: 0,
            hasher: self.digest.then(Sha256::new),
            stored,
        })
    }

    pub(crate) fn field(&mut self, field: Field) {
        self.received.fields.push(field);
    }

    pub(crate) fn file(&mut self, file: File, stored: Option<Stored>) {
        self.stored
            .extend(stored.map(|stored| (self.received.files.len(), stored)));
        self.received.files.push(file);
    }

    /// Gives every file its name; only now, because an incomplete upload leaves nothing.
    pub(crate) fn keep(self) -> Result<(), Problem> {
        for (place, stored) in self.stored {
            let name = stored.keep().map_err(|error| Problem::storing(&error))?;
            self.received.files[place].stored_as = Some(name);
        }
        Ok(())
    }
}

/// The bytes of one part on their way.
pub(crate) struct Content {
    size: u64,
    hasher: Option<Sha256>,
    stored: Option<Stored>,
}

impl Content {
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<(), Problem> {
        self.size += piece.len() as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(piece);
        }
        match &mut self.stored {
            Some(stored) => stored
                .write(piece)
                .map_err(|error| Problem::storing(&error)),
            None => Ok(()),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Its size, its hash in hex, and the file it went to.
    pub(crate) fn end(mut self) -> (u64, String, Option<Stored>) {
        let sha256 = self.hasher.map_or_else(String::new, |hasher| {
            hasher
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect()
        });
        if let Some(stored) = &mut self.stored {
            stored.close();
        }
        (self.size, sha256, self.stored)
    }
}
