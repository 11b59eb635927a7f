//! What a person is going to do in an order: drawn at its beginning, so that a seed brings back the same people.

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::order::{OPTIONAL, Order, Tag};
use crate::phrases::QUESTIONS;

/// What is done at one question.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a habit of its own, and any of them go together"
)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtQuestion {
    /// A wrong answer comes first.
    pub wrong: bool,
    /// It is left open.
    pub skip: bool,
    /// After its answer, the person goes back and answers again.
    pub back: bool,
    /// The answer to the next one is sent at once, too.
    pub burst: bool,
    /// The language is changed before it is answered.
    pub switch_language: bool,
}

/// Where the order is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// At this question.
    Question(usize),
    /// At the summary.
    Summary,
    /// While the carriers are asked.
    Asking,
    /// At the offers.
    Offers,
    /// At the question whether to buy.
    Confirm,
}

/// What a person is going to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The answers.
    pub order: Order,
    /// What is done at each question.
    pub questions: [AtQuestion; QUESTIONS],
    /// The answers that are changed at the summary, in order.
    pub edits: Vec<usize>,
    /// The person leaves the first question that is edited without an answer.
    pub leaves_edit: bool,
    /// The offers are looked at a second time.
    pub other_offers: bool,
    /// Which of the offers is taken, counted round.
    pub offer: usize,
    /// Where it ends without a purchase.
    pub stop: Option<Stop>,
}

/// How people behave beside answering rightly.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// They send several answers at once.
    pub bursts: bool,
    /// They change the language now and then.
    pub switches_language: bool,
    /// The carriers take three seconds for them.
    pub slow_carrier: bool,
}

impl Plan {
    /// Draws one. Takes the same number of draws, whatever comes out.
    pub fn draw(rng: &mut StdRng, tag: Tag, habits: Habits) -> Self {
        let mut questions = [AtQuestion::default(); QUESTIONS];
        for (number, question) in questions.iter_mut().enumerate() {
            *question = AtQuestion {
                wrong: rng.random_bool(0.06),
                skip: rng.random_bool(0.4) && OPTIONAL.contains(&number),
                back: rng.random_bool(0.04) && number + 1 < QUESTIONS,
                burst: rng.random_bool(0.12) && habits.bursts && number + 1 < QUESTIONS,
                switch_language: rng.random_bool(0.01) && habits.switches_language,
            };
        }
        let edits = if rng.random_bool(0.3) {
            vec![rng.random_range(0..QUESTIONS), rng.random_range(0..QUESTIONS)]
        } else {
            vec![]
        };
        let stops = [
            Stop::Question(rng.random_range(0..QUESTIONS)),
            Stop::Summary,
            Stop::Asking,
            Stop::Offers,
            Stop::Confirm,
        ];
        let stop = stops[rng.random_range(0..stops.len())];
        Self {
            order: Order {
                tag,
                slow: habits.slow_carrier,
            },
            questions,
            edits,
            leaves_edit: rng.random_bool(0.2),
            other_offers: rng.random_bool(0.15),
            offer: rng.random_range(0..8),
            stop: rng.random_bool(0.12).then_some(stop),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn a_seed_brings_back_the_same_people_and_another_brings_others() {
        let tag = Tag { person: 1, order: 1 };
        let habits = Habits {
            bursts: true,
            switches_language: true,
            slow_carrier: false,
        };
        let draw = |seed: u64| {
            let mut rng = StdRng::seed_from_u64(seed);
            [(); 20].map(|()| Plan::draw(&mut rng, tag, habits))
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let plans = draw(7);
        assert!(plans.iter().any(|plan| plan.stop.is_some()));
        assert!(plans.iter().any(|plan| plan.questions.iter().any(|at| at.wrong)));
        assert!(plans.iter().any(|plan| plan.questions.iter().any(|at| at.burst)));
    }
}
