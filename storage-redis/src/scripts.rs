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
        let mut command = redis::cmd("EVALSHA");
        command.arg(self.digest.as_str());
        with_arguments(command, keys, arguments)
    }

    /// A call with the whole script: for a server that has not seen it, or has forgotten it. It remembers it then.
    pub(crate) fn call_in_full(&self, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.code);
        with_arguments(command, keys, arguments)
    }
}

fn with_arguments(mut command: Cmd, keys: &[&str], arguments: &[&[u8]]) -> Cmd {
    command.arg(keys.len()).arg(keys).arg(arguments);
    command
}
