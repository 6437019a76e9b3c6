//! What the machine tells of a process and of its limits: `/proc`, so Linux only.

use std::fs;

use anyhow::{Context as _, Result, bail};

/// Ticks a second of the times in `/proc/PID/stat`: what Linux shows to programs, on every machine.
const TICKS: f64 = 100.0;
/// Files beside the streams and the connections: databases, logs, the runtime.
const SPARE_FILES: usize = 200;

/// Processor time of a process so far, in seconds (to a hundredth).
pub fn cpu(pid: u32) -> Result<f64> {
    let text =
        fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    // The name, in parentheses, may hold anything; the fields count from behind it.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
    match (ticks(11), ticks(12)) {
        (Some(user), Some(system)) => Ok((user + system) / TICKS),
        _ => bail!("/proc/{pid}/stat cannot be read"),
    }
}

/// Resident memory of a process in KiB: now, and at most so far.
pub fn memory(pid: u32) -> Result<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} is gone"))?;
    let line = |name: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
        rest.trim_start_matches(':').trim().trim_end_matches(" kB").parse().ok()
    };
    Ok((line("VmRSS").context("no VmRSS")?, line("VmHWM").context("no VmHWM")?))
}

/// Refuses a run for which this machine lets a process open too few files or ports.
pub fn check_limits(streams: usize, connections: usize) -> Result<()> {
    let needed = streams + connections + SPARE_FILES;
    let limits = fs::read_to_string("/proc/self/limits").context("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    let mut words = line.split_whitespace();
    let (soft, hard) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if soft.parse::<usize>().is_ok_and(|soft| soft < needed) {
        bail!(
            "{streams} streams and {connections} connections need {needed} open files, in this process and in the \
             server, and the limit is {soft} (at most {hard}): raise it with `ulimit -n {needed}`, or lower --streams"
        );
    }
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let bounds: Vec<usize> = range.split_whitespace().filter_map(|text| text.parse().ok()).collect();
    if let [low, high] = bounds.as_slice()
        && high.saturating_sub(*low) < needed
    {
        bail!(
            "{streams} streams and {connections} connections to one address need {needed} local ports, and \
             net.ipv4.ip_local_port_range is {low} to {high}: widen it, or lower --streams"
        );
    }
    Ok(())
}
