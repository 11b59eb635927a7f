//! Every model of the catalogue can be generated with, by its schema alone.

use stepkeep_core::Reply;

use crate::answers::Extent;
use crate::dialogue::Dialogue;
use crate::studio::Studio;

/// Goes through all models: asks for each, and pays for it.
async fn walk(extent: Extent) {
    let studio = Studio::open().await;
    studio.models.learn().await;
    let models = studio.models.models().await.expect("models").value;
    let offer = studio.settings.generation.clone().expect("an offer");
    let offered = offer.models.models().expect("models");
    let left_out: Vec<_> = models
        .iter()
        .filter(|model| !offered.contains(model))
        .map(|model| model.model.as_str())
        .collect();
    // One has no document, and the input of the other contains itself.
    assert_eq!(left_out, ["omnihuman-1-5", "omnihuman-1-5/subject-detection"]);
    let mut made = 0;
    let mut undercharged: Vec<String> = Vec::new();
    for (number, model) in offered.iter().enumerate() {
        assert!(offer.prices.has(&model.model), "{} has no price", model.model);
        let shapes = offer.models.schema(&model.model).expect("a schema").shapes.len();
        for shape in 0..shapes {
            let user = i64::try_from(number * 100 + shape + 1).unwrap();
            let mut dialogue = Dialogue::new(&studio, user);
            studio.credit(dialogue.user(), 1_000_000).await;
            dialogue.begins(model.model.as_str()).await;
            if shapes > 1 {
                assert_eq!(dialogue.step().await, "shapes");
                dialogue.presses(&format!("{}. ", shape + 1)).await;
            }
            dialogue.answers_all(extent).await;
            assert_eq!(dialogue.step().await, "summary", "{}", model.model);
            let price = dialogue.texts().join("\n");
            dialogue.presses("Create for").await;
            dialogue.waits().await;
            made += 1;
            let tasks = studio.tasks().await;
            assert_eq!(tasks.len(), made, "{}: {:#?}", model.model, dialogue.said);
            assert_eq!(tasks[made - 1]["model"], model.model.as_str());
            assert!(
                !dialogue.files().is_empty(),
                "{}: {:#?}",
                model.model,
                dialogue.said
            );
            dialogue.must_have_heard("charged");
            let (total, reserved) = studio.balance(dialogue.user()).await;
            assert_eq!(reserved, 0, "{}", model.model);
            assert!(total < 1_000_000, "{}: {price}", model.model);
            // Half a cent for each credit.
            let credits = tasks[made - 1]["credits"].as_f64().expect("credits");
            let paid = f64::from(i32::try_from(1_000_000 - total).unwrap()) * 2.0;
            if paid + 0.001 < credits {
                undercharged.push(format!("{} {paid} < {credits}", model.model));
            }
            let texts = dialogue.said.iter().filter_map(Reply::message);
            for message in texts {
                assert!(message.text.encode_utf16().count() <= 4_096, "{}", model.model);
            }
        }
    }
    assert!(undercharged.is_empty(), "{undercharged:#?}");
    assert!(offered.len() >= 40, "{}", offered.len());
}

#[tokio::test]
async fn every_model_makes_something_of_as_little_as_it_takes() {
    walk(Extent::Least).await;
}

#[tokio::test]
async fn every_model_makes_something_of_as_much_as_it_lets() {
    walk(Extent::Most).await;
}
