//! Reading and writing the state file.

use std::{
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::SavedState;

/// Counts up with each change that an older sandbox could not read.
const VERSION: u32 = 1;

/// A state file that could not be understood, and was kept under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAside {
    /// The state file.
    pub path: PathBuf,
    /// Where it is now.
    pub kept_as: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for PutAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            kept_as,
            reason,
        } = self;
        write!(
            f,
            "the state of the sandbox in {} can't be read ({reason}), so the chats begin anew; the file is kept as {}",
            path.display(),
            kept_as.display()
        )
    }
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Envelope<S> {
    version: u32,
    state: S,
}

/// What the file says; `None` if there is none, or if it had to be put aside.
///
/// # Errors
/// The file is there, and can't be read or be put aside.
pub(super) fn read(path: &Path) -> io::Result<(Option<SavedState>, Option<PutAside>)> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((None, None)),
        Err(error) => return Err(error),
    };
    let reason = match parse(&bytes) {
        Ok(state) => return Ok((Some(state), None)),
        Err(reason) => reason,
    };
    let kept_as = beside(path, ".broken");
    fs::rename(path, &kept_as)?;
    let put_aside = PutAside {
        path: path.to_owned(),
        kept_as,
        reason,
    };
    Ok((None, Some(put_aside)))
}

fn parse(bytes: &[u8]) -> Result<SavedState, String> {
    // The version first: a file of another version has another shape.
    let Versioned { version } = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if version != VERSION {
        return Err(format!(
            "it is of version {version}, and this sandbox reads version {VERSION}"
        ));
    }
    let envelope: Envelope<SavedState> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    Ok(envelope.state)
}

/// Writes the file beside the old one, and then in its place: whenever the process ends, one of the two is whole.
///
/// # Errors
/// The folder can't be written to.
pub(super) fn write(path: &Path, state: &SavedState) -> io::Result<()> {
    let envelope = Envelope {
        version: VERSION,
        state,
    };
    let bytes = serde_json::to_vec(&envelope)?;
    let new = beside(path, ".new");
    fs::write(&new, bytes)?;
    fs::rename(&new, path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
