//! References and compositions: what a schema is once all that it is made of is put together.

use std::cell::Cell;
use std::collections::HashSet;

use percent_encoding::percent_decode_str;

use super::{Json, Reason};

/// How many schemas are looked at for one document. A model has a few dozen parameters.
const MOST_SCHEMAS: u32 = 20_000;
/// How deep schemas may be inside each other.
const DEEPEST: usize = 24;
/// How many alternatives one schema may have.
const MOST_ALTERNATIVES: usize = 16;

/// A whole document, which references are looked up in.
#[derive(Debug)]
pub(super) struct Document<'a> {
    root: &'a Json,
    left: Cell<u32>,
}

/// A schema in its place: with the references that led to it, by which cycles are known.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    schema: &'a Json,
    trail: Vec<&'a str>,
    depth: usize,
    /// Whether its alternatives have been taken up.
    opened: bool,
}

/// A schema put together of several, the more particular first: what one says counts over what those after it say.
#[derive(Debug, Clone, Default)]
pub(super) struct View<'a> {
    layers: Vec<Place<'a>>,
}

impl<'a> Document<'a> {
    pub(super) fn new(root: &'a Json) -> Self {
        Self {
            root,
            left: Cell::new(MOST_SCHEMAS),
        }
    }

    pub(super) fn root(&self) -> &'a Json {
        self.root
    }

    /// The value of this field of the document, or of what it refers to.
    pub(super) fn field(&self, of: &'a Json, name: &str) -> Result<Option<&'a Json>, Reason> {
        let mut value = of.get(name);
        // As many steps as a sane document could need; more are a cycle.
        for _ in 0..DEEPEST {
            match value.and_then(|value| value.get("$ref")).and_then(Json::text) {
                Some(reference) => value = Some(self.resolve(reference)?),
                None => return Ok(value),
            }
        }
        Err(Reason::Cycle)
    }

    /// What a schema at the top is once put together.
    pub(super) fn view(&self, schema: &'a Json) -> Result<View<'a>, Reason> {
        self.view_of(&[Place {
            schema,
            trail: Vec::new(),
            depth: 0,
            opened: false,
        }])
    }

    /// What these schemas, the more particular first, are when put together.
    pub(super) fn view_of(&self, places: &[Place<'a>]) -> Result<View<'a>, Reason> {
        let mut view = View::default();
        for place in places {
            self.collect(place, &mut view.layers)?;
        }
        Ok(view)
    }

    fn collect(&self, place: &Place<'a>, layers: &mut Vec<Place<'a>>) -> Result<(), Reason> {
        let left = self.left.get().checked_sub(1).ok_or(Reason::TooMuch)?;
        self.left.set(left);
        if place.depth > DEEPEST {
            return Err(Reason::TooMuch);
        }
        let schema = match place.schema {
            // "Anything" adds nothing.
            Json::Bool(true) => return Ok(()),
            schema @ Json::Object(_) => schema,
            _ => return Err(Reason::NotASchema),
        };
        layers.push(place.clone());
        // The parts from the last to the first, since layers begin with what counts most.
        for part in schema
            .get("allOf")
            .map(Json::items)
            .unwrap_or_default()
            .iter()
            .rev()
        {
            self.collect(&place.inside(part), layers)?;
        }
        if let Some(reference) = schema.get("$ref").and_then(Json::text) {
            if place.trail.contains(&reference) {
                return Err(Reason::Cycle);
            }
            let mut target = place.inside(self.resolve(reference)?);
            target.trail.push(reference);
            self.collect(&target, layers)?;
        }
        Ok(())
    }

    /// The alternatives of a schema, each put together with the rest of it; the schema itself when it has none.
    pub(super) fn alternatives(&self, view: View<'a>) -> Result<Vec<View<'a>>, Reason> {
        let mut done = Vec::new();
        let mut open = vec![view];
        while let Some(mut view) = open.pop() {
            if done.len() + open.len() > MOST_ALTERNATIVES {
                return Err(Reason::TooMuch);
            }
            let Some(layer) = view.layers.iter_mut().find(|layer| layer.has_alternatives()) else {
                done.push(view);
                continue;
            };
            layer.opened = true;
            let layer = layer.clone();
            // The last one goes onto the pile first, so that they come off it in the document's order.
            for branch in layer.branches().iter().rev() {
                // A branch is more particular than what it is a branch of.
                let mut layers = Vec::new();
                self.collect(&layer.inside(branch), &mut layers)?;
                layers.extend(view.layers.iter().cloned());
                open.push(View { layers });
            }
        }
        Ok(done)
    }

    fn resolve(&self, reference: &str) -> Result<&'a Json, Reason> {
        let pointer = reference.strip_prefix('#').ok_or(Reason::ForeignReference)?;
        let mut value = self.root;
        for segment in pointer.split('/').skip(1) {
            let decoded = percent_decode_str(segment).decode_utf8_lossy();
            // Exactly as it is written: there are names that end in a space.
            let name = decoded.replace("~1", "/").replace("~0", "~");
            let found = match value {
                Json::List(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
                other => other.get(&name).or_else(|| other.get(segment)),
            };
            value = found.ok_or(Reason::LostReference)?;
        }
        Ok(value)
    }
}

impl<'a> Place<'a> {
    /// A schema that stands inside of this one.
    fn inside(&self, schema: &'a Json) -> Self {
        Self {
            schema,
            trail: self.trail.clone(),
            depth: self.depth + 1,
            opened: false,
        }
    }

    fn branches(&self) -> &'a [Json] {
        ["oneOf", "anyOf"]
            .into_iter()
            .map(|name| self.schema.get(name).map(Json::items).unwrap_or_default())
            .find(|branches| !branches.is_empty())
            .unwrap_or_default()
    }

    fn has_alternatives(&self) -> bool {
        !self.opened && !self.branches().is_empty()
    }
}

impl<'a> View<'a> {
    /// What the most particular schema that says it says.
    pub(super) fn get(&self, keyword: &str) -> Option<&'a Json> {
        self.layers.iter().find_map(|layer| layer.schema.get(keyword))
    }

    pub(super) fn text(&self, keyword: &str) -> Option<&'a str> {
        self.get(keyword).and_then(Json::text)
    }

    /// The schema of a list's items, in its place.
    pub(super) fn inner(&self, keyword: &str) -> Vec<Place<'a>> {
        let said = self.layers.iter();
        said.filter_map(|layer| Some(layer.inside(layer.schema.get(keyword)?)))
            .collect()
    }

    /// The names of the properties, those of what it is put together of first.
    pub(super) fn property_names(&self) -> Vec<&'a str> {
        let mut known = HashSet::new();
        let mut names = Vec::new();
        for layer in self.layers.iter().rev() {
            let properties = layer
                .schema
                .get("properties")
                .map(Json::fields)
                .unwrap_or_default();
            for (name, _) in properties {
                if known.insert(name.as_str()) {
                    names.push(name.as_str());
                }
            }
        }
        names
    }

    /// What is said of a property, the more particular first.
    pub(super) fn property(&self, name: &str) -> Vec<Place<'a>> {
        let said = self.layers.iter();
        said.filter_map(|layer| Some(layer.inside(layer.schema.get("properties")?.get(name)?)))
            .collect()
    }

    /// The names of the properties that any of the schemas requires.
    pub(super) fn required(&self) -> Vec<&'a str> {
        let mut known = HashSet::new();
        let lists = self
            .layers
            .iter()
            .filter_map(|layer| layer.schema.get("required"));
        lists
            .flat_map(Json::items)
            .filter_map(Json::text)
            .filter(|name| known.insert(*name))
            .collect()
    }

    /// Whether it consists of alternatives.
    pub(super) fn has_alternatives(&self) -> bool {
        self.layers.iter().any(Place::has_alternatives)
    }
}
