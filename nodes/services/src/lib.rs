//! nodes-services
