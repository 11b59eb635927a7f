//! What is done inside Redis: one script, one round trip.

use redis::{Cmd, Script};

/// A script, with the name of its digest.
pub(crate) struct NamedScript {
    code: &'static str,
    digest: String,
}

/// Every script of the store.
pub(crate) struct Scripts {
    pub(crate) create: NamedScript,
    pub(crate) update: NamedScript,
    pub(crate) replace: NamedScript,
    pub(crate) clear: NamedScript,
    pub(crate) page: NamedScript,
    pub(crate) clean: NamedScript,
    pub(crate) set_up: NamedScript,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            create: NamedScript::new(include_str!("scripts/create.lua")),
            update: NamedScript::new(include_str!("scripts/update.lua")),
            replace: NamedScript::new(include_str!("scripts/replace.lua")),
            clear: NamedScript::new(include_str!("scripts/clear.lua")),
            page: NamedScript::new(concat!(
                include_str!("scripts/place.lua"),
                include_str!("scripts/page.lua")
            )),
            clean: NamedScript::new(concat!(
                include_str!("scripts/place.lua"),
                include_str!("scripts/clean.lua")
            )),
            set_up: NamedScript::new(include_str!("scripts/set_up.lua")),
        }
    }
}

impl NamedScript {
    pub(crate) fn new(code: &'static str) -> Self {
        Self {
            code,
            digest: Script::new(code).get_hash().to_owned(),
        }
    }

    /// A call by the digest, which is all that a server needs that has seen the script.
    pub(crate) fn call(&self, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
        with_arguments("EVALSHA", &self.digest, keys, arguments)
    }

    /// A call with the whole script: for a server that has not seen it, or has forgotten it. It remembers it then.
    pub(crate) fn call_in_full(&self, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
        with_arguments("EVAL", self.code, keys, arguments)
    }
}

fn with_arguments(name: &str, script: &str, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
    /// What the number of keys may take.
    const NUMBER: usize = 20;
    let bytes_of_keys: usize = keys.iter().map(|key| key.len()).sum();
    let bytes_of_arguments: usize = arguments.iter().map(|argument| argument.len()).sum();
    // In one piece: a record would move several times otherwise.
    let mut command = Cmd::with_capacity(
        3 + keys.len() + arguments.len(),
        name.len() + script.len() + NUMBER + bytes_of_keys + bytes_of_arguments,
    );
    command
        .arg(name)
        .arg(script)
        .arg(keys.len())
        .arg(keys)
        .arg(arguments);
    command
}
