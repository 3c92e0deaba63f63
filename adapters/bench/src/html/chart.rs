//! Charts as SVG, in the colours of the page that they stand in.

use std::ops::Range;

use plotters::coord::ranged1d::{
    AsRangedCoord, DefaultFormatting, KeyPointHint, Ranged, ValueFormatter,
};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

const SIZE: (u32, u32) = (860, 300);
const LABEL_SIZE: u32 = 15;
/// Most lines across, that of 0 not counted.
const STEPS_MAX: f64 = 6.0;

/// A line's colour, by its name in the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    First,
    Second,
    Third,
    Bad,
}

/// What the plotter is told; each is replaced by the style sheet's.
const TEXT: RGBColor = RGBColor(1, 1, 1);
const GRID: RGBColor = RGBColor(1, 1, 2);

impl Colour {
    fn told(self) -> RGBColor {
        match self {
            Self::First => RGBColor(1, 2, 1),
            Self::Second => RGBColor(1, 2, 2),
            Self::Third => RGBColor(1, 2, 3),
            Self::Bad => RGBColor(1, 2, 4),
        }
    }
}

/// From what the plotter was told to what the page says.
const STYLES: [(&str, &str); 6] = [
    ("#010101", "currentColor"),
    ("#010102", "var(--line)"),
    ("#010201", "var(--first)"),
    ("#010202", "var(--second)"),
    ("#010203", "var(--third)"),
    ("#010204", "var(--bad)"),
];

/// One line. Where a value is missing it is interrupted.
pub(crate) struct Line {
    pub(crate) colour: Colour,
    pub(crate) dashed: bool,
    pub(crate) points: Vec<(f64, Option<f64>)>,
}

/// What its axes are.
pub(crate) struct Axes<'a> {
    pub(crate) x: Range<f64>,
    pub(crate) x_label: &'a dyn Fn(&f64) -> String,
    pub(crate) x_labels: usize,
    pub(crate) y_label: &'a dyn Fn(&f64) -> String,
    pub(crate) y: Scale,
}

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// From 0, with lines at round decimal numbers.
    Decimal,
    /// From 0, with lines at multiples of a power of two: round numbers of KiB, MiB and so on.
    Binary,
    /// Logarithmic: from the least to the greatest value, and not from 0.
    Log,
}

/// The picture, which `alt` says in words.
pub(crate) fn chart(alt: &str, axes: &Axes<'_>, lines: &[Line]) -> String {
    let values = || {
        let points = lines.iter().flat_map(|line| &line.points);
        points.filter_map(|(_, value)| *value)
    };
    let most = values().fold(0.0, f64::max);
    let least = values()
        .filter(|value| *value > 0.0)
        .fold(f64::MAX, f64::min);
    // Drawing into memory fails for no numbers that are finite and in order, which these are made to be.
    let linear = 0.0..if most > 0.0 { most * 1.1 } else { 1.0 };
    let drawn = match axes.y {
        Scale::Log if least < f64::MAX => draw(
            axes,
            lines,
            (least * 0.8..most.max(least) * 1.25).log_scale(),
        ),
        Scale::Binary => draw(axes, lines, Binary(linear.into())),
        _ => draw(axes, lines, linear),
    };
    let mut svg = drawn.unwrap_or_default();
    for (told, style) in STYLES {
        svg = svg.replace(&format!("\"{told}\""), &format!("\"{style}\""));
    }
    let alt = super::escaped(alt);
    svg.replacen(
        "<svg ",
        &format!("<svg role=\"img\" aria-label=\"{alt}\" "),
        1,
    )
}

/// [`Scale::Binary`] for the plotter.
struct Binary(RangedCoordf64);

impl Ranged for Binary {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.0.map(value, limit)
    }

    fn key_points<H: KeyPointHint>(&self, _hint: H) -> Vec<f64> {
        binary_marks(self.range().end)
    }

    fn range(&self) -> Range<f64> {
        self.0.range()
    }
}

/// 0 and the multiples of the least power of two that makes them few enough, up to `end`.
fn binary_marks(end: f64) -> Vec<f64> {
    let step = (end / STEPS_MAX).log2().ceil().exp2().max(1.0);
    let count = (end / step) as u32;
    (0..=count).map(|mark| f64::from(mark) * step).collect()
}

fn draw<Y>(axes: &Axes<'_>, lines: &[Line], y: Y) -> Result<String, Box<dyn std::error::Error>>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut svg = String::new();
    {
        let canvas = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let x = axes.x.start..axes.x.end.max(axes.x.start + 1e-3);
        let mut chart = ChartBuilder::on(&canvas)
            .margin(12)
            .margin_right(30)
            .x_label_area_size(34)
            .y_label_area_size(84)
            .build_cartesian_2d(x, y)
            .map_err(|error| error.to_string())?;
        chart
            .configure_mesh()
            .x_labels(axes.x_labels)
            .y_labels(6)
            .x_label_formatter(axes.x_label)
            .y_label_formatter(axes.y_label)
            .label_style(("sans-serif", LABEL_SIZE, &TEXT))
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(TEXT)
            .draw()
            .map_err(|error| error.to_string())?;
        for line in lines {
            for piece in pieces(&line.points) {
                let style = line.colour.told().stroke_width(2);
                let drawn = match (line.dashed, piece.len()) {
                    // A line of one point is none.
                    (_, 1) => chart
                        .draw_series([Circle::new(piece[0], 3, line.colour.told().filled())])
                        .map(drop),
                    (true, _) => chart
                        .draw_series(DashedLineSeries::new(piece, 7, 5, style))
                        .map(drop),
                    (false, _) => chart.draw_series(LineSeries::new(piece, style)).map(drop),
                };
                drawn.map_err(|error| error.to_string())?;
            }
        }
        canvas.present().map_err(|error| error.to_string())?;
    }
    Ok(svg)
}

/// What lies between missing values.
fn pieces(points: &[(f64, Option<f64>)]) -> Vec<Vec<(f64, f64)>> {
    let split = points.split(|(_, value)| value.is_none());
    let pieces = split.map(|piece| {
        let known = piece
            .iter()
            .filter_map(|(at, value)| Some((*at, (*value)?)));
        known.collect::<Vec<_>>()
    });
    pieces.filter(|piece| !piece.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_takes_its_colours_from_the_page_and_survives_anything() {
        let label = |value: &f64| value.to_string();
        for y in [Scale::Decimal, Scale::Binary, Scale::Log] {
            let axes = Axes {
                x: 0.0..0.0,
                x_label: &label,
                x_labels: 5,
                y_label: &label,
                y,
            };
            for points in [
                vec![],
                vec![(0.0, None)],
                vec![(0.0, Some(0.0)), (1.0, Some(0.0))],
                vec![(0.0, Some(5.0)), (1.0, None), (2.0, Some(1e12))],
            ] {
                let line = Line {
                    colour: Colour::First,
                    dashed: y == Scale::Log,
                    points,
                };
                let svg = chart("a \"b\" <c>", &axes, &[line]);
                assert!(
                    svg.contains("aria-label=\"a &quot;b&quot; &lt;c&gt;\""),
                    "{svg}"
                );
                assert!(
                    svg.contains("currentColor") && !svg.contains("\"#0"),
                    "{svg}"
                );
            }
        }
    }

    #[test]
    fn bytes_are_marked_at_multiples_of_a_power_of_two() {
        let kib = 1024.0;
        assert_eq!(
            binary_marks(2600.0 * kib),
            [0.0, 512.0, 1024.0, 1536.0, 2048.0, 2560.0].map(|mark| mark * kib)
        );
        assert_eq!(binary_marks(3.5), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(binary_marks(0.5), [0.0]);
        for end in [1.0, 7.0, 1e6, 1e12, 1e18] {
            let marks = binary_marks(end);
            assert!((2..=7).contains(&marks.len()), "{end}: {marks:?}");
        }
    }
}
