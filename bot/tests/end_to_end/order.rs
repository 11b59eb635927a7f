//! What a person answers in an order, and what the bot says to each.

use serde_json::Value;

use crate::person::{Heard, Person};

/// How many questions an order has.
pub(crate) const QUESTIONS: usize = 14;

/// The answers of one person; no two people have the same.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// What is typed at each question, in order; `None` skips it.
    pub(crate) answers: [Option<String>; QUESTIONS],
}

/// Questions that can be skipped, by their number from 0.
pub(crate) const OPTIONAL: [usize; 3] = [5, 11, 13];

/// A part of each prompt.
pub(crate) const PROMPTS: [&str; QUESTIONS] = [
    "Who is sending the parcel?",
    "What is the sender's street address?",
    "Which city is the sender in?",
    "Which state is the sender in?",
    "What is the sender's ZIP code?",
    "What is the sender's phone number?",
    "Who will receive the parcel?",
    "What is the recipient's street address?",
    "Which city is the recipient in?",
    "Which state is the recipient in?",
    "What is the recipient's ZIP code?",
    "What is the recipient's phone number?",
    "How much does the parcel weigh?",
    "How big is the parcel?",
];

impl Order {
    /// The order of the person of this number.
    pub(crate) fn of(number: usize) -> Self {
        let skips = |nth: usize| (number + nth).is_multiple_of(3);
        let text = |text: String| Some(text);
        Self {
            answers: [
                text(format!("Sender {number} O'Neil")),
                text(format!("{} Congress Ave, Apt {}", 100 + number, number % 90 + 1)),
                text("Austin".to_owned()),
                text(if number.is_multiple_of(2) { "TX" } else { "Texas" }.to_owned()),
                text(format!("787{:02}", number % 60)),
                (!skips(0)).then(|| format!("512555{:04}", number % 10_000)),
                text(format!("Recipient {number} Lopez")),
                text(format!("{} Market St", 1000 + number)),
                text("San Francisco".to_owned()),
                text(
                    if number.is_multiple_of(2) {
                        "California"
                    } else {
                        "CA"
                    }
                    .to_owned(),
                ),
                text(format!("941{:02}", number % 60)),
                (!skips(1)).then(|| format!("415555{:04}", number % 10_000)),
                text(format!("{}.{} lb", number % 20 + 1, number % 9 + 1)),
                (!skips(2)).then(|| format!("{} x 6 x 4 in", number % 10 + 5)),
            ],
        }
    }

    /// The same with another answer to one question.
    pub(crate) fn with(mut self, question: usize, answer: &str) -> Self {
        self.answers[question] = Some(answer.to_owned());
        self
    }

    fn answer(&self, question: usize) -> &str {
        self.answers[question].as_deref().expect("an answer")
    }

    pub(crate) fn recipient(&self) -> &str {
        self.answer(6)
    }

    /// The summary that the bot shows.
    pub(crate) fn summary(&self) -> String {
        let phone = |question: usize| match &self.answers[question] {
            None => "not given".to_owned(),
            Some(digits) => format!("({}) {}-{}", &digits[..3], &digits[3..6], &digits[6..]),
        };
        let side = |first: usize, state: &str| {
            format!(
                "{}\n{}\n{}, {state} {}\nPhone: {}",
                self.answer(first),
                self.answer(first + 1),
                self.answer(first + 2),
                self.answer(first + 4),
                phone(first + 5)
            )
        };
        let dimensions = self.answers[13]
            .as_deref()
            .map_or_else(|| "not given".to_owned(), |size| size.replace('x', "×"));
        format!(
            "📋 Please check your order.\n\nFrom\n{}\n\nTo\n{}\n\nParcel\nWeight: {}\nSize: {dimensions}",
            side(0, "TX"),
            side(6, "CA"),
            self.answer(12)
        )
    }

    /// Fails unless the label is of this order.
    pub(crate) fn is_on(&self, label: &Value) {
        for (side, first, state) in [("ship_from", 0, "TX"), ("ship_to", 6, "CA")] {
            let address = &label[side];
            assert_eq!(address["name"], self.answer(first), "{label:#}");
            assert_eq!(address["address_line1"], self.answer(first + 1), "{label:#}");
            assert_eq!(address["city_locality"], self.answer(first + 2), "{label:#}");
            assert_eq!(address["state_province"], state, "{label:#}");
            assert_eq!(address["postal_code"], self.answer(first + 4), "{label:#}");
            let phone = self.answers[first + 5].as_ref();
            let digits: String = address["phone"]
                .as_str()
                .unwrap_or_default()
                .chars()
                .filter(char::is_ascii_digit)
                .collect();
            if let Some(phone) = phone {
                assert!(digits.ends_with(phone.as_str()), "{label:#}");
            }
        }
        let weight: f64 = self.answer(12).trim_end_matches(" lb").parse().expect("a number");
        let package = &label["packages"][0]["weight"];
        assert_eq!(package["value"].as_f64(), Some(weight), "{label:#}");
        assert_eq!(package["unit"], "pound", "{label:#}");
    }
}

impl Person {
    /// Goes to the first question.
    pub(crate) async fn begins(&mut self) -> Heard {
        let menu = self.asks("/start", "I help you send a parcel").await;
        self.chooses(&menu, "New order", PROMPTS[0]).await
    }

    /// Answers a question rightly; gets the next one, or the summary.
    pub(crate) async fn answers(&mut self, order: &Order, question: usize, prompt: &Heard) -> Heard {
        match &order.answers[question] {
            Some(text) => self.says(text).await.0,
            None => self.taps(prompt, "Skip").await.0,
        };
        match PROMPTS.get(question + 1) {
            Some(next) => self.hears(next).await,
            None => self.hears("Please check your order").await,
        }
    }

    /// From `/start` to the summary.
    pub(crate) async fn fills_in(&mut self, order: &Order) -> Heard {
        let mut prompt = self.begins().await;
        for question in 0..QUESTIONS {
            prompt = self.answers(order, question, &prompt).await;
        }
        assert_eq!(prompt.text, order.summary());
        prompt
    }

    /// From the summary to the question whether to buy.
    pub(crate) async fn chooses_an_offer(&mut self, summary: &Heard) -> Heard {
        let offers = self.sees_prices(summary).await;
        self.chooses(&offers, "USPS", "Shall I buy the label?").await
    }

    /// From the summary to the offers, which may be known.
    pub(crate) async fn sees_prices(&mut self, summary: &Heard) -> Heard {
        self.taps(summary, "Show prices").await;
        self.hears_at_last("Tap the one you like").await
    }

    /// From the question whether to buy to the label; answers the message with the file.
    pub(crate) async fn buys(&mut self, confirmation: &Heard) -> Heard {
        self.taps(confirmation, "Buy for").await;
        self.gets_the_label().await
    }

    /// The label's file, and the question what to do next.
    pub(crate) async fn gets_the_label(&mut self) -> Heard {
        let label = self.hears_at_last("Your label is ready").await;
        self.has_file(&label).await;
        self.hears("All done").await;
        label
    }

    /// Fails unless the message has a PDF.
    pub(crate) async fn has_file(&self, label: &Heard) {
        let url = label.document.as_ref().expect("a file")["url"]
            .as_str()
            .expect("a URL");
        let pdf = self.town.bytes(url).await;
        assert!(pdf.starts_with(b"%PDF"), "{} bytes that are no PDF", pdf.len());
    }

    /// Makes a whole order.
    pub(crate) async fn orders(&mut self, order: &Order) -> Heard {
        let summary = self.fills_in(order).await;
        let confirmation = self.chooses_an_offer(&summary).await;
        self.buys(&confirmation).await
    }
}
