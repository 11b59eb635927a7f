//! Balances, receipts and histories in words.

use stepkeep_core::{Timestamp, UserId};

use crate::flows::shipping::payment::{Receipt, Shortfall};
use crate::flows::speech::Speech;
use crate::ledger::{
    AccountSummary, Charge, ChargeStage, ChargeState, HistoryEntry, HistoryPage, Movement, MovementKind,
    PaidBy,
};
use crate::localization::Args;
use crate::money::Money;

impl Speech<'_> {
    pub(in crate::flows) fn money(&self, amount: Money) -> String {
        self.localizer.money(self.language, amount)
    }

    /// What was paid, or came back, and what is left. `id` names the message for a balance.
    pub(in crate::flows) fn receipt(&self, id: &str, receipt: &Receipt) -> String {
        let amount = Args::new().with("amount", self.money(receipt.amount));
        let (variant, left) = match receipt.paid_by {
            PaidBy::Balance => ("", Some("money-left")),
            PaidBy::DailyLimit => ("-daily-limit", Some("money-left-today")),
            PaidBy::DryRun => ("-dry-run", None),
        };
        let text = self.text(&format!("{id}{variant}"), &amount);
        match (left, receipt.left) {
            (Some(id), Some(left)) => {
                let left = self.text(id, &Args::new().with("left", self.money(left)));
                format!("{text} {left}")
            }
            _ => text,
        }
    }

    /// How much is missing, and what to do.
    pub(in crate::flows) fn shortfall(&self, shortfall: &Shortfall) -> String {
        let args = Args::new()
            .with("missing", self.money(shortfall.missing))
            .with("available", self.money(shortfall.available));
        let id = if shortfall.of_daily_limit {
            "short-of-daily-limit"
        } else {
            "short-of-money"
        };
        self.text(id, &args)
    }

    /// How an account stands, for whose it is.
    pub(super) fn balance(&self, account: &AccountSummary) -> String {
        let amount = |amount| Args::new().with("amount", self.money(amount));
        let id = if account.is_admin {
            "balance-of-admin"
        } else {
            "balance"
        };
        let mut lines = vec![self.text(id, &amount(account.available))];
        if account.dry_run {
            lines.push(self.plain("balance-dry-run"));
        }
        if !account.ai_only.is_zero() {
            lines.push(self.text("balance-ai-only", &amount(account.ai_only)));
        }
        if let Some(owed) = account.owed {
            lines.push(self.text("balance-owed", &amount(owed)));
        }
        if !account.reserved.is_zero() {
            lines.push(self.text("balance-reserved", &amount(account.reserved)));
        }
        if !account.is_admin {
            lines.push(self.plain("balance-top-up"));
        }
        lines.join("\n")
    }

    /// A page of the history.
    pub(super) fn history(&self, history: &HistoryPage) -> String {
        if history.entries.is_empty() && history.folded.is_none() {
            return self.plain("history-empty");
        }
        let mut lines = vec![self.plain("history-title"), String::new()];
        lines.extend(history.entries.iter().map(|entry| match entry {
            HistoryEntry::Movement(movement) => self.movement_line(movement),
            HistoryEntry::Charge(charge) => self.charge_line(charge),
        }));
        if let Some(folded) = history.folded {
            let count = i64::try_from(folded.entries).unwrap_or(i64::MAX);
            lines.push(self.text("history-folded", &Args::new().with("count", count)));
        }
        lines.join("\n")
    }

    fn movement_line(&self, movement: &Movement) -> String {
        let args = Args::new()
            .with("date", self.date(movement.at))
            .with("amount", self.money(movement.amount));
        match movement.kind {
            MovementKind::Welcome => self.text("history-welcome", &args),
            MovementKind::Refund => self.text("history-refund", &args),
            MovementKind::Stars => self.text("history-stars", &args.with("stars", movement.reason.clone())),
            MovementKind::StarsReturned => self.text("history-stars-returned", &args),
            MovementKind::Credit if movement.reason.is_empty() => self.text("history-credit", &args),
            MovementKind::Credit => self.text(
                "history-credit-for",
                &args.with("reason", movement.reason.clone()),
            ),
        }
    }

    fn charge_line(&self, charge: &Charge) -> String {
        let args = Args::new()
            .with("date", self.date(charge.at))
            .with("amount", self.money(charge.amount))
            .with("subject", charge.subject.clone());
        let id = match (&charge.state, charge.paid_by) {
            (ChargeState::Open(ChargeStage::Unclear), _) => "history-unclear",
            (ChargeState::Open(_), _) => "history-open",
            (ChargeState::Released(_), _) => "history-released",
            (ChargeState::Captured, PaidBy::Balance) => "history-captured",
            (ChargeState::Captured, PaidBy::DailyLimit) => "history-captured-daily-limit",
            (ChargeState::Captured, PaidBy::DryRun) => "history-captured-dry-run",
        };
        self.text(id, &args)
    }

    /// What an admin wants to know of a person.
    pub(super) fn person(
        &self,
        user: UserId,
        account: &AccountSummary,
        place: Option<&str>,
        seen_at: Option<Timestamp>,
    ) -> String {
        let args = Args::new()
            .with("user", user.0.to_string())
            .with("available", self.money(account.available))
            .with("total", self.money(account.total))
            .with("reserved", self.money(account.reserved))
            .with("place", place.unwrap_or("—").to_owned())
            .with("seen", seen_at.map_or_else(|| "—".to_owned(), |at| self.date(at)));
        let mut lines = vec![self.text("user-summary", &args)];
        if account.is_admin {
            lines.push(self.plain("user-admin"));
        }
        if account.dry_run {
            lines.push(self.plain("balance-dry-run"));
        }
        lines.extend(account.open.iter().map(|charge| self.charge_line(charge)));
        lines.join("\n")
    }

    fn date(&self, at: Timestamp) -> String {
        self.localizer.date(self.language, at)
    }
}
