//! The canonical printing of documents: what was understood, defaults written out, white space gone. Parsing it
//! gives an equal document.

use std::fmt::Write as _;

use super::flag::Flag;
use super::variant::Variant;
use crate::json::text;

impl Flag {
    /// The flag in canonical form, from what was parsed and not from the text. Of a broken flag it prints what
    /// could be read.
    #[must_use]
    pub fn to_json(&self) -> String {
        let model = &self.model;
        let name = |at: u32| model.variant(at).map_or("", Variant::name);
        let mut out = String::from("{\"key\":");
        text::quote(&mut out, self.key());
        if let Some(kind) = model.kind {
            out.push_str(",\"type\":");
            text::quote(&mut out, kind.as_str());
        }
        out.push_str(",\"salt\":");
        text::quote(&mut out, model.salt.as_str());
        let _ = write!(out, ",\"version\":{},\"enabled\":{}", model.version, model.enabled);
        out.push_str(",\"variants\":{");
        for (at, variant) in model.variants.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            text::quote(&mut out, variant.name());
            out.push(':');
            out.push_str(variant.json());
        }
        out.push('}');
        if let Some(off) = model.off {
            out.push_str(",\"offVariant\":");
            text::quote(&mut out, name(off));
        }
        if let Some(shed) = &model.shed {
            out.push_str(",\"override\":");
            shed.print(&mut out, name(shed.variant));
        }
        self.print_decisions(&mut out);
        let _ = write!(out, ",\"clientVisible\":{},\"metadata\":{}}}", model.client_visible, model.metadata);
        out
    }

    fn print_decisions(&self, out: &mut String) {
        let model = &self.model;
        out.push_str(",\"prerequisites\":");
        text::list(out, &model.prerequisites, |out, mention| {
            if let Some(mention) = model.mentions.get(*mention as usize) {
                mention.print_flag(out);
            }
        });
        out.push_str(",\"targets\":");
        text::list(out, &model.targets, |out, target| {
            target.print(out, model.variant(target.variant).map_or("", Variant::name));
        });
        out.push_str(",\"rules\":");
        text::list(out, &model.rules, |out, rule| rule.print(out, &model.variants, &model.mentions));
        if let Some(fallthrough) = &model.fallthrough {
            out.push_str(",\"fallthrough\":");
            fallthrough.print(out, &model.variants, &model.mentions);
        }
    }
}
