//! Whether a summary shows the answers that were given.

use super::Rule;
use crate::order::{Answers, Tag, line_of, shown};
use crate::phrases::{Language, QUESTIONS};

/// What is wrong with a summary, if anything. What stands before its first line, a reason for instance, is not looked at.
pub(super) fn check(
    text: &str,
    answers: &Answers,
    tag: Option<Tag>,
    language: Language,
) -> Option<(Rule, String)> {
    if let Some(other) = Tag::all_in(text).into_iter().find(|other| Some(*other) != tag) {
        return Some((Rule::MixedUp, format!("the summary shows data of {other}")));
    }
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.contains('📋')).collect();
    for question in 0..QUESTIONS {
        let line = lines.get(line_of(question)).copied().unwrap_or_default();
        let Some(expected) = shown(answers, question, language) else {
            // What was skipped has no digit in its line.
            if line.contains(|c: char| c.is_ascii_digit()) {
                return Some((
                    Rule::AnswerDoubled,
                    format!("the summary answers question {question}, which was skipped: {line:?}"),
                ));
            }
            continue;
        };
        if line.contains(&expected) {
            continue;
        }
        let given = answers
            .iter()
            .flatten()
            .find(|given| line.contains(given.as_str()));
        return Some(match given {
            Some(given) => (
                Rule::AnswerDoubled,
                format!("the summary shows {given:?} for question {question}, instead of {expected:?}"),
            ),
            None => (
                Rule::AnswerLost,
                format!("the summary shows {line:?} for question {question}, instead of {expected:?}"),
            ),
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Order;

    const TAG: Tag = Tag { person: 4, order: 2 };

    fn answers() -> Answers {
        let order = Order {
            tag: TAG,
            slow: false,
        };
        let mut answers: Answers = std::array::from_fn(|question| Some(order.answer(question, 0)));
        answers[5] = None;
        answers
    }

    fn summary(answers: &Answers) -> String {
        let show = |question| shown(answers, question, Language::English).unwrap_or("not given".to_owned());
        let side = |first: usize| {
            format!(
                "{}\n{}\n{}, {} {}\nPhone: {}",
                show(first),
                show(first + 1),
                show(first + 2),
                show(first + 3),
                show(first + 4),
                show(first + 5)
            )
        };
        format!(
            "⚠️ A reason.\n\n📋 Please check your order.\n\nFrom\n{}\n\nTo\n{}\n\nParcel\nWeight: {} lb\nSize: {} in",
            side(0),
            side(6),
            show(12),
            show(13)
        )
    }

    fn rule(text: &str) -> Option<Rule> {
        check(text, &answers(), Some(TAG), Language::English).map(|(rule, _)| rule)
    }

    #[test]
    fn a_right_summary_is_right() {
        assert_eq!(rule(&summary(&answers())), None);
    }

    #[test]
    fn a_lost_a_doubled_and_a_strange_answer_are_told_apart() {
        let right = answers();
        let mut lost = right.clone();
        lost[11] = None;
        assert_eq!(rule(&summary(&lost)), Some(Rule::AnswerLost));
        let mut old = right.clone();
        old[7] = Some("77 Elsewhere St".to_owned());
        assert_eq!(rule(&summary(&old)), Some(Rule::AnswerLost));
        let mut doubled = right.clone();
        doubled[6].clone_from(&right[0]);
        assert_eq!(rule(&summary(&doubled)), Some(Rule::AnswerDoubled));
        let mut skipped = right.clone();
        skipped[5] = Some("5125550001".to_owned());
        assert_eq!(rule(&summary(&skipped)), Some(Rule::AnswerDoubled));
        let mut strange = right;
        strange[0] = Some("Sender K5C2 O'Neil".to_owned());
        assert_eq!(rule(&summary(&strange)), Some(Rule::MixedUp));
    }
}
