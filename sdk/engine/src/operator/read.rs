//! Reads an operator and its operands from a condition.
//!
//! Must not skip a value that is wrong: one wrong value breaks the document, so that no rule means less than it says.

use super::{Atom, Case, Membership, Network, Part, Side, Test, Version, fold, parse_date, parse_number};
use crate::issue::{IssueCode, Problems};
use crate::json::node::{Kind, Node};
use crate::limits;
use crate::pattern::Pattern;
use crate::read::{self, Members};

/// What an operator's name stands for.
#[derive(Debug, Clone, Copy)]
enum Operator {
    Exists,
    In,
    Part(Part),
    Matches,
    Number(Side),
    Date(Side),
    Version(Side),
    Cidr,
}

const OPERATORS: [(&str, Operator); 18] = [
    ("in", Operator::In),
    ("exists", Operator::Exists),
    ("starts_with", Operator::Part(Part::Start)),
    ("ends_with", Operator::Part(Part::End)),
    ("contains", Operator::Part(Part::Anywhere)),
    ("matches", Operator::Matches),
    ("lt", Operator::Number(Side::Less)),
    ("lte", Operator::Number(Side::LessOrEqual)),
    ("gt", Operator::Number(Side::Greater)),
    ("gte", Operator::Number(Side::GreaterOrEqual)),
    ("before", Operator::Date(Side::Less)),
    ("after", Operator::Date(Side::Greater)),
    ("semver_eq", Operator::Version(Side::Equal)),
    ("semver_lt", Operator::Version(Side::Less)),
    ("semver_lte", Operator::Version(Side::LessOrEqual)),
    ("semver_gt", Operator::Version(Side::Greater)),
    ("semver_gte", Operator::Version(Side::GreaterOrEqual)),
    ("cidr", Operator::Cidr),
];

/// Reads `op`, `values` and `ignoreCase`.
pub(crate) fn read(members: &Members<'_, '_>, problems: &mut Problems) -> Option<Test> {
    let operator = members.need("op", problems, operator);
    let ignore = members.read("ignoreCase", problems, read::boolean).unwrap_or(false);
    let operator = operator?;
    if members.get("ignoreCase").is_some()
        && !matches!(operator, Operator::In | Operator::Part(_) | Operator::Matches)
    {
        let detail = "only in, starts_with, ends_with, contains and matches know ignoreCase";
        problems.push_at("ignoreCase", IssueCode::Conflict, detail);
    }
    let case = if ignore { Case::Ignored } else { Case::Exact };
    if let Operator::Exists = operator {
        members.read("values", problems, none);
        return Some(Test::Exists);
    }
    let values = members.need("values", problems, |node, problems| {
        read::filled_list(node, problems)?;
        read::values(node, problems)
    })?;
    problems.within("values", |problems| operands(operator, case, values, problems))
}

fn operator(node: &Node<'_>, problems: &mut Problems) -> Option<Operator> {
    let name = read::string(node, problems)?;
    let found = OPERATORS.iter().find(|operator| operator.0 == name).map(|operator| operator.1);
    if found.is_none() {
        let known = OPERATORS.map(|operator| operator.0).join(", ");
        problems.push(IssueCode::UnknownOperator, format!("there is no such operator; there are: {known}"));
    }
    found
}

fn none(node: &Node<'_>, problems: &mut Problems) -> Option<()> {
    if !read::list(node, problems)?.is_empty() {
        problems.push(IssueCode::Conflict, "exists takes no values");
    }
    Some(())
}

fn operands(operator: Operator, case: Case, values: &[Node<'_>], problems: &mut Problems) -> Option<Test> {
    let before = problems.len();
    let test = match operator {
        Operator::Exists => Test::Exists,
        Operator::In => Test::In(membership(values, case, problems)),
        Operator::Part(part) => {
            let values = read::each(values, problems, |node, problems| {
                let text = read::string(node, problems)?;
                Some(if case == Case::Ignored {
                    fold::folded(text).collect::<String>().into()
                } else {
                    text.into()
                })
            });
            Test::Part { part, case, values: values.into() }
        }
        Operator::Matches => {
            let patterns = read::each(values, problems, |node, problems| pattern(node, case, problems));
            Test::Matches { case, patterns: patterns.into() }
        }
        Operator::Number(side) => Test::Number { side, limits: read::each(values, problems, number).into() },
        Operator::Date(side) => Test::Date { side, limits: read::each(values, problems, date).into() },
        Operator::Version(side) => {
            Test::Version { side, limits: read::each(values, problems, version).into() }
        }
        Operator::Cidr => Test::Cidr(read::each(values, problems, network).into()),
    };
    (problems.len() == before).then_some(test)
}

fn membership(values: &[Node<'_>], case: Case, problems: &mut Problems) -> Membership {
    let mut membership = Membership::new(case);
    for (at, node) in values.iter().enumerate() {
        let atom = problems.within(at, |problems| match &node.kind {
            Kind::Bool(value) => Some(Atom::Bool(*value)),
            Kind::Number(_) => read::number(node, problems).map(Atom::Number),
            Kind::Text(_) => read::string(node, problems).map(Atom::Text),
            _ => {
                read::wrong_type(node, "a string, a number or a boolean", problems);
                None
            }
        });
        if let Some(atom) = atom {
            membership.insert(atom);
        }
    }
    membership
}

fn pattern(node: &Node<'_>, case: Case, problems: &mut Problems) -> Option<Pattern> {
    let text = read::string(node, problems)?;
    let size = if problems.is_strict() { limits::PATTERN_SIZE_WRITTEN } else { limits::PATTERN_SIZE_READ };
    match Pattern::new(text, case == Case::Ignored, size) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            problems.push(error.code(), error.to_string());
            None
        }
    }
}

fn number(node: &Node<'_>, problems: &mut Problems) -> Option<f64> {
    let Kind::Text(_) = node.kind else { return read::number(node, problems) };
    let found = parse_number(read::string(node, problems)?);
    if found.is_none() {
        problems.push(
            IssueCode::InvalidNumber,
            "a string here must be a decimal number such as \"42\" or \"-1.5\"",
        );
    }
    found
}

fn date(node: &Node<'_>, problems: &mut Problems) -> Option<f64> {
    let found = if let Kind::Text(_) = node.kind {
        parse_date(read::string(node, problems)?)
    } else {
        let number = read::number(node, problems)?;
        (number.fract() == 0.0).then_some(number)
    };
    if found.is_none() {
        let detail = "a date is written 2026-09-01T00:00:00Z, or as integral epoch milliseconds";
        problems.push(IssueCode::InvalidDate, detail);
    }
    found
}

fn version(node: &Node<'_>, problems: &mut Problems) -> Option<Version> {
    let found = Version::parse(read::string(node, problems)?);
    if found.is_none() {
        problems.push(
            IssueCode::InvalidVersion,
            "a version is written as in SemVer 2.0.0, for example 2.3.0-rc.1",
        );
    }
    found
}

fn network(node: &Node<'_>, problems: &mut Problems) -> Option<Network> {
    let found = Network::parse(read::string(node, problems)?);
    if found.is_none() {
        let detail = "a network is written 10.0.0.0/8 or 2001:db8::/32, or is a bare address";
        problems.push(IssueCode::InvalidNetwork, detail);
    }
    found
}
