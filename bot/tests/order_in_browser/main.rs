//! A person's order in the web page of `stepkeep demo`, from Start to the label, with clicks and keys only.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod demo;
mod person;

use demo::Demo;
use person::{ANNA, BORIS, Person};

/// The label that lies in the chat is a PDF of this person's parcel.
async fn check_label(person: &Person) {
    let label = person.download("label-").await;
    assert!(label.starts_with(b"%PDF-"), "{:?}", label.get(..20));
    assert!(label.trim_ascii_end().ends_with(b"%%EOF"));
}

#[tokio::test]
async fn an_order_in_english_from_start_to_the_label() {
    let mut demo = Demo::start().await;
    let person = Person::at(&demo, ANNA, "english").await;
    person.presses_start().await;
    person.hears("Hello!").await;
    person.pictures("menu").await;
    person.taps("New order").await;

    person.is_asked("Step 1 of 14").await;
    person.answers("Anna Miller", "Step 2 of 14").await;
    // Back goes to the name, and it can be typed anew.
    person.taps("Back").await;
    person.is_asked("Step 1 of 14").await;
    person.answers("Anna B. Miller", "Step 2 of 14").await;
    person.answers("500 W 2nd St", "Step 3 of 14").await;
    person.answers("Austin", "Step 4 of 14").await;
    person.answers("Texs", "Did you mean Texas?").await;
    person.pictures("wrong-answer").await;
    person.answers("tx", "Step 5 of 14").await;
    person.answers("78701", "Step 6 of 14").await;
    person.taps("Skip").await;
    person.is_asked("Step 7 of 14").await;

    // The page forgets nothing when it is loaded again, nor when the whole demo is killed.
    person.loads_the_page_again().await;
    person.hears("Anna B. Miller").await;
    person.answers("John Smith", "Step 8 of 14").await;
    demo.kill_and_start_again().await;
    person.moves_to(&demo).await;
    person.hears("Did you mean Texas?").await;
    person.answers("1 Market St", "Step 9 of 14").await;
    person.answers("San Francisco", "Step 10 of 14").await;
    person.answers("California", "Step 11 of 14").await;
    person.answers("94105", "Step 12 of 14").await;
    person.answers("(415) 555-2671", "Step 13 of 14").await;
    person.answers("heavy", "Example: 2.5 lb").await;
    person.answers("1 lb 4 oz", "Step 14 of 14").await;
    person.answers("10 x 6 x 4 in", "Please check your order").await;

    person.taps("Edit").await;
    person.hears("Which answer shall we change?").await;
    person.pictures("edit").await;
    person.taps("To: city").await;
    person.is_asked("Now it is: San Francisco").await;
    person
        .answers("South San Francisco", "Please check your order")
        .await;
    person.hears("South San Francisco, CA 94105").await;
    person.pictures("summary").await;

    person.taps("Show prices").await;
    person.hears("offers. Tap the one you like").await;
    person.pictures("offers").await;
    // The offers are the shipping service's own memory: it has to survive as well.
    demo.kill_and_start_again().await;
    person.moves_to(&demo).await;
    person.taps("USPS Priority Mail ·").await;
    person.hears("Shall I buy the label?").await;
    person.pictures("confirmation").await;
    person.taps("Buy for").await;
    person.hears("Your label is ready").await;
    person.hears("Shall we send another one?").await;
    check_label(&person).await;
    person.pictures("label").await;

    // The label is still there for the next process.
    demo.kill_and_start_again().await;
    person.moves_to(&demo).await;
    person.hears("Your label is ready").await;
    check_label(&person).await;
    person.leaves().await;
    demo.stop().await;
}

#[tokio::test]
async fn an_order_in_russian_with_a_change_of_language_in_the_middle() {
    let demo = Demo::start().await;
    let person = Person::at(&demo, BORIS, "russian").await;
    person.presses_start().await;
    person.hears("Здравствуйте!").await;
    person.pictures("menu").await;
    person.taps("Новый заказ").await;

    person.is_asked("Шаг 1 из 14").await;
    person.answers("Boris Volkov", "Шаг 2 из 14").await;
    person.answers("500 W 2nd St", "Шаг 3 из 14").await;
    person.answers("Austin", "Шаг 4 из 14").await;
    person.answers("Техас", "Шаг 5 из 14").await;
    person.answers("787", "В индексе США 5 или 9 цифр").await;
    person.pictures("wrong-answer").await;
    person.taps("Назад").await;
    person.is_asked("Шаг 4 из 14").await;
    person.answers("TX", "Шаг 5 из 14").await;
    person.answers("78701", "Шаг 6 из 14").await;
    person.taps("Пропустить").await;

    // Into English and back again, without losing the step.
    person.is_asked("Шаг 7 из 14").await;
    person
        .answers("/language", "На каком языке будем говорить?")
        .await;
    person.taps("English").await;
    person.hears("from now on I speak English").await;
    person.is_asked("Step 7 of 14").await;
    person.answers("Maria Lopez", "Step 8 of 14").await;
    person.answers("/language", "Which language shall I speak?").await;
    person.taps("Русский").await;
    person.hears("теперь говорю по-русски").await;
    person.is_asked("Шаг 8 из 14").await;
    person.loads_the_page_again().await;

    person.answers("1 Market St", "Шаг 9 из 14").await;
    person.answers("San Francisco", "Шаг 10 из 14").await;
    person.answers("Калифорния", "Шаг 11 из 14").await;
    person.answers("94105", "Шаг 12 из 14").await;
    person.taps("Пропустить").await;
    person.is_asked("Шаг 13 из 14").await;
    person.answers("2,5 фунта", "Шаг 14 из 14").await;
    person.taps("Пропустить").await;
    person.hears("Проверьте, пожалуйста, заказ").await;
    person.pictures("summary").await;

    person.taps("Изменить").await;
    person.hears("Какой ответ изменить?").await;
    person.pictures("edit").await;
    person.taps("Вес").await;
    person.is_asked("Сейчас: 2,5 фунта").await;
    person.answers("900 г", "Вес: 900 г").await;
    person.taps("Узнать цены").await;
    person.hears("Нашлось").await;
    person.pictures("offers").await;
    person.taps("FedEx 2Day").await;
    person.hears("Покупаем этикетку?").await;
    person.pictures("confirmation").await;
    person.taps("Купить за").await;
    person.hears("Этикетка готова").await;
    person.hears("Отправим ещё одну?").await;
    check_label(&person).await;
    person.pictures("label").await;
    person.leaves().await;
    demo.stop().await;
}

#[tokio::test]
async fn a_picture_and_a_voice_are_made_and_shown_in_the_page() {
    let demo = Demo::start().await;
    let person = Person::at(&demo, ANNA, "generation").await;
    person.presses_start().await;
    person.hears("I can also make pictures").await;
    person.taps("Create with AI").await;
    person.is_asked("What shall I make?").await;
    person.pictures("categories").await;
    person.answers("z-image", "I found 1 model").await;
    person.taps("Z-Image").await;
    person.is_asked("From $0.01").await;
    person.pictures("card").await;
    person.taps("Start").await;
    person.is_asked("❓ Prompt").await;
    person.answers("A red fox in the snow", "❓ Aspect ratio").await;
    person.pictures("options").await;
    person.taps("16:9").await;
    person.is_asked("❓ Nsfw checker").await;
    person.taps("Skip").await;
    person.is_asked("Price: $0.01").await;
    person.pictures("generation-summary").await;
    person.taps("Create for").await;
    person.hears("$0.01 charged").await;
    person.sees("photo img").await;
    person.is_asked("What next?").await;
    person.pictures("photo").await;

    person.taps("Something else").await;
    person.answers("elevenlabs turbo", "I found 1 model").await;
    person.taps("Turbo 2.5").await;
    person.is_asked("From $0.03").await;
    person.taps("Start").await;
    person.is_asked("❓ Text").await;
    person.answers("Good morning", "❓ Voice").await;
    person.taps("Rachel").await;
    person.is_asked("❓ Stability").await;
    person.taps("Leave out the rest").await;
    person.taps("Create for").await;
    person.hears("$0.03 charged").await;
    person.sees("audio").await;
    person.is_asked("What next?").await;
    person.pictures("audio").await;
    person.leaves().await;
}
