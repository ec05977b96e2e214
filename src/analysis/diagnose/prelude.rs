//! What each diagnosis is written with.

pub(super) use super::group::{CheckGroup, unique_in_order};
pub(super) use super::run_facts::{RunFacts, VantageFacts};
pub(super) use super::wording::{
    capitalize, describe_hosts, describe_note, describe_observation, describe_vantage, describe_vantages,
    format_count, list_causes, list_some, pluralize,
};
pub(super) use super::{
    Context, Diagnosis, FindingText, UnlistedRegion, commands, observed as look, via_proxy as by_proxy,
};
pub(super) use crate::model::command::Instruction;
pub(super) use crate::model::evidence::Cause;
pub(super) use crate::model::finding::{Confidence, Severity};
pub(super) use crate::model::plan::UnverifiedKind;
pub(super) use crate::model::report::{Check, CheckVerdict, Vantage};
