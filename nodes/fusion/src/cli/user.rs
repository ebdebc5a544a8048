//! `fusion user`: who may use the domain from outside, with a bearer token.
//!
//! Owns: the words and their help. Refuses: doing anything (`commands/user.rs`).

use actors_protocol::user::UserRole;
use actors_protocol::{DomainName, ProviderName};
use clap::Subcommand;

/// `fusion user`
#[derive(Subcommand)]
pub enum User {
    /// Add a user; prints its bearer token, this once.
    #[command(
        after_help = "Examples:\n  fusion user add ann --role operator\n  fusion user add acme --role provider --suffix acme.example --json"
    )]
    Add {
        /// The name; a provider's stands in its manifests.
        name: ProviderName,
        /// admin, provider, operator or viewer.
        #[arg(long)]
        role: UserRole,
        /// For a provider: the end of the names of its services; may be given several times.
        #[arg(long = "suffix", value_name = "SUFFIX", value_delimiter = ',')]
        suffixes: Vec<DomainName>,
    },
    /// List the users.
    #[command(after_help = "Example:\n  fusion user list --json")]
    List,
    /// Remove a user; its token works no more.
    #[command(after_help = "Example:\n  fusion user remove ann")]
    Remove {
        /// Who.
        name: ProviderName,
    },
}
