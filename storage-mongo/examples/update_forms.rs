//! What the form of an update costs: the pipeline that this store uses, which answers a conflict in the same command,
//! against a plain filter on the revision with a replacement.
//!
//! Start a replica set of one, and run it with its URL:
//! `cargo run --release -p stepkeep-storage-mongo --example update_forms -- mongodb://127.0.0.1/bench`

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};
use mongodb::options::{ReturnDocument, WriteConcern};
use mongodb::{Client, Collection};
use tokio::task::JoinSet;

type Failed = Box<dyn Error + Send + Sync>;

const RUN: Duration = Duration::from_millis(2_500);

#[derive(Clone, Copy, Debug)]
enum Form {
    Pipeline,
    Filter,
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let url = std::env::args().nth(1).ok_or("name the URL of a database")?;
    let mut options = mongodb::options::ClientOptions::parse(url).await?;
    options.retry_writes = Some(false);
    options.max_pool_size = Some(32);
    let majority = WriteConcern::builder()
        .w(mongodb::options::Acknowledgment::Majority)
        .journal(true)
        .build();
    let w1 = WriteConcern::builder()
        .w(mongodb::options::Acknowledgment::Nodes(1))
        .journal(false)
        .build();
    for (name, concern) in [("w=1", w1), ("majority, journal", majority)] {
        options.write_concern = Some(concern);
        let client = Client::with_options(options.clone())?;
        let database = client.default_database().ok_or("the URL names no database")?;
        for bytes in [600, 4_000] {
            for tasks in [1, 32] {
                for round in 0..2 {
                    for form in [Form::Pipeline, Form::Filter] {
                        let rate = measure(&database.collection("forms"), form, tasks, bytes).await?;
                        println!(
                            "{name}, {bytes} bytes, {tasks} at once, round {round}: {form:?} {rate} per second"
                        );
                    }
                }
            }
        }
    }
    Ok(())
}

async fn measure(
    sessions: &Collection<Document>,
    form: Form,
    tasks: i32,
    bytes: usize,
) -> Result<u128, Failed> {
    let mut running = JoinSet::new();
    let begun = Instant::now();
    for task in 0..tasks {
        let sessions = sessions.clone();
        running.spawn(async move {
            let mut document = session(task, 0, bytes);
            sessions
                .replace_one(doc! { "_id": task }, &document)
                .upsert(true)
                .await?;
            let mut count: i32 = 0;
            while begun.elapsed() < RUN {
                let next = session(task, count + 1, bytes);
                update(&sessions, form, &document, &next).await?;
                document = next;
                count += 1;
            }
            Ok::<_, Failed>(count)
        });
    }
    let mut total = 0;
    while let Some(count) = running.join_next().await {
        total += u128::from(count??.unsigned_abs());
    }
    Ok(total * 1_000 / begun.elapsed().as_millis())
}

fn session(id: i32, revision: i32, bytes: usize) -> Document {
    let mut data = Document::new();
    for field in 0..10 {
        data.insert(format!("field_{field}"), "x".repeat(bytes / 10));
    }
    doc! { "_id": id, "schema": 1, "revision": format!("{revision:032x}"), "step": "city", "data": data }
}

async fn update(
    sessions: &Collection<Document>,
    form: Form,
    held: &Document,
    next: &Document,
) -> Result<(), Failed> {
    let (id, held, made) = (held.get("_id"), held.get("revision"), next.get("revision"));
    match form {
        Form::Pipeline => {
            let replace = doc! { "$replaceWith": { "$cond": [
                { "$and": [{ "$eq": ["$revision", held] }, { "$lte": ["$schema", 1] }] },
                { "$literal": next },
                "$$ROOT",
            ] } };
            let projection = doc! { "_id": 1, "found": { "$cond": [
                { "$eq": ["$revision", made] }, "$$REMOVE", "$$ROOT",
            ] } };
            sessions
                .find_one_and_update(doc! { "_id": id }, vec![replace])
                .projection(projection)
                .return_document(ReturnDocument::After)
                .await?;
        }
        Form::Filter => {
            let filter = doc! { "_id": id, "revision": held, "schema": { "$lte": 1 } };
            sessions
                .find_one_and_replace(filter, next)
                .projection(doc! { "_id": 1 })
                .await?;
        }
    }
    Ok(())
}
