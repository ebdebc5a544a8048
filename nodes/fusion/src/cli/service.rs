//! `fusion service`: what can be said about services and their deployments.

use std::path::PathBuf;
use std::time::Duration;

use actors_protocol::{NoRequestId, RequestId, ServiceName, ZoneName};
use clap::{Args, Subcommand};

use super::duration;

/// `fusion service`
#[derive(Subcommand)]
pub enum Service {
    /// List the instances of every service, and their slots.
    #[command(after_help = "Example:\n  fusion service list clip.demo --json")]
    List {
        /// Only this service.
        service: Option<ServiceName>,
    },
    /// Register a service by its manifest, or give it another manifest.
    #[command(after_help = "Example:\n  fusion service register fixtures/manifests/epg.json")]
    Register {
        /// The manifest, JSON.
        file: PathBuf,
    },
    /// Show a registered service; without a name, all of them in short.
    #[command(after_help = "Example:\n  fusion service show epg.example --json")]
    Show {
        /// Which.
        service: Option<ServiceName>,
    },
    /// Deploy slots of a registered service: all of them, or none.
    #[command(after_help = "Example:\n  fusion service deploy epg.example --slots 12 --json")]
    Deploy(Deploy),
    /// List the deployments that stand, are under way, or have ended lately.
    #[command(after_help = "Example:\n  fusion service deployments epg.example")]
    Deployments {
        /// Only of this service.
        service: Option<ServiceName>,
    },
    /// Remove a deployment; its sessions may go on until they end.
    #[command(after_help = "Example:\n  fusion service undeploy 5f1c0a9e4b7d2238aa0190cc34ef7706")]
    Undeploy {
        /// Which, as `fusion service deploy` and `deployments` print it.
        #[arg(value_parser = deployment)]
        deployment: RequestId,
        /// End its sessions at once.
        #[arg(long)]
        force: bool,
    },
    /// Unregister a service: its deployments are removed, then its manifest is forgotten.
    #[command(after_help = "Example:\n  fusion service unregister epg.example --force")]
    Unregister {
        /// Which.
        service: ServiceName,
        /// End its sessions at once.
        #[arg(long)]
        force: bool,
    },
}

/// `fusion service deploy`
#[derive(Args)]
pub struct Deploy {
    /// Which service.
    pub service: ServiceName,
    /// How many slots; never fewer, never more.
    #[arg(long, env = "FUSION_SLOTS")]
    pub slots: u32,
    /// Only in this zone; may be given several times.
    #[arg(long = "zone", env = "FUSION_ZONE", value_delimiter = ',')]
    pub zones: Vec<ZoneName>,
    /// The deployment's id, 32 hexadecimal digits: the same again is the same deployment. Without it, one is drawn.
    #[arg(long, value_parser = deployment)]
    pub id: Option<RequestId>,
    /// How long the slots may take.
    #[arg(long, default_value = "40s", value_parser = duration)]
    pub within: Duration,
}

/// 32 hexadecimal digits.
fn deployment(text: &str) -> Result<RequestId, String> {
    text.parse().map_err(|_: NoRequestId| {
        "it should be 32 hexadecimal digits in lower case, as `fusion service deployments` prints".to_owned()
    })
}
