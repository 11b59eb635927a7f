//! MongoDB through its driver: one command an operation, acknowledged by the majority's journals.

use std::fmt;

use anyhow::Context as _;
use async_trait::async_trait;
use mongodb::bson::{Document, RawBsonRef, RawDocumentBuf, doc};
use mongodb::options::{Acknowledgment, ClientOptions, ReadConcern, WriteConcern};
use mongodb::{Client, Collection, IndexModel};

use super::RawStore;
use crate::report::shape::RawDocument;

/// As many connections as the store has.
const POOL_SIZE: u32 = 32;

/// The floor of MongoDB.
pub(super) struct RawMongo(Collection<RawDocumentBuf>);

impl fmt::Debug for RawMongo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RawMongo")
    }
}

impl RawMongo {
    pub(super) async fn open(url: &str) -> anyhow::Result<Self> {
        let mut options = ClientOptions::parse(url).await?;
        let concern = WriteConcern::builder()
            .w(Acknowledgment::Majority)
            .journal(true)
            .build();
        options.write_concern = Some(concern);
        options.read_concern = Some(ReadConcern::majority());
        // The server would keep an image of each document for a write that can be repeated.
        options.retry_writes = Some(false);
        options.max_pool_size = Some(POOL_SIZE);
        let sessions = Client::with_options(options)?
            .database("raw")
            .collection("sessions");
        let index = IndexModel::builder().keys(doc! { "bucket": 1 }).build();
        sessions.create_index(index).await?;
        Ok(Self(sessions))
    }
}

fn revision(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn whole(key: &str, number: u64, bucket: i64, document: &RawDocument) -> Document {
    let mut whole = doc! { "_id": key, "revision": revision(number), "bucket": bucket };
    whole.extend(document.bson.clone());
    whole
}

#[async_trait]
impl RawStore for RawMongo {
    async fn create(&self, key: &str, document: &RawDocument, idle: bool) -> anyhow::Result<()> {
        let whole = whole(key, 1, i64::from(!idle), document);
        self.0.insert_one(RawDocumentBuf::try_from(&whole)?).await?;
        Ok(())
    }

    async fn get(&self, key: &str) -> anyhow::Result<Option<u64>> {
        let Some(found) = self.0.find_one(doc! { "_id": key }).await? else {
            return Ok(None);
        };
        let revision = found.get("revision")?.and_then(RawBsonRef::as_i64);
        Ok(Some(
            revision.context("a document has a revision")?.unsigned_abs(),
        ))
    }

    async fn replace(&self, key: &str, held: u64, document: &RawDocument) -> anyhow::Result<bool> {
        let mut next = document.bson.clone();
        next.insert("revision", revision(held + 1));
        let found = self
            .0
            .find_one_and_update(
                doc! { "_id": key, "revision": revision(held) },
                doc! { "$set": next },
            )
            .projection(doc! { "_id": 1 })
            .await?;
        Ok(found.is_some())
    }

    async fn remove(&self, key: &str) -> anyhow::Result<bool> {
        let deleted = self.0.delete_one(doc! { "_id": key }).await?;
        Ok(deleted.deleted_count == 1)
    }

    async fn page(&self, limit: usize, _: &[String]) -> anyhow::Result<usize> {
        let mut found = self
            .0
            .find(doc! {})
            .sort(doc! { "_id": 1 })
            .limit(i64::try_from(limit)?)
            .await?;
        let mut documents = 0;
        while found.advance().await? {
            let _document: RawDocumentBuf = found.current().to_owned();
            documents += 1;
        }
        Ok(documents)
    }

    async fn remove_idle(&self, _: &[String]) -> anyhow::Result<u64> {
        Ok(self
            .0
            .delete_many(doc! { "bucket": { "$lt": 1_i64 } })
            .await?
            .deleted_count)
    }

    async fn empty(&self) -> anyhow::Result<()> {
        self.0.delete_many(doc! {}).await?;
        Ok(())
    }
}
