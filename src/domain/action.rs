//! Everyday actions as pure edits of a configuration: rollout, weights, targets, rules.
//! Each answers what is wrong with the request; whether the result is a good flag is the engine's to say.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::issue::Issue;
use super::json::Members;

/// The id of the rule that `/rollout` owns.
pub const ROLLOUT_RULE: &str = "rollout";
/// The place that `/weights` edits when no rule is named.
pub const FALLTHROUGH: &str = "fallthrough";

/// The code of an issue with what is stored, not with what was sent.
pub const CORRUPT: &str = "corrupt";
/// Ids that an error lists at most.
const KNOWN_SHOWN: usize = 20;
/// Steps of one `/rules` request: more than any flag has rules.
pub const STEP_LIMIT: usize = 1_000;

/// Refuses requests too large to be meant, before anything is locked for them.
pub fn check_sizes(rollout_by: usize, weights: usize, steps: usize, units: usize) -> Result<(), Issue> {
    let limits = [
        ("/by", rollout_by, pennon_engine::limits::VARIANTS_PER_FLAG, "attributes"),
        ("/weights", weights, pennon_engine::limits::VARIANTS_PER_FLAG, "weights"),
        ("", steps, STEP_LIMIT, "steps"),
        ("", units, pennon_engine::limits::VALUES_PER_LIST, "units"),
    ];
    match limits.into_iter().find(|(_, count, most, _)| count > most) {
        Some((pointer, count, most, what)) => {
            Err(Issue::new(pointer, "limit_exceeded", format!("{count} {what}; at most {most} at once")))
        }
        None => Ok(()),
    }
}

/// Body of `/rollout`.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rollout {
    /// How much of everyone gets the variant: 0 to 100, at most three decimals.
    #[schema(value_type = f64, example = 20)]
    pub percentage: Box<RawValue>,
    /// The variant that is rolled out; defaults to the one of the present rollout, else `on`.
    #[serde(default)]
    pub variant: Option<String>,
    /// The attributes that make the unit; defaults to those of the present rollout, else the targeting key.
    #[serde(default)]
    pub by: Option<Vec<String>>,
    /// What everybody else gets; defaults to the configuration's `offVariant`.
    #[serde(default)]
    pub otherwise: Option<String>,
}

/// Body of `/weights`.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Weights {
    /// The rule whose split changes; absent: the fallthrough.
    #[serde(default)]
    pub rule: Option<String>,
    /// Variant to weight, in thousandths of a percent; they sum to 100 000.
    #[schema(value_type = std::collections::BTreeMap<String, u32>, example = json!({"on": 40000, "off": 60000}))]
    pub weights: Members,
    /// The attributes that make the unit of the split; absent: as they are.
    #[serde(default)]
    pub by: Option<Vec<String>>,
}

/// A unit of a list: text, or an integer below 2^53, which is its decimal text.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
#[schema(as = Unit)]
pub enum UnitText {
    /// As text.
    Text(String),
    /// As a number.
    Number(i64),
}

/// Body of `/targets`.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Targets {
    /// The variant the units get.
    pub variant: String,
    /// The attribute that holds the unit; `targetingKey` when absent.
    #[serde(default)]
    pub by: Option<String>,
    /// Units to list; each leaves the lists of other variants.
    #[serde(default)]
    #[schema(value_type = Vec<UnitText>)]
    pub add: Vec<Box<RawValue>>,
    /// Units to take off the list.
    #[serde(default)]
    #[schema(value_type = Vec<UnitText>)]
    pub remove: Vec<Box<RawValue>>,
}

/// One step of `/rules`: exactly one of `add`, `move`, `remove`, `replace`.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleStep {
    /// A rule to add.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub add: Option<Members>,
    /// Where the added rule goes, from 0; absent: last.
    #[serde(default)]
    pub at: Option<usize>,
    /// The id of a rule to move.
    #[serde(default, rename = "move")]
    pub moved: Option<String>,
    /// Where the moved rule goes, from 0.
    #[serde(default)]
    pub to: Option<usize>,
    /// The id of a rule to remove.
    #[serde(default)]
    pub remove: Option<String>,
    /// A rule that takes the place of the one with its id.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub replace: Option<Members>,
}

/// Sets `enabled`, and nothing else. Answers whether anything changed.
pub fn set_enabled(configuration: &mut Members, enabled: bool) -> Result<bool, Issue> {
    let text = if enabled { "true" } else { "false" };
    if configuration.get("enabled") == Some(text) {
        return Ok(false);
    }
    configuration.set("enabled", text)?;
    Ok(true)
}

/// Enables the flag, puts the rule `rollout` last, and lets everybody else have `otherwise`.
///
/// What the present rule `rollout` says and the request does not (variant, attributes, layer, description) stays. A
/// rule whose condition is more than a percentage is not overwritten: that would open it to everybody.
pub fn roll_out(configuration: &mut Members, request: &Rollout) -> Result<(), Issue> {
    if serde_json::from_str::<f64>(request.percentage.get()).is_err() {
        let detail = "a rollout's percentage is a number from 0 to 100; for a range, edit the rule by /rules";
        return Err(Issue::new("/percentage", "wrong_type", detail));
    }
    let mut rules = list(configuration, "rules")?;
    let present = rules.iter().position(|rule| id_of(rule) == ROLLOUT_RULE);
    let mut rule = present.map(|at| rules.remove(at)).unwrap_or_default();
    rule.set_value("id", ROLLOUT_RULE)?;
    rule.set("when", &rollout_condition(&rule, request)?.to_text())?;
    let mut serve = Members::default();
    match (&request.variant, member(&rule, "serve")?.get("variant")) {
        (Some(variant), _) => serve.set_value("variant", variant)?,
        (None, Some(variant)) => serve.set("variant", variant)?,
        (None, None) => serve.set_value("variant", "on")?,
    }
    rule.set("serve", &serve.to_text())?;
    rules.push(rule);
    let otherwise = match (&request.otherwise, configuration.get("offVariant")) {
        (Some(variant), _) => serde_json::to_string(variant).map_err(|error| broken(&error))?,
        (None, Some(variant)) if variant != "null" => variant.to_owned(),
        _ => {
            let detail =
                "the flag has no offVariant, so \"otherwise\" must name the variant everybody else gets";
            return Err(Issue::new("/otherwise", "missing_member", detail));
        }
    };
    configuration.set("enabled", "true")?;
    set_list(configuration, "rules", &rules)?;
    configuration.set("fallthrough", &format!("{{\"variant\":{otherwise}}}"))
}

/// The condition of a rollout: the new percentage, and what the old condition says of units.
fn rollout_condition(rule: &Members, request: &Rollout) -> Result<Members, Issue> {
    let old = member(rule, "when")?;
    let narrow = old.iter().any(|(name, _)| !matches!(name, "percentage" | "by" | "layer"));
    if narrow || member(rule, "serve")?.get("split").is_some() {
        let detail = "the rule \"rollout\" has conditions or a split of its own, which this would drop: edit it by /rules";
        return Err(Issue::new("", "conflict", detail));
    }
    let mut when = Members::default();
    when.set("percentage", request.percentage.get())?;
    match &request.by {
        Some(by) => when.set_value("by", by)?,
        None => {
            for name in ["by", "layer"] {
                if let Some(value) = old.get(name) {
                    when.set(name, value)?;
                }
            }
        }
    }
    Ok(when)
}

/// Moves the weights of a split to new ones, and as few users as possible with them.
pub fn reweigh(configuration: &mut Members, request: &Weights) -> Result<(), Issue> {
    let wanted = read_weights(&request.weights)?;
    let place = request.rule.as_deref().unwrap_or(FALLTHROUGH);
    if request.rule.is_none() {
        let serve = Members::parse_shallow(configuration.get("fallthrough").unwrap_or("{}"))?;
        let serve = reweighed(serve, &wanted, request.by.as_deref())?;
        return configuration.set("fallthrough", &serve.to_text());
    }
    let mut rules = list(configuration, "rules")?;
    let Some(rule) = rules.iter_mut().find(|rule| id_of(rule) == place) else {
        let detail = format!("there is no rule \"{place}\"; leave \"rule\" out for the fallthrough");
        return Err(Issue::new("/rule", "unknown_rule", detail));
    };
    let serve = reweighed(member(rule, "serve")?, &wanted, request.by.as_deref())?;
    rule.set("serve", &serve.to_text())?;
    set_list(configuration, "rules", &rules)
}

fn reweighed(mut serve: Members, wanted: &[(String, u32)], by: Option<&[String]>) -> Result<Members, Issue> {
    #[derive(Deserialize)]
    struct Slot {
        variant: String,
        weight: f64,
    }
    let slots: Vec<pennon_engine::Slot> = match (serve.get("split"), serve.get("variant")) {
        (Some(split), _) => serde_json::from_str::<Vec<Slot>>(split)
            .map_err(|error| broken(&error))?
            .into_iter()
            .map(|slot| pennon_engine::Slot { variant: slot.variant, weight: thousandths(slot.weight) })
            .collect(),
        (None, Some(variant)) => {
            let variant = serde_json::from_str(variant).map_err(|error| broken(&error))?;
            vec![pennon_engine::Slot { variant, weight: pennon_engine::limits::WHOLE }]
        }
        (None, None) => Vec::new(),
    };
    let slots = pennon_engine::rebalance(&slots, wanted)
        .map_err(|error| Issue::new("/weights", "weights_sum", error.to_string()))?;
    let mut split = String::from("[");
    for (index, slot) in slots.iter().enumerate() {
        if index > 0 {
            split.push(',');
        }
        split.push_str("{\"variant\":");
        super::json::push_string(&mut split, &slot.variant);
        let _ = write!(split, ",\"weight\":{}}}", slot.weight);
    }
    split.push(']');
    serve.remove("variant");
    serve.set("split", &split)?;
    if let Some(by) = by {
        serve.set_value("by", by)?;
    }
    Ok(serve)
}

/// A stored weight: the engine accepted it as integral and at most 100 000.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100 000 first")]
fn thousandths(weight: f64) -> u32 {
    weight.clamp(0.0, 100_000.0) as u32
}

fn read_weights(weights: &Members) -> Result<Vec<(String, u32)>, Issue> {
    let mut wanted = Vec::new();
    for (name, text) in weights.iter() {
        let weight = serde_json::from_str::<f64>(text).ok().filter(|weight| {
            weight.fract() == 0.0 && (0.0..=f64::from(pennon_engine::limits::WHOLE)).contains(weight)
        });
        let Some(weight) = weight else {
            let pointer = format!("/weights/{}", super::issue::pointer_token(name));
            let detail =
                format!("{text} is not a weight: an integer from 0 to 100000 (thousandths of a percent)");
            return Err(Issue::new(pointer, "invalid_number", detail));
        };
        wanted.push((name.to_owned(), thousandths(weight)));
    }
    let sum: u64 = wanted.iter().map(|(_, weight)| u64::from(*weight)).sum();
    if sum != u64::from(pennon_engine::limits::WHOLE) {
        let hint = if sum == 100 { "; these look like percents: multiply by 1000" } else { "" };
        let detail =
            format!("the weights sum to {sum}, but must sum to 100000 (thousandths of a percent){hint}");
        return Err(Issue::new("/weights", "weights_sum", detail));
    }
    Ok(wanted)
}

/// Adds units to, and removes units from, the list of one variant.
pub fn retarget(configuration: &mut Members, request: &Targets) -> Result<(), Issue> {
    if request.add.is_empty() && request.remove.is_empty() {
        return Err(Issue::new("", "missing_member", "name units in \"add\" or in \"remove\""));
    }
    let by = request.by.as_deref().unwrap_or("targetingKey");
    let added: HashSet<String> = units(&request.add, "/add")?.into_iter().collect();
    let removed: HashSet<String> = units(&request.remove, "/remove")?.into_iter().collect();
    let mut targets = list(configuration, "targets")?;
    let mut found = false;
    for target in &mut targets {
        let own = text_of(target, "by").unwrap_or_else(|| "targetingKey".to_owned()) == by;
        if !own {
            continue;
        }
        let same = text_of(target, "variant").as_deref() == Some(&request.variant);
        let mut values: Vec<Box<RawValue>> =
            serde_json::from_str(target.get("values").unwrap_or("[]")).map_err(|error| broken(&error))?;
        // A unit stands in one list only: the first list that holds it would win, silently.
        values.retain(|value| {
            let unit = unit_text(value);
            !(added.contains(&unit) || (same && removed.contains(&unit)))
        });
        if same && !found {
            found = true;
            values.extend(dedup(&request.add));
        }
        target.set_value("values", &values)?;
    }
    if !found && !request.add.is_empty() {
        let mut target = Members::default();
        if by != "targetingKey" {
            target.set_value("by", by)?;
        }
        target.set_value("values", &dedup(&request.add))?;
        target.set_value("variant", &request.variant)?;
        targets.push(target);
    }
    targets.retain(|target| target.get("values") != Some("[]"));
    set_list(configuration, "targets", &targets)
}

/// Applies steps to the list of rules, in order.
pub fn edit_rules(configuration: &mut Members, steps: &[RuleStep]) -> Result<(), Issue> {
    let mut rules: Vec<(String, Members)> =
        list(configuration, "rules")?.into_iter().map(|rule| (id_of(&rule), rule)).collect();
    for (index, step) in steps.iter().enumerate() {
        edit_rule(&mut rules, step).map_err(|issue| at(&format!("/{index}{}", issue.pointer), issue))?;
    }
    let rules: Vec<Members> = rules.into_iter().map(|(_, rule)| rule).collect();
    set_list(configuration, "rules", &rules)
}

fn edit_rule(rules: &mut Vec<(String, Members)>, step: &RuleStep) -> Result<(), Issue> {
    match step {
        RuleStep { add: Some(rule), at: place, moved: None, to: None, remove: None, replace: None } => {
            let place = place.unwrap_or(rules.len());
            check_place(place, rules.len(), "/at")?;
            rules.insert(place, (id_of(rule), rule.clone()));
        }
        RuleStep { add: None, at: None, moved: Some(id), to: Some(place), remove: None, replace: None } => {
            let rule = rules.remove(find(rules, id, "/move")?);
            check_place(*place, rules.len(), "/to")?;
            rules.insert(*place, rule);
        }
        RuleStep { add: None, at: None, moved: None, to: None, remove: Some(id), replace: None } => {
            rules.remove(find(rules, id, "/remove")?);
        }
        RuleStep { add: None, at: None, moved: None, to: None, remove: None, replace: Some(rule) } => {
            let place = find(rules, &id_of(rule), "/replace/id")?;
            if let Some(slot) = rules.get_mut(place) {
                slot.1 = rule.clone();
            }
        }
        _ => {
            let detail = "a step is one of {\"add\": rule, \"at\"?: n}, {\"move\": id, \"to\": n}, {\"remove\": id}, {\"replace\": rule}";
            return Err(Issue::new("", "invalid_value", detail));
        }
    }
    Ok(())
}

fn check_place(place: usize, length: usize, pointer: &str) -> Result<(), Issue> {
    if place <= length {
        return Ok(());
    }
    Err(Issue::new(pointer, "invalid_number", format!("{place} is not a place in the list: 0 to {length}")))
}

fn find(rules: &[(String, Members)], id: &str, pointer: &str) -> Result<usize, Issue> {
    rules.iter().position(|(own, _)| own == id).ok_or_else(|| {
        let known: Vec<&str> = rules.iter().take(KNOWN_SHOWN).map(|(own, _)| own.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Issue::new(pointer, "unknown_rule", format!("there is no rule \"{id}\" (rules: {known})"))
    })
}

fn list(configuration: &Members, name: &str) -> Result<Vec<Members>, Issue> {
    match configuration.get(name) {
        None | Some("null") => Ok(Vec::new()),
        Some(text) => serde_json::from_str(text).map_err(|error| broken(&error)),
    }
}

fn set_list(configuration: &mut Members, name: &str, list: &[Members]) -> Result<(), Issue> {
    configuration.set_value(name, list)
}

fn member(object: &Members, name: &str) -> Result<Members, Issue> {
    match object.get(name) {
        Some(text) if text.starts_with('{') => Members::parse_shallow(text),
        _ => Ok(Members::default()),
    }
}

fn text_of(object: &Members, name: &str) -> Option<String> {
    serde_json::from_str(object.get(name)?).ok()
}

fn id_of(rule: &Members) -> String {
    text_of(rule, "id").unwrap_or_default()
}

/// The text of a unit: 4711 and "4711" are one.
fn unit_text(value: &RawValue) -> String {
    if let Ok(text) = serde_json::from_str::<String>(value.get()) {
        return text;
    }
    match serde_json::from_str::<f64>(value.get()) {
        Ok(number) if number.fract() == 0.0 => format!("{number:.0}"),
        _ => value.get().to_owned(),
    }
}

fn units(values: &[Box<RawValue>], pointer: &str) -> Result<Vec<String>, Issue> {
    values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let good = serde_json::from_str::<String>(value.get()).is_ok_and(|text| !text.is_empty())
                || serde_json::from_str::<f64>(value.get())
                    .is_ok_and(|number| number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0);
            if good {
                return Ok(unit_text(value));
            }
            let detail = "a unit is a string that is not empty, or an integer below 2^53";
            Err(Issue::new(format!("{pointer}/{index}"), "wrong_type", detail))
        })
        .collect()
}

fn dedup(values: &[Box<RawValue>]) -> Vec<Box<RawValue>> {
    let mut seen = HashSet::new();
    values.iter().filter(|value| seen.insert(unit_text(value))).cloned().collect()
}

fn at(pointer: &str, issue: Issue) -> Issue {
    Issue { pointer: pointer.to_owned(), ..issue }
}

/// A stored configuration that cannot be read: nothing the caller did.
fn broken(error: &serde_json::Error) -> Issue {
    Issue::new("", CORRUPT, format!("the stored configuration cannot be read: {error}"))
}

#[cfg(test)]
#[path = "action_tests.rs"]
mod tests;
