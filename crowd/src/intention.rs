//! What a person does next, by their plan and by where they are. Pure.

use crate::dialogue::{Act, Choice, Dialogue, Place};
use crate::order::Order;
use crate::phrases::QUESTIONS;
use crate::plan::{Plan, Stop};

/// A plan, and how far it was carried out.
#[derive(Debug, Clone)]
pub struct Intention {
    /// The plan.
    pub plan: Plan,
    given: [u32; QUESTIONS],
    wrong_given: [bool; QUESTIONS],
    gone_back: [bool; QUESTIONS],
    switched: [bool; QUESTIONS],
    edits: std::vec::IntoIter<usize>,
    left_edit: bool,
    looked_again: bool,
}

impl Intention {
    /// Nothing is done yet.
    pub fn new(plan: Plan) -> Self {
        let edits = plan.edits.clone().into_iter();
        Self {
            plan,
            given: [0; QUESTIONS],
            wrong_given: [false; QUESTIONS],
            gone_back: [false; QUESTIONS],
            switched: [false; QUESTIONS],
            edits,
            left_edit: false,
            looked_again: false,
        }
    }

    /// Whether the person gives up although something is awaited.
    pub fn interrupts(&self, dialogue: &Dialogue) -> bool {
        dialogue.place == Place::Asking && self.plan.stop == Some(Stop::Asking)
    }

    /// What is done next, several acts at once in a burst; nothing when the order is over.
    pub fn next(&mut self, dialogue: &Dialogue) -> Vec<Act> {
        match (dialogue.choice, dialogue.place) {
            (Some(Choice::Language), _) => vec![Act::PickLanguage(dialogue.language.other())],
            (Some(Choice::Edit), _) => match self.edits.next() {
                Some(question) => vec![Act::EditField(question)],
                // It was asked for because there is one.
                None => vec![Act::Cancel],
            },
            (None, Place::Home) => vec![Act::NewOrder(self.plan.order.tag)],
            (None, Place::Question(question)) => self.at_question(question, dialogue.editing),
            (None, Place::Summary) if self.edits.len() > 0 => vec![Act::EditMenu],
            (None, Place::Summary) => self.stop_or(Stop::Summary, Act::ShowPrices),
            (None, Place::Asking) => self.stop_or(Stop::Asking, Act::ShowPrices),
            (None, Place::Offers) => self.stop_or(Stop::Offers, Act::Choose(self.plan.offer)),
            (None, Place::Confirm) if self.plan.other_offers && !self.looked_again => {
                self.looked_again = true;
                vec![Act::OtherOffers]
            }
            (None, Place::Confirm) => self.stop_or(Stop::Confirm, Act::Buy),
            (None, Place::Buying | Place::Done) => vec![],
        }
    }

    fn stop_or(&self, here: Stop, otherwise: Act) -> Vec<Act> {
        vec![if self.plan.stop == Some(here) {
            Act::Cancel
        } else {
            otherwise
        }]
    }

    fn at_question(&mut self, question: usize, editing: bool) -> Vec<Act> {
        let at = self.plan.questions[question];
        if at.switch_language && !std::mem::replace(&mut self.switched[question], true) {
            return vec![Act::LanguageMenu];
        }
        if editing {
            if self.plan.leaves_edit && !std::mem::replace(&mut self.left_edit, true) {
                return vec![Act::Back];
            }
            return vec![self.answer(question)];
        }
        if self.plan.stop == Some(Stop::Question(question)) {
            return vec![Act::Cancel];
        }
        if let Some(earlier) = question.checked_sub(1)
            && self.plan.questions[earlier].back
            && !std::mem::replace(&mut self.gone_back[earlier], true)
        {
            return vec![Act::Back];
        }
        if at.wrong && !std::mem::replace(&mut self.wrong_given[question], true) {
            return vec![Act::Wrong(Order::wrong_answer(question))];
        }
        if at.skip {
            return vec![Act::Skip];
        }
        let mut acts = vec![self.answer(question)];
        if at.burst && !at.back && self.is_plain(question + 1) {
            acts.push(self.answer(question + 1));
        }
        acts
    }

    /// Whether a question is simply answered, once it is come to.
    fn is_plain(&self, question: usize) -> bool {
        let at = self.plan.questions[question];
        let stops = self.plan.stop == Some(Stop::Question(question));
        let switches = at.switch_language && !self.switched[question];
        let wrong = at.wrong && !self.wrong_given[question];
        !(stops || switches || wrong || at.skip)
    }

    fn answer(&mut self, question: usize) -> Act {
        let nth = self.given[question];
        self.given[question] += 1;
        Act::Answer(self.plan.order.answer(question, nth))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;
    use crate::order::Tag;
    use crate::phrases::{Language, Said};
    use crate::plan::Habits;

    #[test]
    fn every_plan_comes_to_an_end() {
        let mut rng = StdRng::seed_from_u64(1);
        let habits = Habits {
            bursts: true,
            switches_language: true,
            slow_carrier: false,
        };
        let (mut bought, mut cancelled) = (0, 0);
        for order in 0..500 {
            let plan = Plan::draw(&mut rng, Tag { person: 1, order }, habits);
            let stops = plan.stop.is_some();
            let mut intention = Intention::new(plan);
            let mut dialogue = Dialogue::new(Language::English);
            for _ in 0..200 {
                let acts = if dialogue.awaited.is_some() && !intention.interrupts(&dialogue) {
                    let awaited = match dialogue.place {
                        Place::Asking => Said::Offers,
                        _ => Said::Label,
                    };
                    dialogue.arrives(awaited).unwrap();
                    continue;
                } else {
                    intention.next(&dialogue)
                };
                if acts.is_empty() {
                    break;
                }
                let was_home = dialogue.place == Place::Home;
                for act in &acts {
                    let due = dialogue.act(act);
                    assert!(!due.is_empty() || *act == Act::Buy, "{act:?}");
                }
                if !was_home && dialogue.place == Place::Home {
                    break;
                }
            }
            match dialogue.place {
                Place::Done => bought += 1,
                Place::Home => cancelled += 1,
                other => panic!("order {order} stays at {other:?}"),
            }
            assert_eq!(stops, dialogue.place == Place::Home);
        }
        assert!(bought > 350 && cancelled > 20, "{bought} {cancelled}");
    }
}
