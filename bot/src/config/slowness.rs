//! The thresholds of the latency log.

use stepkeep_core::Slowness;

use super::error::Findings;
use super::{setting, values};

/// Reads and checks the three thresholds; `None` if they are wrong, or not in order.
pub(super) fn read(findings: &mut Findings<'_>) -> Option<Slowness> {
    let info = findings.read(&setting::SLOW_INFO, values::parse_slow);
    let warn = findings.read(&setting::SLOW_WARN, values::parse_slow);
    let error = findings.read(&setting::SLOW_ERROR, values::parse_slow);
    let (info, warn, error) = (info?, warn?, error?);
    let slowness = Slowness { info, warn, error };
    if slowness.is_in_order() {
        return Some(slowness);
    }
    if info > warn {
        let reason = format!(
            "it is longer than slow_warn, which is {}",
            humantime::format_duration(warn)
        );
        findings.contradicts(&setting::SLOW_INFO, reason);
    } else {
        let reason = format!(
            "it is longer than slow_error, which is {}",
            humantime::format_duration(error)
        );
        findings.contradicts(&setting::SLOW_WARN, reason);
    }
    None
}
