//! `send --dry-run`: what would be sent, as the engine itself writes it.

use std::io::{self, Write};
use std::path::Path;

use quintet::{Preview, Segment};

/// Writes head and segments to `out`: before each piece a line that begins with `#` and tells its length, then
/// exactly its bytes; of a file only which bytes.
pub(crate) fn print(out: &mut impl Write, file: &Path, preview: &Preview) -> io::Result<()> {
    let (head, plan) = (&preview.head, &preview.plan);
    let name = file.display();
    writeln!(out, "# {name}: request head, {} bytes", head.len())?;
    out.write_all(head)?;
    for segment in plan.segments() {
        match segment {
            Segment::Bytes(bytes) => {
                writeln!(out, "# body, {} bytes", bytes.len())?;
                out.write_all(bytes)?;
                if !bytes.ends_with(b"\n") {
                    writeln!(out)?;
                }
            }
            Segment::File { offset, len, .. } => {
                writeln!(out, "# body, {len} bytes of {name} from byte {offset}")?;
            }
        }
    }
    writeln!(out, "# Content-Length: {}", plan.content_length())
}
