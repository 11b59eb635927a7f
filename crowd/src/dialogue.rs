//! The order's dialogue as a person understands it: what each act leads to. Pure, and independent of the bot's code.

use crate::order::{Answers, Tag};
use crate::phrases::{Language, QUESTIONS, Said};

/// Where a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In no order.
    Home,
    /// At a question, by its number from 0.
    Question(usize),
    /// At the summary.
    Summary,
    /// The carriers are being asked.
    Asking,
    /// At the offers.
    Offers,
    /// At the question whether to buy.
    Confirm,
    /// The label is being bought.
    Buying,
    /// The label is there.
    Done,
}

/// A choice that lies over the place until it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Which answer to change.
    Edit,
    /// Which language to speak.
    Language,
}

/// What a person does that the bot has to act upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// `/start`.
    Start,
    /// Begins an order.
    NewOrder(Tag),
    /// Answers the question rightly.
    Answer(String),
    /// Answers it wrongly.
    Wrong(&'static str),
    /// Leaves it open.
    Skip,
    /// Goes back.
    Back,
    /// Asks which answers can be changed.
    EditMenu,
    /// Chooses the answer to change.
    EditField(usize),
    /// Asks the carriers.
    ShowPrices,
    /// Takes an offer, counted round.
    Choose(usize),
    /// Looks at the offers again.
    OtherOffers,
    /// Buys.
    Buy,
    /// `/cancel`.
    Cancel,
    /// `/language`.
    LanguageMenu,
    /// Chooses a language.
    PickLanguage(Language),
}

impl Act {
    /// What is typed; `None` for a press of a button.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Start => Some("/start"),
            Self::Cancel => Some("/cancel"),
            Self::LanguageMenu => Some("/language"),
            Self::Answer(text) => Some(text),
            Self::Wrong(text) => Some(text),
            _ => None,
        }
    }
}

/// A message that has to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What it says.
    pub said: Said,
    /// What it has to show, where it shows the answers.
    pub answers: Option<Box<Answers>>,
    /// In which language; none where the place does not tell.
    pub language: Language,
}

/// What comes by itself, some time later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// The carriers' offers.
    Offers,
    /// The label.
    Label,
}

/// One person's way through orders.
#[derive(Debug, Clone)]
pub struct Dialogue {
    /// Where the person is.
    pub place: Place,
    /// What is to be chosen first.
    pub choice: Option<Choice>,
    /// The question was come to from the summary.
    pub editing: bool,
    /// The answers so far.
    pub answers: Answers,
    /// The order.
    pub tag: Option<Tag>,
    /// In which language the bot speaks.
    pub language: Language,
    /// What comes by itself.
    pub awaited: Option<Awaited>,
    /// The answer that a question had before it was answered last: what going back brings back.
    before: Answers,
}

impl Dialogue {
    /// Somebody who has not written yet.
    pub fn new(language: Language) -> Self {
        Self {
            place: Place::Home,
            choice: None,
            editing: false,
            answers: Answers::default(),
            tag: None,
            language,
            awaited: None,
            before: Answers::default(),
        }
    }

    /// Does something; answers the messages that have to come, in order.
    pub fn act(&mut self, act: &Act) -> Vec<Due> {
        let choice = self.choice.take();
        match (act, self.place) {
            (Act::Start, _) => {
                self.leave();
                vec![self.due(Said::MainMenu)]
            }
            (Act::NewOrder(tag), _) => {
                self.leave();
                self.tag = Some(*tag);
                self.ask(0)
            }
            (Act::Answer(answer), Place::Question(question)) => self.answer(question, Some(answer.clone())),
            (Act::Skip, Place::Question(question)) => self.answer(question, None),
            (Act::Wrong(_), Place::Question(_)) => vec![self.due(Said::Rejection)],
            (Act::Back, Place::Question(_)) if self.editing => self.summary(),
            (Act::Back, Place::Question(question)) => match question.checked_sub(1) {
                None => {
                    self.leave();
                    vec![self.due(Said::MainMenu)]
                }
                Some(earlier) => {
                    self.answers[earlier].clone_from(&self.before[earlier]);
                    self.ask(earlier)
                }
            },
            (Act::EditMenu, Place::Summary) => {
                self.choice = Some(Choice::Edit);
                vec![self.due(Said::EditChoice)]
            }
            (Act::EditField(question), Place::Summary) => {
                self.editing = true;
                self.ask(*question)
            }
            (Act::ShowPrices, _) => {
                self.place = Place::Asking;
                self.awaited = Some(Awaited::Offers);
                vec![self.due(Said::Asking)]
            }
            (Act::Choose(_), Place::Offers) => {
                self.place = Place::Confirm;
                vec![self.due(Said::Confirm)]
            }
            (Act::OtherOffers, Place::Confirm) => {
                self.place = Place::Offers;
                vec![self.due(Said::Offers)]
            }
            (Act::Buy, _) => {
                self.place = Place::Buying;
                self.awaited = Some(Awaited::Label);
                vec![]
            }
            (Act::Cancel, Place::Home) => vec![self.due(Said::NothingToCancel)],
            (Act::Cancel, _) => {
                self.leave();
                vec![self.due(Said::Cancelled), self.due(Said::MainMenu)]
            }
            (Act::LanguageMenu, _) => {
                self.choice = Some(Choice::Language);
                vec![self.due(Said::LanguageChoice)]
            }
            (Act::PickLanguage(language), place) => {
                self.language = *language;
                match place {
                    Place::Question(question) => vec![self.due(Said::Question(question))],
                    Place::Summary => vec![self.due_with_answers(Said::Summary)],
                    _ => vec![self.due(Said::MainMenu)],
                }
            }
            // No intention comes up with anything else; it would be answered by something unexpected.
            _ => {
                self.choice = choice;
                vec![]
            }
        }
    }

    /// What came by itself arrives; answers what else has to come, or `None` when it is not what is awaited.
    pub fn arrives(&mut self, said: Said) -> Option<Vec<Due>> {
        let (place, due) = match (self.awaited?, said) {
            (Awaited::Offers, Said::Offers) => (Place::Offers, vec![]),
            (Awaited::Offers, Said::Summary) => (Place::Summary, vec![]),
            (Awaited::Label, Said::Label) => (Place::Done, vec![self.due(Said::Done)]),
            (Awaited::Label, Said::Confirm) => (Place::Confirm, vec![]),
            (Awaited::Label, Said::Warning) => {
                // The offer has run out, and fresh ones are asked for.
                self.place = Place::Asking;
                self.awaited = Some(Awaited::Offers);
                return Some(vec![self.due(Said::Asking)]);
            }
            _ => return None,
        };
        self.place = place;
        self.awaited = None;
        Some(due)
    }

    fn leave(&mut self) {
        self.place = Place::Home;
        self.editing = false;
        self.answers = Answers::default();
        self.before = Answers::default();
        self.awaited = None;
        self.tag = None;
    }

    fn answer(&mut self, question: usize, answer: Option<String>) -> Vec<Due> {
        self.before[question] = std::mem::replace(&mut self.answers[question], answer);
        if self.editing || question + 1 == QUESTIONS {
            self.summary()
        } else {
            self.ask(question + 1)
        }
    }

    fn ask(&mut self, question: usize) -> Vec<Due> {
        self.place = Place::Question(question);
        vec![self.due(Said::Question(question))]
    }

    fn summary(&mut self) -> Vec<Due> {
        self.place = Place::Summary;
        self.editing = false;
        vec![self.due_with_answers(Said::Summary)]
    }

    fn due(&self, said: Said) -> Due {
        Due {
            said,
            answers: None,
            language: self.language,
        }
    }

    fn due_with_answers(&self, said: Said) -> Due {
        Due {
            answers: Some(Box::new(self.answers.clone())),
            ..self.due(said)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: Tag = Tag { person: 1, order: 1 };

    fn said(due: &[Due]) -> Vec<Said> {
        due.iter().map(|due| due.said).collect()
    }

    #[test]
    fn going_back_takes_the_answer_back_and_editing_keeps_it() {
        let mut dialogue = Dialogue::new(Language::English);
        dialogue.act(&Act::NewOrder(TAG));
        assert_eq!(
            said(&dialogue.act(&Act::Answer("Ann".into()))),
            [Said::Question(1)]
        );
        assert_eq!(said(&dialogue.act(&Act::Back)), [Said::Question(0)]);
        assert_eq!(dialogue.answers[0], None);
        for question in 0..QUESTIONS {
            dialogue.act(&Act::Answer(format!("a{question}")));
        }
        assert_eq!(dialogue.place, Place::Summary);
        dialogue.act(&Act::EditMenu);
        assert_eq!(said(&dialogue.act(&Act::EditField(3))), [Said::Question(3)]);
        let unchanged = dialogue.act(&Act::Back);
        assert_eq!(unchanged[0].answers.as_ref().unwrap()[3].as_deref(), Some("a3"));
        dialogue.act(&Act::EditMenu);
        dialogue.act(&Act::EditField(3));
        let changed = dialogue.act(&Act::Answer("b".into()));
        assert_eq!(changed[0].answers.as_ref().unwrap()[3].as_deref(), Some("b"));
    }

    #[test]
    fn what_failed_can_be_tried_again() {
        let mut dialogue = Dialogue::new(Language::English);
        dialogue.place = Place::Summary;
        dialogue.act(&Act::ShowPrices);
        assert_eq!(dialogue.arrives(Said::Label), None);
        assert_eq!(dialogue.arrives(Said::Summary), Some(vec![]));
        assert_eq!(dialogue.place, Place::Summary);
        dialogue.act(&Act::ShowPrices);
        dialogue.arrives(Said::Offers);
        dialogue.act(&Act::Choose(0));
        dialogue.act(&Act::Buy);
        dialogue.arrives(Said::Confirm);
        dialogue.act(&Act::Buy);
        assert_eq!(said(&dialogue.arrives(Said::Label).unwrap()), [Said::Done]);
    }
}
