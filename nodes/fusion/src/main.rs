//! The one binary: roles, command line, viewer. What is done lives in `commands`; here it is only chosen.

mod cli;
mod commands;
mod compose;
mod config;
mod home;
mod operator;
mod output;
mod token;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};
use tokio::runtime::LocalOptions;

#[cfg(feature = "media")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The configuration is not what it should be.
const BAD_CONFIGURATION: u8 = 64;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The window's library warns of every screen that is a little odd; whoever wants to hear it names it.
    // A measurement overloads the machine on purpose.
    let overloaded = if matches!(cli.command, Command::Bench(_)) { "actors_control=error," } else { "" };
    // What strangers send to the console is answered to them; it does not fill the log.
    let filter = format!("winit=error,actix_http=off,{overloaded}{}", cli.log);
    let logging = tracing_subscriber::EnvFilter::try_new(filter).map(|filter| {
        // Colours are for people; a file or another program gets none.
        let colours = std::io::stderr().is_terminal();
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
    });
    if let Err(error) = logging {
        output::progress(&format!("fusion: --log '{}' is no filter: {error}", cli.log));
        return ExitCode::from(2);
    }
    let done = match cli {
        // A window wants the first thread for itself.
        #[cfg(feature = "window")]
        Cli { command: Command::View(view), dir, json, .. } if commands::view::wants_window(&view, json) => {
            home::Home::find(dir).and_then(|home| commands::view::window::run(home, view, json))
        }
        cli => in_runtime(run(cli)),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            output::progress(&format!("fusion: {error:#}"));
            let configuration = error.downcast_ref::<config::ConfigError>().is_some();
            ExitCode::from(if configuration { BAD_CONFIGURATION } else { 1 })
        }
    }
}

/// Everything that is asynchronous runs on one thread, the caller's.
fn in_runtime(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => Err(anyhow::Error::new(error).context("the runtime cannot be started")),
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let home = home::Home::find(cli.dir)?;
    let json = cli.json;
    match cli.command {
        Command::Dev(dev) => commands::dev::run(&home, dev, json).await,
        Command::Init(init) => commands::join::init(&home, &init, json),
        Command::Token(token) => commands::join::token(&home, &token, json).await,
        Command::Join(join) => commands::join::join(&home, &join, json).await,
        Command::Node(node) => commands::node::run(&home, &node, json).await,
        Command::Nodes => commands::nodes::list(&home, json).await,
        Command::Deny(deny) => commands::nodes::deny(&home, deny, json).await,
        Command::User(user) => commands::user::run(&home, user, json).await,
        Command::Service(service) => commands::service::run(&home, service, json).await,
        Command::Instance(instance) => commands::instance::run(&home, instance, json).await,
        Command::Resolve(resolve) => commands::resolve::run(&home, resolve, json).await,
        Command::View(view) => commands::view::run(&home, view, json, None).await,
        Command::Actors(actors) => commands::actors::run(&home, actors, json).await,
        Command::Bench(bench) => commands::bench::run(bench, json).await,
        Command::Doctor => commands::doctor::run(&home, json).await,
    }
}
