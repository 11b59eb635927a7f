//! Every metric of the bot, declared once: its name, its type, its labels and what it means. `docs/src/metrics.md` has the same table,
//! and a test compares them.
//!
//! Labels have few values: words of this program, or names of its flows and steps. Never an id, never what somebody wrote.

use metrics::Unit;

use MetricKind::{Counter, Gauge, Histogram};

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name, as Prometheus has it.
    pub name: &'static str,
    /// What kind of figure it is.
    pub kind: MetricKind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it means, in one sentence.
    pub help: &'static str,
}

/// What kind of figure a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Durations in seconds, counted in buckets with these upper bounds.
    Histogram(&'static [f64]),
}

impl MetricKind {
    /// The word that Prometheus has for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

impl Metric {
    pub(super) fn describe(&self) {
        let unit = self.unit();
        match self.kind {
            Counter => metrics::describe_counter!(self.name, unit, self.help),
            Gauge => metrics::describe_gauge!(self.name, unit, self.help),
            // They are rendered with what they mean.
            Histogram(_) => {}
        }
    }

    fn unit(&self) -> Unit {
        let name = self.name.trim_end_matches("_total");
        if name.ends_with("_seconds") {
            Unit::Seconds
        } else if name.ends_with("_bytes") {
            Unit::Bytes
        } else {
            Unit::Count
        }
    }
}

/// Bounds for what happens in the process or next door: 0.5 ms to 10 s, with those of the latency log among them.
const STORE: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0,
];

/// Bounds for what somebody waits for: 5 ms to a minute.
const ANSWER: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0,
];

/// Bounds for pauses and delays: 100 ms to an hour.
const WAIT: &[f64] = &[0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1_800.0, 3_600.0];

/// Declares metrics, and the list of them all.
macro_rules! metrics {
    ($($constant:ident = $name:literal, $kind:expr, [$($label:literal),*], $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Metric = Metric {
                name: $name,
                kind: $kind,
                labels: &[$($label),*],
                help: $help,
            };
        )*

        /// All of them, in the order of the book's table.
        pub const ALL: &[Metric] = &[$($constant),*];
    };
}

metrics! {
    BUILD_INFO = "stepkeep_build_info", Gauge, ["version"],
        "Always 1; the label is the version that runs.";
    UPDATES_RECEIVED = "stepkeep_updates_received_total", Counter, ["origin", "kind"],
        "Updates that came, by what brought them and what they are; a redelivered one counts again.";
    UPDATES_REFUSED = "stepkeep_updates_refused_total", Counter, ["reason"],
        "Updates that were not listened to: in a flood, or because too many waited already.";
    CONVERSATIONS_ACTIVE = "stepkeep_conversations_active", Gauge, [],
        "Conversations with an input that is being handled or waits.";
    INPUTS_WAITING = "stepkeep_inputs_waiting", Gauge, [],
        "Inputs that wait behind another one of their conversation.";
    INPUTS_CAPACITY = "stepkeep_inputs_capacity", Gauge, [],
        "The most inputs that are taken in, handled and waiting; at this many, fetching stops.";
    TURNS = "stepkeep_turns_total", Counter, ["flow", "step", "outcome"],
        "Turns that ended, by where the person is after them and how they ended.";
    TURN_DURATION = "stepkeep_turn_duration_seconds", Histogram(ANSWER), ["flow"],
        "How long turns take, from the read to the last reply.";
    REPLY_LATENCY = "stepkeep_reply_latency_seconds", Histogram(ANSWER), ["origin"],
        "How long people wait, from when their update came to the last reply.";
    TURN_RERUNS = "stepkeep_turn_reruns_total", Counter, ["reason"],
        "Turns that ran once more: another writer was faster (conflict), or the store failed (store).";
    STORE_OPERATIONS = "stepkeep_store_operations_total", Counter, ["backend", "operation", "outcome"],
        "Operations of the store, by how they ended: ok, or the kind of the error.";
    STORE_OPERATION_DURATION = "stepkeep_store_operation_duration_seconds", Histogram(STORE), ["backend", "operation"],
        "How long operations of the store take, with all their repeats.";
    OUTSIDE_CALLS = "stepkeep_outside_calls_total", Counter, ["api", "operation", "outcome"],
        "Requests to outside APIs, by how they ended: ok, or the kind of the error; each repeat counts.";
    OUTSIDE_CALL_DURATION = "stepkeep_outside_call_duration_seconds", Histogram(ANSWER), ["api", "operation"],
        "How long requests to outside APIs take; getUpdates waits by design.";
    EFFECTS = "stepkeep_effects_total", Counter, ["effect", "state"],
        "Outside calls that turns asked for, by what became of them.";
    TIMERS_FIRED = "stepkeep_timers_fired_total", Counter, ["timer"],
        "Timers that fired: a flow's own, a reminder, the end of an idle conversation.";
    TIMER_DELAY = "stepkeep_timer_delay_seconds", Histogram(WAIT), ["timer"],
        "How late timers fire.";
    DEAD_LETTERS = "stepkeep_dead_letters_total", Counter, ["reason"],
        "Updates that were put aside because they can't be handled.";
    TELEGRAM_THROTTLED = "stepkeep_telegram_throttled_total", Counter, [],
        "Calls that Telegram answered with 429.";
    TELEGRAM_WAIT = "stepkeep_telegram_wait_seconds", Histogram(WAIT), [],
        "How long calls were held back because Telegram had answered 429.";
    SESSIONS = "stepkeep_sessions", Gauge, ["flow", "step"],
        "Sessions in the store by where they are, as of the last count.";
    SESSIONS_UNREADABLE = "stepkeep_sessions_unreadable", Gauge, [],
        "Records that can't be read, as of the last count.";
    SESSIONS_COUNTED = "stepkeep_sessions_counted_timestamp_seconds", Gauge, [],
        "When the last count of the sessions ended.";
    SESSIONS_COUNT_DURATION = "stepkeep_sessions_count_duration_seconds", Gauge, [],
        "How long the last count of the sessions took, pauses included.";
    STORE_SIZE = "stepkeep_store_size_bytes", Gauge, ["kind"],
        "How large the store of the sessions is, or that of the ledger, as of the last hourly look.";
    STORE_SIZE_WARNING = "stepkeep_store_size_warning_bytes", Gauge, ["kind"],
        "From what size on operators are warned.";
    CACHE_ANSWERS = "stepkeep_cache_answers_total", Counter, ["cache", "outcome"],
        "Answers of the caches: from what was there, fresh or stale, or by way of the source (miss).";
    CACHE_LOADS = "stepkeep_cache_loads_total", Counter, ["cache"],
        "How often a cache asked its source.";
    CACHE_LOAD_FAILURES = "stepkeep_cache_load_failures_total", Counter, ["cache"],
        "How often the source failed, or did not answer in time.";
    CACHE_LOAD_MEAN = "stepkeep_cache_load_mean_seconds", Gauge, ["cache"],
        "How long a load took on average since the start.";
    CACHE_LOAD_MAX = "stepkeep_cache_load_max_seconds", Gauge, ["cache"],
        "How long the longest load took since the start.";
    CACHE_EVICTIONS = "stepkeep_cache_evictions_total", Counter, ["cache"],
        "Entries that had to go for lack of space.";
    CACHE_ENTRIES = "stepkeep_cache_entries", Gauge, ["cache"],
        "Entries that are there, expired ones among them.";
    CACHE_SHARED = "stepkeep_cache_shared_answers_total", Counter, ["cache", "outcome"],
        "What the level that processes share had (hit), had not (miss), or failed at (error).";
    BROADCAST_MESSAGES = "stepkeep_broadcast_messages_total", Counter, ["outcome"],
        "People whom this process dealt with in broadcasts, by what became of it: sent, blocked, failed, unclear.";
    BROADCAST_RUNNING = "stepkeep_broadcast_running", Gauge, [],
        "1 while this process works on a broadcast, else 0.";
    PROCESS_CPU = "process_cpu_seconds_total", Counter, [],
        "Processor time that the process used, in whole seconds.";
    PROCESS_MEMORY = "process_resident_memory_bytes", Gauge, [],
        "Memory that the process has in use.";
    PROCESS_VIRTUAL_MEMORY = "process_virtual_memory_bytes", Gauge, [],
        "Address space of the process.";
    PROCESS_VIRTUAL_MEMORY_MAX = "process_virtual_memory_max_bytes", Gauge, [],
        "The most address space that the process may have.";
    PROCESS_OPEN_FDS = "process_open_fds", Gauge, [],
        "File descriptors that are open.";
    PROCESS_MAX_FDS = "process_max_fds", Gauge, [],
        "The most file descriptors that may be open.";
    PROCESS_THREADS = "process_threads", Gauge, [],
        "Threads of the process.";
    PROCESS_START = "process_start_time_seconds", Gauge, [],
        "When the process started, in seconds since 1970.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_keep_the_conventions_of_prometheus() {
        for metric in ALL {
            let name = metric.name;
            assert!(
                name.starts_with("stepkeep_") || name.starts_with("process_"),
                "{name}"
            );
            assert!(
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{name}"
            );
            assert_eq!(name.ends_with("_total"), metric.kind == Counter, "{name}");
            if let Histogram(bounds) = metric.kind {
                assert!(name.ends_with("_seconds"), "{name}");
                assert!(bounds.is_sorted(), "{name}");
            }
            assert!(metric.help.ends_with('.'), "{name}");
        }
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len(), "a name is there twice");
    }

    #[test]
    fn no_label_could_hold_an_id() {
        let few = [
            "api",
            "backend",
            "cache",
            "effect",
            "flow",
            "kind",
            "operation",
            "origin",
            "outcome",
            "reason",
            "state",
            "step",
            "timer",
            "version",
        ];
        for metric in ALL {
            for label in metric.labels {
                assert!(few.contains(label), "{}: {label}", metric.name);
            }
        }
    }
}
