//! Follows one person's conversation: every message of the bot has to be one that is due, or one that is awaited.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

use super::{Rule, Violation, millis, summary};
use crate::dialogue::{Act, Awaited, Dialogue, Due};
use crate::order::Tag;
use crate::phrases::{Language, Phrases, Said};

/// Of how many messages it is remembered what they said, to know a repeat.
const REMEMBERED: usize = 100;

/// How much of a conversation a violation is told with.
const TOLD: usize = 14;

/// A message of the bot, as it was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When, since the crowd began.
    pub at: Duration,
    /// The text, or the caption of a file.
    pub text: String,
}

/// A message that came again, as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The chat.
    pub chat: i64,
    /// The person.
    pub person: i64,
    /// The order.
    pub order: Option<Tag>,
    /// When it came first.
    pub first: Duration,
    /// When it came again.
    pub again: Duration,
    /// What it said.
    pub text: String,
    /// The conversation had moved on: answers to later acts were seen before it came again.
    pub is_outdated: bool,
    /// What was done and seen just before.
    pub before: Vec<String>,
}

impl Repeat {
    /// The promise that it breaks when nothing excuses it.
    pub fn as_violation(&self) -> Violation {
        let which = if self.is_outdated {
            "an earlier step"
        } else {
            "this step"
        };
        let after = self.again.saturating_sub(self.first);
        Violation {
            rule: if self.is_outdated {
                Rule::StepReturned
            } else {
                Rule::StepRepeated
            },
            chat: Some(self.chat),
            person: Some(self.person),
            order: self.order,
            at_ms: millis(self.again),
            what: format!(
                "a message of {which} came again after {after:.1?}: {}",
                first_line(&self.text)
            ),
            before: self.before.clone(),
        }
    }
}

/// How long the bot took for the first answer to an act.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// When the person acted.
    #[serde(skip)]
    pub from: Duration,
    /// How long it took.
    #[serde(skip)]
    pub took: Duration,
    /// Whether it was a press of a button.
    pub is_tap: bool,
}

/// What a message was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was due, or awaited.
    Expected,
    /// It came again.
    Repeat,
    /// It came again, after the conversation had moved on.
    Late,
    /// The bot says that it has trouble.
    Trouble,
    /// It is looked over: the conversation is to begin again.
    Ignored,
    /// It breaks a promise.
    Wrong,
}

/// How well a message fits into a conversation, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It is due, or awaited.
    Expected,
    /// It is what was said last.
    Repeat,
    /// It is what was said earlier.
    Late,
    /// It doesn't.
    None,
}

/// Whether the conversation is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// Message by message.
    Follows,
    /// Something was wrong, and nothing is expected.
    Broken,
    /// The person wrote `/start` after something was wrong, and waits for the main menu.
    BeginsAgain,
}

/// A message that was due, as it came.
struct Remembered {
    text: String,
    at: Duration,
    turn: usize,
    /// It came by itself, or with what did: no update brings it again, but whoever takes up what a process left undone.
    by_itself: bool,
}

struct Waiting {
    due: Due,
    /// When the person acted, at the first message that answers.
    since: Option<(Duration, bool)>,
    /// Whether it is the first message that answers an act.
    is_first: bool,
}

/// One person's conversation, and what was wrong with it.
pub struct Checker {
    /// The person.
    pub person: i64,
    chat: i64,
    /// Where the person is.
    pub dialogue: Dialogue,
    due: VecDeque<Waiting>,
    since: Option<(Duration, bool)>,
    recent: VecDeque<Remembered>,
    /// Counts the acts that were answered, and what came by itself.
    turn: usize,
    /// What is seen now came by itself, or follows what did.
    by_itself: bool,
    /// Offers may still arrive that were asked for before the order was cancelled.
    stray_offers: bool,
    course: Course,
    last_progress: Duration,
    story: VecDeque<String>,
    /// The promises that were broken.
    pub violations: Vec<Violation>,
    /// The messages that came again.
    pub repeats: Vec<Repeat>,
    /// When the bot said that it has trouble.
    pub troubles: Vec<Duration>,
    /// How long answers took.
    pub samples: Vec<Sample>,
    /// The captions of the labels that came, with their orders.
    pub labels: Vec<(Tag, String)>,
    /// How many acts were answered.
    pub answered: usize,
}

impl std::fmt::Debug for Checker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checker")
            .field("person", &self.person)
            .field("dialogue", &self.dialogue)
            .field("violations", &self.violations)
            .finish_non_exhaustive()
    }
}

impl Checker {
    /// Somebody who has not written yet.
    pub fn new(person: i64, chat: i64, language: Language) -> Self {
        Self {
            person,
            chat,
            dialogue: Dialogue::new(language),
            due: VecDeque::new(),
            since: None,
            recent: VecDeque::new(),
            turn: 0,
            by_itself: false,
            stray_offers: false,
            course: Course::Follows,
            last_progress: Duration::ZERO,
            story: VecDeque::new(),
            violations: Vec::new(),
            repeats: Vec::new(),
            troubles: Vec::new(),
            samples: Vec::new(),
            labels: Vec::new(),
            answered: 0,
        }
    }

    /// The chat.
    pub const fn chat(&self) -> i64 {
        self.chat
    }

    /// The person does something.
    pub fn acts(&mut self, at: Duration, act: &Act) {
        self.last_progress = at;
        self.tell(at, &format!("did {act:?}"));
        if *act == Act::Start && self.is_broken() {
            self.course = Course::BeginsAgain;
            self.due.clear();
        }
        self.stray_offers = self.dialogue.awaited == Some(Awaited::Offers);
        let mut since = Some((at, act.text().is_none()));
        let due = self.dialogue.act(act);
        if due.is_empty() {
            self.since = since.take();
        }
        self.expect(due, since);
    }

    /// Something else is done that must not change anything: for the story.
    pub fn notes(&mut self, at: Duration, what: &str) {
        self.tell(at, what);
    }

    /// Whether everything that is due has come, and whether something is still awaited beside it.
    pub fn is_settled(&self) -> bool {
        self.is_broken() || (self.due.is_empty() && self.dialogue.awaited.is_none())
    }

    /// Whether everything that answers acts has come; offers and labels may be awaited.
    pub fn is_answered(&self) -> bool {
        self.is_broken() || self.due.is_empty()
    }

    /// Whether the conversation can't go on, and has to begin again with `/start`.
    pub fn is_broken(&self) -> bool {
        self.course == Course::Broken
    }

    /// When something happened last.
    pub const fn last_progress(&self) -> Duration {
        self.last_progress
    }

    /// Nothing comes any more.
    pub fn gives_up(&mut self, at: Duration) {
        let due: Vec<Said> = self.due.iter().map(|waiting| waiting.due.said).collect();
        let what = format!(
            "no answer: {due:?} due and {:?} awaited at {:?}",
            self.dialogue.awaited, self.dialogue.place
        );
        self.breaks(at, Rule::Hung, what);
    }

    /// There is no button to go on with.
    pub fn is_stuck(&mut self, at: Duration, what: String) {
        self.breaks(at, Rule::MenuLost, what);
    }

    /// The buttons of the current step are gone.
    pub fn misses_button(&mut self, at: Duration, what: String) {
        self.violates(at, Rule::MenuLost, what);
    }

    /// The label's file is none.
    pub fn gets_bad_file(&mut self, at: Duration, what: String) {
        self.violates(at, Rule::Label, what);
    }

    /// How well a message fits: what it would be taken for. In a group it doesn't say for whom it is.
    pub fn fit(&self, phrases: &Phrases, seen: &Seen) -> Fit {
        if self.strange_tag(&seen.text).is_some() {
            return Fit::None;
        }
        let (said, language) = phrases.read(&seen.text);
        if language.is_some_and(|language| language != self.dialogue.language)
            && self.earlier(&seen.text).is_none()
        {
            return Fit::None;
        }
        let is_next = self.due.front().is_some_and(|waiting| waiting.due.said == said);
        let is_awaited = self.due.is_empty()
            && !self.is_known_label(said, &seen.text)
            && is_outcome(said, &seen.text)
            && self.dialogue.clone().arrives(said).is_some();
        if is_next || is_awaited {
            return Fit::Expected;
        }
        match self.earlier(&seen.text) {
            Some(earlier) if earlier.turn == self.turn => Fit::Repeat,
            Some(_) => Fit::Late,
            None => Fit::None,
        }
    }

    /// An edit of a message answers an act as well as a new message does.
    pub fn sees_edit(&mut self, at: Duration) {
        let first = self.due.front_mut().and_then(|waiting| waiting.since.take());
        if let Some(since) = first.or_else(|| self.since.take()) {
            self.sample(at, since);
        }
    }

    /// The bot says something.
    pub fn sees(&mut self, phrases: &Phrases, seen: &Seen) -> Taken {
        let (said, language) = phrases.read(&seen.text);
        self.tell(seen.at, &format!("saw {said:?}: {}", first_line(&seen.text)));
        if self.is_broken() || (self.course == Course::BeginsAgain && said != Said::MainMenu) {
            return Taken::Ignored;
        }
        self.course = Course::Follows;
        let is_due = |waiting: &Waiting| {
            // An old message in the language that was spoken before is no answer, only because it asks the same.
            let speaks = language.is_none_or(|language| language == waiting.due.language);
            waiting.due.said == said && (speaks || self.earlier(&seen.text).is_none())
        };
        let is_known_label = self.is_known_label(said, &seen.text);
        if self.due.front().is_some_and(is_due) {
            self.is_due(seen, language);
            return self.verdict();
        }
        if self.due.is_empty()
            && !is_known_label
            && is_outcome(said, &seen.text)
            && self.is_awaited(seen, said)
        {
            return self.verdict();
        }
        // Before it counts as a repeat: the same parcel has the same offers as before.
        if self.stray_offers && matches!(said, Said::Offers | Said::Summary) && !self.due.is_empty() {
            self.stray_offers = false;
            return Taken::Expected;
        }
        if let Some(earlier) = self.earlier(&seen.text) {
            let (first, is_late) = (earlier.at, earlier.turn < self.turn);
            // A label that may not have been sent has to be sent, even late.
            let is_outdated = is_late && !earlier.by_itself;
            self.repeats.push(Repeat {
                chat: self.chat,
                person: self.person,
                order: self.dialogue.tag,
                first,
                is_outdated,
                again: seen.at,
                text: seen.text.clone(),
                before: self.story.iter().cloned().collect(),
            });
            return if is_late { Taken::Late } else { Taken::Repeat };
        }
        if said == Said::Trouble {
            self.troubles.push(seen.at);
            return Taken::Trouble;
        }
        let (rule, what) = self.wrong(said, &seen.text);
        self.breaks(seen.at, rule, what);
        Taken::Wrong
    }

    fn verdict(&self) -> Taken {
        if self.is_broken() {
            Taken::Wrong
        } else {
            Taken::Expected
        }
    }

    fn is_due(&mut self, seen: &Seen, language: Option<Language>) {
        let Some(Waiting { due, since, is_first }) = self.due.pop_front() else {
            return;
        };
        self.by_itself &= !is_first;
        // What was asked still stands after a refusal, and its buttons with it: a process that doesn't know that the question
        // was sent may ask it again.
        self.progress(seen, since, is_first && !due.said.leaves_the_question());
        if language.is_some_and(|language| language != due.language) {
            self.breaks(
                seen.at,
                Rule::Unexpected,
                format!("it is not in {:?}", due.language),
            );
        } else if let Some(answers) = &due.answers {
            let tag = self.dialogue.tag;
            if let Some((rule, what)) = summary::check(&seen.text, answers, tag, due.language) {
                self.breaks(seen.at, rule, what);
            }
        }
    }

    fn is_awaited(&mut self, seen: &Seen, said: Said) -> bool {
        let tag = self.dialogue.tag;
        let Some(due) = self.dialogue.arrives(said) else {
            return false;
        };
        let since = self.since.take();
        self.by_itself = true;
        self.progress(seen, since, true);
        self.expect(due, None);
        match said {
            Said::Label => {
                if let Some(tag) = tag {
                    self.labels.push((tag, seen.text.clone()));
                }
            }
            Said::Summary => {
                let (answers, language) = (&self.dialogue.answers, self.dialogue.language);
                if let Some((rule, what)) = summary::check(&seen.text, answers, tag, language) {
                    self.breaks(seen.at, rule, what);
                }
            }
            _ => {}
        }
        true
    }

    fn progress(&mut self, seen: &Seen, since: Option<(Duration, bool)>, begins_turn: bool) {
        self.last_progress = seen.at;
        if let Some(since) = since {
            self.sample(seen.at, since);
        }
        self.turn += usize::from(begins_turn);
        self.recent.push_back(Remembered {
            text: seen.text.clone(),
            at: seen.at,
            turn: self.turn,
            by_itself: self.by_itself,
        });
        if self.recent.len() > REMEMBERED {
            self.recent.pop_front();
        }
    }

    fn sample(&mut self, at: Duration, (from, is_tap): (Duration, bool)) {
        self.answered += 1;
        self.samples.push(Sample {
            from,
            took: at.saturating_sub(from),
            is_tap,
        });
    }

    fn expect(&mut self, due: Vec<Due>, mut since: Option<(Duration, bool)>) {
        self.due.extend(due.into_iter().map(|due| Waiting {
            due,
            is_first: since.is_some(),
            since: since.take(),
        }));
    }

    /// Whether it is a label that came before: each has a number of its own, so it is not the one that is awaited.
    fn is_known_label(&self, said: Said, text: &str) -> bool {
        said == Said::Label && self.labels.iter().any(|(_, label)| label == text)
    }

    /// When a message came that said the same, if it did lately.
    fn earlier(&self, text: &str) -> Option<&Remembered> {
        let mut same = self.recent.iter().rev().filter(|earlier| earlier.text == text);
        let latest = same.next()?;
        // "All done" is the same for each order, and whoever takes up a label brings that of the order it was of.
        let oldest = same.next_back().filter(|_| latest.by_itself);
        Some(oldest.unwrap_or(latest))
    }

    /// The mark of somebody else in a text.
    fn strange_tag(&self, text: &str) -> Option<Tag> {
        let is_strange = |tag: &Tag| i64::from(tag.person) != self.person;
        Tag::all_in(text).into_iter().find(is_strange)
    }

    /// Which promise a message breaks that is neither due nor awaited.
    fn wrong(&self, said: Said, text: &str) -> (Rule, String) {
        let due = self.due.front().map(|waiting| waiting.due.said);
        let told = format!("{said:?} came, and {due:?} was due: {}", first_line(text));
        if let Some(tag) = self.strange_tag(text) {
            return (Rule::MixedUp, format!("data of {tag} is shown. {told}"));
        }
        let rule = match (said, due) {
            (Said::Question(came), Some(Said::Question(due))) if came > due => Rule::StepSkipped,
            (Said::Summary, Some(Said::Question(_))) => Rule::StepSkipped,
            (Said::Question(came), _) if self.dialogue.answers[came].is_some() => Rule::AnswerLost,
            (Said::Question(_), Some(Said::Question(_) | Said::Summary)) => Rule::AnswerLost,
            // Nobody gave a wrong answer, so a right one was taken for another question.
            (Said::Rejection, _) => Rule::AnswerDoubled,
            (Said::MainMenu | Said::Offers | Said::Confirm | Said::Summary | Said::Asking, None) => {
                Rule::StepRepeated
            }
            _ => Rule::Unexpected,
        };
        (rule, told)
    }

    fn violates(&mut self, at: Duration, rule: Rule, what: String) {
        self.violations.push(Violation {
            rule,
            chat: Some(self.chat),
            person: Some(self.person),
            order: self.dialogue.tag,
            at_ms: millis(at),
            what,
            before: self.story.iter().cloned().collect(),
        });
    }

    fn breaks(&mut self, at: Duration, rule: Rule, what: String) {
        self.violates(at, rule, what);
        self.course = Course::Broken;
        self.since = None;
    }

    fn tell(&mut self, at: Duration, what: &str) {
        if self.story.len() == TOLD {
            self.story.pop_front();
        }
        self.story
            .push_back(format!("{:>9.3} s {what}", at.as_secs_f64()));
    }
}

/// Whether a message can have come by itself. A summary and the question whether to buy do so only with a reason why
/// there are no offers, or no label; without one, they are what was said before.
fn is_outcome(said: Said, text: &str) -> bool {
    !matches!(said, Said::Summary | Said::Confirm) || text.starts_with('⚠')
}

fn first_line(text: &str) -> String {
    let line: String = text.lines().take(3).collect::<Vec<_>>().join(" / ");
    line.chars().take(120).collect()
}

#[cfg(test)]
mod tests;
