//! The web chat: the page at `/` in which people write to bots, and its files under `/assets/`.
//!
//! Plain HTML, CSS and ES modules, compiled into the binary. The page talks to nothing but the people's side of the
//! same listener.
//!
//! # Handles for tests
//!
//! Elements keep their `data-testid`, so that tests hold on to them and not to words or looks:
//!
//! | where | `data-testid` |
//! |---|---|
//! | states | `waiting` (no bot yet), `welcome` (nothing said yet), `connection-lost`, `blocked` |
//! | header | `bot-name`, `status`, `typing`, `whoami`, `theme-toggle`, `side-open` |
//! | log | `log`, `day`, `message` (with `data-message-id` and `data-from`), `message-text`, `edited`, `quote`, `jump` |
//! | in messages | `inline-keyboard`, `inline-button` (with `data-callback`; `aria-busy` until answered; `data-pay` where it pays), `invoice`, `document`, `document-open`, `document-download`, `photo`, `photo-viewer` |
//! | dock | `start`, `composer`, `send`, `commands`, `command-list`, `command` (with `data-command`), `reply-keyboard`, `reply-button`, `keyboard-toggle`, `unblock` |
//! | uploads | `attach-photo`, `attach-file`, `photo-input`, `file-input`, `upload`, `caption`, `upload-send` |
//! | notices | `toast`, `alert`, `alert-close` |
//! | side | `people`, `person` (with `data-person`), `person-tab`, `new-person`, `person-name`, `person-language`, `person-create`, `bots`, `tools`, `tools-redeliver`, `tools-tap-again`, `tools-fail-429`, `tools-fail-500`, `tools-block` |

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

/// The page may load and call its own origin only; text that a bot wrote can't bring scripts along.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' blob: data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// One embedded file.
#[derive(Debug)]
struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

/// Embeds files of the folder `assets` that share a content type.
macro_rules! assets {
    ($($content_type:literal: [$($name:literal),+ $(,)?]),+ $(,)?) => {
        &[$($(Asset {
            name: $name,
            content_type: $content_type,
            bytes: include_bytes!(concat!("assets/", $name)),
        }),+),+]
    };
}

const INDEX: Asset = Asset {
    name: "index.html",
    content_type: "text/html; charset=utf-8",
    bytes: include_bytes!("assets/index.html"),
};

const ASSETS: &[Asset] = assets! {
    "text/javascript; charset=utf-8": [
        "api.js",
        "chat.js",
        "commands.js",
        "composer.js",
        "dom.js",
        "entities.js",
        "format.js",
        "i18n.js",
        "keyboards.js",
        "live.js",
        "media.js",
        "messages.js",
        "notices.js",
        "payments.js",
        "people.js",
        "scroll.js",
        "status.js",
        "theme.js",
        "tools.js",
        "transcript.js",
        "uploads.js",
    ],
    "text/css; charset=utf-8": [
        "chat.css",
        "composer.css",
        "messages.css",
        "panels.css",
        "theme.css",
    ],
    "image/svg+xml": [
        "favicon.svg",
        "icons.svg",
    ],
};

/// Serves the web chat: the page at `/`, its files under `/assets/`.
///
/// Every answer carries an `ETag` and has to be revalidated, so a page is never a mix of two versions of the sandbox,
/// and an unchanged file costs a `304`.
pub fn router() -> Router {
    Router::new()
        .route("/", get(index))
        .route("/assets/{name}", get(asset))
}

async fn index(headers: HeaderMap) -> Response {
    answer(&INDEX, &headers)
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => answer(asset, &headers),
        None => (StatusCode::NOT_FOUND, "no such file").into_response(),
    }
}

fn answer(asset: &Asset, request: &HeaderMap) -> Response {
    let etag = etag(asset.bytes);
    let known = request
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| known.split(',').any(|one| one.trim() == etag));
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.content_type)], asset.bytes).into_response()
    };
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    );
    response
}

/// Changes with the content. It needs to be stable within one binary only.
fn etag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn text(asset: &Asset) -> &'static str {
        std::str::from_utf8(asset.bytes).unwrap()
    }

    fn named(name: &str) -> &'static Asset {
        ASSETS.iter().find(|asset| asset.name == name).unwrap()
    }

    /// What stands between each `start` and the next `end`.
    fn between(text: &'static str, start: &'static str, end: char) -> impl Iterator<Item = &'static str> {
        text.split(start)
            .skip(1)
            .filter_map(move |rest| rest.split(end).next())
    }

    #[test]
    fn every_file_that_the_page_asks_for_is_embedded() {
        let names: BTreeSet<_> = ASSETS.iter().map(|asset| asset.name).collect();
        let of_page = between(text(&INDEX), "/assets/", '"');
        let of_modules = ASSETS
            .iter()
            .filter(|asset| asset.content_type.starts_with("text/javascript"))
            .flat_map(|asset| between(text(asset), "from \"./", '"'));
        let asked: BTreeSet<_> = of_page
            .chain(of_modules)
            .filter_map(|address| address.split('#').next())
            .collect();
        let unknown: Vec<_> = asked.difference(&names).collect();
        assert!(unknown.is_empty(), "not embedded: {unknown:?}");
        let unused: Vec<_> = names.difference(&asked).collect();
        assert!(unused.is_empty(), "embedded for nobody: {unused:?}");
    }

    #[test]
    fn every_icon_that_the_page_names_is_drawn() {
        let icons = text(named("icons.svg"));
        let of_page = between(text(&INDEX), "icons.svg#", '"');
        let of_modules = ASSETS
            .iter()
            .flat_map(|asset| between(text(asset), "icon(\"", '"'));
        let missing: Vec<_> = of_page
            .chain(of_modules)
            .filter(|name| !icons.contains(&format!("<symbol id=\"{name}\"")))
            .collect();
        assert!(missing.is_empty(), "not drawn: {missing:?}");
    }

    #[test]
    fn both_languages_have_the_same_words_and_all_that_the_page_uses() {
        let words = text(named("i18n.js"));
        let (english, russian) = words.split_once("\n  ru: {").unwrap();
        let keys = |text: &'static str| -> BTreeSet<_> { between(text, "\n    \"", '"').collect() };
        let english = keys(english);
        assert_eq!(english, keys(russian));

        let used = between(text(&INDEX), "data-t=\"", '"')
            .chain(between(text(&INDEX), "data-t-label=\"", '"'))
            .chain(between(text(&INDEX), "data-t-placeholder=\"", '"'))
            .chain(ASSETS.iter().flat_map(|asset| between(text(asset), " t(\"", '"')))
            .chain(ASSETS.iter().flat_map(|asset| between(text(asset), "(t(\"", '"')));
        let missing: Vec<_> = used.filter(|key| !english.contains(key)).collect();
        assert!(missing.is_empty(), "no words for: {missing:?}");
    }

    #[test]
    fn an_unchanged_file_is_not_sent_again() {
        let first = answer(&INDEX, &HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");

        let mut request = HeaderMap::new();
        request.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(answer(&INDEX, &request).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(answer(named("chat.js"), &request).status(), StatusCode::OK);
    }
}
