//! The ratios of a case as a picture: for each client its median, and a line from its least to its most.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Result;
use crate::summary::{Row, Spread};
use crate::workload::Case;

const WIDTH: u32 = 900;
const ROW_HEIGHT: u32 = 28;
const MARGIN_TOP: u32 = 70;
const MARGIN_BOTTOM: u32 = 50;
const LABELS_WIDTH: u32 = 150;
/// Beyond this ratio the scale is logarithmic: one slow client would squeeze all others into a corner.
const LINEAR_MAX: f64 = 4.0;

/// Writes the picture; does nothing if there is no ratio to show.
pub(crate) fn plot(path: &Path, case: Case, rows: &[Row]) -> Result<()> {
    let ratios: Vec<(&str, Spread)> = rows
        .iter()
        .filter_map(|row| Some((row.client, row.figures?.ratio?)))
        .collect();
    if ratios.is_empty() {
        return Ok(());
    }
    // Not quoted back to the caller in its own type: a drawing error borrows the canvas.
    draw(path, case, &ratios).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn draw(
    path: &Path,
    case: Case,
    ratios: &[(&str, Spread)],
) -> Result<(), Box<dyn std::error::Error>> {
    let height = MARGIN_TOP + MARGIN_BOTTOM + ROW_HEIGHT * u32::try_from(ratios.len())?;
    let canvas = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    canvas.fill(&WHITE)?;
    let least = ratios
        .iter()
        .map(|(_, ratio)| ratio.min)
        .fold(1.0, f64::min)
        * 0.9;
    let most = ratios
        .iter()
        .map(|(_, ratio)| ratio.max)
        .fold(1.0, f64::max)
        * 1.15;
    let scale = Scale::new(if most > LINEAR_MAX { least } else { 0.0 }, most);

    let text = |size: u32| ("sans-serif", size).into_font().color(&BLACK);
    let title = format!(
        "{case}, CPU as a multiple of {}: median, least and most",
        case.reference()
    );
    canvas.draw(&Text::new(title, (16, 16), text(18)))?;
    let bottom = (MARGIN_TOP + ROW_HEIGHT * u32::try_from(ratios.len())?).cast_signed();
    let below = text(13).pos(Pos::new(HPos::Center, VPos::Top));
    for tick in scale.ticks() {
        let x = scale.x(tick);
        let style = if tick == 1.0 {
            &BLACK
        } else {
            &RGBColor(215, 215, 215)
        };
        let top = MARGIN_TOP.cast_signed() - 10;
        canvas.draw(&PathElement::new([(x, top), (x, bottom)], style))?;
        canvas.draw(&Text::new(
            format!("{tick}"),
            (x, bottom + 8),
            below.clone(),
        ))?;
    }
    let left = text(14).pos(Pos::new(HPos::Right, VPos::Center));
    let right = text(13).pos(Pos::new(HPos::Left, VPos::Center));
    for (index, (client, ratio)) in ratios.iter().enumerate() {
        let y = (MARGIN_TOP + ROW_HEIGHT * u32::try_from(index)? + ROW_HEIGHT / 2).cast_signed();
        let color = colour(client);
        let name = Text::new(
            (*client).to_owned(),
            (LABELS_WIDTH.cast_signed() - 10, y),
            left.clone(),
        );
        canvas.draw(&name)?;
        let line = [(scale.x(ratio.min), y), (scale.x(ratio.max), y)];
        canvas.draw(&PathElement::new(line, color.stroke_width(3)))?;
        canvas.draw(&Circle::new((scale.x(ratio.median), y), 6, color.filled()))?;
        let value = format!("{:.2}", ratio.median);
        let at = (scale.x(ratio.max) + 12, y);
        canvas.draw(&Text::new(value, at, right.clone()))?;
    }
    canvas.present()?;
    Ok(())
}

fn colour(client: &str) -> RGBColor {
    match client {
        _ if client.starts_with("raw-") => RGBColor(120, 120, 120),
        _ if client.starts_with("quintet") => RGBColor(0, 105, 180),
        _ => RGBColor(200, 110, 20),
    }
}

/// From ratios to pixels: linear from 0, or logarithmic from something above it.
struct Scale {
    from: f64,
    to: f64,
}

impl Scale {
    fn new(from: f64, to: f64) -> Self {
        Self { from, to }
    }

    fn x(&self, ratio: f64) -> i32 {
        let part = match self.from > 0.0 {
            true => (ratio / self.from).ln() / (self.to / self.from).ln(),
            false => ratio / self.to,
        };
        let room = f64::from(WIDTH - LABELS_WIDTH - 70);
        LABELS_WIDTH.cast_signed() + (part * room).round() as i32
    }

    fn ticks(&self) -> Vec<f64> {
        let steps = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0];
        let powers = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];
        let all = if self.from > 0.0 { powers } else { steps };
        let inside = all
            .into_iter()
            .filter(|&tick| tick >= self.from && tick <= self.to);
        inside.collect()
    }
}
