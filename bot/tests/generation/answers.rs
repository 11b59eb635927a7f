//! What a person answers who goes by a model's schema alone: as little as it takes, or as much as it lets.

use stepkeep::generation::schema::{InputShape, Kind, ListRules, Media, MediaKind, Parameter};
use stepkeep_core::{FileInput, FileKind};

use crate::dialogue::Dialogue;

/// How far a person goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The smallest values, and nothing that may be left out.
    Least,
    /// The largest values, and all of it.
    Most,
}

/// The longest prose that the bot takes.
const LONGEST_PROSE: u32 = 5_000;

/// Something to send.
enum Answer {
    Text(String),
    File(FileInput),
    Button(String),
}

impl Dialogue<'_> {
    /// The question that is open: its place as text, and the parameter.
    pub(crate) async fn question(&self) -> Option<(String, Parameter)> {
        let session = self.session().await;
        if session.step().is_none_or(|step| *step != *"parameter") {
            return None;
        }
        let shape: InputShape = session.field("shape")?.get().ok()?;
        let at: Vec<serde_json::Value> = session.field("at")?.get().ok()?;
        let mut parameters = shape.parameters;
        let mut found: Option<Parameter> = None;
        for segment in &at {
            if let Some(name) = segment.as_str() {
                let parameter = parameters
                    .iter()
                    .find(|parameter| parameter.name == name)?
                    .clone();
                parameters = fields(&parameter.kind);
                found = Some(parameter);
            }
        }
        Some((format!("{at:?}"), found?))
    }

    /// Answers every question up to the summary; each wrongly first.
    pub(crate) async fn answers_all(&mut self, extent: Extent) {
        let mut wrong_at = String::new();
        for _ in 0..600 {
            let Some((place, parameter)) = self.question().await else {
                return;
            };
            if wrong_at != place {
                wrong_at.clone_from(&place);
                self.answers_wrongly(&place, &parameter).await;
            }
            self.answers(&parameter, extent).await;
        }
        panic!("the questions don't end: {:?}", self.question().await);
    }

    /// Answers that aren't taken leave the question open, with what is wrong with them.
    async fn answers_wrongly(&mut self, place: &str, parameter: &Parameter) {
        for wrong in wrong_answers(&parameter.kind) {
            match wrong {
                Answer::Text(text) => self.writes(&text).await,
                Answer::File(file) => self.sends(file).await,
                Answer::Button(_) => continue,
            }
            let still = self.question().await.map(|(place, _)| place);
            assert_eq!(still.as_deref(), Some(place), "{parameter:?}: {:?}", self.texts());
            assert!(!self.said.is_empty(), "{parameter:?}");
        }
    }

    async fn answers(&mut self, parameter: &Parameter, extent: Extent) {
        if !parameter.required && extent == Extent::Least {
            let skip = if self.offers("As usual") {
                "As usual"
            } else {
                "Skip"
            };
            return self.presses(skip).await;
        }
        if let Kind::List(rules) = &parameter.kind {
            return self.answers_list(rules, extent).await;
        }
        self.gives(right_answer(&parameter.kind, extent)).await;
    }

    async fn gives(&mut self, answer: Answer) {
        match answer {
            Answer::Text(text) => self.writes(&text).await,
            Answer::File(file) => self.sends(file).await,
            Answer::Button(label) => self.presses(&label).await,
        }
    }

    /// One item more, until there are enough.
    async fn answers_list(&mut self, rules: &ListRules, extent: Extent) {
        let session = self.session().await;
        let answers: serde_json::Value = session.field("answers").expect("answers").get().expect("answers");
        let at: Vec<serde_json::Value> = session.field("at").expect("a place").get().expect("a place");
        let pointer: String = at
            .iter()
            .map(|segment| match segment.as_str() {
                Some(name) => format!("/{name}"),
                None => format!("/{segment}"),
            })
            .collect();
        let count = answers
            .pointer(&pointer)
            .and_then(|items| items.as_array())
            .map_or(0, Vec::len);
        let enough = match extent {
            Extent::Least => rules.min_items.unwrap_or(1).max(1),
            Extent::Most => rules
                .max_items
                .unwrap_or(2)
                .min(3)
                .max(rules.min_items.unwrap_or(1)),
        };
        if count >= usize::try_from(enough).expect("a number") {
            return self.presses("Done").await;
        }
        match &*rules.item {
            Kind::Object { .. } => self.presses("Add one").await,
            item => self.gives(right_answer(item, extent)).await,
        }
    }
}

fn fields(kind: &Kind) -> Vec<Parameter> {
    match kind {
        Kind::Object { fields } => fields.clone(),
        Kind::List(rules) => fields(&rules.item),
        _ => Vec::new(),
    }
}

fn right_answer(kind: &Kind, extent: Extent) -> Answer {
    let least = extent == Extent::Least;
    match kind {
        Kind::Text(rules) => {
            let most = rules.max_chars.unwrap_or(60).min(LONGEST_PROSE);
            let count = if least {
                rules.min_chars.unwrap_or(1).max(1)
            } else {
                most
            };
            Answer::Text("ё".repeat(usize::try_from(count).unwrap()))
        }
        Kind::Choice { options } => {
            let option = if least { options.first() } else { options.last() };
            Answer::Text(option.unwrap().value.to_string())
        }
        Kind::Toggle => Answer::Button(if least { "No" } else { "Yes" }.to_owned()),
        Kind::Integer(rules) => {
            let number = if least { rules.min } else { rules.max };
            Answer::Text(number.or(rules.min).unwrap_or(7).to_string())
        }
        Kind::Number(rules) => {
            let number = if least { rules.min } else { rules.max };
            let number = number
                .or(rules.min)
                .map_or("1".to_owned(), |number| number.to_string());
            Answer::Text(number.replace('.', ","))
        }
        Kind::Media(media) => Answer::File(file(media)),
        Kind::Object { .. } => Answer::Button("Fill in".to_owned()),
        Kind::List(_) | Kind::Unaskable { .. } => panic!("{kind:?} isn't answered by one answer"),
    }
}

fn wrong_answers(kind: &Kind) -> Vec<Answer> {
    let text = |text: &str| Answer::Text(text.to_owned());
    match kind {
        Kind::Text(rules) => {
            let most = rules.max_chars.unwrap_or(LONGEST_PROSE).min(LONGEST_PROSE);
            let too_long = "x".repeat(usize::try_from(most).unwrap() + 1);
            let too_short = rules.min_chars.filter(|least| *least > 1);
            let too_short = too_short.map(|least| "x".repeat(usize::try_from(least).unwrap() - 1));
            [Answer::Text(too_long), Answer::File(document("application/pdf"))]
                .into_iter()
                .chain(too_short.map(Answer::Text))
                .collect()
        }
        Kind::Choice { .. } => vec![text("none of these"), Answer::File(document("image/png"))],
        Kind::Toggle => vec![text("perhaps")],
        Kind::Integer(rules) => {
            let below = rules.min.and_then(|min| min.checked_sub(1));
            let above = rules.max.and_then(|max| max.checked_add(1));
            let outside = [below, above].into_iter().flatten();
            let outside = outside.map(|number| Answer::Text(number.to_string()));
            [text("0.5"), text("many")].into_iter().chain(outside).collect()
        }
        Kind::Number(rules) => {
            let one = rust_decimal::Decimal::ONE;
            let outside = [rules.min.map(|min| min - one), rules.max.map(|max| max + one)];
            let outside = outside.into_iter().flatten();
            let outside = outside.map(|number| Answer::Text(number.to_string()));
            [text("many")].into_iter().chain(outside).collect()
        }
        Kind::Media(media) => {
            let mut wrong = vec![text("a red fox"), text("http://localhost/fox.png")];
            if media.media != MediaKind::Any {
                wrong.push(Answer::File(document("application/pdf")));
            }
            if let Some(most) = media.max_bytes {
                wrong.push(Answer::File(FileInput {
                    size: Some(most + 1),
                    ..file(media)
                }));
            }
            wrong
        }
        Kind::List(rules) => wrong_answers(&rules.item),
        Kind::Object { .. } => vec![text("a red fox")],
        Kind::Unaskable { .. } => Vec::new(),
    }
}

fn document(media_type: &str) -> FileInput {
    FileInput {
        file_id: "d1".to_owned(),
        file_name: None,
        media_type: Some(media_type.to_owned()),
        size: Some(1_000),
        caption: None,
        kind: FileKind::Document,
        album: None,
    }
}

/// A file that is taken.
pub(crate) fn file(media: &Media) -> FileInput {
    let usual = match media.media {
        MediaKind::Image | MediaKind::Any => "image/png",
        MediaKind::Video => "video/mp4",
        MediaKind::Audio => "audio/mpeg",
    };
    document(media.mime_types.first().map_or(usual, String::as_str))
}
