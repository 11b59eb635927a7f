//! Who may look.

use reqwest::Method;

use crate::support::{Bot, TOKEN, header};

const PROTECTED: [&str; 2] = ["/api/telegram/status", "/api/dashboard"];

#[tokio::test]
async fn the_data_is_for_who_has_the_whole_token() {
    let bot = Bot::start().await;
    for path in PROTECTED {
        let without = bot.get(path).send().await.unwrap();
        assert_eq!(without.status(), 401, "{path}");
        assert_eq!(header(&without, "www-authenticate"), "Bearer");
        let shorter = &TOKEN[..TOKEN.len() - 1];
        for wrong in [shorter, &format!("{TOKEN}x"), &TOKEN.to_uppercase(), "x"] {
            let answer = bot.get(path).bearer_auth(wrong).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path} {wrong}");
            assert!(!answer.text().await.unwrap().contains("uptime"));
        }
        // A token in the address is for the page alone.
        let in_address = bot.get(&format!("{path}?token={TOKEN}")).send().await.unwrap();
        assert_eq!(in_address.status(), 401, "{path}");
        let right = bot.get(path).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(right.status(), 200, "{path}");
    }
    bot.end().await;
}

#[tokio::test]
async fn a_token_in_the_address_becomes_a_cookie_and_leaves_the_address() {
    let bot = Bot::start().await;
    let form = bot.get("/").send().await.unwrap();
    assert_eq!(form.status(), 401);
    assert!(form.text().await.unwrap().contains("sign-in"));

    let wrong = bot
        .get("/?token=a-wrong-token-of-some-length")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (wrong.status().as_u16(), header(&wrong, "set-cookie")),
        (401, String::new())
    );

    let right = bot.get(&format!("/?token={TOKEN}")).send().await.unwrap();
    assert_eq!(
        (right.status().as_u16(), header(&right, "location")),
        (303, "./".to_owned())
    );
    let cookie = header(&right, "set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert!(!cookie.contains(TOKEN), "{cookie}");

    let cookie = cookie.split(';').next().unwrap();
    let page = bot.get("/").header("cookie", cookie).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("dashboard.js"));
    let data = bot
        .get("/api/dashboard")
        .header("cookie", cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(data.status(), 200);
    bot.end().await;
}

#[tokio::test]
async fn the_form_signs_in_and_the_button_signs_out() {
    let bot = Bot::start().await;
    let post = |path: &'static str, body: String| {
        let form = "application/x-www-form-urlencoded";
        bot.request(Method::POST, path)
            .header("content-type", form)
            .body(body)
            .send()
    };
    let wrong = post("/sign-in", "token=wrong".to_owned()).await.unwrap();
    assert_eq!(wrong.status(), 401);
    let right = post("/sign-in", format!("token={TOKEN}")).await.unwrap();
    assert_eq!(right.status(), 303);
    assert!(header(&right, "set-cookie").starts_with("stepkeep_status_7000001=1"));
    let out = post("/sign-out", String::new()).await.unwrap();
    assert!(header(&out, "set-cookie").contains("=; Path=/; Max-Age=0"));
    let huge = post("/sign-in", format!("token={}", "x".repeat(10_000)))
        .await
        .unwrap();
    assert_eq!(huge.status(), 413);
    bot.end().await;
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_others_out() {
    let bot = Bot::start().await;
    for path in [
        "/",
        "/healthz",
        "/readyz",
        "/assets/status.css",
        "/api/dashboard",
        "/nothing",
    ] {
        let answer = bot.get(path).send().await.unwrap();
        let policy = header(&answer, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(header(&answer, name), value, "{path}");
        }
    }
    bot.end().await;
}

#[tokio::test]
async fn the_pages_load_nothing_from_elsewhere() {
    let bot = Bot::start().await;
    let page = bot
        .get("/")
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let mut files = vec![
        "assets/chart.js",
        "assets/dom.js",
        "assets/words.js",
        "assets/sign-in.js",
    ];
    files.extend(page.split(['"']).filter(|part| part.starts_with("assets/")));
    assert!(files.len() > 6, "{files:?}");
    for file in files {
        let answer = bot.get(&format!("/{file}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{file}");
        let text = answer.text().await.unwrap();
        // The one address is the name of SVG.
        let elsewhere = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("://"), "{file}");
    }
    assert!(!page.contains("://") && !page.contains("style="), "{page}");
    bot.end().await;
}

#[tokio::test]
async fn without_a_token_a_link_opens_the_dashboard() {
    let bot = Bot::begin(&[]).await;
    crate::support::eventually(async || bot.get("/healthz").send().await.is_ok()).await;
    // The link itself is in the log only; nothing else opens.
    assert_eq!(bot.get("/").send().await.unwrap().status(), 401);
    assert_eq!(bot.get("/?token=").send().await.unwrap().status(), 401);
    let empty = bot.get("/api/dashboard").bearer_auth("").send().await.unwrap();
    assert_eq!(empty.status(), 401);
    bot.end().await;
}
