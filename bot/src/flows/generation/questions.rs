//! Asking for what a model wants to know, one question after the other.

use serde_json::Value;
use stepkeep_core::form::{BACK, SKIP};
use stepkeep_core::{Fields, FileInput, FlowError, Message, Next, Reply, Turn, TurnContext};

use super::answer::{self, Refusal};
use super::choosing::{chosen, said};
use super::fields::{self, Album, Chosen, Draft, Wanted, draft, field};
use super::place::{self, Answers, Place};
use super::rendering::{self, option_label, page_buttons, page_of, parameter_name, shortened};
use super::{CARD, GenerationFlow, PARAMETER, SHAPES, page, step};
use crate::flows::parts::{back_and_cancel, buttons_only, read, stored, with_preface};
use crate::flows::speech::Speech;
use crate::generation::ModelSchema;
use crate::generation::schema::{Choice, InputShape, Kind, ListRules, MediaKind, Parameter};
use crate::localization::Args;

const OPTION_PREFIX: &str = "option:";
const PAGE_PREFIX: &str = "page:";
const SHAPE_PREFIX: &str = "shape:";
const YES: &str = "toggle:yes";
const NO: &str = "toggle:no";
const KEEP: &str = "keep";
const USE_DEFAULT: &str = "default";
const SKIP_REST: &str = "skip_rest";
const DONE: &str = "done";
const ADD: &str = "add";
const FILL_IN: &str = "fill_in";

/// How many options a page has.
const OPTIONS_ON_A_PAGE: usize = 12;
/// Options whose labels are this short stand two in a row.
const SHORT_LABEL: usize = 14;
/// How much of an answer is shown when it may be changed.
const LONGEST_SHOWN: usize = 200;
/// How many items a list may have whose model tells no limit.
const MOST_ITEMS: u32 = 50;

impl GenerationFlow {
    /// Begins the questions, or, with the answers of an earlier time, shows them.
    pub(super) fn go_on(
        &self,
        context: &TurnContext<'_>,
        turn: Turn,
        chosen: &Chosen,
        schema: &ModelSchema,
        wanted: Wanted,
    ) -> Result<Turn, FlowError> {
        let turn = turn
            .and_set(field(fields::MODEL), stored(chosen)?)
            .and_unset(field(fields::WANTED));
        let (answers, shape) = match (wanted, schema.shapes.as_slice()) {
            (Wanted::Repeat(answers), shapes) => {
                let fit = |shape: &&InputShape| fitting(shape, &answers).len();
                // Of equally good ones the first.
                let shape = shapes.iter().rev().max_by_key(fit);
                let shape = shape.ok_or_else(|| FlowError::new("no_shape", "the model asks for nothing"))?;
                (fitting(shape, &answers), shape)
            }
            (_, [shape]) => (Answers::new(), shape),
            (_, _) => {
                let turn = Turn {
                    next: Next::Step(step(SHAPES)),
                    ..turn
                };
                let message = self.shapes_of(context, schema, &chosen.title);
                return Ok(turn.and_say(Reply::Message(message)));
            }
        };
        self.with_shape(context, turn, shape, &answers)
    }

    fn with_shape(
        &self,
        context: &TurnContext<'_>,
        turn: Turn,
        shape: &InputShape,
        answers: &Answers,
    ) -> Result<Turn, FlowError> {
        let is_repeated = !answers.is_empty();
        let turn = turn
            .and_set(field(fields::SHAPE), stored(&askable(shape))?)
            .and_set(field(fields::ANSWERS), stored(answers)?)
            .and_unset(field(fields::TRAIL))
            .and_unset(field(fields::EDITING))
            .and_unset(field(fields::ALBUM));
        let open = if is_repeated {
            place::first_open(shape, answers)
        } else {
            place::first(shape)
        };
        match open {
            Some(at) => self.to_question(context, turn, &at, &[]),
            None => self.to_summary(context, turn),
        }
    }

    pub(super) fn shape_choice(&self, context: &TurnContext<'_>) -> Result<Message, FlowError> {
        let chosen = chosen(context.session.data())?;
        match self.offer.models.schema(&chosen.model) {
            Some(schema) => Ok(self.shapes_of(context, &schema, &chosen.title)),
            None => self.card(context, context.session.data()),
        }
    }

    fn shapes_of(&self, context: &TurnContext<'_>, schema: &ModelSchema, title: &str) -> Message {
        let speech = self.speech(context);
        let text = speech.text("generation-shapes", &Args::new().with("model", title.to_owned()));
        let choices = schema.shapes.iter().enumerate();
        let message = choices.fold(Message::text(text), |message, (index, shape)| {
            // What tells it from the others, where it has no name: what it needs.
            let needs = || {
                let names = place::asked(&shape.parameters).filter(|parameter| parameter.required);
                let names: Vec<_> = names.map(|parameter| parameter_name(&parameter.name)).collect();
                names.join(", ")
            };
            let label = shape.title.clone().unwrap_or_else(needs);
            let label = format!("{}. {}", index + 1, shortened(&label, 44));
            message.row([(label, format!("{SHAPE_PREFIX}{index}"))])
        });
        message.row(back_and_cancel(&speech))
    }

    pub(super) fn in_shapes(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        let data = context.session.data();
        let chosen = chosen(data)?;
        if action == BACK {
            let message = self.card(context, data)?;
            return Ok(Turn::go(step(CARD)).and_say(Reply::Message(message)));
        }
        let index: Option<usize> = action
            .strip_prefix(SHAPE_PREFIX)
            .and_then(|index| index.parse().ok());
        let Some(schema) = self.offer.models.schema(&chosen.model) else {
            // What it asks for was forgotten meanwhile.
            let turn = Turn::default().and_ask(super::calls::fetch_model(&chosen.model)?);
            return self.to_loading(context, turn, &Wanted::Questions);
        };
        match index.and_then(|index| schema.shapes.get(index)) {
            Some(shape) => self.with_shape(context, Turn::default(), shape, &Answers::new()),
            None => Ok(buttons_only(&self.speech(context))),
        }
    }

    /// Asks the question at a place. `trail` are those before it.
    pub(super) fn to_question(
        &self,
        context: &TurnContext<'_>,
        mut turn: Turn,
        at: &Place,
        trail: &[Place],
    ) -> Result<Turn, FlowError> {
        turn.next = Next::Step(step(PARAMETER));
        let turn = turn
            .and_set(field(fields::AT), stored(at)?)
            .and_set(field(fields::TRAIL), stored(trail)?)
            .and_unset(field(fields::PAGE));
        let message = self.question_on(context, &turn.data_after(context.session), 0)?;
        Ok(turn.and_say(Reply::Message(message)))
    }

    pub(super) fn question(&self, context: &TurnContext<'_>, data: &Fields) -> Result<Message, FlowError> {
        self.question_on(context, data, page(context)?)
    }

    fn question_on(
        &self,
        context: &TurnContext<'_>,
        data: &Fields,
        page: usize,
    ) -> Result<Message, FlowError> {
        let speech = self.speech(context);
        let Draft {
            chosen,
            shape,
            answers,
        } = draft(data)?;
        let at = open_question(data)?;
        let parameter = asked_at(&at, &shape)?;
        let current = at.value(&answers);
        let text = self.question_text(&speech, &chosen, &shape, &at, parameter, current);
        let mut message = Message::text(text);
        for row in kind_buttons(&speech, &parameter.kind, current, page) {
            message = message.row(row);
        }
        let is_list = matches!(parameter.kind, Kind::List(_));
        if let (Some(_), false) = (current, is_list) {
            message = message.row([(speech.plain("button-keep"), KEEP)]);
        }
        let default = parameter.default.as_ref().map(|default| {
            let shown = rendering::answer(&speech, &parameter.kind, &answer::of_literal(default), 30);
            speech.text("button-default", &Args::new().with("value", shown))
        });
        match (default, parameter.required) {
            (Some(label), true) => message = message.row([(label, USE_DEFAULT)]),
            (Some(label), false) => message = message.row([(label, SKIP)]),
            (None, false) => message = message.row([(speech.plain("button-skip"), SKIP)]),
            (None, true) => {}
        }
        let is_editing: bool = read(data, fields::EDITING)?.unwrap_or_default();
        if !parameter.required && !is_editing && place::first_open(&shape, &answers).is_none() {
            message = message.row([(speech.plain("button-skip-rest"), SKIP_REST)]);
        }
        Ok(message.row(back_and_cancel(&speech)))
    }

    fn question_text(
        &self,
        speech: &Speech<'_>,
        chosen: &Chosen,
        shape: &InputShape,
        at: &Place,
        parameter: &Parameter,
        current: Option<&Value>,
    ) -> String {
        let asked: Vec<_> = place::asked(&shape.parameters).collect();
        let number = asked
            .iter()
            .position(|parameter| Some(parameter.name.as_str()) == at.top());
        let args = Args::new()
            .with("model", chosen.title.clone())
            .with("number", number.map_or(1, |number| number + 1))
            .with("total", asked.len());
        let mut lines = vec![speech.text("generation-progress", &args)];
        let mut name = parameter_name(&parameter.name);
        if at.is_inside() {
            let numbers: Vec<_> = at.item_numbers().map(|number| number.to_string()).collect();
            let outer = at.top().map(parameter_name).unwrap_or_default();
            let outer = [outer].into_iter().chain(numbers).collect::<Vec<_>>().join(" ");
            name = format!("{outer}: {name}");
        }
        lines.push(format!("❓ {name}"));
        lines.extend(
            parameter
                .description
                .as_deref()
                .map(|words| shortened(words, 600)),
        );
        lines.push(self.hint(speech, &parameter.kind));
        if let Some(value) = current {
            let shown = rendering::answer(speech, &parameter.kind, value, LONGEST_SHOWN);
            lines.push(speech.text("current-value", &Args::new().with("value", shown)));
        }
        lines.retain(|line| !line.is_empty());
        lines.join("\n\n")
    }

    /// What a person has to send.
    fn hint(&self, speech: &Speech<'_>, kind: &Kind) -> String {
        let number = |min: Option<String>, max: Option<String>| match (min, max) {
            (Some(min), Some(max)) => {
                let args = Args::new().with("min", min).with("max", max);
                speech.text("generation-hint-number-between", &args)
            }
            _ => speech.plain("generation-hint-number"),
        };
        match kind {
            Kind::Text(rules) => {
                let most = rules.max_chars.and_then(|most| usize::try_from(most).ok());
                let most = most.map_or(self.offer.longest_prompt, |most| {
                    most.min(self.offer.longest_prompt)
                });
                speech.text("generation-hint-text", &Args::new().with("most", most))
            }
            Kind::Choice { .. } | Kind::Toggle => speech.plain("generation-hint-choice"),
            Kind::Integer(rules) => number(
                rules.min.map(|min| min.to_string()),
                rules.max.map(|max| max.to_string()),
            ),
            Kind::Number(rules) => number(
                rules.min.map(|min| min.to_string()),
                rules.max.map(|max| max.to_string()),
            ),
            Kind::Media(media) => speech.plain(match media.media {
                MediaKind::Image => "generation-send-image",
                MediaKind::Video => "generation-send-video",
                MediaKind::Audio => "generation-send-audio",
                MediaKind::Any => "generation-send-file",
            }),
            Kind::List(rules) => {
                let args = Args::new().with("most", most_items(rules));
                let one = self.hint(speech, &rules.item);
                format!("{one}\n{}", speech.text("generation-hint-list", &args))
            }
            Kind::Object { .. } => speech.plain("generation-hint-object"),
            Kind::Unaskable { .. } => String::new(),
        }
    }

    pub(super) fn in_parameter(&self, context: &TurnContext<'_>, action: &str) -> Result<Turn, FlowError> {
        let data = context.session.data();
        let Draft { shape, answers, .. } = draft(data)?;
        let at = open_question(data)?;
        let parameter = asked_at(&at, &shape)?;
        let speech = self.speech(context);
        match action {
            BACK => return self.back(context, &at),
            KEEP => return self.advance(context, Turn::default(), &at, &answers),
            DONE => return self.list_done(context, &at, parameter, &answers),
            SKIP => {
                let mut answers = answers;
                at.put(&mut answers, None);
                return self.advance(context, Turn::default(), &at, &answers);
            }
            SKIP_REST => return self.to_summary(context, Turn::default()),
            USE_DEFAULT => {
                let default = parameter.default.as_ref().map(answer::of_literal);
                let default = default.ok_or_else(|| FlowError::new("no_default", "there is no default"))?;
                return self.answered(context, &at, parameter, default, None);
            }
            FILL_IN => {
                let inside = at.first_inside(&shape);
                let inside = inside.ok_or_else(|| FlowError::new("no_fields", "there is nothing inside"))?;
                return self.deeper(context, &at, &inside);
            }
            ADD => {
                let inside = at.new_item(&shape, &answers);
                let inside = inside.ok_or_else(|| FlowError::new("no_fields", "there is nothing inside"))?;
                return self.deeper(context, &at, &inside);
            }
            _ => {}
        }
        if let Some(page) = action
            .strip_prefix(PAGE_PREFIX)
            .and_then(|page| page.parse().ok())
        {
            let message = self.question_on(context, data, page)?;
            return Ok(Turn::say(said(context, message)).and_set(field(fields::PAGE), stored(&page)?));
        }
        let value = match (action, one_of(&parameter.kind)) {
            (YES, Kind::Toggle) => Some(Value::Bool(true)),
            (NO, Kind::Toggle) => Some(Value::Bool(false)),
            (action, Kind::Choice { options }) => option(options, action),
            _ => None,
        };
        match value {
            Some(value) => self.answered(context, &at, parameter, value, None),
            None => Ok(buttons_only(&speech)),
        }
    }

    pub(super) fn text_answered(&self, context: &TurnContext<'_>, text: &str) -> Result<Turn, FlowError> {
        let data = context.session.data();
        let shape = draft(data)?.shape;
        let at = open_question(data)?;
        let parameter = asked_at(&at, &shape)?;
        match answer::of_text(&parameter.kind, text, self.offer.longest_prompt) {
            Ok(value) => self.answered(context, &at, parameter, value, None),
            Err(refusal) => self.refused(context, &refusal),
        }
    }

    pub(super) fn file_answered(
        &self,
        context: &TurnContext<'_>,
        file: &FileInput,
    ) -> Result<Turn, FlowError> {
        let data = context.session.data();
        let shape = draft(data)?.shape;
        let at = open_question(data)?;
        let parameter = asked_at(&at, &shape)?;
        let album: Option<Album> = read(data, fields::ALBUM)?;
        let album = album.filter(|album| file.album.as_ref() == Some(&album.id));
        if album.as_ref().is_some_and(|album| album.at != at) {
            // The rest of an album whose first file answered the question before.
            return Ok(Turn::default());
        }
        match answer::of_file(&parameter.kind, file) {
            Ok(value) => self.answered(context, &at, parameter, value, Some((file, album.is_some()))),
            Err(refusal) => self.refused(context, &refusal),
        }
    }

    fn refused(&self, context: &TurnContext<'_>, refusal: &Refusal) -> Result<Turn, FlowError> {
        let reason = self.speech(context).text(refusal.id, &refusal.args);
        let turn = Turn::say(Reply::Message(self.question(context, context.session.data())?));
        Ok(with_preface(turn, &format!("⚠️ {reason}")))
    }

    /// Keeps an answer. `file` is the file that it is, and whether others of its album came before.
    fn answered(
        &self,
        context: &TurnContext<'_>,
        at: &Place,
        parameter: &Parameter,
        value: Value,
        file: Option<(&FileInput, bool)>,
    ) -> Result<Turn, FlowError> {
        let mut answers = draft(context.session.data())?.answers;
        let mut turn = Turn::default();
        if let Some((FileInput { album: Some(id), .. }, false)) = file {
            let album = Album {
                id: id.clone(),
                at: at.clone(),
            };
            turn = turn.and_set(field(fields::ALBUM), stored(&album)?);
        }
        let Kind::List(rules) = &parameter.kind else {
            at.put(&mut answers, Some(value));
            return self.advance(context, turn, at, &answers);
        };
        let mut items = match at.value(&answers) {
            Some(Value::Array(items)) => items.clone(),
            _ => Vec::new(),
        };
        let most = most_items(rules);
        if items.len() >= most {
            return self.refused(context, &too_many(most));
        }
        items.push(value);
        let is_full = items.len() >= most;
        at.put(&mut answers, Some(Value::Array(items)));
        if is_full {
            return self.advance(context, turn, at, &answers);
        }
        let turn = turn.and_set(field(fields::ANSWERS), stored(&answers)?);
        if file.is_some_and(|(_, came_before)| came_before) {
            // An album is answered once.
            return Ok(turn);
        }
        let message = self.question(context, &turn.data_after(context.session))?;
        Ok(turn.and_say(Reply::Message(message)))
    }

    fn list_done(
        &self,
        context: &TurnContext<'_>,
        at: &Place,
        parameter: &Parameter,
        answers: &Answers,
    ) -> Result<Turn, FlowError> {
        let count = at.value(answers).and_then(Value::as_array).map_or(0, Vec::len);
        let least = match &parameter.kind {
            Kind::List(rules) => least_items(rules, parameter.required),
            _ => 0,
        };
        if count < least {
            let refusal = Refusal {
                id: "generation-too-few",
                args: Args::new().with("least", least),
            };
            return self.refused(context, &refusal);
        }
        self.advance(context, Turn::default(), at, answers)
    }

    /// Goes into an object or the next item of a list.
    fn deeper(&self, context: &TurnContext<'_>, at: &Place, inside: &Place) -> Result<Turn, FlowError> {
        let mut trail = trail(context)?;
        trail.push(at.clone());
        self.to_question(context, Turn::default(), inside, &trail)
    }

    /// Goes to the question after this one; to the summary after the last one, or when only this one was to be changed.
    fn advance(
        &self,
        context: &TurnContext<'_>,
        turn: Turn,
        at: &Place,
        answers: &Answers,
    ) -> Result<Turn, FlowError> {
        let data = context.session.data();
        let shape = draft(data)?.shape;
        let turn = turn.and_set(field(fields::ANSWERS), stored(answers)?);
        let is_editing: bool = read(data, fields::EDITING)?.unwrap_or_default();
        let next = at
            .next(&shape)
            .filter(|next| !is_editing || next.top() == at.top());
        match next {
            Some(next) => {
                let mut trail = trail(context)?;
                trail.push(at.clone());
                self.to_question(context, turn, &next, &trail)
            }
            None => self.to_summary(context, turn),
        }
    }

    fn back(&self, context: &TurnContext<'_>, at: &Place) -> Result<Turn, FlowError> {
        let data = context.session.data();
        let is_editing: bool = read(data, fields::EDITING)?.unwrap_or_default();
        let mut trail = trail(context)?;
        // A list that was come back to after each of its items is gone back from once.
        while trail.last() == Some(at) {
            trail.pop();
        }
        match trail.pop() {
            Some(before) => self.to_question(context, Turn::default(), &before, &trail),
            None if is_editing => self.to_summary(context, Turn::default()),
            None => {
                let message = self.card(context, data)?;
                Ok(Turn::go(step(CARD)).and_say(Reply::Message(message)))
            }
        }
    }
}

/// Whether a file is the rest of an album whose first file answered the last question.
pub(super) fn is_rest_of_album(context: &TurnContext<'_>, file: &FileInput) -> Result<bool, FlowError> {
    let album: Option<Album> = read(context.session.data(), fields::ALBUM)?;
    Ok(album.is_some_and(|album| file.album.as_ref() == Some(&album.id)))
}

/// The buttons by which a question of this kind can be answered.
fn kind_buttons(
    speech: &Speech<'_>,
    kind: &Kind,
    current: Option<&Value>,
    page: usize,
) -> Vec<Vec<(String, String)>> {
    let button = |id: &str, action: &str| vec![(speech.plain(id), action.to_owned())];
    match kind {
        Kind::Choice { options } => option_buttons(speech, options, page),
        Kind::Toggle => vec![vec![
            (speech.plain("button-yes"), YES.to_owned()),
            (speech.plain("button-no"), NO.to_owned()),
        ]],
        Kind::Object { .. } => vec![button("button-fill-in", FILL_IN)],
        Kind::List(rules) => {
            let count = current.and_then(Value::as_array).map_or(0, Vec::len);
            let mut rows = match &*rules.item {
                Kind::Object { .. } if count < most_items(rules) => vec![button("button-add", ADD)],
                Kind::Object { .. } => Vec::new(),
                item => kind_buttons(speech, item, None, page),
            };
            if count > 0 {
                rows.push(button("button-done", DONE));
            }
            rows
        }
        Kind::Text(_) | Kind::Integer(_) | Kind::Number(_) | Kind::Media(_) | Kind::Unaskable { .. } => {
            Vec::new()
        }
    }
}

fn option_buttons(speech: &Speech<'_>, options: &[Choice], page: usize) -> Vec<Vec<(String, String)>> {
    let numbered: Vec<_> = options.iter().enumerate().collect();
    let (on_page, page, pages) = page_of(&numbered, OPTIONS_ON_A_PAGE, page);
    let labels: Vec<_> = on_page
        .iter()
        .map(|(index, option)| (option_label(option), format!("{OPTION_PREFIX}{index}")))
        .collect();
    let are_short = labels
        .iter()
        .all(|(label, _)| label.chars().count() <= SHORT_LABEL);
    let in_a_row = match (are_short, labels.len()) {
        (true, 9..) => 3,
        (true, 3..) => 2,
        _ => 1,
    };
    let mut rows: Vec<_> = labels.chunks(in_a_row).map(<[_]>::to_vec).collect();
    rows.push(page_buttons(speech, PAGE_PREFIX, page, pages));
    rows
}

fn option(options: &[Choice], action: &str) -> Option<Value> {
    let index: usize = action.strip_prefix(OPTION_PREFIX)?.parse().ok()?;
    Some(answer::of_literal(&options.get(index)?.value))
}

/// What one answer is of: an item, for a list.
fn one_of(kind: &Kind) -> &Kind {
    match kind {
        Kind::List(ListRules { item, .. }) => item,
        other => other,
    }
}

fn most_items(rules: &ListRules) -> usize {
    let most = rules.max_items.unwrap_or(MOST_ITEMS).min(MOST_ITEMS);
    usize::try_from(most).unwrap_or(usize::MAX)
}

fn least_items(rules: &ListRules, is_required: bool) -> usize {
    let least = rules.min_items.unwrap_or_default().max(u32::from(is_required));
    usize::try_from(least).unwrap_or(usize::MAX)
}

fn too_many(most: usize) -> Refusal {
    Refusal {
        id: "generation-too-many",
        args: Args::new().with("most", most),
    }
}

/// The shape without what isn't asked for: what is stored is what the questions need.
fn askable(shape: &InputShape) -> InputShape {
    InputShape {
        title: shape.title.clone(),
        parameters: place::asked(&shape.parameters).cloned().collect(),
    }
}

/// Those of the answers that the shape still takes.
fn fitting(shape: &InputShape, answers: &Answers) -> Answers {
    place::asked(&shape.parameters)
        .filter_map(|parameter| {
            let value = answers.get(&parameter.name)?;
            answer::still_fits(&parameter.kind, value).then(|| (parameter.name.clone(), value.clone()))
        })
        .collect()
}

fn open_question(data: &Fields) -> Result<Place, FlowError> {
    read(data, fields::AT)?.ok_or_else(|| FlowError::new("no_question", "no question is open"))
}

fn asked_at<'a>(at: &Place, shape: &'a InputShape) -> Result<&'a Parameter, FlowError> {
    at.parameter(shape)
        .ok_or_else(|| FlowError::new("no_parameter", "the model doesn't ask for this"))
}

fn trail(context: &TurnContext<'_>) -> Result<Vec<Place>, FlowError> {
    Ok(read(context.session.data(), fields::TRAIL)?.unwrap_or_default())
}
