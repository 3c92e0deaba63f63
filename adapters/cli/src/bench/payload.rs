//! What a bench sends: the files and sizes of the command line, one of them each time.

use std::io;
use std::path::Path;

use quintet::{FilePart, UploadRequest, UploadSource};
use quintet_bench::report::Payload;

use super::args::{LoadArgs, Pattern};
use crate::send::{is_stdin, name_and_size, with_headers, with_items};
use crate::source::listed;

/// The requests, and which of them comes when.
pub(super) struct Mix {
    requests: Vec<UploadRequest>,
    pub(super) payloads: Vec<Payload>,
    /// Empty: in turn.
    weights: Vec<u32>,
    seed: u64,
}

impl Mix {
    pub(super) fn of(args: &LoadArgs) -> io::Result<Self> {
        let wrong = |text: &str| Err(io::Error::other(text));
        let mut files = Vec::new();
        for file in &args.files {
            files.extend(listed(file)?);
        }
        let items = args.content.items.iter().filter_map(|item| item.path());
        if items.chain(files.iter().map(|file| &**file)).any(is_stdin) {
            return wrong(
                "standard input (-) can be sent only once, and a bench sends again and again",
            );
        }
        let count = files.len() + args.sizes.len();
        if !args.weights.is_empty() && args.weights.len() != count {
            return wrong("--weights has not one number for each file and size");
        }
        if count == 0 {
            return wrong("the list of files is empty");
        }
        let mut mix = Self {
            requests: Vec::with_capacity(count),
            payloads: Vec::with_capacity(count),
            weights: args.weights.clone(),
            seed: args.seed,
        };
        for file in &files {
            let (name, bytes) = name_and_size(file);
            mix.add(args, &name, bytes, of_file(args, file))?;
        }
        for size in &args.sizes {
            let name = format!("{size} of {}", args.pattern.as_str());
            let source = args.pattern.source(args.seed, size.0);
            mix.add(args, &name, size.0, of_source(args, source))?;
        }
        Ok(mix)
    }

    fn add(
        &mut self,
        args: &LoadArgs,
        name: &str,
        bytes: u64,
        (request, part): (UploadRequest, Option<FilePart>),
    ) -> io::Result<()> {
        let content = &args.content;
        let request = with_items(request, &content.items, part, false)?;
        let request = with_headers(request, content)
            .method(content.method.into())
            .file_name(content.file_name.clone().unwrap_or_default())
            .mime_type(content.mime_type.clone().unwrap_or_default())
            .timeout(args.timeout.map(|time| time.0).unwrap_or_default());
        self.payloads.push(Payload {
            name: name.into(),
            bytes,
            weight: self.weights.get(self.requests.len()).copied().unwrap_or(1),
        });
        self.requests.push(request);
        Ok(())
    }

    /// That of the upload of this number, the same in every process.
    pub(super) fn request(&self, number: u64) -> UploadRequest {
        let place = match (self.requests.len() as u64, &*self.weights) {
            (1, _) => 0,
            (count, []) => (number % count) as usize,
            (_, weights) => by_weight(weights, number, self.seed),
        };
        self.requests[place].clone()
    }
}

fn of_file(args: &LoadArgs, file: &Path) -> (UploadRequest, Option<FilePart>) {
    let request = match args.content.raw {
        true => UploadRequest::raw(args.url(), file),
        false => UploadRequest::new(args.url(), file, &*args.content.name),
    };
    (request, None)
}

fn of_source(args: &LoadArgs, source: UploadSource) -> (UploadRequest, Option<FilePart>) {
    let content = &args.content;
    if content.raw {
        return (UploadRequest::raw(args.url(), source), None);
    }
    let part = FilePart::new(&*content.name, source)
        .file_name(content.file_name.as_deref().unwrap_or("bench.bin"))
        .mime_type(content.mime_type.clone().unwrap_or_default());
    (UploadRequest::form(args.url()), Some(part))
}

fn by_weight(weights: &[u32], number: u64, seed: u64) -> usize {
    let all: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    let mut chance = fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut drawn = chance.u64(0..all);
    for (place, weight) in weights.iter().enumerate() {
        match drawn.checked_sub(u64::from(*weight)) {
            Some(rest) => drawn = rest,
            None => return place,
        }
    }
    // What is drawn is less than their sum.
    0
}

impl Pattern {
    fn as_str(self) -> &'static str {
        match self {
            Self::Zeros => "zeros",
            Self::Random => "random",
            Self::Text => "text",
        }
    }

    fn source(self, seed: u64, bytes: u64) -> UploadSource {
        match self {
            Self::Zeros => UploadSource::zeros(bytes),
            Self::Random => UploadSource::random(seed, bytes),
            Self::Text => UploadSource::text(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_kept_and_the_same_everywhere() {
        let weights = [90, 9, 1];
        let drawn = |number| by_weight(&weights, number, 5);
        let mut counts = [0_u32; 3];
        for number in 0..100_000 {
            counts[drawn(number)] += 1;
            assert_eq!(drawn(number), drawn(number));
        }
        for (count, weight) in counts.into_iter().zip(weights) {
            let expected = weight * 1000;
            // Five deviations and more; the seed is fixed.
            assert!(count.abs_diff(expected) < 500, "{counts:?}");
        }
    }
}
