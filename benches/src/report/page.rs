//! The page of the book: sections, one after another, each with what it draws.

use std::path::Path;

use anyhow::Context as _;

/// The folder of the plots, beside the page.
const FOLDER: &str = "benchmarks";

/// A part of the page. What a later tool measures becomes one more of these, with results of its own.
pub trait Section {
    /// Its heading.
    fn title(&self) -> String;

    /// Writes it; a section that has nothing to tell writes nothing, and then its heading is left out as well.
    ///
    /// # Errors
    /// When something can't be drawn.
    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()>;
}

/// What sections write on.
#[derive(Debug, Default)]
pub struct Sheet {
    text: String,
    plots: Vec<(String, String)>,
}

impl Sheet {
    /// Adds a paragraph, a table, or whatever stands alone.
    pub fn block(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push_str("\n\n");
    }

    /// Adds a plot under a name that no other has; `alternative` says in words what it shows.
    pub fn plot(&mut self, name: &str, alternative: &str, svg: String) {
        self.block(&format!("![{alternative}]({FOLDER}/{name}.svg)"));
        self.plots.push((format!("{name}.svg"), svg));
    }
}

/// A page that is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its Markdown.
    pub markdown: String,
    /// Its plots: the name of the file, and the SVG.
    pub plots: Vec<(String, String)>,
}

impl Page {
    /// The page of these sections.
    ///
    /// # Errors
    /// When a section can't be drawn.
    pub fn of(title: &str, introduction: &str, sections: &[Box<dyn Section>]) -> anyhow::Result<Self> {
        let mut page = Sheet::default();
        page.block(&format!("# {title}"));
        page.block(introduction);
        for section in sections {
            let mut sheet = Sheet::default();
            let title = section.title();
            section.write(&mut sheet).with_context(|| title.clone())?;
            if !sheet.text.is_empty() {
                page.block(&format!("## {title}"));
                page.text.push_str(&sheet.text);
                page.plots.append(&mut sheet.plots);
            }
        }
        Ok(Self {
            markdown: format!("{}\n", page.text.trim_end()),
            plots: page.plots,
        })
    }

    /// Writes `benchmarks.md` and its plots to a folder. The plots of an earlier page go.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let plots = folder.join(FOLDER);
        std::fs::create_dir_all(&plots)?;
        for entry in std::fs::read_dir(&plots)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "svg") {
                std::fs::remove_file(&path)?;
            }
        }
        for (name, svg) in &self.plots {
            std::fs::write(plots.join(name), svg).with_context(|| format!("{name} can't be written"))?;
        }
        let path = folder.join("benchmarks.md");
        std::fs::write(&path, &self.markdown).with_context(|| format!("{} can't be written", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(&'static str, &'static str);

    impl Section for Fixed {
        fn title(&self) -> String {
            self.0.to_owned()
        }

        fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
            if !self.1.is_empty() {
                sheet.block(self.1);
                sheet.plot("x", "A plot", "<svg/>".to_owned());
            }
            Ok(())
        }
    }

    #[test]
    fn a_section_without_anything_has_no_heading_and_old_plots_go() {
        let sections: [Box<dyn Section>; 2] = [Box::new(Fixed("One", "text")), Box::new(Fixed("Two", ""))];
        let page = Page::of("Title", "Words.", &sections).unwrap();
        assert_eq!(
            page.markdown,
            "# Title\n\nWords.\n\n## One\n\ntext\n\n![A plot](benchmarks/x.svg)\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let plots = folder.path().join("benchmarks");
        std::fs::create_dir(&plots).unwrap();
        std::fs::write(plots.join("old.svg"), "").unwrap();
        page.write(folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(plots.join("x.svg")).unwrap(), "<svg/>");
        assert!(!plots.join("old.svg").exists());
    }
}
