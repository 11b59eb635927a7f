//! Sections that other tools have recorded: JSON files in a folder, in the order of their names.

use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::report::page::{Section, Sheet};

/// A section as a file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recorded {
    title: String,
    blocks: Vec<Block>,
}

/// A part of it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Block {
    /// Markdown.
    Text { text: String },
    /// A table; every cell is Markdown, and the first column is text.
    Table {
        header: Vec<String>,
        rows: Vec<Vec<String>>,
    },
    /// An SVG, with what it shows in words.
    Plot {
        name: String,
        alternative: String,
        svg: String,
    },
}

/// The sections that a folder has; none when there is no folder.
pub(super) fn read(folder: &Path) -> anyhow::Result<Vec<Recorded>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    let read =
        |path: &Path| -> anyhow::Result<Recorded> { Ok(serde_json::from_slice(&std::fs::read(path)?)?) };
    paths
        .iter()
        .map(|path| read(path).with_context(|| format!("{} is no section", path.display())))
        .collect()
}

impl Section for Recorded {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        for block in &self.blocks {
            match block {
                Block::Text { text } => sheet.block(text),
                Block::Table { header, rows } => {
                    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
                    let rule: Vec<String> = (0..header.len())
                        .map(|column| if column == 0 { "---" } else { "---:" }.to_owned())
                        .collect();
                    let rows: String = rows.iter().map(|row| line(row)).collect();
                    sheet.block(&format!("{}{}{rows}", line(header), line(&rule)));
                }
                Block::Plot {
                    name,
                    alternative,
                    svg,
                } => sheet.plot(name, alternative, svg.clone()),
            }
        }
        Ok(())
    }
}
