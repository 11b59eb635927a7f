//! Where the servers' programs are.

use std::path::{Path, PathBuf};

/// Debian's `redis-server`, or what `STEPKEEP_TEST_REDIS_SERVER` names: another version, or Valkey.
pub fn redis_server() -> PathBuf {
    find("redis-server", "STEPKEEP_TEST_REDIS_SERVER")
}

/// `mongod` 5.0 or later, or what `STEPKEEP_TEST_MONGOD` names.
pub fn mongod() -> PathBuf {
    find("mongod", "STEPKEEP_TEST_MONGOD")
}

/// What the variable names, else what `scripts/get-servers` put beside the build, else what is on the `PATH`.
fn find(name: &str, variable: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let beside_the_build = fetched_programs().map(|folder| folder.join(name));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_the_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    beside_the_build
        .into_iter()
        .chain(on_the_path)
        .find(|program| program.is_file())
        .unwrap_or_else(|| {
            panic!("this test needs {name}: run scripts/get-servers, or name one in {variable}")
        })
}

/// The folder that `scripts/get-servers` puts programs into: `test-servers` in the build's folder, found from the
/// program that runs, which cargo put into that folder's `debug/deps` or the like.
fn fetched_programs() -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    let folder = executable
        .ancestors()
        .map(|folder| folder.join("test-servers"))
        .find(|folder| folder.join("mongod").is_file());
    folder.or_else(|| {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
        Some(workspace.join("target/test-servers"))
    })
}
