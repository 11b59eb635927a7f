//! How a session looks in MongoDB's shell.

use mongodb::bson::doc;
use stepkeep_core::{
    Draw, FieldValue, FlowName, NewSession, Position, SessionChange, SessionStore, StepName,
};

use crate::{at, field, get, key, new_database, open, raw};

#[tokio::test]
async fn a_document_can_be_read_by_a_person() {
    let url = new_database().await;
    let store = open(&url).await;
    let position = Position {
        flow: FlowName::new("order").unwrap(),
        version: 2,
        step: StepName::new("city").unwrap(),
    };
    let change = SessionChange::with_draw(at(1_700_000_000_000), Draw::from_u64(255))
        .go_to(position)
        .set(field("city"), FieldValue::text("Austin"))
        .set(field("kg"), FieldValue::from_json("[1,2.50]".into()).unwrap())
        .set(
            field("exact"),
            FieldValue::from_json("18446744073709551615".into()).unwrap(),
        )
        .wake_at(Some(at(1_700_000_060_000)));
    store.create(NewSession::new(key(42), change)).await.unwrap();
    let document = raw(&url).await.find_one(doc! {}).await.unwrap().unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
}

#[tokio::test]
async fn what_looks_like_an_operator_stays_data() {
    let url = new_database().await;
    let store = open(&url).await;
    let json =
        r#"{"$set":{"revision":"x"},"$where":"1","a.b":"$$ROOT","$literal":[{"$add":[1,2]}],"":{"%24":1}}"#;
    let value = FieldValue::from_json(json.into()).unwrap();
    let change = SessionChange::new(at(1)).set(field("trap"), value.clone());
    let held = store.create(NewSession::new(key(1), change)).await.unwrap();
    assert_eq!(get(&store, 1).await.field("trap"), Some(&value));
    let updated = store
        .update(
            &held,
            &SessionChange::new(at(2)).set(field("trap2"), value.clone()),
        )
        .await
        .unwrap();
    assert_eq!(get(&store, 1).await, updated);
    assert_eq!(updated.field("trap2"), Some(&value));
}

#[tokio::test]
async fn created_and_updated_documents_have_the_same_members() {
    let url = new_database().await;
    let store = open(&url).await;
    let held = store.create(crate::new_session(1)).await.unwrap();
    let sessions = raw(&url).await;
    let created = sessions.find_one(doc! {}).await.unwrap().unwrap();
    store.update(&held, &SessionChange::new(at(1_000))).await.unwrap();
    let updated = sessions.find_one(doc! {}).await.unwrap().unwrap();
    let names = |document: &mongodb::bson::Document| {
        let mut names: Vec<_> = document.keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&created), names(&updated));
}
