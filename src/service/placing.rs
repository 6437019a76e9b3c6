//! Where an issue with the resulting flag lies in what the caller sent. Decides no validity, only places.

use super::configurations::Action;
use super::error::ServiceError;
use crate::domain::action::RuleStep;
use crate::domain::issue::Issue;

impl Action {
    /// Turns pointers into the resulting flag into pointers into what the caller sent.
    pub(super) fn place(&self, error: ServiceError) -> ServiceError {
        let ServiceError::Invalid(issues) = error else { return error };
        ServiceError::Invalid(issues.into_iter().map(|issue| self.place_issue(issue)).collect())
    }

    fn place_issue(&self, issue: Issue) -> Issue {
        let tokens: Vec<&str> = issue.pointer.split('/').skip(1).collect();
        let sent = match (self, tokens.as_slice()) {
            (Action::Patch(patch), [name, ..]) if patch.get(name).is_some() => {
                let hint = if *name == "fallthrough" && issue.code == "conflict" {
                    "; a merge patch keeps what it does not name: send null for the one that goes"
                } else {
                    ""
                };
                return Issue { detail: format!("{}{hint}", issue.detail), ..issue };
            }
            (Action::Rollout(_), ["rules", _, "when" | "serve", rest @ ..]) => Some(joined("", rest)),
            (Action::Rollout(_), ["fallthrough", "variant"]) => Some("/otherwise".to_owned()),
            (Action::Weights(_), [.., "split", _, "variant"]) => Some("/weights".to_owned()),
            (Action::Weights(_), [.., "by", index]) => Some(format!("/by/{index}")),
            (Action::Targets(_), ["targets", _, member @ ("variant" | "by")]) => Some(format!("/{member}")),
            (Action::Rules(steps), ["rules", _, rest @ ..]) => step_of(steps, rest),
            _ => None,
        };
        match sent {
            Some(pointer) => Issue { pointer, ..issue },
            // It lies in what was there before, or in what came from elsewhere: say where in words.
            None if issue.pointer.is_empty() => issue,
            None => {
                let detail = format!("in the resulting configuration at {}: {}", issue.pointer, issue.detail);
                Issue { pointer: String::new(), detail, ..issue }
            }
        }
    }
}

/// The place in the one step that brought a rule, when there is exactly one.
fn step_of(steps: &[RuleStep], rest: &[&str]) -> Option<String> {
    let mut brought = steps.iter().enumerate().filter_map(|(index, step)| {
        let name = if step.add.is_some() { "add" } else { "replace" };
        (step.add.is_some() || step.replace.is_some()).then_some((index, name))
    });
    match (brought.next(), brought.next()) {
        (Some((index, name)), None) => Some(joined(&format!("/{index}/{name}"), rest)),
        _ => None,
    }
}

fn joined(base: &str, tokens: &[&str]) -> String {
    tokens.iter().fold(base.to_owned(), |pointer, token| pointer + "/" + token)
}

#[cfg(test)]
mod tests {
    use super::{Action, Issue};
    use crate::domain::json::Members;

    fn placed(action: &Action, pointer: &str) -> String {
        action.place_issue(Issue::new(pointer, "unknown_variant", "no")).pointer
    }

    #[test]
    fn pointers_lead_into_what_was_sent() {
        let rollout = Action::Rollout(serde_json::from_str(r#"{"percentage":5,"variant":"x"}"#).unwrap());
        assert_eq!(placed(&rollout, "/rules/3/when/percentage"), "/percentage");
        assert_eq!(placed(&rollout, "/rules/3/serve/variant"), "/variant");
        assert_eq!(placed(&rollout, "/rules/3/when/by/0"), "/by/0");
        assert_eq!(placed(&rollout, "/fallthrough/variant"), "/otherwise");
        let targets = Action::Targets(serde_json::from_str(r#"{"variant":"x","add":["u"]}"#).unwrap());
        assert_eq!(placed(&targets, "/targets/2/variant"), "/variant");
        let rules = Action::Rules(serde_json::from_str(r#"[{"remove":"a"},{"add":{"id":"b"}}]"#).unwrap());
        assert_eq!(placed(&rules, "/rules/0/when/op"), "/1/add/when/op");
        let patch = Action::Patch(Members::parse(r#"{"rules":[]}"#).unwrap());
        assert_eq!(placed(&patch, "/rules/0/id"), "/rules/0/id");
    }

    #[test]
    fn what_was_not_sent_is_told_in_words() {
        let patch = Action::Patch(Members::parse(r#"{"enabled":true}"#).unwrap());
        let issue =
            patch.place_issue(Issue::new("/rules/0/when/segment", "unknown_segment", "there is none"));
        assert_eq!(issue.pointer, "");
        assert!(issue.detail.contains("/rules/0/when/segment"), "{}", issue.detail);
    }
}
