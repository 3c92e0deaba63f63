//! The live view of a bench on a terminal: throughput and times as they come, what is under way, and what fails.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Stderr};
use std::time::Duration;

use quintet_bench::{Point, Spread, Tick};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType, Paragraph};
use ratatui::{Frame, Terminal};

use crate::units::{bytes, millis};

/// Intervals that are shown.
const POINTS_MAX: usize = 300;
/// A chart of fewer, its frame and axis included, shows little.
const CHART_ROWS_MIN: u16 = 8;

/// What lines are drawn with, and what stands for each in the heading: all with the first, where they differ by colour.
const MARKS: [(Marker, char); 3] = [
    (Marker::Braille, '─'),
    (Marker::Dot, '•'),
    (Marker::Block, '█'),
];

/// The terminal while it is ours. It is drawn on stderr, so that stdout stays the report's, and its keys are left alone, so
/// that Ctrl-C is what it always is.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stderr>>,
    view: View,
}

impl Screen {
    /// Takes over the terminal, if stderr is one that can draw.
    pub(super) fn open(title: &str) -> Option<Self> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if dumb || !io::stderr().is_terminal() {
            return None;
        }
        execute!(io::stderr(), EnterAlternateScreen, Hide).ok()?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stderr()));
        match terminal {
            Ok(terminal) => Some(Self {
                terminal,
                view: View::new(title),
            }),
            Err(_) => {
                restore();
                None
            }
        }
    }

    /// Shows one more interval. A terminal that cannot be written to is not missed.
    pub(super) fn add(&mut self, tick: &Tick<'_>) {
        self.view.add(tick.point, tick.begun, tick.measured_from);
        let view = &self.view;
        let _ = self.terminal.draw(|frame| view.draw(frame));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back; harmless where it was never taken.
pub(super) fn restore() {
    if !io::stderr().is_terminal() {
        return;
    }
    let _ = execute!(io::stderr(), LeaveAlternateScreen, Show);
}

/// A line of a chart: its name, its colour and its points.
type Named<'a> = (&'a str, Color, Vec<(f64, f64)>);

/// What is shown.
struct View {
    title: String,
    points: VecDeque<Point>,
    begun: u64,
    failed: u64,
    measured_from: Duration,
    plain: bool,
}

impl View {
    fn new(title: &str) -> Self {
        Self {
            title: crate::messages::one_line(title),
            points: VecDeque::new(),
            begun: 0,
            failed: 0,
            measured_from: Duration::ZERO,
            plain: std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty()),
        }
    }

    fn add(&mut self, point: &Point, begun: u64, measured_from: Duration) {
        if self.points.len() == POINTS_MAX {
            self.points.pop_front();
        }
        self.points.push_back(*point);
        self.begun = begun;
        self.failed += point.failed;
        self.measured_from = measured_from;
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let [head, charts, foot] = Layout::vertical([
            Constraint::Length(3),
            Constraint::Fill(1),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        frame.render_widget(Paragraph::new(self.head()), head);
        let shown: &[fn(&Self, &mut Frame<'_>, Rect)] = match charts.height / CHART_ROWS_MIN {
            0 => &[],
            1 => &[Self::times],
            _ => &[Self::throughput, Self::times],
        };
        let areas = Layout::vertical(shown.iter().map(|_| Constraint::Fill(1))).split(charts);
        for (chart, area) in shown.iter().zip(areas.iter()) {
            chart(self, frame, *area);
        }
        frame.render_widget(
            Paragraph::new("Ctrl-C ends it with the report of what ran"),
            foot,
        );
    }

    /// Lines that fit in some 45 columns.
    fn head(&self) -> Vec<Line<'static>> {
        let Some(last) = self.points.back() else {
            return Vec::new();
        };
        let seconds = last.length.as_secs_f64().max(1e-9);
        let end = last.at + last.length;
        let state = match end <= self.measured_from {
            true => "not measured yet",
            false => "measuring",
        };
        let failed = Span::raw(format!("failed {}", self.failed));
        vec![
            Line::from(format!("quintet bench {}", self.title)),
            Line::from(format!(
                "{:.0} s, {state}; {:.1} uploads/s, {}/s",
                end.as_secs_f64(),
                last.answered as f64 / seconds,
                bytes((last.sent as f64 / seconds) as u64),
            )),
            Line::from(vec![
                match self.failed {
                    0 => failed,
                    _ => failed.style(self.style(Color::Red)),
                },
                Span::raw(format!(
                    ", begun {}, active {}, queued {}",
                    self.begun, last.active, last.queued
                )),
            ]),
        ]
    }

    fn style(&self, colour: Color) -> Style {
        match self.plain {
            true => Style::new(),
            false => Style::new().fg(colour),
        }
    }

    fn throughput(&self, frame: &mut Frame<'_>, area: Rect) {
        let rates: Vec<_> = self
            .points
            .iter()
            .map(|point| {
                let seconds = point.length.as_secs_f64().max(1e-9);
                (point.at.as_secs_f64(), point.answered as f64 / seconds)
            })
            .collect();
        let lines = [("uploads answered a second", Color::Cyan, rates)];
        self.chart(frame, area, &lines, |rate| format!("{rate:.0}/s"));
    }

    fn times(&self, frame: &mut Frame<'_>, area: Rect) {
        let of = |spread: fn(&Point) -> Option<Spread>, time: fn(Spread) -> Duration| {
            let points = self.points.iter();
            let known = points.filter_map(|point| {
                Some((point.at.as_secs_f64(), time(spread(point)?).as_secs_f64()))
            });
            known.collect::<Vec<_>>()
        };
        let lines = [
            (
                "response p99",
                Color::Cyan,
                of(|point| point.response, |own| own.p99),
            ),
            (
                "service p99",
                Color::Yellow,
                of(|point| point.service, |own| own.p99),
            ),
            (
                "response p50",
                Color::Gray,
                of(|point| point.response, |own| own.p50),
            ),
        ];
        let label = |seconds: f64| millis(Duration::from_secs_f64(seconds));
        self.chart(frame, area, &lines, label);
    }

    fn chart(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        lines: &[Named<'_>],
        label: impl Fn(f64) -> String,
    ) {
        let mark = |place: usize| MARKS[if self.plain { place } else { 0 }];
        let sets = lines
            .iter()
            .enumerate()
            .map(|(place, (_, colour, points))| {
                Dataset::default()
                    .marker(mark(place).0)
                    .graph_type(GraphType::Line)
                    .style(self.style(*colour))
                    .data(points)
            });
        let points = || lines.iter().flat_map(|(_, _, points)| points);
        let most = points()
            .map(|(_, value)| *value)
            .fold(0.0, f64::max)
            .max(1e-6)
            * 1.1;
        let from = self
            .points
            .front()
            .map_or(0.0, |first| first.at.as_secs_f64());
        let to = self
            .points
            .back()
            .map_or(1.0, |last| last.at.as_secs_f64())
            .max(from + 1.0);
        // A legend within the chart would lie over its lines, or be left out where there is little room.
        let heading = lines.iter().enumerate().map(|(place, (name, colour, _))| {
            let space = if place > 0 { " " } else { "" };
            let text = format!("{space}{} {name}", mark(place).1);
            Span::styled(text, self.style(*colour))
        });
        // Between frame and axis; two labels in one row would be written over each other.
        let rows = area.height.saturating_sub(4);
        let labels = match rows {
            ..2 => vec![label(most)],
            2 => vec![label(0.0), label(most)],
            _ => vec![label(0.0), label(most / 2.0), label(most)],
        };
        let chart = Chart::new(sets.collect())
            .block(Block::bordered().title(heading.collect::<Line<'_>>()))
            .x_axis(
                Axis::default()
                    .bounds([from, to])
                    .labels([format!("{from:.0} s"), format!("{to:.0} s")]),
            )
            .y_axis(Axis::default().bounds([0.0, most]).labels(labels));
        frame.render_widget(chart, area);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::backend::TestBackend;

    fn shown(view: &View, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view.draw(frame)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let rows = buffer.content.chunks(width.into());
        let rows = rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>());
        rows.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_view_tells_what_goes_on_at_any_size() {
        let mut view = View::new("http://h/\x1b[2J");
        shown(&view, 80, 24);
        for at in 0..2 * POINTS_MAX as u64 {
            let mut point = Point::default();
            point.at = Duration::from_secs(at);
            point.length = Duration::from_secs(1);
            (point.answered, point.failed, point.sent) = (250, u64::from(at == 3), 5 << 20);
            (point.active, point.queued) = (5, 77);
            view.add(&point, at, Duration::from_secs(2));
        }
        assert_eq!(view.points.len(), POINTS_MAX);
        let text = shown(&view, 100, 30);
        for told in [
            "http://h/\\u{1b}[2J",
            "measuring",
            "250.0 uploads/s, 5.00 MiB/s",
            "failed 1, begun 599, active 5, queued 77",
            "─ uploads answered a second",
            "─ response p99 ─ service p99 ─ response p50",
            "275/s",
            "Ctrl-C ends it",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
        let text = shown(&view, 45, 12);
        for told in ["5.00 MiB/s", "failed 1", "─ response p99", "Ctrl-C"] {
            assert!(text.contains(told), "{told}: {text}");
        }
        for (width, height) in [(1, 1), (20, 5), (44, 16), (400, 100)] {
            shown(&view, width, height);
        }
    }
}
