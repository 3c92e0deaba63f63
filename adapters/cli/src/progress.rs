//! Progress on stderr: bars on a terminal, lines elsewhere, or nothing.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::board::{Moved, Stage};
use crate::messages::{one_line, tell};
use crate::units::bytes;

/// Shows how uploads go. Drawn by the main thread alone.
pub(crate) enum View {
    Bars(Bars),
    Lines(Lines),
    Nothing,
}

impl View {
    /// For files of these names and sizes: bars if stderr is a terminal that can draw them, else lines.
    pub(crate) fn new(files: &[(String, u64)]) -> Self {
        match Self::bars(files) {
            Self::Nothing => Self::Lines(Lines {
                names: names(files),
                told: vec![0; files.len()],
            }),
            bars => bars,
        }
    }

    /// Bars, or nothing if stderr cannot show them.
    pub(crate) fn bars(files: &[(String, u64)]) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match io::stderr().is_terminal() && !dumb {
            true => Self::Bars(Bars::new(files)),
            false => Self::Nothing,
        }
    }

    /// A file's upload has come this far.
    pub(crate) fn moved(&mut self, file: usize, moved: Moved) {
        match self {
            Self::Bars(bars) => bars.moved(file, moved),
            Self::Lines(lines) => lines.moved(file, moved),
            Self::Nothing => {}
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&self) {
        if let Self::Bars(bars) = self {
            bars.total.tick();
        }
    }

    /// Runs what writes to the terminal, with the bars out of its way.
    pub(crate) fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        match self {
            Self::Bars(bars) => bars.all.suspend(write),
            _ => write(),
        }
    }

    /// Takes everything off the terminal.
    pub(crate) fn end(&self) {
        if let Self::Bars(bars) = self {
            let _ = bars.all.clear();
        }
    }
}

fn names(files: &[(String, u64)]) -> Vec<String> {
    files.iter().map(|(name, _)| one_line(name)).collect()
}

/// One bar for each active upload, and below them one for all.
pub(crate) struct Bars {
    names: Vec<String>,
    all: MultiProgress,
    total: ProgressBar,
    active: BTreeMap<usize, ProgressBar>,
    states: Vec<Moved>,
    style: ProgressStyle,
}

impl Bars {
    fn new(files: &[(String, u64)]) -> Self {
        let all = MultiProgress::new();
        let colour = match std::env::var_os("NO_COLOR") {
            Some(set) if !set.is_empty() => "",
            _ => ".cyan",
        };
        let style = |template: &str| {
            ProgressStyle::with_template(&template.replace("COLOUR", colour))
                .expect("the templates below are well-formed, and the tests parse them")
        };
        let total = all.add(ProgressBar::new(0).with_style(style(TOTAL)));
        Self {
            names: names(files),
            all,
            total,
            active: BTreeMap::new(),
            // The size stands in until the length of the body is known.
            states: files
                .iter()
                .map(|(_, size)| Moved {
                    total: *size,
                    ..Moved::default()
                })
                .collect(),
            style: style(ONE),
        }
    }

    fn moved(&mut self, file: usize, moved: Moved) {
        let known = moved.total > 0;
        let state = &mut self.states[file];
        *state = Moved {
            total: if known { moved.total } else { state.total },
            ..moved
        };
        match moved.stage {
            Stage::Active => {
                let bar = self.active.entry(file).or_insert_with(|| {
                    let bar = ProgressBar::new(state.total)
                        .with_style(self.style.clone())
                        .with_prefix(self.names[file].clone());
                    self.all.insert_before(&self.total, bar)
                });
                match state.total {
                    // Only its end tells how long it is.
                    0 => bar.unset_length(),
                    total => bar.set_length(total),
                }
                bar.set_position(state.sent);
            }
            Stage::Ended => {
                // What will not be sent any more is not expected any more.
                state.total = state.sent;
                if let Some(bar) = self.active.remove(&file) {
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
            }
            Stage::Asked | Stage::Waiting => {}
        }
        self.sum_up();
    }

    fn sum_up(&self) {
        let in_stage = |stage| {
            self.states
                .iter()
                .filter(|state| state.stage == stage)
                .count()
        };
        let sent = self.states.iter().map(|state| state.sent).sum();
        let total = self.states.iter().map(|state| state.total).sum();
        self.total.set_length(total);
        self.total.set_position(sent);
        self.total.set_message(format!(
            "{} of {} done, {} active, {} waiting, {}/{}",
            in_stage(Stage::Ended),
            self.states.len(),
            in_stage(Stage::Active),
            in_stage(Stage::Waiting),
            bytes(sent),
            bytes(total),
        ));
    }
}

/// Both fit 80 columns.
const ONE: &str = "{prefix:18!} {bar:12COLOUR} {percent:>3} % {bytes:>10}/{total_bytes:10} {bytes_per_sec:>12} {eta:>4}";
const TOTAL: &str = "{wide_msg} {percent:>3} % {bytes_per_sec:>12} {eta:>4}";

/// A line for each quarter of a file.
pub(crate) struct Lines {
    names: Vec<String>,
    told: Vec<u64>,
}

impl Lines {
    fn moved(&mut self, file: usize, moved: Moved) {
        let Moved { sent, total, .. } = moved;
        let quarters = (u128::from(sent) * 4).checked_div(u128::from(total));
        // At most four, as no more is sent than there is.
        let quarters = quarters.unwrap_or_default() as u64;
        if quarters > self.told[file] {
            self.told[file] = quarters;
            let name = &self.names[file];
            tell(&format!("{name}: {} % of {}", quarters * 25, bytes(total)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_can_be_made_and_moved() {
        let mut bars = Bars::new(&[("a".into(), 10), ("b".into(), 20)]);
        let at = |stage, sent, total| Moved { stage, sent, total };
        bars.moved(0, at(Stage::Active, 0, 0));
        bars.moved(1, at(Stage::Waiting, 0, 0));
        bars.moved(0, at(Stage::Active, 50, 100));
        assert_eq!(
            (bars.total.position(), bars.total.length()),
            (50, Some(120))
        );
        assert_eq!(
            bars.total.message(),
            "0 of 2 done, 1 active, 1 waiting, 50 B/120 B"
        );
        bars.moved(0, at(Stage::Ended, 50, 100));
        assert_eq!((bars.total.position(), bars.total.length()), (50, Some(70)));
        assert!(bars.active.is_empty());
    }
}
