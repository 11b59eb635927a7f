//! Whether exactly what was confirmed was bought.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Rule, Violation};
use crate::order::{Answers, Tag};

/// An order, as the person knows it.
#[derive(Debug, Clone)]
pub struct OrderRecord {
    /// The order.
    pub tag: Tag,
    /// Whose it is.
    pub person: i64,
    /// The chat.
    pub chat: i64,
    /// What was last answered.
    pub answers: Answers,
    /// The person pressed Buy.
    pub is_confirmed: bool,
    /// The caption of the label that came.
    pub label: Option<String>,
    /// Something was wrong with the conversation, which is told already.
    pub is_broken: bool,
}

/// A label of the shipping API.
#[derive(Debug, Clone, Deserialize)]
pub struct BoughtLabel {
    /// Its id.
    pub label_id: String,
    /// `completed`, or what became of it.
    pub status: String,
    /// The number that the person was told.
    pub tracking_number: Option<String>,
    /// The sender.
    pub ship_from: LabelAddress,
    /// The recipient.
    pub ship_to: LabelAddress,
    /// The parcels.
    pub packages: Vec<LabelPackage>,
}

/// An address on a label.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct LabelAddress {
    /// The name.
    #[serde(default)]
    pub name: Option<String>,
    /// The phone number.
    #[serde(default)]
    pub phone: Option<String>,
    /// The street.
    #[serde(default)]
    pub address_line1: Option<String>,
    /// The city.
    #[serde(default)]
    pub city_locality: Option<String>,
    /// The state's two letters.
    #[serde(default)]
    pub state_province: Option<String>,
    /// The ZIP code.
    #[serde(default)]
    pub postal_code: Option<String>,
}

/// A parcel of a label.
#[derive(Debug, Clone, Deserialize)]
pub struct LabelPackage {
    /// Its weight.
    pub weight: LabelWeight,
}

/// A weight.
#[derive(Debug, Clone, Deserialize)]
pub struct LabelWeight {
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: String,
}

/// What is wrong between orders and labels.
pub fn check_labels(orders: &[OrderRecord], labels: &[BoughtLabel]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut by_order: HashMap<Tag, Vec<&BoughtLabel>> = HashMap::new();
    for label in labels.iter().filter(|label| label.status == "completed") {
        match tag_of(label) {
            Ok(tag) => by_order.entry(tag).or_default().push(label),
            Err(what) => violations.push(violation(Rule::MixedUp, None, what)),
        }
    }
    for order in orders {
        let theirs = by_order.remove(&order.tag).unwrap_or_default();
        violations.extend(check_order(order, &theirs));
    }
    for (tag, labels) in by_order {
        let what = format!("{} labels for {tag}, an order that nobody made", labels.len());
        violations.push(violation(Rule::Label, None, what));
    }
    violations
}

fn check_order(order: &OrderRecord, labels: &[&BoughtLabel]) -> Vec<Violation> {
    let found = |rule, what: String| violation(rule, Some(order), what);
    match (order.is_confirmed, labels) {
        (_, [_, _, ..]) => vec![found(Rule::Label, format!("{} labels", labels.len()))],
        (false, [label]) => {
            let what = format!("label {} of an order that was not confirmed", label.label_id);
            vec![found(Rule::Label, what)]
        }
        (true, []) if order.is_broken => vec![],
        (true, []) => vec![found(Rule::Label, "no label for a confirmed purchase".to_owned())],
        (false, []) => vec![],
        (true, [label]) => {
            let mut violations = Vec::new();
            if let Some(what) = difference(&order.answers, label) {
                violations.push(found(Rule::Label, format!("label {}: {what}", label.label_id)));
            }
            if let (Some(caption), Some(number)) = (&order.label, &label.tracking_number)
                && !caption.contains(number.as_str())
            {
                let what = format!("the person got another label than {number}");
                violations.push(found(Rule::MixedUp, what));
            }
            violations
        }
    }
}

fn violation(rule: Rule, order: Option<&OrderRecord>, what: String) -> Violation {
    Violation {
        rule,
        chat: order.map(|order| order.chat),
        person: order.map(|order| order.person),
        order: order.map(|order| order.tag),
        at_ms: 0,
        what,
        before: Vec::new(),
    }
}

/// The one order that names and addresses on a label are of.
fn tag_of(label: &BoughtLabel) -> Result<Tag, String> {
    let (from, to) = (&label.ship_from, &label.ship_to);
    let texts = [&from.name, &from.address_line1, &to.name, &to.address_line1];
    let mut tags: Vec<Tag> = texts
        .into_iter()
        .flatten()
        .flat_map(|text| Tag::all_in(text))
        .collect();
    tags.sort_unstable();
    tags.dedup();
    match tags[..] {
        [tag] => Ok(tag),
        [] => Err(format!("label {} is of no order", label.label_id)),
        _ => Err(format!(
            "label {} has data of several orders: {tags:?}",
            label.label_id
        )),
    }
}

/// What a label says otherwise than the order.
fn difference(answers: &Answers, label: &BoughtLabel) -> Option<String> {
    for (first, state, address) in [(0, "TX", &label.ship_from), (6, "CA", &label.ship_to)] {
        let texts = [
            (answers[first].as_deref(), &address.name),
            (answers[first + 1].as_deref(), &address.address_line1),
            (answers[first + 2].as_deref(), &address.city_locality),
            (Some(state), &address.state_province),
            (answers[first + 4].as_deref(), &address.postal_code),
        ];
        for (expected, actual) in texts {
            if expected != actual.as_deref() {
                return Some(format!("{actual:?} instead of {expected:?}"));
            }
        }
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let phone = address.phone.as_deref().map(digits).unwrap_or_default();
        if let Some(expected) = &answers[first + 5]
            && !phone.ends_with(expected.as_str())
        {
            return Some(format!("the phone {phone:?} instead of {expected:?}"));
        }
    }
    let weight = label.packages.first().map(|package| &package.weight);
    let actual = weight.map(|weight| format!("{} {}", weight.value, weight.unit));
    let expected = answers[12]
        .as_deref()
        .map(|answer| answer.replace(" lb", " pound"));
    (expected != actual).then(|| format!("the weight {actual:?} instead of {expected:?}"))
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use serde_json::json;

    use super::*;
    use crate::order::Order;

    fn order(person: u32, is_confirmed: bool) -> OrderRecord {
        let tag = Tag { person, order: 1 };
        let order = Order { tag, slow: false };
        OrderRecord {
            tag,
            person: i64::from(person),
            chat: i64::from(person),
            answers: std::array::from_fn(|question| Some(order.answer(question, 0))),
            is_confirmed,
            label: Some(format!("Your label is ready. Tracking number: T{person}")),
            is_broken: false,
        }
    }

    fn label(order: &OrderRecord) -> BoughtLabel {
        let answers = &order.answers;
        let address = |first: usize, state: &str| {
            json!({
                "name": answers[first],
                "address_line1": answers[first + 1],
                "city_locality": answers[first + 2],
                "state_province": state,
                "postal_code": answers[first + 4],
                "phone": answers[first + 5].as_ref().map(|phone| format!("+1{phone}")),
            })
        };
        let weight: f64 = answers[12]
            .as_ref()
            .unwrap()
            .trim_end_matches(" lb")
            .parse()
            .unwrap();
        serde_json::from_value(json!({
            "label_id": "se-1",
            "status": "completed",
            "tracking_number": format!("T{}", order.person),
            "ship_from": address(0, "TX"),
            "ship_to": address(6, "CA"),
            "packages": [{"weight": {"value": weight, "unit": "pound"}}],
        }))
        .unwrap()
    }

    fn rules(orders: &[OrderRecord], labels: &[BoughtLabel]) -> Vec<Rule> {
        check_labels(orders, labels)
            .iter()
            .map(|violation| violation.rule)
            .collect()
    }

    #[test]
    fn one_right_label_for_each_confirmed_order_is_right() {
        let orders = [order(1, true), order(2, false), order(3, true)];
        let labels = [label(&orders[0]), label(&orders[2])];
        assert_eq!(rules(&orders, &labels), []);
    }

    #[test]
    fn a_missing_a_doubled_and_an_unwanted_label_are_found() {
        let (confirmed, cancelled) = (order(1, true), order(2, false));
        assert_eq!(rules(from_ref(&confirmed), &[]), [Rule::Label]);
        let twice = [label(&confirmed), label(&confirmed)];
        assert_eq!(rules(&[confirmed], &twice), [Rule::Label]);
        assert_eq!(rules(from_ref(&cancelled), &[label(&cancelled)]), [Rule::Label]);
        assert_eq!(rules(&[], &[label(&cancelled)]), [Rule::Label]);
    }

    #[test]
    fn a_label_that_failed_is_none() {
        let order = order(1, true);
        let failed = BoughtLabel {
            status: "error".to_owned(),
            ..label(&order)
        };
        let right = label(&order);
        assert_eq!(rules(&[order], &[failed, right]), []);
    }

    #[test]
    fn a_label_with_other_data_is_found() {
        let order = order(1, true);
        let mut wrong = label(&order);
        wrong.ship_to.postal_code = Some("10001".to_owned());
        assert_eq!(rules(from_ref(&order), &[wrong]), [Rule::Label]);
        let mut wrong = label(&order);
        wrong.packages[0].weight.value += 1.0;
        assert_eq!(rules(from_ref(&order), &[wrong]), [Rule::Label]);
        let mut wrong = label(&order);
        wrong.ship_from.phone = Some("+15125550199".to_owned());
        assert_eq!(rules(&[order], &[wrong]), [Rule::Label]);
    }

    #[test]
    fn a_label_with_data_of_two_orders_and_one_that_went_elsewhere_are_found() {
        let (one, two) = (order(1, true), order(2, true));
        let mut mixed = label(&one);
        mixed.ship_to = label(&two).ship_to;
        assert_eq!(
            rules(from_ref(&one), &[mixed]),
            [Rule::MixedUp, Rule::Label],
            "and the one is missing"
        );
        let mut elsewhere = one.clone();
        elsewhere.label = two.label;
        assert_eq!(rules(&[elsewhere], &[label(&one)]), [Rule::MixedUp]);
    }
}
