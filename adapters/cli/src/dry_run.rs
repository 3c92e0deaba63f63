//! `send --dry-run`: what would be sent, as the engine itself writes it.

use std::io::{self, Write};

use quintet::{Preview, Segment, UNKNOWN_LENGTH};

/// Writes head and segments to `out`: before each piece a line that begins with `#` and tells its length, then
/// exactly its bytes; of a file only which bytes. What goes in chunks is shown without their framing.
pub(crate) fn print(out: &mut impl Write, name: &str, preview: Preview) -> io::Result<()> {
    let (head, mut plan) = (preview.head, preview.plan);
    let several = plan
        .segments()
        .any(|segment| matches!(segment, Segment::File { source: 1.., .. }));
    writeln!(out, "# {name}: request head, {} bytes", head.len())?;
    out.write_all(&head)?;
    let is_open = plan.content_length() == UNKNOWN_LENGTH;
    let mut at = 0;
    while let Some(segment) = plan.at(at) {
        let (source, offset, len) = match segment {
            Segment::Bytes(bytes) => {
                writeln!(out, "# body, {} bytes", bytes.len())?;
                out.write_all(bytes)?;
                if !bytes.ends_with(b"\n") {
                    writeln!(out)?;
                }
                at += bytes.len() as u64;
                continue;
            }
            Segment::File {
                source,
                offset,
                len,
            } => (source, offset, len),
        };
        let of = match several {
            true => format!("file {source} of {name}"),
            false => name.to_owned(),
        };
        // As if it were empty: what follows it is shown all the same.
        if plan.settle(source, 0) {
            writeln!(out, "# body, all bytes of {of} up to its end")?;
        } else {
            writeln!(out, "# body, {len} bytes of {of} from byte {offset}")?;
            at += len;
        }
    }
    match is_open {
        true => writeln!(out, "# Transfer-Encoding: chunked"),
        false => writeln!(out, "# Content-Length: {}", plan.content_length()),
    }
}
