//! The command line. Says nothing about how a run is done.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const ABOUT: &str = "Puts load on a Pennon server and checks that no stream missed a revision.

Starts a server on a free port with data of its own, makes flags, opens streams, evaluates flags at a fixed rate and \
turns flags on and off. At the end every stream must have covered every revision up to the last (`from` -> `revision` \
without a hole, a repetition or a step back), with the right content, and every evaluation must have had the right \
answer: otherwise the exit code is 1. Then the same load goes to the floor, a minimal server that says the same bytes. \
Prints both side by side. No time is asserted.";

/// `pennon-load`, and `pennon-load floor`.
#[derive(Debug, Parser)]
#[command(name = "pennon-load", about = "Puts load on a Pennon server and checks that no stream missed a revision",
          long_about = ABOUT, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do instead of a run.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The run.
    #[command(flatten)]
    pub load: Load,
}

/// What else the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the floor: the bytes of a sample, from a minimal axum server (a run starts this by itself)
    Floor(Floor),
}

/// One run.
#[derive(Debug, Clone, Args)]
pub struct Load {
    /// Streams held open
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    pub streams: usize,
    /// Single evaluations a second, on a schedule that does not wait for answers
    #[arg(long, default_value_t = 5_000, value_name = "N")]
    pub rps: u32,
    /// Flips (a flag turned on or off) a second
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    pub flips: f64,
    /// How long the whole load goes on
    #[arg(long, default_value_t = 30, value_name = "N")]
    pub seconds: u64,
    /// How long each phase with one sort of load alone goes on (for CPU per request and per delivery); 0 leaves them out
    #[arg(long, default_value_t = 6, value_name = "N")]
    pub apart_seconds: u64,
    /// How long streams may take to get to the last revision when the load has ended
    #[arg(long, default_value_t = 30, value_name = "N")]
    pub settle_seconds: u64,
    /// Flags in the environment
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=5_000))]
    pub flags: u16,
    /// Keep-alive connections of the evaluations
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub connections: usize,
    /// Which streams: the SDK's, the ones with results for a context, or OFREP's notifications
    #[arg(long, value_enum, default_value_t = Kind::Server)]
    pub kind: Kind,
    /// The server to start; without it target/dist/pennon or target/release/pennon, whichever is newer
    #[arg(long, value_name = "PATH")]
    pub bin: Option<PathBuf>,
    /// A database of its own (postgres://…), which this run fills; without it SQLite in a temporary directory
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// More settings for the server, such as `PENNON_STREAM_RETRY=2s`; may be repeated
    #[arg(long = "set", value_name = "VARIABLE=VALUE")]
    pub settings: Vec<String>,
    /// Restart the server under load, by this signal, and see everybody come back (no floor then)
    #[arg(long, value_enum, value_name = "SIGNAL", num_args = 0..=1, default_missing_value = "kill")]
    pub herd: Option<Signal>,
    /// Leave the floor out
    #[arg(long)]
    pub no_floor: bool,
    /// Measure the floor alone, with made-up bytes: to try this program
    #[arg(long, conflicts_with_all = ["herd", "no_floor", "kind"])]
    pub floor_only: bool,
    /// With --floor-only: what the floor does wrong, which this run must then find
    #[arg(long, value_enum, requires = "floor_only")]
    pub fault: Option<Fault>,
    /// Write the figures to a file too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Keep the temporary directory (data, the server's log)
    #[arg(long)]
    pub keep: bool,
}

/// The floor's own options.
#[derive(Debug, Clone, Args)]
pub struct Floor {
    /// What to say: a file that a run has written
    #[arg(long, value_name = "FILE")]
    pub sample: PathBuf,
    /// Where to write the address
    #[arg(long, value_name = "FILE")]
    pub address_file: PathBuf,
    /// Something to do wrong
    #[arg(long, value_enum)]
    pub fault: Option<Fault>,
}

/// The three streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// `GET /api/v1/sdk/stream`
    Server,
    /// `POST /api/v1/sdk/client-stream`
    Client,
    /// `GET /ofrep/v1/event-stream/…`: late and merged on purpose
    Ofrep,
}

/// How the herd's server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Signal {
    /// SIGKILL: connections break
    Kill,
    /// SIGTERM: streams get a goodbye
    Term,
}

impl Signal {
    /// As `kill -s` knows it.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Kill => "KILL",
            Signal::Term => "TERM",
        }
    }
}

/// What the floor can do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// Leave out every fifth patch
    Lose,
    /// Send every fifth patch twice
    Repeat,
    /// Send the last patch to no stream: nobody gets to the end
    Stall,
    /// Send the flag as it was before
    Content,
    /// Answer evaluations as before the flip
    Answer,
}
