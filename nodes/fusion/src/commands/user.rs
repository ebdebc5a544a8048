//! `fusion user`: adds, lists and removes users, with the operator's certificate.

use std::process::ExitCode;

use actors_control::USERS;
use actors_protocol::ProviderName;
use actors_protocol::user::{
    AddUser, Authenticate, Authentication, ListUsers, RemoveUser, User as UserRecord, UserAddition, UserPage,
    UserRemoval, UserRole,
};
use anyhow::{Context, bail};

use crate::cli::User;
use crate::home::Home;
use crate::operator::{Dialled, Operator, did_you_mean};
use crate::output;

/// Users asked for at once.
const PAGE: u32 = 200;
/// The admin whose token `fusion dev` leaves in its directory.
const ADMIN: &str = "admin";

/// Does what was said.
pub async fn run(home: &Home, user: User, json: bool) -> anyhow::Result<ExitCode> {
    let orchestrator = Operator::new(home)?.orchestrator().await?;
    match user {
        User::Add { name, role, suffixes } => {
            let user = UserRecord { name, role, suffixes };
            let token = add(&orchestrator, user.clone()).await?;
            if json {
                output::json(&serde_json::json!({
                    "name": user.name, "role": user.role, "suffixes": user.suffixes, "token": token,
                }))?;
            } else {
                output::progress(&format!("{} is {} from now on; the token is shown this once:", user.name, user.role));
                output::line(&token);
            }
        }
        User::List => list(&orchestrator, json).await?,
        User::Remove { name } => match orchestrator.ask(USERS, RemoveUser { name: name.clone() }).await? {
            UserRemoval::Removed if json => output::json(&serde_json::json!({ "removed": name }))?,
            UserRemoval::Removed => output::line(&format!("{name} is removed; its token works no more")),
            UserRemoval::Unknown { near } => bail!("there is no user '{name}'{}", did_you_mean(&near)),
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds a user and gives its token.
pub async fn add(orchestrator: &Dialled, user: UserRecord) -> anyhow::Result<String> {
    let name = user.name.clone();
    match orchestrator.ask(USERS, AddUser { user }).await? {
        UserAddition::Added { token } => Ok(token),
        UserAddition::Exists => {
            bail!("there is a user {name} already; choose another name, or `fusion user remove {name}` first")
        }
        UserAddition::Refused { reason } => bail!("{name} is not added: {reason}"),
        UserAddition::Busy => bail!("{name} is not added: too many tokens are being hashed; try again"),
    }
}

/// Leaves the token of an admin in the directory, as the operator's certificate is there; one that is good already stays.
pub async fn keep_admin(home: &Home, orchestrator: &Dialled) -> anyhow::Result<()> {
    let path = home.admin_token();
    if let Ok(token) = std::fs::read_to_string(&path) {
        let known = orchestrator.ask(USERS, Authenticate { token: token.trim().to_owned() }).await?;
        if matches!(known, Authentication::Known(user) if user.role == UserRole::Admin) {
            return Ok(());
        }
    }
    // Its token is lost, so the user is of no use to anybody.
    let name: ProviderName = ADMIN.parse().context("a constant name")?;
    orchestrator.ask(USERS, RemoveUser { name: name.clone() }).await?;
    let token = add(orchestrator, UserRecord { name, role: UserRole::Admin, suffixes: vec![] }).await?;
    home.save_admin_token(&token)
}

async fn list(orchestrator: &Dialled, json: bool) -> anyhow::Result<()> {
    let mut all: Vec<UserRecord> = Vec::new();
    loop {
        let after = all.last().map(|user| user.name.clone());
        let UserPage { users, more } = orchestrator.ask(USERS, ListUsers { after, limit: PAGE }).await?;
        let end = users.is_empty() || !more;
        all.extend(users);
        if end {
            break;
        }
    }
    if json {
        return output::json(&serde_json::json!({ "users": all }));
    }
    if all.is_empty() {
        output::line("no user; `fusion user add NAME --role ROLE` adds one");
        return Ok(());
    }
    let mut rows = vec![["user", "role", "suffixes"].map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(|user| {
        let suffixes: Vec<_> = user.suffixes.iter().map(ToString::to_string).collect();
        vec![user.name.to_string(), user.role.to_string(), suffixes.join(",")]
    }));
    output::line(output::table(&rows).trim_end());
    Ok(())
}
