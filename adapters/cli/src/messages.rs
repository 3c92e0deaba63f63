//! Lines on stderr: they keep off the bars, and never fail a run.

use std::io::{self, Write};

/// One message. Where nobody reads stderr, nobody misses it.
pub(crate) fn tell(message: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(message));
}

/// The text without what would steer a terminal: servers, file names and certificates have a say in messages.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => safe.push(letter),
            _ if letter.is_control() => safe.extend(letter.escape_default()),
            _ => safe.push(letter),
        }
    }
    safe
}

/// As [`printable`], on one line.
pub(crate) fn one_line(text: &str) -> String {
    let safe = printable(text);
    safe.replace('\n', "\\n").replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_spelled_out() {
        assert_eq!(printable("a\x1b[2Jb\r\nc\td"), "a\\u{1b}[2Jb\\r\nc\td");
        assert_eq!(one_line("a\nb\t你"), "a\\nb\\t你");
    }
}
