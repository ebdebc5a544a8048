//! Who belongs to the domain.
