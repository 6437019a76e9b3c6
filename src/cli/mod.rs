//! The command line. `serve`, `migrate`, `openapi` and `key create-owner` run the server's own code; every other command
//! speaks HTTP to a server, like any other client, and must not know the server's types.

mod audit;
mod client;
mod create_owner;
mod describe;
mod environment;
mod evaluate;
mod expiry;
mod failure;
mod flag;
mod healthcheck;
mod instances;
mod key;
mod listing;
mod migrate;
mod output;
mod project;
mod remote;
mod segment;
mod serve;
mod settings;
mod tail;
mod url;
mod usage;
mod whoami;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;
use output::{Form, Output};
use remote::RemoteArgs;
use settings::SettingFlags;

/// Feature flags, gradual rollouts and releases, evaluated from memory.
#[derive(Debug, Parser)]
#[command(name = "pennon", version, max_term_width = 110)]
#[command(override_usage = "pennon [OPTIONS] [COMMAND]")]
#[command(after_help = "Without a command, `pennon` is `pennon serve`. Exit codes: 0 ok, 1 failed, 2 usage.")]
struct Cli {
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a server
    Serve(Box<serve::Serve>),
    /// Apply the database's migrations, and end
    Migrate(Box<migrate::Migrate>),
    /// Print the `OpenAPI` document
    #[command(about = "Print the OpenAPI document")]
    Openapi,
    /// Ask whether the server is ready; for containers
    Healthcheck(Box<healthcheck::Healthcheck>),
    /// Show what the token may do
    Whoami,
    /// Evaluate a flag for a context
    #[command(visible_alias = "eval")]
    Evaluate(evaluate::Evaluate),
    /// Flags: list, create, turn on and off, roll out, target, history
    #[command(subcommand)]
    Flag(flag::Command),
    /// Environments
    #[command(subcommand)]
    Env(environment::Command),
    /// Projects
    #[command(subcommand)]
    Project(project::Command),
    /// Segments
    #[command(subcommand)]
    Segment(segment::Command),
    /// Keys of environments, and API tokens
    #[command(subcommand)]
    Key(key::Command),
    /// Show how often flags are evaluated, and what is asked for and not defined
    Usage(usage::Usage),
    /// Show who evaluates flags, and how far behind they are
    Instances,
    /// Show who changes what, while it happens
    Tail(tail::Tail),
    /// The audit log: list, export, verify
    #[command(subcommand)]
    Audit(audit::Command),
}

/// Reads the command line, does what it says, and answers the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(with_serve(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout, errors to stderr; a closed pipe is nobody's failure.
            let _closed = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let form = cli.remote.form();
    let mut out = Output::stdout(form);
    let done = run(cli, &mut out).and_then(|()| out.flush());
    let Err(failure) = done else { return ExitCode::SUCCESS };
    // What was said before the failure comes first; if it can't be written, the failure still is.
    let _unwritten = out.flush();
    tell(&failure, form);
    ExitCode::from(failure.exit_code())
}

fn run(cli: Cli, out: &mut Output) -> Result<(), Failure> {
    match cli.command {
        Command::Serve(command) => command.run(out),
        Command::Migrate(command) => command.run(out),
        Command::Openapi => out.line(crate::http::openapi_json().trim_end()),
        Command::Healthcheck(command) => command.run(&cli.remote, out),
        Command::Whoami => whoami::run(&cli.remote.remote()?, out),
        Command::Evaluate(command) => command.run(&cli.remote.remote()?, out),
        Command::Flag(command) => command.run(&cli.remote.remote()?, out),
        Command::Env(command) => command.run(&cli.remote.remote()?, out),
        Command::Project(command) => command.run(&cli.remote.remote()?, out),
        Command::Segment(command) => command.run(&cli.remote.remote()?, out),
        Command::Key(command) => command.run(cli.remote, out),
        Command::Usage(command) => command.run(&cli.remote.remote()?, out),
        Command::Instances => instances::run(&cli.remote.remote()?, out),
        Command::Tail(command) => command.run(&cli.remote.remote()?, out),
        Command::Audit(command) => command.run(&cli.remote.remote()?, out),
    }
}

/// `pennon` and `pennon --listen …` are `pennon serve …`.
fn with_serve(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let serves = match arguments.get(1).map(|first| first.to_string_lossy()) {
        None => true,
        Some(first) => first == "--check" || SettingFlags::knows(&first),
    };
    if serves {
        arguments.insert(arguments.len().min(1), "serve".into());
    }
    arguments
}

/// To stderr: what happened and what to do next, or the server's problem as it is.
fn tell(failure: &Failure, form: Form) {
    let text = match failure {
        Failure::ClosedPipe => return,
        Failure::Refused(refusal) if form == Form::Json && !refusal.text.is_empty() => refusal.text.clone(),
        _ => {
            let hint = failure.hint().map(|hint| format!("\nhint: {hint}"));
            format!("error: {failure}{}", hint.unwrap_or_default())
        }
    };
    // Nowhere is left to say that stderr is closed.
    let _closed = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(arguments: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(with_serve(arguments.split_whitespace().map(OsString::from).collect()))
    }

    #[test]
    fn the_grammar_of_the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn pennon_alone_and_with_settings_is_serve() {
        for arguments in [
            "pennon",
            "pennon --listen 0.0.0.0:80",
            "pennon --check",
            "pennon --disk-cache=false",
            "pennon --config x.toml",
        ] {
            assert!(matches!(parse(arguments).unwrap().command, Command::Serve(_)), "{arguments}");
        }
        assert!(matches!(parse("pennon --url http://x flag list").unwrap().command, Command::Flag(_)));
        assert!(parse("pennon --help").is_err() && parse("pennon --listn x").is_err());
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for arguments in
            ["pennon --project p flag list", "pennon flag --project p list", "pennon flag list --project p"]
        {
            let cli = parse(arguments).unwrap();
            assert_eq!(cli.remote.remote().unwrap().project, "p", "{arguments}");
        }
    }

    #[test]
    fn every_command_of_the_manual_parses() {
        for arguments in [
            "pennon migrate --database-url sqlite:x.db",
            "pennon openapi",
            "pennon healthcheck --url http://x",
            "pennon whoami --json",
            "pennon evaluate f -c a=1 -c b:=2 --explain -e production",
            "pennon flag create f --type string --variant a=1 --tag x,y --client-visible",
            "pennon flag rollout f 20% --by org,targetingKey --otherwise off --reason x",
            "pennon flag target f on --add u-1,u-2 --remove u-3",
            "pennon flag target f on --remove u-3",
            "pennon flag weights f a=40 b=60 --rule r",
            "pennon flag revert f 3 --definition",
            "pennon env create e --protected --copy-from development",
            "pennon key create ci --kind api --grant editor@production --expires 90d",
            "pennon key rotate id --overlap 1h --installation",
            "pennon key create-owner --database-url sqlite:x.db",
            "pennon audit verify --expect 3:ab",
            "pennon audit export --after 3 --installation",
            "pennon flag archive f --force",
            "pennon usage -e production --since 7d --step day",
            "pennon usage f --step minute --json",
            "pennon usage --unknown",
            "pennon instances -e production --json",
            "pennon tail -n 0 --in production --flag f --count 1",
        ] {
            assert!(parse(arguments).is_ok(), "{arguments}: {:?}", parse(arguments).err());
        }
        for arguments in [
            "pennon flag rollout f 101",
            "pennon flag target f on",
            "pennon flag weights f",
            "pennon usage f --unknown",
            "pennon usage --step week",
            "pennon key create x",
        ] {
            assert_eq!(parse(arguments).unwrap_err().exit_code(), 2, "{arguments}");
        }
    }
}
