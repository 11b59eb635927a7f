//! Broadcasts and spans of time in words.

use std::time::Duration;

use stepkeep_core::Timestamp;

use super::{Args, Language, Localizer};
use crate::broadcast::{Audience, BroadcastState, BroadcastView, Counts};

impl Localizer {
    /// How far a broadcast is, and what became of the people.
    pub fn broadcast(&self, language: Language, view: &BroadcastView, now: Timestamp) -> String {
        let Counts {
            sent,
            blocked,
            failed,
            unclear,
        } = view.counts;
        let args = Args::new()
            .with("done", view.counts.all().to_string())
            .with("audience", self.audience(language, view.audience));
        let title = match view.state {
            BroadcastState::Running => "broadcast-running",
            BroadcastState::Stopping => "broadcast-stopping",
            BroadcastState::Done => "broadcast-done",
            BroadcastState::Stopped => "broadcast-stopped",
        };
        let mut lines = vec![self.text(language, title, &args)];
        // When everybody had their turn, a difference only says that people came or went while they were counted.
        let left = if view.state == BroadcastState::Done {
            0
        } else {
            view.left()
        };
        let counted = [
            ("broadcast-sent", sent),
            ("broadcast-blocked", blocked),
            ("broadcast-failed", failed),
            ("broadcast-unclear", unclear),
            ("broadcast-left", left),
        ];
        for (id, count) in counted {
            if count > 0 || id == "broadcast-sent" {
                let args = Args::new().with("count", count.to_string());
                lines.push(self.text(language, id, &args));
            }
        }
        let elapsed = view.ended_at.unwrap_or(now).since(view.started_at);
        let span = |span| Args::new().with("time", self.span(language, span));
        let taken = if view.is_running() {
            "broadcast-elapsed"
        } else {
            "broadcast-took"
        };
        lines.push(self.text(language, taken, &span(elapsed)));
        if view.state == BroadcastState::Running
            && let Some(estimate) = estimate(view, elapsed)
        {
            lines.push(self.text(language, "broadcast-estimate", &span(estimate)));
        }
        lines.join("\n")
    }

    /// How many people there are: `1200`, or `1200+` where not all were counted.
    pub fn audience(&self, language: Language, audience: Audience) -> String {
        let people = audience.people.to_string();
        if audience.is_whole {
            people
        } else {
            self.text(language, "people-or-more", &Args::new().with("people", people))
        }
    }

    /// A span of time by its two largest units: `2 d 3 h`, `4 min 10 s`.
    pub fn span(&self, language: Language, span: Duration) -> String {
        let seconds = span.as_secs();
        let (id, large, small) = if seconds >= 24 * 3_600 {
            ("span-days", seconds / (24 * 3_600), seconds / 3_600 % 24)
        } else if seconds >= 3_600 {
            ("span-hours", seconds / 3_600, seconds / 60 % 60)
        } else if seconds >= 60 {
            ("span-minutes", seconds / 60, seconds % 60)
        } else {
            ("span-seconds", seconds, 0)
        };
        let args = Args::new()
            .with("large", large.to_string())
            .with("small", small.to_string());
        self.text(language, id, &args)
    }
}

/// How long the rest takes at the speed so far; `None` before there is one.
fn estimate(view: &BroadcastView, elapsed: Duration) -> Option<Duration> {
    let (done, left) = (view.counts.all(), view.left());
    if done == 0 || left == 0 || elapsed.is_zero() {
        return None;
    }
    let millis = elapsed.as_millis().saturating_mul(u128::from(left)) / u128::from(done);
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(state: BroadcastState, ended: Option<i64>) -> BroadcastView {
        BroadcastView {
            state,
            counts: Counts {
                sent: 900,
                blocked: 80,
                failed: 0,
                unclear: 20,
            },
            audience: Audience {
                people: 3_000,
                is_whole: false,
            },
            started_at: Timestamp::EPOCH,
            ended_at: ended.map(Timestamp::from_millis),
        }
    }

    #[test]
    fn a_broadcast_says_how_far_it_is_and_how_long_it_takes() {
        let localizer = Localizer::new().unwrap();
        let now = Timestamp::from_millis(50_000);
        let running = localizer.broadcast(Language::English, &view(BroadcastState::Running, None), now);
        insta::assert_snapshot!(running, @r"
        📣 Sending: 1000 of 3000 or more
        ✅ Sent: 900
        🚫 Have blocked me: 80
        ❓ Unclear: 20
        ⏳ Left: 2000
        Takes 50 s so far
        About 1 min 40 s to go
        ");
        let stopped = view(BroadcastState::Stopped, Some(3_700_000));
        let stopped = localizer.broadcast(Language::Russian, &stopped, now);
        insta::assert_snapshot!(stopped, @r"
        📣 Рассылка остановлена.
        ✅ Отправлено: 900
        🚫 Заблокировали меня: 80
        ❓ Неясно: 20
        ⏳ Осталось: 2000
        Заняло 1 ч 1 мин
        ");
    }
}
