//! The exit codes, and the one place where they are told.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Everything that was asked.
    Ok = 0,
    /// The run could not begin, or its output could not be written.
    Trouble = 1,
    /// An upload ended without an answer.
    Failed = 3,
    /// With `--fail`: every upload was answered, one of them with a status of 400 or more.
    Refused = 4,
    /// `demo`: a file did not arrive as it was sent.
    Different = 5,
    /// `run`: the script threw what nobody caught, or was stopped.
    Script = 6,
    /// Ctrl-C.
    Aborted = 130,
}

/// For `--help` and the man page. The code 2 is the argument parser's.
pub(crate) const TABLE: &str = "\
Exit codes:
  0    everything was done; with send: every upload was answered, with any HTTP status
  1    the run could not begin (certificate, address, ...), or its output could not be written
  2    the arguments are wrong
  3    an upload failed: it ended without a complete answer
  4    with --fail: no upload failed, but one was answered with HTTP status 400 or more
  5    demo: a file did not arrive as it was sent
  6    run: the script threw what nobody caught, or was stopped
  130  aborted by Ctrl-C";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_code() {
        for exit in [
            Exit::Ok,
            Exit::Trouble,
            Exit::Failed,
            Exit::Refused,
            Exit::Different,
            Exit::Script,
            Exit::Aborted,
        ] {
            let line = format!("\n  {:<4} ", exit as u8);
            assert!(TABLE.contains(&line), "{exit:?}");
        }
    }
}
