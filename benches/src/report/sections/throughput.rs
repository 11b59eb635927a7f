//! How many answers each store can keep up with, by the number of callers.

use std::rc::Rc;

use crate::report::case::{Case, Operation};
use crate::report::page::{Section, Sheet};
use crate::report::plot::{Horizontal, Line, Titles, lines};
use crate::report::results::Results;

/// How many answers each store can keep up with.
pub(super) struct Throughput(pub(super) Rc<Results>);

/// The numbers of callers.
pub(super) const CONCURRENCY: [u32; 3] = [1, 16, 256];

impl Section for Throughput {
    fn title(&self) -> String {
        "Throughput".to_owned()
    }

    fn write(&self, sheet: &mut Sheet) -> anyhow::Result<()> {
        let mut all = Vec::new();
        for (colour, store) in self.0.stores().into_iter().enumerate() {
            for raw in [false, true] {
                let figures = |callers| {
                    let case = Case::new(Operation::GetUpdate, 600, callers);
                    if raw {
                        self.0.floor_of(store, case)
                    } else {
                        self.0.of(store, case)
                    }
                };
                let points: Vec<_> = CONCURRENCY
                    .into_iter()
                    .filter_map(|callers| Some((f64::from(callers), figures(callers)?.per_second)))
                    .collect();
                if !points.is_empty() {
                    all.push(Line {
                        name: format!("{store}{}", if raw { ", raw driver" } else { "" }),
                        colour,
                        dashed: raw,
                        points,
                    });
                }
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        sheet.block("One answer of a person costs one read and one write: get + update, 600 bytes.");
        let titles = Titles {
            plot: "Answers that a store keeps up with",
            x: "callers at once",
            y: "get + update per second",
        };
        let svg = lines(titles, &Horizontal::Logarithmic, &all)?;
        sheet.plot(
            "throughput",
            "Get and update per second by the number of callers, of each store and its raw driver",
            svg,
        );
        Ok(())
    }
}
