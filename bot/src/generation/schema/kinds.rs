//! What a parameter's schema asks for.

use rust_decimal::Decimal;
use serde_json::Number;

use super::document::{Document, View};
use super::literal::{decimal, whole};
use super::media::media;
use super::{
    Choice, IntegerRules, Json, Kind, ListRules, Literal, NumberRules, Reason, TextRules, prose, reader,
};

/// How many options a choice may have. Voices are some seventy, languages too.
const MOST_OPTIONS: usize = 500;
/// From how many characters on text is prose.
const PROSE: u32 = 1_000;
/// The words of names whose text is prose.
const PROSE_NAMES: [&str; 4] = ["prompt", "text", "description", "lyrics"];

pub(super) fn kind<'a>(document: &Document<'a>, name: &str, view: &View<'a>) -> Result<Kind, Reason> {
    if !view.has_alternatives() {
        return of_one(document, name, view);
    }
    let branches = document.alternatives(view.clone())?;
    let kinds: Vec<_> = branches
        .iter()
        .filter(|branch| type_of(branch) != Some("null"))
        .map(|branch| of_one(document, name, branch))
        .collect();
    // Alternatives that are all choices are one choice.
    let mut options: Vec<Choice> = Vec::new();
    for kind in &kinds {
        let Ok(Kind::Choice { options: more }) = kind else {
            // Any way to say it will do: the first that can be asked for.
            let mut kinds = kinds.into_iter();
            let first = kinds.next().unwrap_or(Err(Reason::NoOptions));
            return first.or_else(|reason| kinds.find_map(Result::ok).ok_or(reason));
        };
        options.extend(more.iter().cloned());
    }
    choice(options)
}

/// The first type that isn't `null`; `null` if that is the only one.
fn type_of<'a>(view: &View<'a>) -> Option<&'a str> {
    match view.get("type")? {
        Json::Text(name) => Some(name),
        types => {
            let mut names = types.items().iter().filter_map(Json::text);
            let first = names.next();
            if first == Some("null") {
                names.next().or(first)
            } else {
                first
            }
        }
    }
}

fn of_one<'a>(document: &Document<'a>, name: &str, view: &View<'a>) -> Result<Kind, Reason> {
    if let Some(value) = view.get("const") {
        let label = view.text("title").and_then(label);
        let value = Literal::of_json(value).ok_or(Reason::NoOptions)?;
        return choice(vec![Choice { value, label }]);
    }
    if let Some(values) = view.get("enum") {
        return of_enum(view, values);
    }
    let told = |keyword| view.get(keyword).is_some();
    match type_of(view) {
        Some("string") => Ok(of_string(name, view)?),
        Some("boolean") => Ok(Kind::Toggle),
        Some("integer") => of_integer(view),
        Some("number") => of_number(view),
        Some("array") => of_list(document, name, view),
        Some("object") => of_object(document, view),
        Some(_) => Err(Reason::UnknownType),
        None if told("properties") => of_object(document, view),
        None if told("items") => of_list(document, name, view),
        None if told("format") || told("maxLength") || told("minLength") => of_string(name, view),
        None if told("minimum") || told("maximum") => of_number(view),
        None => Err(Reason::NoType),
    }
}

fn of_enum(view: &View<'_>, values: &Json) -> Result<Kind, Reason> {
    // Where options have names, they stand beside the values.
    let told = view.get("x-apidog-enum").map(Json::items).unwrap_or_default();
    let label_of = |value: &Json| {
        let named = told.iter().find(|named| named.get("value") == Some(value))?;
        named.get("name").and_then(Json::text).and_then(label)
    };
    let options: Vec<_> = values
        .items()
        .iter()
        .filter_map(|value| {
            Some(Choice {
                value: Literal::of_json(value)?,
                label: label_of(value),
            })
        })
        .collect();
    let is = |wanted: bool| {
        options
            .iter()
            .any(|option| option.value == Literal::Toggle(wanted))
    };
    if options.len() == 2 && is(true) && is(false) {
        return Ok(Kind::Toggle);
    }
    choice(options)
}

fn label(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A choice of these options, each once.
fn choice(options: Vec<Choice>) -> Result<Kind, Reason> {
    if options.is_empty() {
        return Err(Reason::NoOptions);
    }
    if options.len() > MOST_OPTIONS {
        return Err(Reason::TooMuch);
    }
    let mut once: Vec<Choice> = Vec::with_capacity(options.len());
    for option in options {
        if !once.iter().any(|known| known.value == option.value) {
            once.push(option);
        }
    }
    Ok(Kind::Choice { options: once })
}

fn of_string(name: &str, view: &View<'_>) -> Result<Kind, Reason> {
    let description = view.text("description").unwrap_or_default();
    if let Some(file) = media(name, view.text("format"), description) {
        return Ok(Kind::Media(file));
    }
    let in_words = |labels: &[&str]| prose::number(description, labels).and_then(|n| u32::try_from(n).ok());
    let min_chars = count(view, "minLength").or_else(|| in_words(&["min length", "minimum length"]));
    let max_chars = count(view, "maxLength").or_else(|| in_words(&["max length", "maximum length"]));
    if max_chars == Some(0) || is_empty_range(min_chars, max_chars) {
        return Err(Reason::EmptyRange);
    }
    let named_so = name
        .split('_')
        .any(|word| PROSE_NAMES.contains(&word.to_ascii_lowercase().as_str()));
    Ok(Kind::Text(TextRules {
        min_chars: min_chars.filter(|min| *min > 0),
        max_chars,
        multi_line: max_chars.is_some_and(|max| max >= PROSE) || named_so,
    }))
}

fn of_integer(view: &View<'_>) -> Result<Kind, Reason> {
    let bounds = Bounds::of(view);
    // Whole numbers inside of the bounds, wherever the bounds themselves are.
    let min = bounds.min.and_then(|bound| {
        i64::try_from(bound.value.ceil()).ok().map(|value| {
            if bound.excluded && bound.value.is_integer() {
                value.saturating_add(1)
            } else {
                value
            }
        })
    });
    let max = bounds.max.and_then(|bound| {
        i64::try_from(bound.value.floor()).ok().map(|value| {
            if bound.excluded && bound.value.is_integer() {
                value.saturating_sub(1)
            } else {
                value
            }
        })
    });
    if is_empty_range(min, max) {
        return Err(Reason::EmptyRange);
    }
    let step = bounds.step.filter(Decimal::is_integer);
    Ok(Kind::Integer(IntegerRules {
        min,
        max,
        step: step
            .and_then(|step| i64::try_from(step).ok())
            .filter(|step| *step > 1),
    }))
}

fn of_number(view: &View<'_>) -> Result<Kind, Reason> {
    // A bound that is itself excluded is left to the API to refuse.
    let bounds = Bounds::of(view);
    let (min, max) = (
        bounds.min.map(|bound| bound.value),
        bounds.max.map(|bound| bound.value),
    );
    if is_empty_range(min, max) {
        return Err(Reason::EmptyRange);
    }
    Ok(Kind::Number(NumberRules {
        min,
        max,
        step: bounds.step,
    }))
}

fn of_list<'a>(document: &Document<'a>, name: &str, view: &View<'a>) -> Result<Kind, Reason> {
    let (min_items, max_items) = (count(view, "minItems"), count(view, "maxItems"));
    if max_items == Some(0) || is_empty_range(min_items, max_items) {
        return Err(Reason::EmptyRange);
    }
    let inner = view.inner("items");
    if inner.is_empty() {
        return Err(Reason::NoType);
    }
    let item_view = document.view_of(&inner)?;
    let item = match kind(document, name, &item_view)? {
        Kind::List(_) => return Err(Reason::NestedList),
        // What is said of the files is said of the list.
        Kind::Text(_) | Kind::Media(_) if item_view.get("enum").is_none() => {
            let of_list = view.text("description").unwrap_or_default();
            let of_item = item_view.text("description").unwrap_or_default();
            let both = format!("{of_list}\n{of_item}");
            match media(name, item_view.text("format"), &both) {
                Some(file) => Kind::Media(file),
                None => of_string(name, &item_view)?,
            }
        }
        item => item,
    };
    Ok(Kind::List(ListRules {
        item: Box::new(item),
        min_items: min_items.filter(|min| *min > 0),
        max_items,
    }))
}

fn of_object<'a>(document: &Document<'a>, view: &View<'a>) -> Result<Kind, Reason> {
    if view.property_names().is_empty() {
        return Err(Reason::NoFields);
    }
    let fields = reader::parameters(document, view).map_err(|unaskable| unaskable.reason)?;
    let unaskable = |field: &super::Parameter| !field.kind.is_askable();
    if fields.iter().any(|field| field.required && unaskable(field)) || fields.iter().all(unaskable) {
        return Err(Reason::NeededPart);
    }
    Ok(Kind::Object { fields })
}

fn count(view: &View<'_>, keyword: &str) -> Option<u32> {
    let number = whole(view.get(keyword)?.number()?)?;
    u32::try_from(number).ok()
}

fn is_empty_range<T: PartialOrd>(min: Option<T>, max: Option<T>) -> bool {
    matches!((min, max), (Some(min), Some(max)) if min > max)
}

/// A bound of a number.
struct Bound {
    value: Decimal,
    /// Whether the bound itself is out of bounds.
    excluded: bool,
}

struct Bounds {
    min: Option<Bound>,
    max: Option<Bound>,
    /// Above 0.
    step: Option<Decimal>,
}

impl Bounds {
    /// The bounds that the keywords tell, or else the description.
    fn of(view: &View<'_>) -> Self {
        let description = view.text("description").unwrap_or_default();
        let told = |keyword: &str| {
            view.get(keyword)
                .and_then(Json::number)
                .and_then(|n: &Number| decimal(n))
        };
        let bound = |keyword: &str, excluding: &str, labels: &[&str]| {
            let included = told(keyword).map(|value| (value, false));
            // The older form has a flag beside the bound.
            let flagged = view.get(excluding) == Some(&Json::Bool(true));
            let (value, excluded) = included
                .or_else(|| told(excluding).map(|value| (value, true)))
                .or_else(|| prose::number(description, labels).map(|value| (value, false)))?;
            Some(Bound {
                value,
                excluded: excluded || flagged,
            })
        };
        Self {
            min: bound("minimum", "exclusiveMinimum", &["min value", "minimum", "min"]),
            max: bound("maximum", "exclusiveMaximum", &["max value", "maximum", "max"]),
            step: told("multipleOf")
                .or_else(|| prose::number(description, &["step"]))
                .filter(|step| *step > Decimal::ZERO),
        }
    }
}
