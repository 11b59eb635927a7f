//! What the disk itself takes to keep something, beside which writes are to be seen: a disk that has just been given
//! gigabytes is slow for a while, whatever a store does.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::report::latency::median;

/// How many times are measured; their median counts.
const TRIES: u32 = 16;

/// A page.
const BYTES: usize = 4_096;

/// Up to which multiple of the time at first a disk has calmed down.
const CALM: f64 = 2.0;

/// How long a page takes to be on the disk where this folder is, in microseconds.
///
/// # Errors
/// When a file can't be written there.
pub(super) async fn flush_us(folder: &Path) -> anyhow::Result<f64> {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || {
        let file = tempfile::tempfile_in(folder)?;
        let times = (0..TRIES).map(|page| flush(&file, u64::from(page)));
        Ok(median(times.collect::<std::io::Result<_>>()?))
    })
    .await?
}

fn flush(file: &File, page: u64) -> std::io::Result<f64> {
    file.write_all_at(&[7; BYTES], page * BYTES as u64)?;
    let begun = Instant::now();
    file.sync_data()?;
    Ok(begun.elapsed().as_secs_f64() * 1e6)
}

/// Waits until the disk is about as fast as it was at first, for at most so long, and answers how fast it is.
///
/// # Errors
/// When a file can't be written there.
pub(super) async fn calm(folder: &Path, at_first: f64, patience: Duration) -> anyhow::Result<f64> {
    let begun = Instant::now();
    loop {
        let now = flush_us(folder).await?;
        if now <= at_first * CALM || begun.elapsed() >= patience {
            return Ok(now);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_a_calm_disk_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let now = calm(folder.path(), 0.0, Duration::ZERO).await.unwrap();
        assert!(now > 0.0);
        assert!(flush_us(&folder.path().join("none")).await.is_err());
    }
}
