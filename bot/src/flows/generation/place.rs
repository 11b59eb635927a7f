//! Where in a model's input a question is: a path from the outside to the inside, and the way from one question to the next.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::generation::schema::{InputShape, Kind, ListRules, Parameter};

/// What a person has answered so far, as it is sent later.
pub type Answers = Map<String, Value>;

/// A step on the path to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Segment {
    /// One of several items.
    Item(usize),
    /// A parameter by its name.
    Field(String),
}

/// The path to a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Place(Vec<Segment>);

impl Place {
    /// The place of a parameter at the top.
    pub(super) fn of(parameter: &str) -> Self {
        Self(vec![Segment::Field(parameter.to_owned())])
    }

    /// The name of the parameter at the top that it is in.
    pub(super) fn top(&self) -> Option<&str> {
        match self.0.first() {
            Some(Segment::Field(name)) => Some(name),
            _ => None,
        }
    }

    /// The numbers of the items that it is in, counted from 1, from the outside to the inside.
    pub(super) fn item_numbers(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Item(index) => Some(index + 1),
            Segment::Field(_) => None,
        })
    }

    /// Whether it is inside of a parameter at the top, and not that itself.
    pub(super) fn is_inside(&self) -> bool {
        self.0.len() > 1
    }

    fn and(&self, segment: Segment) -> Self {
        let mut path = self.0.clone();
        path.push(segment);
        Self(path)
    }

    fn outside(&self) -> (Self, Option<&Segment>) {
        match self.0.split_last() {
            Some((last, rest)) => (Self(rest.to_vec()), Some(last)),
            None => (Self::default(), None),
        }
    }

    /// The parameter that is asked for here.
    pub(super) fn parameter<'a>(&self, shape: &'a InputShape) -> Option<&'a Parameter> {
        let mut parameters: &[Parameter] = &shape.parameters;
        let mut found: Option<&Parameter> = None;
        for segment in &self.0 {
            match segment {
                Segment::Field(name) => {
                    let parameter = asked(parameters).find(|parameter| parameter.name == *name)?;
                    parameters = fields_of(&parameter.kind);
                    found = Some(parameter);
                }
                Segment::Item(_) => {
                    let Kind::List(ListRules { item, .. }) = &found?.kind else {
                        return None;
                    };
                    parameters = fields_of(item);
                }
            }
        }
        found
    }

    /// The first question inside this place, which is an object or the item of a list.
    pub(super) fn first_inside(&self, shape: &InputShape) -> Option<Self> {
        let first = asked(self.parameters_inside(shape)).next()?;
        Some(self.and(Segment::Field(first.name.clone())).opened(shape))
    }

    /// The first question of the item that comes after those that there are.
    pub(super) fn new_item(&self, shape: &InputShape, answers: &Answers) -> Option<Self> {
        let count = self.value(answers).and_then(Value::as_array).map_or(0, Vec::len);
        self.and(Segment::Item(count)).first_inside(shape)
    }

    /// This place, or the first question inside it when it is an object that has to be filled in.
    fn opened(self, shape: &InputShape) -> Self {
        let is_required_object = self
            .parameter(shape)
            .is_some_and(|parameter| parameter.required && matches!(parameter.kind, Kind::Object { .. }));
        match is_required_object.then(|| self.first_inside(shape)).flatten() {
            Some(inside) => inside,
            None => self,
        }
    }

    /// The question after this one: the next parameter, or, at the end of an item, the list that it belongs to, for another
    /// one. `None` when all was asked.
    pub(super) fn next(&self, shape: &InputShape) -> Option<Self> {
        let (outside, last) = self.outside();
        match last? {
            Segment::Field(name) => {
                let siblings = outside.parameters_inside(shape);
                let next = asked(siblings)
                    .skip_while(|parameter| parameter.name != *name)
                    .nth(1);
                match next {
                    Some(next) => Some(outside.and(Segment::Field(next.name.clone())).opened(shape)),
                    None if outside.0.is_empty() => None,
                    None if matches!(outside.0.last(), Some(Segment::Item(_))) => Some(outside.outside().0),
                    None => outside.next(shape),
                }
            }
            Segment::Item(_) => Some(outside),
        }
    }

    fn parameters_inside<'a>(&self, shape: &'a InputShape) -> &'a [Parameter] {
        let Some(parameter) = self.parameter(shape) else {
            return &shape.parameters;
        };
        match (&parameter.kind, self.0.last()) {
            (Kind::List(ListRules { item, .. }), Some(Segment::Item(_))) => fields_of(item),
            (kind, _) => fields_of(kind),
        }
    }

    /// The answer that there is.
    pub(super) fn value<'a>(&self, answers: &'a Answers) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        let Segment::Field(name) = first else {
            return None;
        };
        rest.iter()
            .try_fold(answers.get(name)?, |value, segment| match segment {
                Segment::Field(name) => value.get(name),
                Segment::Item(index) => value.get(index),
            })
    }

    /// Answers the question, or takes the answer away. What is on the way there is made.
    pub(super) fn put(&self, answers: &mut Answers, value: Option<Value>) {
        let mut root = Value::Object(std::mem::take(answers));
        if let Some(value) = value {
            if let Some(slot) = self.0.iter().try_fold(&mut root, made) {
                *slot = value;
            }
        } else {
            self.take_away(&mut root);
        }
        if let Value::Object(fields) = root {
            *answers = fields;
        }
    }

    fn take_away(&self, root: &mut Value) {
        let (outside, last) = self.outside();
        let holder = outside.0.iter().try_fold(root, |value, segment| match segment {
            Segment::Field(name) => value.get_mut(name),
            Segment::Item(index) => value.get_mut(index),
        });
        match (holder, last) {
            (Some(Value::Object(fields)), Some(Segment::Field(name))) => {
                fields.remove(name);
            }
            (Some(Value::Array(items)), Some(Segment::Item(index))) if *index < items.len() => {
                items.remove(*index);
            }
            _ => {}
        }
    }
}

/// The place inside of `value`, made when it isn't there. A list gets an item more when it is the next one.
fn made<'v>(value: &'v mut Value, segment: &Segment) -> Option<&'v mut Value> {
    match segment {
        Segment::Field(name) => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            Some(value.as_object_mut()?.entry(name.as_str()).or_insert(Value::Null))
        }
        Segment::Item(index) => {
            if !value.is_array() {
                *value = Value::Array(Vec::new());
            }
            let items = value.as_array_mut()?;
            if *index == items.len() {
                items.push(Value::Null);
            }
            items.get_mut(*index)
        }
    }
}

fn fields_of(kind: &Kind) -> &[Parameter] {
    match kind {
        Kind::Object { fields } => fields,
        _ => &[],
    }
}

/// Those that a person is asked for: not what can't be asked for, nor what was replaced by another.
pub(super) fn asked(parameters: &[Parameter]) -> impl Iterator<Item = &Parameter> {
    parameters
        .iter()
        .filter(|parameter| parameter.kind.is_askable() && (parameter.required || !parameter.deprecated))
}

/// The first question of all.
pub(super) fn first(shape: &InputShape) -> Option<Place> {
    asked(&shape.parameters)
        .next()
        .map(|parameter| Place::of(&parameter.name).opened(shape))
}

/// The first required question that has no answer.
pub(super) fn first_open(shape: &InputShape, answers: &Answers) -> Option<Place> {
    let mut place = first(shape);
    while let Some(at) = place {
        let is_open = at
            .parameter(shape)
            .is_some_and(|parameter| parameter.required && at.value(answers).is_none());
        if is_open {
            return Some(at);
        }
        place = at.next(shape);
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::generation::schema::TextRules;

    fn text(name: &str, required: bool) -> Parameter {
        parameter(name, required, Kind::Text(TextRules::default()))
    }

    fn parameter(name: &str, required: bool, kind: Kind) -> Parameter {
        Parameter {
            name: name.to_owned(),
            required,
            description: None,
            default: None,
            deprecated: false,
            kind,
        }
    }

    /// A prompt, shots of a prompt and a look each, and a camera that may be left out.
    fn shape() -> InputShape {
        let fields = vec![text("prompt", true), text("look", false)];
        let shots = ListRules {
            item: Box::new(Kind::Object { fields }),
            min_items: Some(1),
            max_items: Some(3),
        };
        let camera = vec![text("path", true), text("speed", false)];
        InputShape {
            title: None,
            parameters: vec![
                text("prompt", true),
                parameter("shots", true, Kind::List(shots)),
                parameter(
                    "pose",
                    true,
                    Kind::Object {
                        fields: vec![text("arm", true), text("leg", true)],
                    },
                ),
                parameter("camera", false, Kind::Object { fields: camera }),
            ],
        }
    }

    fn told(place: &Place) -> String {
        serde_json::to_string(place).unwrap()
    }

    #[test]
    fn every_question_follows_from_the_one_before() {
        let shape = shape();
        let mut way = Vec::new();
        let mut place = first(&shape);
        while let Some(at) = place {
            way.push(told(&at));
            place = at.next(&shape);
        }
        // A required object is gone into, one that may be left out is asked for first.
        assert_eq!(
            way,
            [
                r#"["prompt"]"#,
                r#"["shots"]"#,
                r#"["pose","arm"]"#,
                r#"["pose","leg"]"#,
                r#"["camera"]"#
            ]
        );
        let camera = Place::of("camera").first_inside(&shape).unwrap();
        assert_eq!(told(&camera), r#"["camera","path"]"#);
        assert_eq!(told(&camera.next(&shape).unwrap()), r#"["camera","speed"]"#);
        assert_eq!(camera.next(&shape).unwrap().next(&shape), None);
    }

    #[test]
    fn after_an_item_comes_the_list_again() {
        let shape = shape();
        let mut answers = Answers::new();
        let shots = Place::of("shots");
        for index in 0..2 {
            let prompt = shots.new_item(&shape, &answers).unwrap();
            assert_eq!(told(&prompt), format!(r#"["shots",{index},"prompt"]"#));
            prompt.put(&mut answers, Some(json!("a fox")));
            let look = prompt.next(&shape).unwrap();
            assert_eq!(look.item_numbers().collect::<Vec<_>>(), [index + 1]);
            look.put(&mut answers, None);
            assert_eq!(look.next(&shape), Some(shots.clone()));
        }
        assert_eq!(
            Value::Object(answers),
            json!({"shots": [{"prompt": "a fox"}, {"prompt": "a fox"}]})
        );
    }

    #[test]
    fn an_answer_can_be_put_changed_and_taken_away() {
        let mut answers = Answers::new();
        let arm = Place(vec![Segment::Field("pose".into()), Segment::Field("arm".into())]);
        arm.put(&mut answers, Some(json!(1)));
        arm.put(&mut answers, Some(json!(2)));
        assert_eq!(arm.value(&answers), Some(&json!(2)));
        arm.put(&mut answers, None);
        assert_eq!(Value::Object(answers), json!({"pose": {}}));
    }

    #[test]
    fn what_is_still_open_is_found_inside_of_objects_too() {
        let shape = shape();
        let mut answers = Answers::new();
        let mut open = Vec::new();
        while let Some(place) = first_open(&shape, &answers) {
            open.push(told(&place));
            place.put(&mut answers, Some(json!("x")));
        }
        assert_eq!(
            open,
            [
                r#"["prompt"]"#,
                r#"["shots"]"#,
                r#"["pose","arm"]"#,
                r#"["pose","leg"]"#
            ]
        );
    }
}
