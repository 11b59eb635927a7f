//! Histories made by hand: one that keeps every promise, and for each promise one that breaks it.

use super::*;
use crate::order::{Answers, Order, shown};
use crate::phrases::QUESTIONS;

const TAG: Tag = Tag { person: 1, order: 1 };
const ORDER: Order = Order {
    tag: TAG,
    slow: false,
};

struct History {
    phrases: Phrases,
    checker: Checker,
    at: Duration,
}

impl History {
    fn new() -> Self {
        Self {
            phrases: Phrases::new().unwrap(),
            checker: Checker::new(1, 1, Language::English),
            at: Duration::ZERO,
        }
    }

    fn tick(&mut self) -> Duration {
        self.at += Duration::from_secs(1);
        self.at
    }

    fn does(mut self, act: &Act) -> Self {
        let at = self.tick();
        self.checker.acts(at, act);
        self
    }

    fn hears(self, said: Said) -> Self {
        let text = self.phrases.example(Language::English, said);
        self.hears_text(text, Taken::Expected)
    }

    fn hears_wrongly(self, said: Said, taken: Taken) -> Self {
        let text = self.phrases.example(Language::English, said);
        self.hears_text(text, taken)
    }

    fn hears_text(mut self, text: String, taken: Taken) -> Self {
        let at = self.tick();
        let seen = Seen { at, text };
        let verdict = self.checker.sees(&self.phrases, &seen);
        assert_eq!(verdict, taken, "{:?}: {:#?}", seen.text, self.checker.violations);
        self
    }

    /// From the beginning to this question.
    fn at_question(self, question: usize) -> Self {
        self.does(&Act::Start)
            .hears(Said::MainMenu)
            .orders_until(question)
    }

    /// From the main menu to this question.
    fn orders_until(mut self, question: usize) -> Self {
        self = self.does(&Act::NewOrder(TAG)).hears(Said::Question(0));
        for earlier in 0..question {
            self = self.answers(earlier).hears(Said::Question(earlier + 1));
        }
        self
    }

    fn answers(self, question: usize) -> Self {
        self.does(&Act::Answer(ORDER.answer(question, 0)))
    }

    fn at_summary(self) -> Self {
        self.at_question(QUESTIONS - 1).answers_the_last()
    }

    fn answers_the_last(self) -> Self {
        let history = self.answers(QUESTIONS - 1);
        let text = summary(&history.checker.dialogue.answers);
        history.hears_text(text, Taken::Expected)
    }

    fn breaks(&self, rule: Rule) {
        let rules: Vec<Rule> = self
            .checker
            .violations
            .iter()
            .map(|violation| violation.rule)
            .collect();
        assert_eq!(rules, [rule], "{:#?}", self.checker.violations);
        assert!(!self.checker.violations[0].before.is_empty());
    }

    fn keeps_all(&self) {
        assert_eq!(self.checker.violations, []);
    }
}

fn summary(answers: &Answers) -> String {
    let show = |question| shown(answers, question, Language::English).unwrap_or("not given".to_owned());
    let side = |first: usize| {
        let line = format!("{}, {} {}", show(first + 2), show(first + 3), show(first + 4));
        format!(
            "{}\n{}\n{line}\nPhone: {}",
            show(first),
            show(first + 1),
            show(first + 5)
        )
    };
    format!(
        "📋 Please check your order.\n\nFrom\n{}\n\nTo\n{}\n\nParcel\nWeight: {} lb\nSize: {} in",
        side(0),
        side(6),
        show(12),
        show(13)
    )
}

#[test]
fn an_order_to_its_end_keeps_every_promise() {
    let history = confirms(History::new()).hears(Said::Label).hears(Said::Done);
    history.keeps_all();
    assert!(history.checker.is_settled());
    assert_eq!(history.checker.labels.len(), 1);
    assert_eq!(history.checker.repeats, []);
    assert_eq!(history.checker.samples.len(), 19);
}

#[test]
fn several_answers_at_once_are_answered_one_after_another() {
    let history = History::new()
        .at_question(2)
        .answers(2)
        .answers(3)
        .hears(Said::Question(3))
        .hears(Said::Question(4));
    history.keeps_all();
    assert!(history.checker.is_settled());
}

#[test]
fn an_error_of_the_carriers_leads_back_and_is_tried_again() {
    let history = History::new()
        .at_summary()
        .does(&Act::ShowPrices)
        .hears(Said::Asking);
    let text = format!("⚠️ Busy.\n\n{}", summary(&history.checker.dialogue.answers));
    let history = history
        .hears_text(text, Taken::Expected)
        .does(&Act::ShowPrices)
        .hears(Said::Asking)
        .hears(Said::Offers);
    history.keeps_all();
}

#[test]
fn offers_may_still_arrive_before_the_cancelling_is_answered() {
    History::new()
        .at_summary()
        .does(&Act::ShowPrices)
        .hears(Said::Asking)
        .does(&Act::Cancel)
        .hears(Said::Offers)
        .hears(Said::Cancelled)
        .hears(Said::MainMenu)
        .keeps_all();
}

#[test]
fn offers_that_cross_the_cancelling_may_be_the_same_as_in_an_earlier_order() {
    let history = History::new()
        .at_summary()
        .does(&Act::ShowPrices)
        .hears(Said::Asking)
        .hears(Said::Offers)
        .does(&Act::Cancel)
        .hears(Said::Cancelled)
        .hears(Said::MainMenu)
        .orders_until(QUESTIONS - 1)
        .answers_the_last()
        .does(&Act::ShowPrices)
        .hears(Said::Asking)
        .does(&Act::Cancel)
        .hears(Said::Offers)
        .hears_wrongly(Said::Offers, Taken::Late)
        .hears(Said::Cancelled)
        .hears(Said::MainMenu);
    history.keeps_all();
    assert_eq!(history.checker.repeats.len(), 1, "they cross once");
}

#[test]
fn a_skipped_step_is_found() {
    History::new()
        .at_question(3)
        .answers(3)
        .hears_wrongly(Said::Question(5), Taken::Wrong)
        .breaks(Rule::StepSkipped);
}

#[test]
fn an_answer_that_is_asked_for_again_is_found() {
    let history = History::new().at_question(3).answers(3);
    // Not as it was: a prompt with the same words is a repeat, which needs an excuse.
    let text = format!(
        "{}\n\nNow it is: Austin",
        history.phrases.example(Language::English, Said::Question(2))
    );
    history.hears_text(text, Taken::Wrong).breaks(Rule::AnswerLost);
}

#[test]
fn a_message_that_comes_again_as_it_was_is_a_repeat() {
    let history = History::new()
        .at_question(3)
        .hears_wrongly(Said::Question(3), Taken::Repeat)
        .answers(3)
        .hears_wrongly(Said::Question(3), Taken::Repeat)
        .hears(Said::Question(4));
    history.keeps_all();
    let [first, second] = &history.checker.repeats[..] else {
        panic!("two repeats")
    };
    assert_eq!(first.first, second.first);
    assert!(!first.is_outdated && !second.is_outdated);
    assert!(first.again < second.again);
}

#[test]
fn a_message_of_an_earlier_step_that_comes_again_is_outdated() {
    let history = History::new()
        .at_question(3)
        .hears_wrongly(Said::Question(1), Taken::Late);
    assert!(history.checker.repeats[0].is_outdated);
    assert_eq!(history.checker.repeats[0].as_violation().rule, Rule::StepReturned);
}

#[test]
fn a_question_that_still_stands_after_a_refusal_is_not_outdated() {
    let history = History::new()
        .at_question(3)
        .does(&Act::Wrong("Atlantis"))
        .hears(Said::Rejection)
        .hears_wrongly(Said::Question(3), Taken::Repeat);
    assert!(!history.checker.repeats[0].is_outdated);
}

#[test]
fn an_answer_that_is_taken_for_two_questions_is_found() {
    History::new()
        .at_question(3)
        .answers(3)
        .hears(Said::Question(4))
        .hears_wrongly(Said::Rejection, Taken::Wrong)
        .breaks(Rule::AnswerDoubled);
}

#[test]
fn a_summary_without_an_answer_is_found() {
    let history = History::new().at_question(QUESTIONS - 1).answers(QUESTIONS - 1);
    let mut answers = history.checker.dialogue.answers.clone();
    answers[7] = None;
    history
        .hears_text(summary(&answers), Taken::Wrong)
        .breaks(Rule::AnswerLost);
}

#[test]
fn a_summary_with_somebody_elses_data_is_found() {
    let history = History::new().at_question(QUESTIONS - 1).answers(QUESTIONS - 1);
    let mut answers = history.checker.dialogue.answers.clone();
    answers[6] = Some("Recipient K2C1 Lopez".to_owned());
    history
        .hears_text(summary(&answers), Taken::Wrong)
        .breaks(Rule::MixedUp);
}

#[test]
fn a_conversation_without_an_answer_is_found() {
    let mut history = History::new().at_question(3).answers(3);
    assert!(!history.checker.is_settled());
    let at = history.tick();
    history.checker.gives_up(at);
    history.breaks(Rule::Hung);
}

#[test]
fn offers_that_never_come_hang_the_conversation() {
    let mut history = History::new()
        .at_summary()
        .does(&Act::ShowPrices)
        .hears(Said::Asking);
    assert!(history.checker.is_answered() && !history.checker.is_settled());
    let at = history.tick();
    history.checker.gives_up(at);
    history.breaks(Rule::Hung);
}

#[test]
fn offers_that_come_twice_in_other_words_are_found() {
    History::new()
        .at_summary()
        .does(&Act::ShowPrices)
        .hears(Said::Asking)
        .hears(Said::Offers)
        .hears_text(
            "I found 2 offers. Tap the one you like. • another".to_owned(),
            Taken::Wrong,
        )
        .breaks(Rule::StepRepeated);
}

#[test]
fn a_failure_of_the_bot_is_unexpected_and_trouble_is_counted() {
    let history = History::new()
        .at_question(3)
        .answers(3)
        .hears_wrongly(Said::Trouble, Taken::Trouble)
        .hears_wrongly(Said::Failure, Taken::Wrong);
    history.breaks(Rule::Unexpected);
    assert_eq!(history.checker.troubles.len(), 1);
}

#[test]
fn the_wrong_language_is_found() {
    let history = History::new().does(&Act::Start);
    let text = history.phrases.example(Language::Russian, Said::MainMenu);
    history.hears_text(text, Taken::Wrong).breaks(Rule::Unexpected);
}

#[test]
fn who_begins_again_is_followed_again() {
    let history = History::new()
        .at_question(3)
        .answers(3)
        .hears_wrongly(Said::Question(5), Taken::Wrong)
        .hears_wrongly(Said::Question(9), Taken::Ignored)
        .does(&Act::Start)
        .hears_wrongly(Said::Question(9), Taken::Ignored)
        .hears(Said::MainMenu)
        .does(&Act::NewOrder(TAG))
        .hears(Said::Question(0));
    history.breaks(Rule::StepSkipped);
}

#[test]
fn an_old_question_in_the_language_before_is_no_answer() {
    let mut history = History::new().at_question(0);
    history.checker.dialogue.language = Language::Russian;
    let prompt = |history: &History, language| history.phrases.example(language, Said::Question(1));
    history = history.answers(0);
    let russian = prompt(&history, Language::Russian);
    history = history
        .hears_text(russian.clone(), Taken::Expected)
        .does(&Act::LanguageMenu);
    let choice = history.phrases.example(Language::Russian, Said::LanguageChoice);
    history = history.hears_text(choice, Taken::Expected);
    history = history.does(&Act::PickLanguage(Language::English));
    let english = prompt(&history, Language::English);
    history
        .hears_text(russian, Taken::Late)
        .hears_text(english, Taken::Expected)
        .keeps_all();
}

#[test]
fn a_label_that_is_sent_again_later_is_a_repeat_like_any_other() {
    let history = confirms(History::new())
        .hears(Said::Label)
        .hears(Said::Done)
        .does(&Act::Start)
        .hears(Said::MainMenu)
        .hears_wrongly(Said::Label, Taken::Late)
        .hears_wrongly(Said::Done, Taken::Late)
        .hears_wrongly(Said::Confirm, Taken::Late);
    history.keeps_all();
    let outdated: Vec<bool> = history
        .checker
        .repeats
        .iter()
        .map(|repeat| repeat.is_outdated)
        .collect();
    assert_eq!(outdated, [false, false, true]);
}

#[test]
fn a_message_fits_whom_it_is_due_to_before_whom_it_was_said_to() {
    let fit = |history: &History, text: &str| {
        let seen = Seen {
            at: history.at,
            text: text.to_owned(),
        };
        history.checker.fit(&history.phrases, &seen)
    };
    let history = History::new().at_question(3);
    let prompt = |number| history.phrases.example(Language::English, Said::Question(number));
    let fits = [3, 2, 4].map(|number| fit(&history, &prompt(number)));
    assert_eq!(fits, [Fit::Repeat, Fit::Late, Fit::None]);
    let next = prompt(4);
    let history = history.answers(3);
    assert_eq!(fit(&history, &next), Fit::Expected);
    assert_eq!(
        fit(&history, &format!("{next} K2C1")),
        Fit::None,
        "somebody else's"
    );
    assert!(Fit::Expected < Fit::Repeat && Fit::Repeat < Fit::Late && Fit::Late < Fit::None);
}

#[test]
fn a_repeated_question_whether_to_buy_is_no_failed_purchase() {
    let history = confirms(History::new()).hears_wrongly(Said::Confirm, Taken::Repeat);
    let question = history.phrases.example(Language::English, Said::Confirm);
    let history = history
        .hears_text(format!("⚠️ Busy.\n\n{question}"), Taken::Expected)
        .does(&Act::Buy)
        .hears(Said::Label)
        .hears(Said::Done);
    history.keeps_all();
}

/// A label as the carriers number them.
fn label(number: u32) -> String {
    let text = Phrases::new().unwrap().example(Language::English, Said::Label);
    format!("{text} {number}")
}

/// From the beginning to the purchase, whose label is awaited.
fn confirms(history: History) -> History {
    history
        .at_summary()
        .does(&Act::ShowPrices)
        .hears(Said::Asking)
        .hears(Said::Offers)
        .does(&Act::Choose(0))
        .hears(Said::Confirm)
        .does(&Act::Buy)
}

fn buys(history: History, number: u32) -> History {
    confirms(history)
        .hears_text(label(number), Taken::Expected)
        .hears(Said::Done)
}

#[test]
fn a_label_that_comes_again_is_that_of_the_earliest_order_that_says_the_same() {
    let first = buys(History::new(), 1);
    let at = first.at;
    let history = buys(first, 2).hears_wrongly(Said::Done, Taken::Late);
    history.keeps_all();
    assert_eq!(history.checker.repeats[0].first, at);
}

#[test]
fn a_label_that_comes_again_while_the_next_is_awaited_is_not_that_one() {
    let history = confirms(buys(History::new(), 1))
        .hears_text(label(1), Taken::Late)
        .hears_wrongly(Said::Done, Taken::Late)
        .hears_text(label(2), Taken::Expected)
        .hears(Said::Done);
    history.keeps_all();
}
