//! Who may look at the dashboard.
//!
//! Whoever brings the token, in a header or once through the sign-in form, which answers with a cookie. Without a token in the
//! settings there are links instead, each of which opens the dashboard once: whoever reads the log may use them.

use std::fmt;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::Mutex;
use sha2::Sha256;
use stepkeep_core::{BotId, SessionKey, Timestamp};

use super::token::{StatusToken, is_same};
use crate::telegram::BotToken;

/// How long somebody stays signed in.
const SIGNED_IN_FOR: Duration = Duration::from_hours(7 * 24);

/// How somebody gets in.
pub(super) struct Access {
    way: Way,
    /// Signs cookies. It outlives the process, and so does being signed in.
    cookie_key: Vec<u8>,
    /// Makes the names under which people are shown.
    name_key: Vec<u8>,
    cookie_name: String,
}

enum Way {
    Token(StatusToken),
    /// The secret of the link that works next.
    Link {
        secret: Mutex<String>,
        at: SocketAddr,
    },
    /// There is no token, and others than the machine's own users could reach the address.
    Closed,
}

impl Access {
    /// How people get in at this address.
    pub(super) fn new(token: Option<&StatusToken>, bot: &BotToken, at: SocketAddr) -> Self {
        let way = match token {
            Some(token) => Way::Token(token.clone()),
            None if at.ip().is_loopback() => Way::Link {
                secret: Mutex::new(new_secret()),
                at,
            },
            None => Way::Closed,
        };
        let secret = token.map_or_else(|| bot.expose(), StatusToken::expose);
        Self {
            way,
            cookie_key: sign(secret.as_bytes(), &["stepkeep/status-cookie/1"]),
            name_key: sign(bot.expose().as_bytes(), &["stepkeep/status-name/1"]),
            cookie_name: format!("stepkeep_status_{}", bot.bot_id().0),
        }
    }

    /// Whether nobody gets in at all.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.way, Way::Closed)
    }

    /// The link that opens the dashboard once, if there is no token for it.
    pub(super) fn link(&self) -> Option<String> {
        match &self.way {
            Way::Link { secret, at } => Some(format!("http://{at}/?token={}", secret.lock())),
            Way::Token(_) | Way::Closed => None,
        }
    }

    /// Whether the caller is signed in, or brings the token.
    pub(super) fn admits(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        if self.is_closed() {
            return false;
        }
        let cookies = headers.get_all(header::COOKIE).iter();
        let mut cookies = cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        if cookies.any(|(name, value)| name == self.cookie_name && self.is_valid(value, now)) {
            return true;
        }
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        match (&self.way, bearer) {
            (Way::Token(token), Some((_, sent))) => token.matches(sent.trim()),
            _ => false,
        }
    }

    /// Takes a token, or the secret of a link, which is used up by that; answers the cookie for it.
    pub(super) fn sign_in(&self, sent: &str, headers: &HeaderMap, now: Timestamp) -> Option<String> {
        match &self.way {
            Way::Token(token) => token.matches(sent.trim()).then_some(())?,
            Way::Link { secret, .. } => {
                let mut secret = secret.lock();
                is_same(&secret, sent.trim()).then_some(())?;
                *secret = new_secret();
            }
            Way::Closed => return None,
        }
        let until = (now + SIGNED_IN_FOR).as_millis().to_string();
        let value = format!("{until}.{}", hex(&sign(&self.cookie_key, &[&until])));
        Some(self.cookie(&value, SIGNED_IN_FOR, headers))
    }

    /// The cookie of who is signed in no more.
    pub(super) fn signed_out(&self, headers: &HeaderMap) -> String {
        self.cookie("", Duration::ZERO, headers)
    }

    fn cookie(&self, value: &str, keep: Duration, headers: &HeaderMap) -> String {
        let (name, seconds) = (&self.cookie_name, keep.as_secs());
        let is_https = headers
            .get("x-forwarded-proto")
            .is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"));
        let secure = if is_https { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }

    fn is_valid(&self, cookie: &str, now: Timestamp) -> bool {
        let Some((until, signature)) = cookie.split_once('.') else {
            return false;
        };
        let is_signed = is_same(&hex(&sign(&self.cookie_key, &[until])), signature);
        let until = until.parse().map(Timestamp::from_millis);
        is_signed && until.is_ok_and(|until| now < until)
    }

    /// A name for a conversation that tells it from others, and not whose it is.
    pub(super) fn name_of(&self, key: &SessionKey) -> String {
        let mut name = hex(&sign(&self.name_key, &[&key.encode()]));
        name.truncate(8);
        name
    }
}

#[expect(
    clippy::expect_used,
    reason = "HMAC takes keys of any length: a long one is hashed first"
)]
fn sign(key: &[u8], parts: &[&str]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    for part in parts {
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn new_secret() -> String {
    format!("{:032x}", rand::random::<u128>())
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Token(_) => "token",
            Way::Link { .. } => "link",
            Way::Closed => "closed",
        };
        f.debug_struct("Access")
            .field("way", &way)
            .finish_non_exhaustive()
    }
}

/// The key of a session that nobody has: to ask the store for something that costs nothing.
pub(super) fn nobodys_key(bot: BotId) -> SessionKey {
    SessionKey::new(bot, stepkeep_core::ChatId(0), stepkeep_core::UserId(0))
}

#[cfg(test)]
mod tests {
    use stepkeep_core::UserId;

    use super::*;

    const TOKEN: &str = "a-token-of-24-characters";
    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn bot() -> BotToken {
        BotToken::parse("123:AAE-secret").unwrap()
    }

    fn access(token: Option<&str>, at: &str) -> Access {
        let token = token.map(|token| StatusToken::parse(token).unwrap());
        Access::new(token.as_ref(), &bot(), at.parse().unwrap())
    }

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    /// The cookie as the browser sends it back.
    fn sent_back(cookie: &str) -> HeaderMap {
        with(header::COOKIE, cookie.split(';').next().unwrap())
    }

    #[test]
    fn the_cookie_of_a_sign_in_is_good_for_a_week_and_in_the_next_process() {
        let door = access(Some(TOKEN), "127.0.0.1:1");
        assert_eq!(
            door.sign_in("a-wrong-token-of-some-length", &HeaderMap::new(), NOW),
            None
        );
        let cookie = door.sign_in(TOKEN, &HeaderMap::new(), NOW).unwrap();
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
        assert!(!cookie.contains(TOKEN), "{cookie}");

        let next = access(Some(TOKEN), "127.0.0.1:2");
        assert!(next.admits(&sent_back(&cookie), NOW + Duration::from_hours(7 * 24 - 1)));
        assert!(!next.admits(&sent_back(&cookie), NOW + Duration::from_hours(7 * 24)));
        let other = access(Some("another-token-of-some-length"), "127.0.0.1:2");
        assert!(!other.admits(&sent_back(&cookie), NOW), "a new token ends it");
    }

    #[test]
    fn a_cookie_that_was_changed_is_none() {
        let door = access(Some(TOKEN), "127.0.0.1:1");
        let cookie = door.sign_in(TOKEN, &HeaderMap::new(), NOW).unwrap();
        let (name, rest) = cookie.split_once('=').unwrap();
        let (_, signature) = rest.split(';').next().unwrap().split_once('.').unwrap();
        for value in [
            format!("{}.{signature}", NOW.as_millis() * 2),
            format!(".{signature}"),
            signature.to_owned(),
            String::new(),
        ] {
            assert!(
                !door.admits(&with(header::COOKIE, &format!("{name}={value}")), NOW),
                "{value}"
            );
        }
    }

    #[test]
    fn a_header_has_to_have_the_whole_token() {
        let door = access(Some(TOKEN), "0.0.0.0:1");
        let admits = |value: &str| door.admits(&with(header::AUTHORIZATION, value), NOW);
        assert!(admits(&format!("Bearer {TOKEN}")) && admits(&format!("bearer {TOKEN}")));
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer a-token-of-24-character",
            TOKEN,
            "Basic x",
        ] {
            assert!(!admits(wrong), "{wrong:?}");
        }
        assert!(!door.admits(&HeaderMap::new(), NOW));
    }

    #[test]
    fn a_link_opens_once_and_only_on_the_own_machine() {
        let door = access(None, "127.0.0.1:9464");
        let link = door.link().unwrap();
        let secret = link.strip_prefix("http://127.0.0.1:9464/?token=").unwrap();
        assert_eq!(secret.len(), 32);
        assert!(door.sign_in("", &HeaderMap::new(), NOW).is_none());
        let cookie = door.sign_in(secret, &HeaderMap::new(), NOW).unwrap();
        assert!(door.admits(&sent_back(&cookie), NOW));
        assert!(
            door.sign_in(secret, &HeaderMap::new(), NOW).is_none(),
            "it is used up"
        );
        assert_ne!(door.link().unwrap(), link, "there is another");

        let door = access(None, "0.0.0.0:9464");
        assert!(door.is_closed() && door.link().is_none());
        assert!(
            !door.admits(&sent_back(&cookie), NOW),
            "a cookie opens nothing that is closed"
        );
    }

    #[test]
    fn behind_https_the_cookie_stays_there() {
        let door = access(Some(TOKEN), "127.0.0.1:1");
        let https = HeaderMap::from_iter([("x-forwarded-proto".parse().unwrap(), "https".parse().unwrap())]);
        assert!(door.sign_in(TOKEN, &https, NOW).unwrap().ends_with("; Secure"));
    }

    #[test]
    fn names_tell_people_apart_and_not_who_they_are() {
        let door = access(Some(TOKEN), "127.0.0.1:1");
        let [ann, bob] =
            [1_001, 1_002].map(|user| door.name_of(&SessionKey::private(BotId(123), UserId(user))));
        assert_ne!(ann, bob);
        assert_eq!(ann.len(), 8);
        assert!(!ann.contains("1001"));
    }

    #[test]
    fn nothing_secret_shows_in_debug() {
        let shown = format!(
            "{:?} {:?}",
            access(Some(TOKEN), "127.0.0.1:1"),
            access(None, "127.0.0.1:1")
        );
        assert!(!shown.contains(TOKEN) && !shown.contains("AAE"), "{shown}");
    }
}
