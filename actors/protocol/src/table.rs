//! The one table of who may call what. Whatever is not in it, nobody may (invariant I9).

use crate::role::Role::{Host, Operator, Orchestrator, Resolver, Viewer, Zone};
use crate::role::Roles;
use crate::{Protocol, Tag, factory, gateway, host, membership, node, resolver, user, zone};

/// Everything a node with any role may do, and a person.
const MEMBERS: Roles = Roles::of(&[Orchestrator, Zone, Host, Resolver, Operator]);

/// (tag, who may call it), ascending by tag.
pub const TABLE: &[(Tag, Roles)] = &[
    (0x0101, Roles::of(&[Viewer])), // Join: without a certificate, that is its point
    (0x0102, Roles::of(&[Zone, Host, Resolver, Orchestrator])), // Heartbeat
    (0x0103, Roles::of(&[Operator])), // MintToken
    (0x0104, Roles::of(&[Operator])), // Deny
    (0x0105, MEMBERS),              // ListNodes
    (0x0106, Roles::of(&[Operator])), // ListInstances
    (0x0107, Roles::of(&[Zone, Host, Resolver, Orchestrator])), // Renew
    (0x0108, Roles::of(&[Operator])), // RegisterService
    (0x0109, Roles::of(&[Operator])), // ShowService
    (0x010a, Roles::of(&[Operator])), // ListManifests
    (0x010b, Roles::of(&[Operator])), // UnregisterService
    (0x010c, Roles::of(&[Operator])), // DeployService
    (0x010d, Roles::of(&[Operator])), // WatchDeployment
    (0x010e, Roles::of(&[Operator])), // ListDeployments
    (0x010f, Roles::of(&[Operator])), // RemoveDeployment
    (0x0110, Roles::of(&[Zone])),   // ReportShare
    (0x0201, Roles::of(&[Operator, Orchestrator])), // ZoneStatus
    (0x0202, Roles::of(&[Orchestrator])), // LearnService
    (0x0203, Roles::of(&[Orchestrator])), // AskOffer
    (0x0204, Roles::of(&[Orchestrator])), // DeployShare
    (0x0205, Roles::of(&[Orchestrator])), // ConfirmShare
    (0x0206, Roles::of(&[Orchestrator])), // UndoShare
    (0x0301, Roles::of(&[Resolver])), // Reserve
    (0x0302, Roles::of(&[Resolver])), // Release
    (0x0303, Roles::of(&[Host])),   // ReportPool
    (0x0401, Roles::of(&[Viewer, Operator])), // Lookup
    (0x0402, Roles::of(&[Viewer, Operator])), // Open
    (0x0403, Roles::of(&[Viewer, Operator])), // Explain
    (0x0404, Roles::of(&[Zone])),   // ZoneReport
    (0x0501, Roles::of(&[Zone])),   // CreateInstance
    (0x0502, Roles::of(&[Zone])),   // RemoveInstance
    (0x0503, Roles::of(&[Zone, Operator])), // HostStatus
    (0x0504, Roles::of(&[Zone])),   // ConfirmInstance
    (0x0505, Roles::of(&[Zone, Operator])), // ListMade
    (0x0506, Roles::of(&[Zone])),   // JudgeInstance
    (0x0601, Roles::of(&[Zone])),   // ReserveSlot
    (0x0602, Roles::of(&[Zone])),   // ReleaseSlot
    (0x0603, Roles::of(&[Viewer])), // Redeem
    (0x0604, Roles::of(&[Viewer])), // Resume
    (0x0605, Roles::of(&[Viewer])), // Goodbye
    (0x0606, Roles::of(&[Zone, Operator])), // DrainInstance
    (0x0607, Roles::of(&[Operator])), // ResizeInstance
    (0x0701, Roles::of(&[Operator, Orchestrator])), // ListActors
    (0x0702, Roles::of(&[Operator])), // InspectActor
    (0x0703, Roles::of(&[Operator])), // EndActor
    (0x0901, Roles::of(&[Operator])), // AddUser
    (0x0902, Roles::of(&[Operator])), // ListUsers
    (0x0903, Roles::of(&[Operator])), // RemoveUser
    (0x0904, Roles::of(&[Operator])), // Authenticate
    (0x0905, Roles::of(&[Operator])), // ShowUser
];

/// May a caller with `roles` make the call `tag`?
pub fn permits(roles: Roles, tag: Tag) -> bool {
    callers(tag).meets(roles)
}

/// Who may make the call `tag`; nobody for a tag that is not in the table.
pub fn callers(tag: Tag) -> Roles {
    TABLE.binary_search_by_key(&tag, |(row, _)| *row).map_or(Roles::NONE, |index| TABLE[index].1)
}

/// Every protocol of a domain: (its word, its calls).
pub const PROTOCOLS: &[(&str, &[crate::CallInfo])] = &[
    (membership::Orchestrator::NAME, membership::Orchestrator::CALLS),
    (zone::Zone::NAME, zone::Zone::CALLS),
    (gateway::Gateway::NAME, gateway::Gateway::CALLS),
    (resolver::Resolver::NAME, resolver::Resolver::CALLS),
    (host::Host::NAME, host::Host::CALLS),
    (factory::Factory::NAME, factory::Factory::CALLS),
    (node::Node::NAME, node::Node::CALLS),
    (user::Users::NAME, user::Users::CALLS),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_table_has_each_call_once_and_in_order() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0), "ascending, so that it can be searched");
        let mut names = BTreeMap::new();
        for (_, calls) in PROTOCOLS {
            for call in *calls {
                assert_ne!(callers(call.tag), Roles::NONE, "{} ({:#06x}) has no row", call.name, call.tag);
                let before = names.insert(call.tag, call.name);
                assert!(
                    before.is_none_or(|name| name == call.name),
                    "{:#06x} is {before:?} and {}",
                    call.tag,
                    call.name
                );
            }
        }
        assert_eq!(names.len(), TABLE.len(), "a row for a call that no protocol has");
    }

    #[test]
    fn a_connection_without_a_certificate_speaks_the_viewer_protocol_and_join_only() {
        let anybody: Vec<_> = TABLE.iter().filter(|(_, roles)| roles.has(Viewer)).map(|(tag, _)| *tag).collect();
        assert_eq!(anybody, [0x0101, 0x0401, 0x0402, 0x0403, 0x0603, 0x0604, 0x0605]);
        assert!(!permits(Roles::of(&[Viewer]), 0x7fff), "an unknown tag is nobody's");
    }
}
