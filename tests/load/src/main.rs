//! `pennon-load`: a client process that puts load on a true Pennon server, checks that no stream missed a revision, and
//! prints what a delivery, a request and a stream cost, beside the same load on a floor. `--help` and `README.md` tell
//! how to use it. It asserts what must be true (coverage, answers) and never a time.
//!
//! | module | holds |
//! |---|---|
//! | [`options`] | the command line |
//! | [`run`] | a whole run: server, then floor, then the report |
//! | [`process`], [`server`], [`machine`] | child processes; the true server; what `/proc` tells of them |
//! | [`http`], [`sse`] | the client: requests that are answered whole, and the bytes of a stream |
//! | [`flags`] | the flags, the contexts and the admin calls that make them |
//! | [`sample`] | what the server says of each flag, on and off: the truth answers are held against, and the floor's bytes |
//! | [`made_up`] | a sample without a server |
//! | [`floor`] | the minimal server that says the same bytes |
//! | [`event`], [`coverage`], [`truth`] | one event; what one stream has covered; whether the content was right |
//! | [`streams`], [`follow`] | the thread that holds all streams; the life of one |
//! | [`evaluations`], [`flips`] | the open loop of requests; the changes |
//! | [`measure`], [`herd`] | the phases of a run; a restart with all streams open |
//! | [`figures`], [`report`] | percentiles; the table and the JSON |

mod coverage;
mod evaluations;
mod event;
mod figures;
mod flags;
mod flips;
mod floor;
mod follow;
mod herd;
mod http;
mod machine;
mod made_up;
mod measure;
mod options;
mod process;
mod report;
mod run;
mod sample;
mod server;
mod sse;
mod streams;
mod truth;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let options = options::Cli::parse();
    let done = match options.command {
        Some(options::Command::Floor(floor)) => floor::serve(&floor).map(|()| true),
        None => run::run(&options.load),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("pennon-load: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// A line of progress, on standard error; the report goes to standard output.
#[expect(clippy::print_stderr, reason = "a test program tells what it is doing")]
fn say(text: &str) {
    eprintln!("{text}");
}
