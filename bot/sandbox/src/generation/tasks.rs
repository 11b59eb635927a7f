//! The tasks and the files of one stand-in. They live in memory, and the oldest go when there are too many.

use std::collections::VecDeque;

use bytes::Bytes;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::task::{State, Task, number};

/// The most tasks that are remembered.
const MOST_TASKS: usize = 2_000;

/// The most files that are kept, and their bytes together.
const MOST_FILES: usize = 500;
const MOST_BYTES: usize = 400 << 20;

/// How fast tasks go by, at first.
const USUAL_SCALE: f64 = 1.0;

/// Everything about tasks.
#[derive(Debug)]
pub(super) struct Tasks {
    known: VecDeque<Task>,
    /// How often a task was asked for, whatever the answer was.
    create_calls: u64,
    /// By what the times of new tasks are multiplied.
    pub(super) scale: f64,
    /// What callbacks are signed with.
    pub(super) webhook_key: Option<String>,
    files: VecDeque<Upload>,
}

/// A file that was handed in.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    /// Folder and name.
    pub(super) path: String,
    pub(super) media_type: String,
    pub(super) bytes: Bytes,
}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            known: VecDeque::new(),
            create_calls: 0,
            scale: USUAL_SCALE,
            webhook_key: None,
            files: VecDeque::new(),
        }
    }
}

impl Tasks {
    /// Counts a call that asks for a task.
    pub(super) fn count_call(&mut self) {
        self.create_calls += 1;
    }

    pub(super) fn add(&mut self, task: Task) {
        while self.known.len() >= MOST_TASKS {
            self.known.pop_front();
        }
        self.known.push_back(task);
    }

    pub(super) fn task(&self, id: &str) -> Option<&Task> {
        self.known.iter().find(|task| task.id == id)
    }

    pub(super) fn task_mut(&mut self, id: &str) -> Option<&mut Task> {
        self.known.iter_mut().find(|task| task.id == id)
    }

    /// All of them, the oldest first, as the people's side tells it.
    pub(super) fn seen(&self, files: &str) -> Value {
        let ended_well = self.known.iter().filter(|task| task.state() == State::Success);
        let consumed: Decimal = ended_well.map(|task| task.credits).sum();
        json!({
            "create_calls": self.create_calls,
            "credits_consumed": number(consumed),
            "tasks": self.known.iter().map(|task| task.seen(files)).collect::<Vec<_>>(),
        })
    }

    /// Keeps a file, in the place of one of the same path.
    pub(super) fn keep(&mut self, file: Upload) {
        self.files.retain(|known| known.path != file.path);
        self.files.push_back(file);
        let size = |files: &VecDeque<Upload>| files.iter().map(|file| file.bytes.len()).sum::<usize>();
        while self.files.len() > MOST_FILES || (self.files.len() > 1 && size(&self.files) > MOST_BYTES) {
            self.files.pop_front();
        }
    }

    pub(super) fn file(&self, path: &str) -> Option<Upload> {
        self.files.iter().find(|file| file.path == path).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_files_go_first_and_a_new_one_takes_the_place_of_its_path() {
        let mut tasks = Tasks::default();
        let file = |path: String, text: &'static str| Upload {
            path,
            media_type: "text/plain".to_owned(),
            bytes: Bytes::from_static(text.as_bytes()),
        };
        for index in 0..=MOST_FILES {
            tasks.keep(file(format!("a/{index}"), "one"));
        }
        assert!(tasks.file("a/0").is_none());
        tasks.keep(file("a/1".to_owned(), "other"));
        assert_eq!(tasks.file("a/1").unwrap().bytes, "other");
        assert!(tasks.file("a/2").is_some(), "nothing else had to go");
    }
}
