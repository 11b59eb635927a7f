//! Plots as SVG.

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::{
    BLACK, ChartBuilder, Circle, Color as _, DashedLineSeries, DrawingArea, IntoDrawingArea as _,
    IntoLogRange as _, LineSeries, PathElement, RGBColor, Ranged, Rectangle, SVGBackend, Text, WHITE,
};
use plotters::style::IntoFont as _;

use crate::report::markdown::figure;

const SIZE: (u32, u32) = (960, 460);

/// Where the legend begins: nothing of a plot is to be under it.
const LEGEND: i32 = 740;
const FONT: &str = "sans-serif";

/// Colours that people with any colour vision tell apart, by Okabe and Ito.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];

/// One line of a plot.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// Which colour; a store and its floor have the same.
    pub colour: usize,
    /// Whether it is a floor.
    pub dashed: bool,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

/// Where the points of the horizontal axis are.
#[derive(Clone, Debug)]
pub enum Horizontal {
    /// At powers of something: the axis is logarithmic.
    Logarithmic,
    /// At 0, 1, 2 and so on, and these are their names.
    Named(Vec<&'static str>),
}

/// What a plot and its axes are called.
#[derive(Clone, Copy, Debug)]
pub struct Titles<'a> {
    /// The plot.
    pub plot: &'a str,
    /// The horizontal axis.
    pub x: &'a str,
    /// The vertical axis.
    pub y: &'a str,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Lines over a logarithmic vertical axis.
///
/// # Errors
/// When there is nothing to draw.
pub fn lines(titles: Titles<'_>, horizontal: &Horizontal, lines: &[Line]) -> anyhow::Result<String> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let (bottom, top) = decades(points().map(|(_, y)| *y))?;
    let mut svg = String::new();
    {
        let whole = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        whole.fill(&WHITE)?;
        let (area, side) = whole.split_horizontally(LEGEND);
        legend(&side, lines)?;
        match horizontal {
            Horizontal::Logarithmic => {
                let left = points().map(|(x, _)| *x).fold(f64::INFINITY, f64::min);
                let right = points().map(|(x, _)| *x).fold(1.0, f64::max);
                let x = (left / 1.2..right * 1.2).log_scale();
                draw(&area, titles, x, (bottom..top).log_scale(), lines, 10, &|x| {
                    figure_of_axis(*x)
                })?;
            }
            Horizontal::Named(names) => {
                #[expect(clippy::cast_precision_loss, reason = "there are a handful of names")]
                let right = names.len().saturating_sub(1) as f64 + 0.15;
                let name = |x: &f64| {
                    let mut indices = (0_u8..).zip(names).map(|(index, name)| (f64::from(index), name));
                    let found = indices.find(|(index, _)| (index - x).abs() < 0.01);
                    found.map_or_else(String::new, |(_, name)| (*name).to_owned())
                };
                draw(
                    &area,
                    titles,
                    -0.15..right,
                    (bottom..top).log_scale(),
                    lines,
                    names.len(),
                    &name,
                )?;
            }
        }
        area.present()?;
    }
    Ok(svg)
}

fn draw<X, Y, RX, RY>(
    area: &Area<'_>,
    titles: Titles<'_>,
    x: RX,
    y: RY,
    lines: &[Line],
    x_labels: usize,
    x_name: &dyn Fn(&f64) -> String,
) -> anyhow::Result<()>
where
    RX: AsRangedCoord<CoordDescType = X, Value = f64>,
    RY: AsRangedCoord<CoordDescType = Y, Value = f64>,
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .caption(titles.plot, (FONT, 18))
        .margin(12)
        .margin_right(24)
        .x_label_area_size(42)
        .y_label_area_size(78)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_desc(titles.x)
        .y_desc(titles.y)
        .x_labels(x_labels)
        .x_label_formatter(&x_name)
        .y_label_formatter(&|y| figure_of_axis(*y))
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 14))
        .draw()?;
    for line in lines {
        let colour = COLOURS[line.colour % COLOURS.len()];
        let style = colour.stroke_width(2);
        let points = line.points.iter().copied();
        if line.dashed {
            chart.draw_series(DashedLineSeries::new(points, 6, 4, style))?;
        } else {
            chart.draw_series(LineSeries::new(points, style))?;
        }
        let circles = line
            .points
            .iter()
            .map(|point| Circle::new(*point, 3, colour.filled()));
        chart.draw_series(circles)?;
    }
    Ok(())
}

fn legend(area: &Area<'_>, lines: &[Line]) -> anyhow::Result<()> {
    let mut y = 44;
    for line in lines {
        let style = COLOURS[line.colour % COLOURS.len()].stroke_width(2);
        let strokes: &[(i32, i32)] = if line.dashed {
            &[(0, 8), (14, 22)]
        } else {
            &[(0, 22)]
        };
        for (from, to) in strokes {
            area.draw(&PathElement::new([(*from, y), (*to, y)], style))?;
        }
        area.draw(&Text::new(line.name.clone(), (30, y - 7), (FONT, 13)))?;
        y += 22;
    }
    Ok(())
}

/// Bars over a logarithmic axis, each with its value.
///
/// # Errors
/// When there is nothing to draw.
pub fn bars(title: &str, bars: &[(String, f64)]) -> anyhow::Result<String> {
    let (left, right) = decades(bars.iter().map(|(_, value)| *value))?;
    let mut svg = String::new();
    {
        let height = 90 + 46 * u32::try_from(bars.len())?;
        let area = SVGBackend::with_string(&mut svg, (SIZE.0, height)).into_drawing_area();
        area.fill(&WHITE)?;
        #[expect(clippy::cast_precision_loss, reason = "there are a handful of bars")]
        let rows = bars.len() as f64;
        let mut chart = ChartBuilder::on(&area)
            .caption(title, (FONT, 18))
            .margin(12)
            .margin_right(30)
            .x_label_area_size(30)
            .build_cartesian_2d((left..right).log_scale(), 0.0..rows)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(225, 225, 225))
            .x_label_formatter(&|x| figure_of_axis(*x))
            .label_style((FONT, 13))
            .draw()?;
        let mut row = rows;
        for (index, (name, value)) in bars.iter().enumerate() {
            row -= 1.0;
            let colour = COLOURS[index % COLOURS.len()];
            let corners = [(left, row + 0.12), (*value, row + 0.52)];
            chart.draw_series([Rectangle::new(corners, colour.filled())])?;
            let label = format!("{name}: {}", figure(*value));
            let style = (FONT, 14).into_font().color(&BLACK);
            chart.draw_series([Text::new(label, (left * 1.02, row + 0.86), style)])?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// The powers of ten around these values.
fn decades(values: impl Iterator<Item = f64>) -> anyhow::Result<(f64, f64)> {
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    for value in values.filter(|value| value.is_finite() && *value > 0.0) {
        least = least.min(value);
        most = most.max(value);
    }
    anyhow::ensure!(most > 0.0, "a plot needs a value");
    let bottom = 10_f64.powf(least.log10().floor());
    let top = 10_f64.powf(most.log10().ceil());
    Ok((bottom, if top > bottom { top } else { bottom * 10.0 }))
}

/// A figure of an axis, as short as it goes.
fn figure_of_axis(value: f64) -> String {
    match value {
        value if value >= 1_000_000.0 => format!("{} M", value / 1_000_000.0),
        value if value >= 1_000.0 => format!("{} k", value / 1_000.0),
        value => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_shows_its_lines_by_name() {
        let line = |name: &str, dashed| Line {
            name: name.to_owned(),
            colour: 0,
            dashed,
            points: vec![(1.0, 5_000.0), (16.0, 60_000.0), (256.0, 90_000.0)],
        };
        let titles = Titles {
            plot: "Throughput",
            x: "callers",
            y: "per second",
        };
        let svg = lines(
            titles,
            &Horizontal::Logarithmic,
            &[line("sqlite", false), line("raw", true)],
        )
        .unwrap();
        for text in ["<svg", "Throughput", "sqlite", "raw", "<polyline", "</svg>"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        let names = Horizontal::Named(vec!["p50", "p99"]);
        let mut percentiles = line("c 1", false);
        percentiles.points = vec![(0.0, 10.0), (1.0, 20.0)];
        let svg = lines(titles, &names, &[percentiles]).unwrap();
        assert!(svg.contains("p50") && svg.contains("p99"), "{svg}");
    }

    #[test]
    fn bars_tell_their_values_and_nothing_is_an_error() {
        let svg = bars(
            "Updates",
            &[
                ("memory".to_owned(), 1_234_567.0),
                ("sqlite".to_owned(), 65_000.0),
            ],
        )
        .unwrap();
        assert!(
            svg.contains("memory: 1,234,567") && svg.contains("<rect"),
            "{svg}"
        );
        assert!(bars("Nothing", &[]).is_err());
        assert_eq!(decades([1_000.0].into_iter()).unwrap(), (1_000.0, 10_000.0));
    }
}
