//! Where and when the run was, and what it had no time for.

use std::rc::Rc;

use crate::report::markdown::figure;
use crate::report::page::{Section, Sheet};
use crate::report::results::Results;

/// Where and when the run was.
pub(super) struct Setting(pub(super) Rc<Results>);

impl Section for Setting {
    fn title(&self) -> String {
        "This run".to_owned()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let Results {
            begun,
            seconds,
            mode,
            revision,
            machine,
            versions,
            ..
        } = &*self.0;
        let memory = figure(f64::from(u32::try_from(machine.memory_mib)?) / 1_024.0);
        let mut list = vec![
            format!("{begun} (UTC), {mode}, {seconds} s, revision `{revision}`"),
            format!(
                "{}, {} cores, {memory} GiB of memory",
                machine.processor, machine.cores
            ),
            format!(
                "{}, Linux {}, files on {}",
                machine.system, machine.kernel, machine.file_system
            ),
        ];
        let versions: Vec<String> = versions
            .iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        list.push(versions.join(", "));
        let lines: Vec<String> = list.iter().map(|line| format!("- {line}")).collect();
        sheet.block(&lines.join("\n"));
        if machine.file_system == "tmpfs" {
            sheet.block(
                "**The files were in memory**, where a write is on the disk at once and survives nothing: set `TMPDIR` to a \
                 folder on a disk.",
            );
        }
        Ok(())
    }
}

/// What the run had no time for.
pub(super) struct LeftOut(pub(super) Rc<Results>);

impl Section for LeftOut {
    fn title(&self) -> String {
        "Left out".to_owned()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        if self.0.mode == "quick" {
            sheet.block(
                "This was a quick run, for looking: short rounds, and of the large sessions only one case. \
                 `cargo bench-report` without `--quick` measures every operation at each size and concurrency.",
            );
        }
        if !self.0.left_out.is_empty() {
            let lines: Vec<String> = self.0.left_out.iter().map(|case| format!("- {case}")).collect();
            sheet.block(&format!("There was no time or room for:\n\n{}", lines.join("\n")));
        }
        Ok(())
    }
}
