//! The names of keys. Everything about one session lies in one hash slot, so a script can reach all of it.

use stepkeep_core::{BotId, Scope, SessionKey, UserId};
use xxhash_rust::xxh3::xxh3_64;

/// What stands between a bucket and the key of a record in it.
const RECORDS: &str = "s:";

/// The names in one namespace: a prefix, and a number of buckets.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    prefix: String,
    buckets: u16,
}

/// The names about one session.
#[derive(Debug)]
pub(crate) struct SessionNames {
    /// The session's key in its stored form: what the indexes hold.
    pub(crate) member: String,
    /// Where its record is.
    pub(crate) record: String,
    /// Which bucket it lies in, whose indexes it is in.
    pub(crate) bucket: u16,
    /// What the key comes to in one number.
    pub(crate) hash: u64,
}

impl Names {
    pub(crate) fn new(prefix: String, buckets: u16) -> Self {
        Self { prefix, buckets }
    }

    pub(crate) fn buckets(&self) -> u16 {
        self.buckets
    }

    pub(crate) fn of(&self, key: &SessionKey) -> SessionNames {
        let member = key.encode();
        let hash = xxh3_64(member.as_bytes());
        // Which one it is stands in the database: the hash may never change.
        let bucket = u16::try_from(hash % u64::from(self.buckets)).unwrap_or(0);
        let record = self.name(bucket, RECORDS, &member);
        SessionNames {
            member,
            record,
            bucket,
            hash,
        }
    }

    /// What the names of a bucket's records begin with.
    pub(crate) fn records(&self, bucket: u16) -> String {
        self.name(bucket, RECORDS, "")
    }

    /// The index of a bucket's last updates.
    pub(crate) fn updated(&self, bucket: u16) -> String {
        self.name(bucket, "u", "")
    }

    /// The index of a bucket's wake times.
    pub(crate) fn wake(&self, bucket: u16) -> String {
        self.name(bucket, "w", "")
    }

    /// In a cluster, what stands in braces decides on the slot.
    fn name(&self, bucket: u16, kind: &str, member: &str) -> String {
        /// What a bucket's number and the signs between the parts take.
        const AROUND: usize = 9;
        let mut name = String::with_capacity(self.prefix.len() + AROUND + kind.len() + member.len());
        name.push('{');
        name.push_str(&self.prefix);
        name.push(':');
        name.push_str(itoa::Buffer::new().format(bucket));
        name.push_str("}:");
        name.push_str(kind);
        name.push_str(member);
        name
    }
}

/// What describes a namespace: its schema's version and its number of buckets.
pub(crate) fn description(prefix: &str) -> String {
    format!("{prefix}:meta")
}

/// A scope as keys end with it.
pub(crate) fn last_part(scope: &Scope) -> String {
    let (bot, user) = (BotId(0), UserId(0));
    let encoded = SessionKey::private(bot, user).with_scope(scope.clone()).encode();
    encoded.rsplit('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sessions that are stored are found by these names only.
    #[test]
    fn names_stay_as_they_are() {
        let names = Names::new("stepkeep".to_owned(), 64);
        let of = names.of(&SessionKey::private(BotId(7), UserId(42)));
        insta::assert_snapshot!(of.record, @"{stepkeep:42}:s:7/42/42///main");
        assert_eq!(
            names.updated(of.bucket),
            of.record.replace("s:7/42/42///main", "u")
        );
        assert_eq!(names.wake(of.bucket), of.record.replace("s:7/42/42///main", "w"));
    }
}
