//! Markdown of figures.

use std::fmt::Write as _;

/// A table whose first column is text and whose others are figures.
#[derive(Clone, Debug, Default)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    texts: usize,
}

impl Table {
    /// A table with these columns, the first `texts` of which are texts, and the others figures.
    pub fn new<const N: usize>(header: [&str; N], texts: usize) -> Self {
        Self {
            header: header.map(str::to_owned).to_vec(),
            rows: Vec::new(),
            texts,
        }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, row: [String; N]) {
        self.rows.push(row.into());
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The Markdown of it, with a line end.
    pub fn markdown(&self) -> String {
        let rule = (0..self.header.len()).map(|column| if column < self.texts { "---" } else { "---:" });
        let mut text = line(&self.header);
        text.push_str(&line(&rule.map(str::to_owned).collect::<Vec<_>>()));
        for row in &self.rows {
            text.push_str(&line(row));
        }
        text
    }
}

fn line(cells: &[String]) -> String {
    let mut line = String::from("|");
    for cell in cells {
        // Writing to a string can't fail.
        let _ = write!(line, " {} |", cell.replace('|', "\\|"));
    }
    line.push('\n');
    line
}

/// A figure to three digits, with separators: `0.123`, `1.23`, `12.3`, `123`, `1,234`.
pub fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => grouped(&format!("{value:.0}")),
        size if size >= 9.995 => format!("{value:.1}"),
        size if size >= 0.9995 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// The same, or a dash where there is none.
pub fn or_dash(value: Option<f64>, show: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), show)
}

/// A ratio, to two digits.
pub fn ratio(value: f64) -> String {
    format!("{value:.2}")
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut text = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_digits_that_mean_something() {
        let shown = [0.0, 0.1234, 1.234, 12.34, 99.99, 123.4, 1_234.0, -1_234_567.0].map(figure);
        let expected = [
            "0.000",
            "0.123",
            "1.23",
            "12.3",
            "100",
            "123",
            "1,234",
            "-1,234,567",
        ];
        assert_eq!(shown, expected);
        assert_eq!(or_dash(None, ratio), "–");
    }

    #[test]
    fn a_bar_in_a_cell_is_no_column() {
        let mut table = Table::new(["what", "n"], 1);
        assert!(table.is_empty());
        table.row(["a|b".to_owned(), figure(1.0)]);
        assert_eq!(
            table.markdown(),
            "| what | n |\n| --- | ---: |\n| a\\|b | 1.00 |\n"
        );
    }
}
