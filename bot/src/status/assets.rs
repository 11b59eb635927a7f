//! The files of the dashboard, which are a part of the program.

/// A file that the page loads.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

/// The dashboard.
pub(super) const DASHBOARD: &str = include_str!("assets/dashboard.html");

/// The form for the token.
pub(super) const SIGN_IN: &str = include_str!("assets/sign-in.html");

/// What the form says when the token was wrong.
pub(super) const WRONG_TOKEN: &str = include_str!("assets/wrong-token.html");

/// What is said where nobody gets in.
pub(super) const CLOSED: &str = include_str!("assets/closed.html");

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: [Asset; 7] = [
    Asset {
        name: "status.css",
        kind: "text/css; charset=utf-8",
        text: include_str!("assets/status.css"),
    },
    Asset {
        name: "dashboard.js",
        kind: JAVASCRIPT,
        text: include_str!("assets/dashboard.js"),
    },
    Asset {
        name: "chart.js",
        kind: JAVASCRIPT,
        text: include_str!("assets/chart.js"),
    },
    Asset {
        name: "dom.js",
        kind: JAVASCRIPT,
        text: include_str!("assets/dom.js"),
    },
    Asset {
        name: "words.js",
        kind: JAVASCRIPT,
        text: include_str!("assets/words.js"),
    },
    Asset {
        name: "sign-in.js",
        kind: JAVASCRIPT,
        text: include_str!("assets/sign-in.js"),
    },
    Asset {
        name: "icon.svg",
        kind: "image/svg+xml",
        text: include_str!("assets/icon.svg"),
    },
];

/// The file of this name.
pub(super) fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}
